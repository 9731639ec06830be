"""Deciding: pure, guards never raise power, off for safety is never delayed, nothing starts blind, limits hold."""

import copy
import json
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.state import Lowered, SensorHealth, Target
from miners.state import MinerSnapshot, MinerStatus
from optimization.control import guards
from optimization.control.decide import PERSONS_OFF, decide
from optimization.control.memory import Memory, ZoneTrip
from optimization.control.quiet import Quiet
from tests.chance import examples

from .random_worlds import memories, sites
from .worlds import NOW, OFF, ON, SILENT, ago, command, decided, lost, miner, running, site, unit, wish, zone

MANY = examples(120)
#: Guards whose word is safety: they may break a minimum on time.
SAFETY = {
    "stopping", "inactive", "high_limit", "high_limit_latched", "sensor_lost", "device_fault", "device_hot", "reality",
    "doubled", "not_usable", "no_zone", "power_limit", "cut_off",
}  # fmt: skip
STARTS_ONLY = {"state_unknown", "off_first", "clock", "min_off", "start_budget", "lacks_off", "stagger"}


def by_id(situation):
    return {one.miner_id: one for one in situation.miners}


@given(sites(), memories())
@MANY
def test_deciding_is_pure(situation, memory):
    """Twice the same answer; neither the situation nor the memory is touched."""
    before = copy.deepcopy(memory)
    seen_before = repr(situation)
    first = decide(situation, memory)
    assert memory == before
    second = decide(situation, memory)
    assert first == second
    assert memory == before
    assert repr(situation) == seen_before


@given(sites(), memories())
@MANY
def test_a_restart_between_two_decisions_changes_nothing(situation, memory):
    """The memory may go through JSON at any time."""
    through = Memory.from_json(json.loads(json.dumps(memory.to_json())))
    assert decide(situation, through) == decide(situation, memory)
    after = decide(situation, memory)[1]
    assert Memory.from_json(json.loads(json.dumps(after.to_json()))) == after


@given(sites(), memories())
@MANY
def test_every_miner_gets_one_command_and_no_guard_raises_power(situation, memory):
    commands, _ = decide(situation, memory)
    miners = by_id(situation)
    assert sorted(one.miner_id for one in commands) == sorted(miners)
    for one in commands:
        seen = miners[one.miner_id]
        most_w = takes(seen, seen.desired_w if one.guard == "min_on" else one.intent.power_w)
        assert 0 <= one.power_w <= most_w
        assert one.power_w == takes(seen, one.power_w)  # something it can be told
        assert one.reason
        assert one.code


@given(sites(), memories())
@MANY
def test_off_for_safety_is_never_delayed_by_minimum_on(situation, memory):
    commands, after = decide(situation, memory)
    miners = by_id(situation)
    for one in commands:
        if one.action == "leave":
            continue
        case = guards.Guarded(
            miners[one.miner_id], one.intent, after.trips, NOW, situation.clock_stepped, situation.is_stopped
        )
        ceilings = [ceiling for guard in guards.GUARDS if (ceiling := guard(case))]
        if any(ceiling.is_safety and ceiling.power_w == 0 for ceiling in ceilings):
            assert one.power_w == 0
            assert one.guard in SAFETY
        for ceiling in ceilings:
            assert ceiling.is_safety == (ceiling.guard in SAFETY)


@given(sites(), memories())
@MANY
def test_minimum_on_is_broken_only_by_safety_or_a_person_and_the_record_says_so(situation, memory):
    commands, _ = decide(situation, memory)
    miners = by_id(situation)
    for one in commands:
        seen = miners[one.miner_id]
        on_for = NOW - seen.switched_on_at if seen.switched_on_at else None
        short = on_for is not None and timedelta(0) <= on_for < timedelta(seconds=seen.min_on_seconds)
        breaks = (
            one.action == "stop" and seen.is_wanted_on and short and not seen.snapshot.status.says_off
        )  # fmt: skip
        assert one.broke_min_on == breaks
        if breaks:
            assert one.guard in SAFETY or (one.intent.power_w == 0 and one.intent.code in PERSONS_OFF)


@given(sites(), memories())
@MANY
def test_nothing_starts_blind_too_early_or_too_often(situation, memory):
    commands, _ = decide(situation, memory)
    miners = by_id(situation)
    for one in commands:
        seen = miners[one.miner_id]
        if one.action != "start":
            continue
        assert seen.snapshot.status.says_off or (seen.desired_origin == "" and seen.snapshot.status.is_known)
        rest = None if seen.switched_off_at is None else NOW - seen.switched_off_at
        assert rest is None or rest < timedelta(0) or rest >= timedelta(seconds=seen.min_off_seconds)
        recent = [at for at in seen.starts if timedelta(0) <= NOW - at < timedelta(hours=1)]
        assert len(recent) < seen.max_starts_per_hour
        assert not situation.clock_stepped
        assert seen.is_active
        assert not seen.reality_problem
        assert not seen.setup_problem
        assert not seen.doubled


@given(sites(), memories())
@MANY
def test_no_warm_lost_or_nameless_room_is_heated(situation, memory):
    commands, _ = decide(situation, memory)
    miners = by_id(situation)
    for one in commands:
        if one.power_w == 0 or one.action == "leave":
            continue
        seen = miners[one.miner_id]
        assert seen.zones or seen.heats_no_room
        for zone_ in seen.zones:
            assert zone_.sensor is not SensorHealth.LOST
            assert zone_.highest_celsius is None or zone_.highest_celsius < zone_.high_limit_celsius
        if one.guard != "min_on" and one.intent.origin != "frost":
            assert not seen.zones or not all(zone_.above_target for zone_ in seen.zones)


def takes(seen, asked_w: float) -> int:
    """What a miner takes when it is asked for this, whatever that is."""
    if asked_w <= 0:
        return 0
    if seen.power is None or len(seen.power.levels) == 1:
        return max(
            seen.nominal_power_w, *(round(level.power_w) for level in (seen.power.levels if seen.power else ())), 0
        )
    if seen.power.step_w:
        return min(1500, max(500, int(asked_w // 100) * 100))
    return max([level.power_w for level in seen.power.levels if level.power_w <= asked_w], default=800)


def may_draw(seen) -> float:
    """The most it may draw before its command: what is seen, what it was told, and what it was told before."""
    status, measured = seen.snapshot.status, seen.snapshot.power_w if seen.snapshot.power_is_measured else None
    before = 0 if seen.has_followed else seen.before_w
    if seen.is_wanted_on:
        return max(takes(seen, seen.desired_w), before, measured or 0.0)
    if status is MinerStatus.PROTECT:
        return max(seen.most_w, before, measured or 0.0)
    if measured is not None:
        return max(measured, before)
    if status.is_on:
        return max(takes(seen, seen.nominal_power_w), before)
    if status is MinerStatus.STOPPING and not seen.desired_confirmed:
        return max(before, seen.before_w)
    is_lost = not status.is_known and seen.desired_origin != "" and not seen.desired_confirmed
    return max(before, seen.most_w if is_lost else 0.0)


@given(sites(), memories())
@MANY
def test_allowed_watts_never_exceed_a_limit(situation, memory):
    """What may run fits under every limit, and nothing takes more before all that is to take less has come down."""
    commands, _ = decide(situation, memory)
    miners = by_id(situation)
    limits = {one.circuit[0]: one.circuit[2] for one in miners.values() if one.circuit}
    limits["site"] = situation.power_limit_w
    allowed, in_between, rises = defaultdict(float), defaultdict(float), set()
    for one in commands:
        seen = miners[one.miner_id]
        is_off = not seen.is_wanted_on and not seen.snapshot.status.is_on
        before, after = may_draw(seen), one.power_w and one.power_w + (seen.took_more_w if is_off else 0)
        for key in ["site", *([seen.circuit[0]] if seen.circuit else [])]:
            allowed[key] += before if one.action == "leave" else one.power_w
            in_between[key] += max(before, after)
            if one.power_w > before:
                rises.add(key)
    for key, watts in allowed.items():
        if limits[key] is not None and any(
            one.power_w and key in ("site", *(miners[one.miner_id].circuit or ())[:1]) for one in commands
        ):
            assert watts <= limits[key]
            assert key not in rises or in_between[key] <= limits[key]


# --- what a person asks for -------------------------------------------------------------------------------------


def test_off_by_hand_acts_at_once_and_breaks_minimum_on():
    seen = command(running(zone(20.0), for_seconds=5, wish=wish(0, seconds=None)))
    assert (seen.power_w, seen.action, seen.code, seen.broke_min_on) == (0, "stop", "manual_off", True)
    assert seen.reason == "Off by hand by Ada until you resume automatic control."


def test_off_by_hand_holds_against_cold_and_frost():
    assert command(miner(zone(3.0), wish=wish(0, seconds=None))).code == "manual_off"


@pytest.mark.parametrize(("asked", "given_w"), [(1000, 1000), (400, 1000), (5000, 1000)])
def test_on_by_hand_runs_in_a_room_that_is_warm_enough_but_not_at_its_bound(asked, given_w):
    seen = command(miner(zone(21.2), wish=wish(asked)))
    assert (seen.power_w, seen.action, seen.code) == (given_w, "start", "manual_on")


def test_a_wish_that_is_over_is_none():
    assert command(miner(zone(21.2), wish=wish(1000, seconds=0))).code == "stays_off"
    assert command(miner(zone(20.0), wish=wish(0, seconds=0))).action == "start"


def test_switched_off_outside_is_an_off_of_a_person():
    seen = command(running(zone(20.0), for_seconds=5, snapshot=OFF, wish=wish(0, origin="outside")))
    assert (seen.power_w, seen.intent.origin, seen.code) == (0, "outside", "outside_off")


# --- frost ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("celsius", "is_holding", "heats"),
    [(6.9, False, True), (7.0, False, False), (7.9, True, True), (8.0, True, False)],
)
def test_frost_heats_below_its_limit_and_on_to_one_kelvin_above(celsius, is_holding, heats):
    """Also where the target was set far below the frost limit."""
    room = zone(celsius, target=5.0)
    one = running(room, desired_origin="frost") if is_holding else miner(room)
    seen = command(one)
    assert (seen.intent.origin == "frost") == heats
    assert (seen.power_w > 0) == heats


@pytest.mark.parametrize(("celsius", "origin"), [(3.0, "frost"), (20.0, "policy"), (22.0, "policy")])
def test_off_by_its_switch_and_not_confirmed_by_its_meter_it_may_start_where_it_is_cold(celsius, origin):
    """That adds nothing to what is counted already. Its minimum off time holds as always."""
    unconfirmed = MinerSnapshot(MinerStatus.UNCONFIRMED, last_power_w=1000.0)
    one = miner(zone(celsius), snapshot=unconfirmed, desired_origin="policy", desired_confirmed=False)
    seen = command(one)
    assert (seen.power_w > 0, seen.intent.origin) == (celsius < 21, origin)
    assert command(replace(one, switched_off_at=NOW - timedelta(seconds=60))).power_w == 0


def test_frost_needs_a_good_sensor_and_can_be_switched_off():
    assert command(miner(zone(None, lowest_celsius=3.0))).intent.origin == "policy"
    assert command(miner(zone(3.0, frost_limit_celsius=None))).intent.origin == "policy"


def test_frost_looks_at_the_coldest_sensor():
    assert command(miner(zone(9.0, lowest_celsius=6.0))).intent.origin == "frost"


@pytest.mark.parametrize(
    ("warmer", "colder", "heats"),
    [
        (9.0, 6.0, True),  # two cold sensors that differ: the colder one may be right
        (14.9, 6.9, True),
        (15.0, 6.9, False),  # nothing freezes in a room like that: one of them lies
        (21.0, -5.0, False),
        (9.0, 7.0, False),
    ],
)
def test_frost_looks_at_the_lowest_of_sensors_that_differ(warmer, colder, heats):
    room = zone(warmer, target=5.0, lowest_celsius=colder, sensor=SensorHealth.SUSPECT)
    seen = command(miner(room))
    assert (seen.power_w > 0) == heats
    assert not heats or seen.reason == f"Frost protection: Hall is at {colder:.1f} °C, its frost limit is 7.0 °C."


# --- windows ----------------------------------------------------------------------------------------------------


def airing(celsius=20.0, *, minutes=5.0, by_slope=False, **kwargs):
    """A room whose target an open window has lowered to 7 °C."""
    target = Target(21.0, 7.0, "default target, paused: the window is open", lowered=Lowered.WINDOW)
    since = NOW - timedelta(minutes=minutes)
    return replace(zone(celsius, **kwargs), target=target, window_open_since=since, window_by_slope=by_slope)


OPEN = "The window of Hall is open"


@pytest.mark.parametrize(
    ("one", "watts", "reason"),
    [
        (running(airing()), 0, f"{OPEN}, so Avalon is switched off."),
        (miner(airing()), 0, f"{OPEN}, so Avalon stays off."),
        (miner(airing(), wish=wish(1000)), 0, f"{OPEN}, so Avalon stays off."),
        (running(airing(), wish=wish(1000)), 0, f"{OPEN}, so Avalon is switched off."),
        (
            running(airing(by_slope=True)),
            0,
            "The temperature of Hall falls as if a window were open, so Avalon is switched off. "
            "This pauses heating for 30 min at most.",
        ),
        (
            running(airing(minutes=13 * 60)),
            0,
            "The window of Hall has been open for 13 h, so Avalon is switched off. Is its contact all right?",
        ),
        # No safety matter: what has just started runs out its minimum on time.
        (running(airing(), for_seconds=300), 1000, f"{OPEN}, but Avalon stays on for 5 min more: its minimum on time."),
        # The other room of the miner is cold.
        (running(airing(), zone(19.0, key="attic")), 1000, None),
        # As cold as 7 °C it is heated, window or not; below 7 °C against frost.
        (miner(airing(6.4)), 1000, "Frost protection: Hall is at 6.4 °C, its frost limit is 7.0 °C."),
        (miner(airing(6.4, frost_limit_celsius=None)), 1000, None),
        # A hotter word comes first.
        (
            running(airing(28.5)),
            0,
            "Hall is too hot: it is at 28.5 °C, its high limit is 28.0 °C. Heating may resume at 26.0 °C or below.",
        ),
    ],
)
def test_an_open_window_pauses_heating_and_says_so(one, watts, reason):
    seen = command(one)
    assert seen.power_w == watts
    assert reason is None or seen.reason == reason


def test_an_open_window_is_no_reason_in_a_room_nobody_can_read():
    assert command(running(airing(None))).code == "hold_unknown"


def test_frost_needs_no_policy_and_no_energy():
    commands, _ = decide(site(unit(miner(zone(3.0)), policy=None)), Memory())
    assert (commands[0].power_w, commands[0].code) == (1000, "frost")


@pytest.mark.parametrize("blocked", [{"is_active": False}, {"is_stopping": True}, {"snapshot": SILENT}])
def test_frost_passes_through_the_same_guards(blocked):
    assert command(miner(zone(3.0), **blocked)).power_w == 0


# --- miners in no enabled unit ----------------------------------------------------------------------------------


def loose(one, memory=None, **kwargs):
    commands, _ = decide(site(loose=(one,), **kwargs), memory or Memory())
    return commands[0]


@pytest.mark.parametrize("snapshot", [OFF, ON, SILENT])
def test_a_miner_of_nobody_is_left_alone(snapshot):
    assert loose(miner(zone(20.0), snapshot=snapshot, desired_origin="")).action == "leave"


def test_a_miner_of_nobody_that_we_had_on_is_switched_off_at_once():
    seen = loose(running(zone(20.0), for_seconds=5))
    assert (seen.power_w, seen.action, seen.code, seen.broke_min_on) == (0, "stop", "no_unit", True)


@pytest.mark.parametrize(
    ("room", "guard"), [(zone(28.0, target=27.9), "high_limit"), (lost(), "sensor_lost"), (zone(21.5), "zones_warm")]
)
def test_a_miner_of_nobody_is_guarded(room, guard):
    seen = loose(miner(room, snapshot=ON, desired_origin=""))
    assert (seen.power_w, seen.guard) == (0, guard)


@pytest.mark.parametrize(
    "change",
    [
        {"switched_off_at": ago(10)},
        {"starts": (ago(10), ago(20), ago(30))},
        {"zones": (zone(None),)},
    ],
)
def test_what_holds_back_starts_does_not_switch_off_what_its_owner_runs(change):
    one = miner(**{"zones": (zone(20.0),), "snapshot": ON, "desired_origin": "none", **change})
    assert loose(one).action == "leave"
    assert loose(one, clock_stepped=True).action == "leave"


def test_a_miner_of_nobody_obeys_a_persons_wish():
    assert loose(miner(zone(20.0), wish=wish(1000))).action == "start"
    assert loose(running(zone(20.0), for_seconds=5, wish=wish(0, seconds=None))).code == "manual_off"


# --- minimum on -------------------------------------------------------------------------------------------------


def test_minimum_on_says_how_long():
    seen = command(running(zone(21.6), for_seconds=540))
    assert seen.reason.endswith("stays on for 60 s more: its minimum on time.")
    assert seen.next_allowed_at == NOW + timedelta(seconds=60)
    assert (seen.action, seen.code, seen.broke_min_on) == ("hold", "min_on", False)


BY_HAND = {"for_seconds": 60, "desired_origin": "manual"}
QUIET = Quiet(0, NOW + timedelta(hours=1), "07:00")


@pytest.mark.parametrize(
    "one",
    [
        running(zone(21.6), wish=wish(1000), **BY_HAND),  # the upper bound
        running(zone(20.0), wish=wish(1000), quiet=QUIET, **BY_HAND),
        running(airing(), wish=wish(1000), **BY_HAND),
        running(zone(21.6), wish=wish(1000, seconds=0), **BY_HAND),  # the request is over
        running(zone(21.6), **BY_HAND),  # it was resumed
    ],
)
def test_on_by_hand_loses_its_minimum_on_to_nothing_but_safety_and_a_persons_off(one):
    held = command(one)
    assert (held.power_w, held.guard, held.broke_min_on) == (1000, "min_on", False)
    off = command(replace(one, wish=wish(0, seconds=None)))
    assert (off.power_w, off.code, off.broke_min_on) == (0, "manual_off", True)
    too_hot = command(replace(one, zones=(zone(28.5),)))
    assert (too_hot.power_w, too_hot.guard, too_hot.broke_min_on) == (0, "high_limit", True)
    assert command(replace(one, switched_on_at=ago(600))).power_w == 0


def test_a_miner_of_nobody_keeps_its_minimum_on_when_its_manual_request_ends():
    seen = loose(running(zone(20.0), **BY_HAND))
    assert (seen.power_w, seen.guard, seen.intent.origin) == (1000, "min_on", "manual")
    assert seen.reason == (
        "The manual request for Avalon is over and it is in no enabled unit, so it is switched off. "
        "Avalon stays on for 9 min more: its minimum on time."
    )
    assert loose(running(zone(20.0), for_seconds=601, desired_origin="manual")).power_w == 0


def test_minimum_on_does_not_hold_what_is_off_anyway():
    assert command(running(zone(21.6), for_seconds=5, snapshot=OFF)).power_w == 0


def test_a_time_in_the_future_is_served():
    assert command(running(zone(21.6), for_seconds=-100)).power_w == 0
    assert command(miner(zone(20.0), switched_off_at=ago(-100))).action == "start"


def test_an_off_says_when_it_may_start_again():
    seen = command(miner(zone(21.6), switched_off_at=ago(100)))
    assert seen.next_allowed_at == NOW + timedelta(seconds=500)
    assert command(miner(zone(21.6), switched_off_at=ago(601))).next_allowed_at is None


def test_minimum_times_of_zero_switch_freely():
    assert command(running(zone(21.6), for_seconds=0, min_on_seconds=0)).power_w == 0
    assert command(miner(zone(20.0), switched_off_at=NOW, min_off_seconds=0)).action == "start"


# --- what a person reads ----------------------------------------------------------------------------------------


def test_of_two_reasons_to_be_off_safety_is_told():
    """Warm anyway (the rule says off), and too hot: the person must read of the heat."""
    seen = command(running(zone(28.5), for_seconds=5))
    assert (seen.guard, seen.broke_min_on) == ("high_limit", True)
    assert (
        seen.reason
        == "Hall is too hot: it is at 28.5 °C, its high limit is 28.0 °C. Heating may resume at 26.0 °C or below."
    )


def test_of_two_safety_guards_the_first_is_told():
    assert command(running(lost(), is_active=False)).guard == "inactive"


@pytest.mark.parametrize("other_room", [lost(key="attic"), zone(28.0, key="attic", target=27.9)])
def test_one_broken_room_stops_only_its_own_miner(other_room):
    commands = decided(running(zone(21.0), key="a"), running(other_room, key="b"))
    assert commands["a"].power_w == 1000
    assert commands["b"].power_w == 0


@given(st.sampled_from(["holds", "trips", "unknown_since", "sensors", "outside_on", "shell", "extra"]),
       st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2),
                 st.dictionaries(st.text(max_size=3), st.one_of(
                     st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2),
                     st.dictionaries(st.sampled_from(["tripped", "latched", "trips", "new"]),
                                     st.one_of(st.none(), st.integers(), st.lists(st.integers(), max_size=2)),
                                     max_size=3)), max_size=3)))  # fmt: skip
@MANY
def test_malformed_memory_starts_empty_and_never_crashes(name, value):
    memory = Memory.from_json({name: value, "trips": {"zone-hall": {"tripped": True, "latched": False, "trips": []}}}
                              if name != "trips" else {name: value})  # fmt: skip
    commands, _ = decide(site(unit(miner(zone(20.0)))), memory)
    assert len(commands) == 1
    if name != "trips":
        assert memory.trips == {"zone-hall": ZoneTrip(tripped=True)}


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_memory_that_is_no_object_is_empty(data):
    assert Memory.from_json(data) == Memory()


def test_the_reading_of_a_miner_counts_as_watts():
    assert running(zone(), snapshot=MinerSnapshot(MinerStatus.HEATING, 700.0, True)).draws_w == 700
    assert running(zone(), snapshot=MinerSnapshot(MinerStatus.HEATING)).draws_w == 1000
    assert running(zone(), snapshot=SILENT).draws_w == 1000
    assert miner(zone(), snapshot=SILENT).draws_w == 0
    assert miner(zone(), snapshot=MinerSnapshot(MinerStatus.HEATING)).draws_w == 1000
