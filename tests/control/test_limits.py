"""Circuits and the site's power limit: who gives way, and what counts."""

import pytest

from miners.state import MinerSnapshot, MinerStatus
from optimization.control.decide import decide
from optimization.control.memory import Memory

from .worlds import ON, SILENT, decided, lost, miner, running, site, unit, wish, zone

BOOTING = MinerSnapshot(MinerStatus.STARTING, 60.0, True)


def watts(*miners, limit=None, **kwargs):
    return {key: command.power_w for key, command in decided(*miners, power_limit_w=limit, **kwargs).items()}


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
    assert commands["a"].reason == "This home's power limit (1500 W) leaves no room for the 1000 W of Avalon."


def test_a_circuit_binds_only_its_own_miners():
    a, b, c = (miner(zone(20.0), key=k, **on_circuit(1500, circuit)) for k, circuit in (("a", 1), ("b", 1), ("c", 2)))
    assert watts(a, b, c) == {"a": 1000, "b": 0, "c": 1000}


def test_the_circuit_is_named():
    assert decided(miner(zone(20.0), **on_circuit(500)))["m"].reason == (
        "The circuit ‘Kitchen’ (500 W) leaves no room for the 1000 W of Avalon."
    )


def test_a_smaller_miner_may_use_what_a_larger_one_cannot():
    large, small = miner(zone(18.0), key="a"), miner(zone(20.0), key="b", nominal_power_w=400)
    assert watts(large, small, limit=500) == {"a": 0, "b": 400}


def test_exactly_at_the_limit_is_allowed():
    assert watts(miner(zone(20.0), key="a"), miner(zone(20.0), key="b"), limit=2000) == {"a": 1000, "b": 1000}


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
