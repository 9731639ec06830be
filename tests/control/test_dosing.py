"""The watts a unit wants are dealt out: as much as the rooms need, by what is cheapest, without needless turns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miners.power import Level, PowerModel
from miners.state import MinerSnapshot, MinerStatus
from optimization.control import dosing
from optimization.control.decide import decide
from optimization.control.memory import Memory
from optimization.control.quiet import Quiet

from . import random_worlds, worlds
from .worlds import NOW, miner, running, site, unit, zone

AVALON = PowerModel((Level("eco", 800.0, 51.0), Level("standard", 1300.0, 75.0), Level("super", 1600.0, 90.0)))
LUXOS = PowerModel((Level("low", 900.0, 30.0), Level("high", 3000.0, 100.0)), step_w=100.0, device_class="antminer")


def avalon(*zones, key="a", on_w=0, **kwargs):
    made = {"key": key, "power": AVALON, "nominal_power_w": 1600, "level_since": worlds.ago(3600), **kwargs}
    return running(*zones, watts=on_w, for_seconds=7200, **made) if on_w else miner(*zones, **made)


def plug(*zones, key="p", on=False, **kwargs):
    return running(*zones, key=key, for_seconds=7200, **kwargs) if on else miner(*zones, key=key, **kwargs)


def dealt(*miners, **kwargs) -> dict[str, int]:
    commands, _ = decide(site(unit(*miners, **kwargs)), Memory())
    return {command.miner_id: command.power_w for command in commands}


# --- how much ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("celsius", "watts"),
    [
        (19.0, 1600),
        (20.49, 1600),
        (20.8, 1600),
        (21.0, 1600),
        (21.02, 1300),
        (21.24, 1300),
        (21.27, 800),
        (21.36, 800),
        (21.49, 800),
        (21.5, 0),
    ],
)
def test_the_nearer_to_the_upper_bound_the_less_it_gives(celsius, watts):
    """21 ± 0.5 °C: all of it up to about the target, its lowest level up to the upper bound, then off."""
    assert dealt(avalon(zone(celsius), on_w=1600)) == {"a": watts}


@pytest.mark.parametrize("celsius", [20.4, 20.9, 21.4])
def test_a_heater_without_levels_is_on_or_off(celsius):
    assert dealt(plug(zone(celsius), on=True)) == {"p": 1000}


def test_one_that_heats_no_room_gives_all():
    assert dealt(avalon(on_w=1600, heats_no_room=True), rules=worlds.policy((), ())) == {"a": 1600}


def test_the_colder_of_its_rooms_says_how_much():
    assert dealt(avalon(zone(21.3, key="hall"), zone(20.2, key="attic"), on_w=800)) == {"a": 1600}


def test_all_it_can_where_a_person_chose_so():
    assert dealt(avalon(zone(21.2), on_w=800), strategy="policy") == {"a": 1600}


def test_a_level_stays_until_it_is_wrong_by_a_margin():
    """20.86 °C needs 1280 of 1600 W, give or take 320."""
    for on_w in (1300, 1600):
        assert dealt(avalon(zone(20.86), on_w=on_w)) == {"a": on_w}
    assert dealt(avalon(zone(20.86), on_w=800)) == {"a": 1300}


def test_all_of_it_comes_just_above_the_lower_bound():
    """Not at the bound itself, or a room of high need would be kept below its band."""
    assert dealt(avalon(zone(20.7), on_w=1300)) == {"a": 1300}
    assert dealt(avalon(zone(20.54), on_w=1300)) == {"a": 1600}


def test_it_says_why_it_gives_less():
    commands, _ = decide(site(unit(avalon(zone(21.4), on_w=1300))), Memory())
    assert commands[0].reason.endswith("so Avalon runs at 800 W, as much as is needed or available now.")
    assert (commands[0].action, commands[0].guard) == ("level", "")


def test_a_nominal_power_above_its_levels_promises_no_more_than_they_give():
    """At 21.1 °C half and a margin are 1120 of 1600 W, whatever its settings say it takes."""
    for nominal_w in (1600, 3000):
        assert dealt(avalon(zone(21.1), on_w=1600, nominal_power_w=nominal_w)) == {"a": 1300}


# --- who --------------------------------------------------------------------------------------------------------------


def test_below_its_band_everything_heats():
    room = zone(20.0)
    assert dealt(avalon(room), plug(room)) == {"a": 1600, "p": 1000}


def test_what_runs_goes_on_and_what_is_not_needed_stops():
    """30 % of 2600 W, and 20 % as a margin: the Avalon's 1300 W are enough."""
    room = zone(21.35)
    assert dealt(avalon(room, on_w=1600), plug(room, on=True)) == {"a": 1300, "p": 0}


def test_what_rests_is_told_why():
    room = zone(21.3)
    commands, _ = decide(site(unit(avalon(room, on_w=1600), plug(room, on=True, name="Heater"))), Memory())
    assert (
        commands[1].reason
        == "The other miners give what Hall needs, or all that is available now, so Heater is switched off."
    )
    assert commands[1].code == "staged_off"


def test_the_efficient_one_goes_on():
    room = zone(21.3)
    old = PowerModel((Level("on", 1600.0, 40.0),))
    for key in ("a", "z"):  # whatever their names
        assert dealt(avalon(room, key=key, on_w=1600), plug(room, key="m", on=True, watts=1600, power=old,
                     nominal_power_w=1600)) == {key: 1600, "m": 0}  # fmt: skip


def test_of_two_alike_the_quiet_one_goes_on():
    room = zone(21.3)
    loud, quiet = plug(room, key="a", on=True, noise_db=75), plug(room, key="b", on=True, noise_db=35)
    assert dealt(loud, quiet) == {"a": 0, "b": 1000}


def test_of_two_that_rest_the_one_cheap_to_start_starts_first():
    dear, cheap = plug(zone(20.0), key="a", start_cost=1.0), plug(zone(20.0), key="b")
    assert dosing.cost(dear, rests=True) > dosing.cost(cheap, rests=True)
    assert dosing.cost(dear, rests=False) == dosing.cost(cheap, rests=False)


def test_what_guards_keep_off_is_replaced():
    """It protects itself: the other gives what it can, and the reason of the guard stays."""
    hot = avalon(zone(21.0), on_w=1600, snapshot=MinerSnapshot(MinerStatus.PROTECT, 20.0, True, problem="Too hot."))
    commands, _ = decide(site(unit(hot, plug(zone(21.0), on=True))), Memory())
    assert [(command.power_w, command.guard) for command in commands] == [(0, "device_fault"), (1000, "")]


def test_quiet_hours_are_a_ceiling_for_one_and_the_other_gives_the_rest():
    room = zone(20.0)
    hushed = avalon(room, on_w=1600, quiet=Quiet(900, NOW + timedelta(hours=6), "06:00"))
    commands, _ = decide(site(unit(hushed, plug(room, on=True))), Memory())
    assert [(command.power_w, command.guard) for command in commands] == [(800, "quiet_hours"), (1000, "")]


def test_a_minimum_on_time_gives_its_share_first():
    """It cannot be stopped yet: the other one is, though it is the better."""
    room = zone(21.4)
    young = plug(room, key="p", on=True, min_on_seconds=10_000)
    assert dealt(avalon(room, on_w=800), young) == {"a": 0, "p": 1000}


def test_what_a_person_runs_counts_as_given():
    room = zone(21.3)
    by_hand = plug(room, on=True, wish=worlds.wish(1000))
    assert dealt(avalon(room, on_w=1600), by_hand) == {"a": 800, "p": 1000}


def test_what_a_person_runs_counts_as_what_quiet_hours_leave_of_it():
    room = zone(21.02)
    hushed = avalon(
        room, key="b", on_w=800, wish=worlds.wish(1600), quiet=Quiet(900, NOW + timedelta(hours=6), "06:00")
    )
    # At 21.02 °C 60 % of 2400 W are 1440 W, of which it gives 800 W; with the margin of 320 W that leaves 960 W.
    assert dealt(avalon(room, on_w=1600), hushed) == {"a": 1300, "b": 800}


def test_what_a_person_runs_above_its_nominal_power_counts_in_full():
    """60 % of 3200 W are 1920 W, of which it gives 1600 W; with the margin of 320 W that leaves 640 W."""
    room = zone(21.2)
    by_hand = avalon(room, key="b", on_w=1600, nominal_power_w=800, wish=worlds.wish(1600))
    assert dealt(avalon(room, on_w=1300), by_hand) == {"a": 800, "b": 1600}


#: Heats by the sun alone, whatever the room.
SUNNY = worlds.policy((worlds.SURPLUS,), (worlds.NO_SURPLUS,))


def test_nobody_gives_more_to_a_room_whose_temperature_is_not_known():
    """A policy of the sun goes on while the sensor is in doubt; blind, it gives no more than before."""
    sun = {"energy_state.surplus_power": 5000.0}
    for on_w in (800, 1300, 1600):
        assert dealt(avalon(zone(None), on_w=on_w), rules=SUNNY, shared=sun) == {"a": on_w}
    rooms = zone(21.45, key="hall"), zone(None, key="attic")
    assert dealt(avalon(*rooms, on_w=800), rules=SUNNY, shared=sun) == {"a": 800}
    assert dealt(avalon(*rooms, on_w=1600), rules=SUNNY, shared=sun) == {"a": 1600}
    rooms = zone(20.0, key="hall"), zone(None, key="attic")
    assert dealt(avalon(*rooms, on_w=800), rules=SUNNY, shared=sun) == {"a": 1600}


def test_rooms_apart_are_dealt_apart():
    assert dealt(avalon(zone(21.4), on_w=800), plug(zone(20.0, key="attic"), on=True)) == {"a": 800, "p": 1000}


# --- the sun ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("surplus_w", "watts"), [(5000.0, 1600), (1599.0, 1300), (1200.0, 800), (300.0, 800), (-900.0, 800), (None, 800)]
)
def test_a_unit_that_follows_the_sun_takes_no_more(surplus_w, watts):
    """What its policy lets run runs at its lowest at least: whether it runs at all is the policy's business."""
    assert dealt(avalon(zone(20.0), on_w=1600), strategy="policy_surplus", surplus_w=surplus_w) == {"a": watts}


def test_the_sun_goes_to_the_coldest_room_first():
    warm, cold = avalon(zone(20.4), key="a", on_w=800), avalon(zone(19.0, key="attic"), key="b", on_w=800)
    assert dealt(warm, cold, strategy="policy_surplus", surplus_w=2500.0) == {"a": 800, "b": 1600}


@pytest.mark.parametrize(
    ("celsius", "never_below", "watts"),
    [
        (15.9, 16.0, 1600),
        (16.9, 16.0, 1600),
        (17.0, 16.0, 800),
        (15.9, None, 800),
        (20.6, 35.0, 1600),
        (21.4, 35.0, 800),
    ],
)
def test_below_its_minimum_a_room_gets_what_it_needs_without_the_sun(celsius, never_below, watts):
    """Up to the minimum and the width of the band above it; never more than the target asks for."""
    room = avalon(zone(celsius), on_w=800)
    assert dealt(room, strategy="policy_surplus", surplus_w=-500.0, never_below_celsius=never_below) == {"a": watts}


@pytest.mark.parametrize(("surplus_w", "watts"), [(1299.0, 800), (1300.0, 1300), (1759.0, 1300), (1760.0, 1600)])
def test_a_sun_that_flickers_sends_nobody_up_and_down(surplus_w, watts):
    """Less at once; more only when there is a tenth of all they can give beyond it."""
    assert dealt(avalon(zone(20.0), on_w=1300), strategy="policy_surplus", surplus_w=surplus_w) == {"a": watts}


def test_a_second_one_starts_only_within_the_sun():
    room = zone(20.0)
    for surplus_w, expected in ((2859.0, 0), (2860.0, 1000)):  # 260 W more than it takes
        assert (
            dealt(avalon(room, on_w=1600), plug(room), strategy="policy_surplus", surplus_w=surplus_w)["p"] == expected
        )


# --- whatever the situation -------------------------------------------------------------------------------------------

MODELS = st.sampled_from([None, AVALON, LUXOS, PowerModel((Level("on", 500.0, 10.0),))])


@st.composite
def members(draw):
    room = zone(draw(st.floats(19.5, 21.45)))
    found = []
    for n in range(draw(st.integers(1, 4))):
        model = draw(MODELS)
        full_w = 1000 if model is None else round(model.max_w)
        levels = [0, full_w] if model is None else [0, *(round(level.power_w) for level in model.levels)]
        on_w = draw(st.sampled_from(levels))
        more = {
            "power": model,
            "nominal_power_w": full_w,
            "noise_db": draw(st.sampled_from([None, 35, 75])),
            "start_cost": draw(st.sampled_from([0.0, 0.3])),
            "min_on_seconds": draw(st.sampled_from([0, 10_000])),
        }
        found.append(
            running(room, key=f"m{n}", watts=on_w, for_seconds=7200, **more)
            if on_w
            else miner(room, key=f"m{n}", **more)
        )
    return room, found


@given(members(), st.sampled_from(["policy_need", "policy"]))
def test_what_is_needed_is_given_and_no_machine_is_needless(world, strategy):
    room, found = world
    asked = unit(*found, strategy=strategy)
    commands, _ = decide(site(asked), Memory())
    watts = {command.miner_id: command.power_w for command in commands}
    on = [one for one in found if one.is_wanted_on]
    pool = found if room.below_target else on  # above the lower bound nothing starts
    full_w = sum(one.nominal_power_w for one in pool)
    # Reckoned a quarter higher, and as much may be missing as the margin: that keeps levels from following a sensor.
    above = (1 + dosing.HIGHER) * (room.upper_bound - room.temperature_celsius) - dosing.MARGIN
    need_w = sum(one.nominal_power_w for one in found) * max(0.0, above)
    if room.below_target or strategy == "policy":
        assert sum(watts.values()) == full_w
        return
    need_w = min(need_w, full_w)
    assert all(watts[one.miner_id] == 0 for one in found if not one.is_wanted_on)
    rests = [one for one in pool if watts[one.miner_id] == 0]
    # What is missing is less than the one that rests is worth running for.
    missing_w = need_w - sum(watts.values())
    assert all(missing_w <= dosing.GOES_ON_FOR * one.least_w + dosing.NEARLY * need_w for one in rests)
    if not rests:
        assert missing_w <= dosing.NEARLY * need_w or sum(watts.values()) == full_w


@given(
    members(),
    st.sampled_from(["policy_need", "policy", "policy_surplus"]),
    st.one_of(st.none(), st.floats(-1000, 8000)),
)
def test_what_was_dealt_stays_as_it_is(world, strategy, surplus_w):
    """The same need again changes nothing: nobody takes turns."""
    _, found = world

    def once(now):
        commands, _ = decide(site(unit(*now, strategy=strategy, surplus_w=surplus_w)), Memory())
        return {command.miner_id: command.power_w for command in commands}

    def lived(now, watts):
        return [
            replace(
                one,
                desired_w=watts[one.miner_id],
                snapshot=MinerSnapshot(MinerStatus.HEATING, float(watts[one.miner_id]), True)
                if watts[one.miner_id]
                else worlds.OFF,
                switched_on_at=(one.switched_on_at or NOW) if watts[one.miner_id] else None,
            )
            for one in now
        ]

    first = once(found)
    second = once(lived(found, first))
    third = once(lived(found, second))
    assert third == second
    if strategy != "policy_surplus":
        assert {key for key, watts in second.items() if watts} <= {key for key, watts in first.items() if watts}


@given(members(), st.floats(-500, 9000))
def test_the_sun_is_never_exceeded_by_more_than_what_must_run(world, surplus_w):
    _, found = world
    watts = dealt(*found, strategy="policy_surplus", surplus_w=surplus_w)
    on = [one for one in found if watts[one.miner_id]]
    assume(on)
    must = [one for one in on if one.is_wanted_on and one.min_on_seconds]
    lowest_w = sum(one.least_w for one in must) or max(one.least_w for one in on)
    assert sum(watts.values()) <= max(surplus_w, lowest_w) + 1


@given(random_worlds.sites(), random_worlds.memories())
def test_nothing_is_dealt_that_policy_or_guards_forbid(situation, memory):
    """Whatever the dosing: what is off with all it can give is off, and nobody gets more than then."""
    full = replace(situation, units=tuple(replace(one, strategy="policy") for one in situation.units))
    most = {one.miner_id: one for one in decide(full, memory)[0]}
    for command in decide(situation, memory)[0]:
        if most[command.miner_id].guard not in _SHARED and command.guard not in ("min_on", "write_gap"):
            assert command.power_w <= most[command.miner_id].power_w


#: What others take decides these.
_SHARED = ("power_limit", "stagger")
