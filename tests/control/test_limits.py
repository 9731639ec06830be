"""Circuits and the site's power limit: who gives way, and what counts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy import balance, state
from miners.power import Level, PowerModel
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.decide import decide
from optimization.control.memory import Memory
from tests.chance import examples

from .worlds import NOW, ON, SILENT, ago, decided, lost, miner, running, site, unit, wish, zone

BOOTING = MinerSnapshot(MinerStatus.STARTING, 60.0, True)


def watts(*miners, limit=None, **kwargs):
    """What comes of all they can give."""
    situation = site(unit(*miners, strategy="policy"), power_limit_w=limit, **kwargs)
    return {command.miner_id: command.power_w for command in decide(situation, Memory())[0]}


def on_circuit(limit_w, key="c"):
    return {"circuit": (key, "Kitchen", limit_w)}


def test_without_limits_everything_runs():
    assert watts(miner(zone(20.0), key="a"), miner(zone(20.0), key="b")) == {"a": 1000, "b": 1000}


def test_what_runs_is_served_before_what_wants_to_start():
    assert watts(miner(zone(15.0), key="a"), running(zone(21.0), key="b"), limit=1500) == {"a": 0, "b": 1000}


def test_the_colder_room_starts_first():
    assert watts(miner(zone(20.0), key="a"), miner(zone(18.0), key="b"), limit=1500) == {"a": 0, "b": 1000}


def test_when_the_limit_was_lowered_the_room_nearest_its_target_sheds_even_within_minimum_on():
    near, far = running(zone(21.2), key="a", for_seconds=5), running(zone(19.0), key="b", for_seconds=5)
    commands = decided(near, far, power_limit_w=1500)
    assert {key: command.power_w for key, command in commands.items()} == {"a": 0, "b": 1000}
    assert commands["a"].guard == "power_limit"
    assert commands["a"].broke_min_on
    assert commands["a"].reason == "This home's power limit (1500 W) leaves 500 W, less than the 1000 W of Avalon."


def test_a_circuit_binds_only_its_own_miners():
    a, b, c = (miner(zone(20.0), key=k, **on_circuit(1500, circuit)) for k, circuit in (("a", 1), ("b", 1), ("c", 2)))
    assert watts(a, b, c) == {"a": 1000, "b": 0, "c": 1000}


def test_the_circuit_is_named():
    assert decided(miner(zone(20.0), **on_circuit(500)))["m"].reason == (
        "The circuit ‘Kitchen’ (500 W) leaves 500 W, less than the 1000 W of Avalon."
    )


def test_a_smaller_miner_may_use_what_a_larger_one_cannot():
    large, small = miner(zone(18.0), key="a"), miner(zone(20.0), key="b", nominal_power_w=400)
    assert watts(large, small, limit=500) == {"a": 0, "b": 400}


def test_exactly_at_the_limit_is_allowed():
    assert watts(running(zone(20.0), key="a"), miner(zone(20.0), key="b"), limit=2000) == {"a": 1000, "b": 1000}


def test_nothing_starts_into_what_was_shed_a_moment_ago():
    """The limit was lowered: one gives way, but it draws on for a while, so the small one waits."""
    runs, gives_way = running(zone(19.0), key="a"), running(zone(21.2), key="b")
    small = miner(zone(20.0), key="c", nominal_power_w=400)
    assert watts(runs, gives_way, small, limit=1500) == {"a": 1000, "b": 0, "c": 0}
    gone = miner(zone(21.2), key="b")
    assert watts(runs, gone, small, limit=1500) == {"a": 1000, "b": 0, "c": 400}


def test_what_runs_need_not_give_way_to_what_is_leaving():
    far, near = running(zone(19.0), key="a"), running(zone(21.2), key="b")
    small = running(zone(21.3), key="c", watts=400, nominal_power_w=400)
    assert watts(far, near, small, limit=1500) == {"a": 1000, "b": 0, "c": 400}


@pytest.mark.parametrize("snapshot", [ON, MinerSnapshot(MinerStatus.HEATING)])
def test_what_was_told_off_but_still_draws_counts(snapshot):
    """Measured or, unmeasured, nominal."""
    ignoring = miner(zone(22.0), key="a", snapshot=snapshot, desired_confirmed=False)
    assert watts(ignoring, miner(zone(20.0), key="b"), limit=1500) == {"a": 0, "b": 0}


def test_what_draws_more_than_asked_counts_as_drawn():
    greedy = running(zone(21.0), key="a", snapshot=MinerSnapshot(MinerStatus.HEATING, 1300.0, True))
    assert watts(greedy, miner(zone(20.0), key="b"), limit=2200) == {"a": 1000, "b": 0}


def test_a_booting_miner_counts_as_what_it_will_take():
    booting = running(zone(21.0), key="a", for_seconds=20, snapshot=BOOTING)
    assert watts(booting, miner(zone(20.0), key="b"), limit=1500) == {"a": 1000, "b": 0}


def test_a_booting_miner_held_only_by_its_minimum_on_counts_as_what_it_will_take():
    """Its rule says off, its minimum on time keeps it: it goes up to its full power all the same."""
    held = running(zone(21.6), key="a", for_seconds=20, snapshot=BOOTING)
    assert watts(held, miner(zone(20.0, key="attic"), key="b"), limit=1500) == {"a": 1000, "b": 0}


def test_a_limit_breaks_a_minimum_on_when_there_is_no_other_way():
    held = running(zone(21.6), for_seconds=20)
    command = decided(held, power_limit_w=500)["m"]
    assert (command.power_w, command.guard, command.broke_min_on) == (0, "power_limit", True)


def test_a_silent_miner_whose_off_nobody_saw_counts_as_nominal():
    """It was told off and does not answer: it may well be drawing still."""
    silent = miner(lost(), key="a", snapshot=SILENT, desired_confirmed=False)
    assert watts(silent, miner(zone(20.0, key="attic"), key="b"), limit=1500) == {"a": 0, "b": 0}


def test_a_silent_miner_that_was_seen_off_counts_nothing():
    silent = miner(lost(), key="a", snapshot=SILENT, desired_confirmed=True)
    assert watts(silent, miner(zone(20.0, key="attic"), key="b"), limit=1500) == {"a": 0, "b": 1000}


def test_a_silent_miner_that_is_wanted_on_counts_as_nominal():
    silent = running(zone(21.0), key="a", snapshot=SILENT)
    assert watts(silent, miner(zone(20.0, key="attic"), key="b"), limit=1500) == {"a": 1000, "b": 0}


@pytest.mark.parametrize(("was_seen_off", "starts_w"), [(False, 0), (True, 1000)])
def test_a_miner_of_nobody_that_does_not_answer_counts_unless_it_was_seen_off(was_seen_off, starts_w):
    silent = miner(lost(), key="a", snapshot=SILENT, desired_origin="", was_seen_off=was_seen_off)
    commands, _ = decide(
        site(unit(miner(zone(20.0, key="attic"), key="b")), loose=(silent,), power_limit_w=1500), Memory()
    )
    assert {one.miner_id: one.power_w for one in commands}["b"] == starts_w


def test_a_miner_of_nobody_that_runs_counts_and_sheds():
    nobodys = miner(zone(20.5), key="a", snapshot=ON, desired_origin="")
    commands, _ = decide(site(unit(running(zone(19.0), key="b")), loose=(nobodys,), power_limit_w=1500), Memory())
    assert {command.miner_id: (command.power_w, command.action) for command in commands} == {
        "b": (1000, "hold"),
        "a": (0, "keep_off"),
    }


def test_a_wish_by_hand_obeys_the_limit():
    asked = miner(zone(21.2), key="a", wish=wish(1000))
    assert watts(asked, running(zone(21.0), key="b"), limit=1500) == {"a": 0, "b": 1000}


@pytest.mark.parametrize(
    ("as_it_is", "starts_w"),
    [
        ({"desired_w": 0}, 0),
        ({"desired_w": 0, "desired_confirmed": False, "before_w": 800}, 800),
        ({"desired_w": 800, "desired_confirmed": False, "was_told": False}, 0),
        ({"desired_w": 800, "desired_confirmed": False, "was_told": True}, 800),
    ],
)
def test_what_somebody_else_switched_on_may_run_at_its_highest_level(as_it_is, starts_w):
    """It tells neither its watts nor its level."""
    foreign = miner(
        zone(20.0), key="a", snapshot=MinerSnapshot(MinerStatus.HEATING), power=STEPS, nominal_power_w=800, **as_it_is
    )
    others = unit(foreign, miner(zone(17.0, key="attic"), key="b", power=STEPS, nominal_power_w=800))
    commands, _ = decide(site(others, power_limit_w=1700), Memory())
    assert {one.miner_id: one.power_w for one in commands}["b"] == starts_w


# --- levels give way before anything is switched off --------------------------------------------------------------

STEPS = PowerModel((Level("eco", 800.0), Level("standard", 1300.0), Level("super", 1600.0)))


def stepped(room, key, *, watts=1600, for_seconds=3600, **kwargs):
    return running(room, key=key, watts=watts, for_seconds=for_seconds, nominal_power_w=1600, power=STEPS, **kwargs)


def test_the_room_nearest_its_target_is_lowered_first_and_nothing_is_switched_off():
    far, near = stepped(zone(19.0), "a"), stepped(zone(21.2), "b")
    assert watts(far, near, limit=3200) == {"a": 1600, "b": 1600}
    assert watts(far, near, limit=2900) == {"a": 1600, "b": 1300}
    assert watts(far, near, limit=2500) == {"a": 1600, "b": 800}
    assert watts(far, near, limit=1700) == {"a": 800, "b": 800}
    assert watts(far, near, limit=1599) == {"a": 1300, "b": 0}


def test_what_lowers_it_is_said():
    command = decided(stepped(zone(19.0), "a"), power_limit_w=1400)["a"]
    assert (command.power_w, command.action, command.guard) == (1300, "level", "power_limit")
    assert command.reason == "This home's power limit (1400 W) leaves room for 1300 of the 1600 W of Avalon."


def test_lowered_within_its_minimum_on_it_stays_on():
    held = stepped(zone(21.6), "a", for_seconds=20)
    command = decided(held, power_limit_w=1000)["a"]
    assert (command.power_w, command.broke_min_on, command.guard) == (800, False, "min_on")


def test_a_start_takes_the_level_there_is_room_for():
    cold = miner(zone(19.0), key="a", nominal_power_w=1600, power=STEPS)
    assert watts(cold, running(zone(21.0), key="b"), limit=2000) == {"a": 800, "b": 1000}
    assert watts(cold, running(zone(21.0), key="b"), limit=1700) == {"a": 0, "b": 1000}


def test_nothing_starts_into_what_was_lowered_a_moment_ago():
    big, small = stepped(zone(19.0), "a"), miner(zone(20.0), key="b", nominal_power_w=100)
    assert watts(big, small, limit=1500) == {"a": 1300, "b": 0}
    calm = stepped(zone(19.0), "a", watts=1300)
    assert watts(calm, small, limit=1500) == {"a": 1300, "b": 100}


def test_a_higher_level_waits_until_others_have_come_down():
    """Together they would take 3200 W until the warmer one has obeyed."""
    cold, warm = stepped(zone(19.0), "a", watts=800), stepped(zone(21.0, key="attic"), "b", watts=1600)
    assert watts(cold, warm, limit=2400) == {"a": 800, "b": 800}
    assert watts(cold, stepped(zone(21.0, key="attic"), "b", watts=800), limit=2400) == {"a": 1600, "b": 800}


def test_levels_come_down_for_a_room_clearly_colder_that_waits_to_start():
    """Else what runs in a room that never gets warm kept another without heat for ever, frost or not."""
    for celsius, starts in ((5.0, True), (18.0, True), (19.9, False)):
        cold = miner(zone(celsius, key="attic"), key="b", nominal_power_w=1600, power=STEPS)
        before = watts(stepped(zone(20.0), "a"), cold, limit=2000)
        assert before == {"a": 800 if starts else 1600, "b": 0}  # first the one comes down
        after = watts(stepped(zone(20.0), "a", watts=before["a"]), cold, limit=2000)
        assert after == ({"a": 800, "b": 800} if starts else {"a": 1600, "b": 0})


def test_a_limit_that_breaks_a_write_gap_is_named_even_where_as_little_is_wanted():
    fresh = stepped(zone(21.4), "a", watts=1300, level_since=ago(60))
    command = decided(fresh)["a"]
    assert (command.power_w, command.guard) == (1300, "write_gap")
    command = decided(fresh, power_limit_w=1000)["a"]
    assert (command.power_w, command.guard) == (800, "power_limit")


def test_nothing_comes_down_for_what_would_not_fit_all_the_same():
    cold = miner(zone(10.0, key="attic"), key="b")
    assert watts(stepped(zone(20.0), "a"), cold, limit=1700) == {"a": 1600, "b": 0}


def test_two_that_share_a_line_change_places_only_for_a_room_clearly_colder():
    """Else each would be written to at every tenth of a degree."""

    def shared(first_celsius: float) -> dict[str, int]:
        """The first has what it asks for, the second what is left of 2400 W, its room at 19 °C."""
        first, second = stepped(zone(first_celsius, key="a"), "a"), stepped(zone(19.0, key="b"), "b", watts=800)
        return watts(first, second, limit=2400)

    assert shared(18.9) == shared(19.0) == shared(19.25) == {"a": 1600, "b": 800}
    assert shared(19.35) == {"a": 800, "b": 800}  # and when it has come down, the other rises


@examples(150)
@given(
    st.lists(st.tuples(st.sampled_from([800, 1300, 1600]), st.floats(15.0, 21.3)), min_size=1, max_size=5),
    st.integers(0, 9000),
)
def test_what_is_raised_never_comes_before_what_is_lowered(running_at, limit):
    """Whoever obeys first: what each takes at most, before or after its command, keeps the limit where it was kept."""
    members = [
        stepped(zone(celsius, key=f"r{n}"), f"m{n}", watts=level) for n, (level, celsius) in enumerate(running_at)
    ]
    result = watts(*members, limit=limit)
    before = sum(one.desired_w for one in members)
    assert sum(max(one.desired_w, result[one.miner_id]) for one in members) <= max(limit, before)


@examples(150)
@given(
    st.lists(st.tuples(st.sampled_from([800, 1300, 1600]), st.floats(15.0, 21.3)), min_size=1, max_size=5),
    st.integers(0, 9000),
)
def test_as_many_as_possible_stay_on_under_any_limit(running_at, limit):
    """What together fits at its lowest level is never switched off, and no limit is ever exceeded."""
    members = [stepped(zone(celsius), f"m{n}", watts=level) for n, (level, celsius) in enumerate(running_at)]
    result = watts(*members, limit=limit)
    assert sum(result.values()) <= limit
    assert sum(power > 0 for power in result.values()) == min(len(members), limit // 800)


@pytest.mark.parametrize(("left_w", "given_w"), [(1599, 1300), (1600, 1300), (1759, 1300), (1760, 1600), (1299, 800)])
def test_more_of_the_grid_connection_is_taken_only_with_some_to_spare(left_w, given_w):
    """Else a kettle that comes and goes would send it up and down at every write gap."""
    assert watts(stepped(zone(19.0), "a", watts=1300), import_limit_w=left_w) == {"a": given_w}


@pytest.mark.parametrize(("left_w", "given_w"), [(879, 0), (880, 0), (960, 800), (1600, 1300), (1760, 1600)])
def test_a_start_leaves_some_of_the_grid_connection_free(left_w, given_w):
    cold = miner(zone(19.0), key="a", nominal_power_w=1600, power=STEPS)
    assert watts(cold, import_limit_w=left_w) == {"a": given_w}


# --- frost ---------------------------------------------------------------------------------------------------------


def test_comfort_gives_way_to_frost_protection():
    """Within its minimum on time, too; the start waits until the other one has come down."""
    freezing = miner(zone(5.0, key="attic"), key="b")
    comfort = running(zone(20.0), key="a", for_seconds=60)
    assert watts(comfort, freezing, limit=1500) == {"a": 0, "b": 0}
    assert watts(miner(zone(20.0), key="a"), freezing, limit=1500) == {"a": 0, "b": 1000}
    heats = running(zone(5.0, key="attic"), key="b", desired_origin="frost")
    assert watts(miner(zone(15.0), key="a"), heats, limit=1500) == {"a": 0, "b": 1000}
    assert watts(running(zone(15.0), key="a"), heats, limit=1500) == {"a": 0, "b": 1000}


def test_levels_come_down_for_frost_protection_before_anything_is_switched_off():
    freezing = miner(zone(5.0, key="attic"), key="b")
    assert watts(stepped(zone(20.0), "a"), freezing, limit=2000) == {"a": 800, "b": 0}
    assert watts(stepped(zone(20.0), "a", watts=800), freezing, limit=2000) == {"a": 800, "b": 1000}


def test_nobody_gives_way_to_frost_protection_that_could_not_run_anyway():
    """Its line is too small for it, or something that does not go off fills it."""
    comfort, freezing = running(zone(20.0), key="a"), miner(zone(5.0, key="attic"), key="b", nominal_power_w=1800)
    assert watts(comfort, freezing, limit=1500) == {"a": 1000, "b": 0}


# --- one start after the other ------------------------------------------------------------------------------------


def test_two_starts_on_a_circuit_are_a_minute_apart():
    a, b = (miner(zone(20.0), key=key, **on_circuit(9000)) for key in "ab")
    assert watts(a, b) == {"a": 1000, "b": 0}
    assert decided(a, b)["b"].reason == (
        "Another miner has just started. Avalon follows 60 s after it, to spare the circuit ‘Kitchen’."
    )
    for seconds, expected in ((59, 0), (60, 1000)):
        begun = running(zone(20.0), key="a", for_seconds=seconds, starts=(ago(seconds),), **on_circuit(9000))
        assert watts(begun, b)["b"] == expected


def test_starts_of_a_home_with_a_limit_are_a_minute_apart_and_of_others_are_not():
    a, b = (miner(zone(20.0), key=key) for key in "ab")
    assert watts(a, b, limit=9000) == {"a": 1000, "b": 0}
    assert watts(a, b) == {"a": 1000, "b": 1000}
    other = miner(zone(20.0), key="c", **on_circuit(9000, "other line"))
    assert watts(miner(zone(20.0), key="a", **on_circuit(9000)), other) == {"a": 1000, "c": 1000}


def test_a_start_from_a_wrong_clock_holds_nobody_up():
    later = running(zone(20.0), key="a", starts=(NOW + timedelta(hours=1),), **on_circuit(9000))
    assert watts(later, miner(zone(20.0), key="b", **on_circuit(9000)))["b"] == 1000


# --- the grid connection ------------------------------------------------------------------------------------------


def of_grid(grid_w, contracted_w=3000.0):
    facts = balance.SourceFacts("Roof", "solar", 8000.0, True, False, None, True, contracted_w)
    seen = state.EnergySnapshot(grid_w=grid_w)
    return balance.build(facts, seen, "", stale_after=timedelta(hours=1), now=NOW, own_miners_w=0, other_miners_w=0)


@pytest.mark.parametrize(
    ("grid_w", "miners_w", "left_w"),
    [
        (500.0, 0.0, 2500.0),  # the rest of the home takes 500 W
        (1500.0, 1000.0, 2500.0),  # the same with a miner of 1000 W running
        (-2000.0, 0.0, 5000.0),  # what the roof gives comes on top
        (4000.0, 1000.0, 0.0),  # the home alone takes it all
    ],
)
def test_what_the_grid_connection_has_left_for_miners(grid_w, miners_w, left_w):
    assert balance.import_limit_w([of_grid(grid_w)], miners_w) == left_w


def test_without_a_contract_or_a_meter_there_is_no_such_limit():
    assert balance.import_limit_w([], 0.0) is None
    assert balance.import_limit_w([of_grid(None)], 0.0) is None
    assert balance.import_limit_w([of_grid(500.0, None)], 0.0) is None


def test_over_the_contract_the_miners_give_way():
    runs = running(zone(20.0), key="a")
    assert watts(runs, import_limit_w=1000.0) == {"a": 1000}
    command = decided(runs, import_limit_w=900.0)["a"]
    assert (command.power_w, command.guard) == (0, "power_limit")
    assert command.reason == (
        "What the grid connection has left for miners (900 W) leaves 900 W, less than the 1000 W of Avalon."
    )
    assert decided(runs, import_limit_w=-200.0)["a"].reason.startswith(
        "What the grid connection has left for miners (0 W)"
    )


@pytest.mark.parametrize(
    "seen",
    [
        MinerSnapshot(MinerStatus.STARTING, 2.0, True, pending_start=True),
        MinerSnapshot(MinerStatus.PROTECT, 2.0, True),
        MinerSnapshot(MinerStatus.NO_POOL, 2.0, True),
        BOOTING,
    ],
    ids=["a start is pending", "its protection may end", "a pool may come back", "it boots"],
)
def test_what_may_start_by_itself_takes_its_room_though_it_rests(seen):
    may_start = miner(zone(23.0), key="a", snapshot=seen)
    assert watts(may_start, miner(zone(18.0), key="b"), limit=1500) == {"a": 0, "b": 0}


def test_a_start_counts_what_it_takes_before_its_level_can_be_set():
    model = PowerModel((Level("eco", 800.0), Level("full", 1600.0)))
    seen = MinerSnapshot(MinerStatus.OFF, 10.0, True, starts_at_power_w=1600.0)
    asked = {"power": model, "nominal_power_w": 1600, "wish": wish(800), "snapshot": seen}
    assert watts(miner(zone(18.0), key="a", **asked), limit=1000) == {"a": 0}
    assert watts(miner(zone(18.0), key="a", **asked), limit=1700) == {"a": 800}


@pytest.mark.parametrize(("was_told", "starts_w"), [(True, 1000), (False, 0)])
def test_a_start_that_was_refused_comes_after_what_runs_like_any_other(was_told, starts_w):
    """It is wanted and rests, and the home's limit was lowered meanwhile."""
    resting = {"snapshot": MinerSnapshot(MinerStatus.STARTING, 0.0, True, pending_start=True)}
    wanted = running(zone(15.0), key="a", was_told=was_told, desired_confirmed=False, **resting)
    runs = running(zone(20.0), key="b")
    assert watts(wanted, runs, limit=2500) == {"a": 1000, "b": 1000}
    # What was refused may have been done all the same, so it counts until it was told to be off.
    assert watts(wanted, runs, limit=1500) == {"a": starts_w, "b": 0}
