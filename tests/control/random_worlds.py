"""Arbitrary situations for property tests: any mix of states, wishes, limits, timers and unknowns."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from climate.state import SensorHealth
from miners.power import Level, PowerModel
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.memory import Memory, ZoneTrip
from optimization.control.quiet import Quiet
from optimization.control.situation import Wish

from . import worlds
from .worlds import COLD, NO_SURPLUS, NOW, SURPLUS, WARM

STEPS = PowerModel((Level("eco", 800.0), Level("standard", 1300.0), Level("super", 1600.0)))
RANGE = PowerModel((Level("min", 500.0), Level("max", 1500.0)), step_w=100.0)
POWERS = (None, None, PowerModel((Level("on", 900.0),)), STEPS, RANGE)
CIRCUITS = (None, ("c1", "Kitchen", 1500), ("c2", "Cellar", 2300))
#: Also so near a bound that both round alike.
near_a_bound = st.sampled_from([20.5, 21.5, 7.0, 26.0, 28.0]).flatmap(lambda at: st.floats(at - 0.06, at + 0.06))
celsius = st.one_of(st.none(), st.floats(-5, 40), near_a_bound, st.sampled_from([20.5, 21.5, 26.0, 27.0, 28.0, 7.0]))
past = st.one_of(
    st.none(),
    st.integers(0, 700).map(lambda s: NOW - timedelta(seconds=s)),
    st.integers(-7200, 7200).map(lambda s: NOW - timedelta(seconds=s)),
)
moments = st.integers(-3600, 90_000).map(lambda s: NOW - timedelta(seconds=s))


@st.composite
def zones(draw, key: str):
    seen = draw(celsius)
    health = SensorHealth.OK if seen is not None else draw(st.sampled_from([SensorHealth.SUSPECT, SensorHealth.LOST]))
    highest = draw(st.one_of(st.just(seen), st.floats(15, 45)))
    if seen is not None:
        highest = seen if highest is None else max(seen, highest)
    return worlds.zone(
        seen,
        key=key,
        sensor=health,
        highest_celsius=highest,
        lowest_celsius=seen,
        frost_limit_celsius=draw(st.sampled_from([None, 7.0])),
    )


wishes = st.one_of(
    st.none(),
    st.builds(
        Wish,
        st.one_of(st.just(0), st.integers(1, 5000)),  # a stored row may say anything
        st.one_of(st.none(), st.integers(-600, 7200).map(lambda s: NOW + timedelta(seconds=s))),
        st.just("Ada"),
        st.sampled_from(["person", "outside"]),
    ),
)


@st.composite
def miners(draw, key: str, rooms):
    status = draw(st.sampled_from(list(MinerStatus)))
    measured = draw(st.booleans())
    power = draw(st.sampled_from([0.0, 60.0, 1000.0, 1100.0])) if measured else None
    return worlds.miner(
        *rooms,
        key=key,
        nominal_power_w=draw(st.sampled_from([800, 1000])),
        heats_no_room=draw(st.booleans()),
        snapshot=MinerSnapshot(status, power, measured and power is not None),
        power=draw(st.sampled_from(POWERS)),
        desired_w=draw(st.one_of(st.sampled_from([0, 0, 800, 1000]), st.integers(1, 2000))),
        before_w=draw(st.sampled_from([0, 800, 1600])),
        has_followed=draw(st.booleans()),
        had_its_time=draw(st.booleans()),
        took_more_w=draw(st.sampled_from([0, 0, 0, 150])),
        desired_origin=draw(st.sampled_from(["", "policy", "manual", "frost", "guard"])),
        desired_confirmed=draw(st.booleans()),
        level_since=draw(past),
        goes_off_at=draw(st.sampled_from([None, None, worlds.ago(-90), worlds.ago(5)]))
        if not status.is_known
        else None,
        switched_on_at=draw(past),
        switched_off_at=draw(past),
        starts=tuple(draw(st.lists(moments, max_size=5))),
        wish=draw(wishes),
        circuit=draw(st.sampled_from(CIRCUITS)),
        is_active=draw(st.sampled_from([True, True, True, False])),
        quiet=draw(st.sampled_from([None, None, Quiet(0, worlds.NOW, "06:00"), Quiet(900, worlds.NOW, "06:00")])),
        is_cut=draw(st.sampled_from([False, False, False, True])),
        lacks_off=draw(st.sampled_from([False, False, False, True])),
        is_stopping=draw(st.sampled_from([False, False, False, True])),
        doubled=draw(st.sampled_from(["", "", "", "The plug is set up twice."])),
        setup_problem=draw(st.sampled_from(["", "", "", "Its settings cannot be used."])),
        reality_problem=draw(st.sampled_from(["", "", "", "Not on an invented sensor."])),
    )


POLICIES = (
    worlds.policy(),
    worlds.policy((COLD,), ()),
    worlds.policy(({"all_of": [COLD, SURPLUS]},), (WARM, {**NO_SURPLUS, "for": "3m"})),
)


@st.composite
def sites(draw):
    """Up to three miners in one or two units or in none, in up to two rooms."""
    rooms = [draw(zones("hall")), draw(zones("attic"))]
    members = [
        draw(miners(f"m{n}", draw(st.lists(st.sampled_from(rooms), max_size=2, unique_by=lambda zone: zone.zone_id))))
        for n in range(draw(st.integers(1, 3)))
    ]
    surplus = draw(st.one_of(st.none(), st.floats(-2000, 4000)))
    shared = {"energy_state.surplus_power": surplus} if draw(st.booleans()) else {}
    split = draw(st.integers(0, len(members)))
    has_policy = draw(st.sampled_from([True, True, True, False]))
    first = worlds.unit(*members[:split], rules=draw(st.sampled_from(POLICIES)), shared=shared, key="u1",
                        **({} if has_policy else {"policy": None}))  # fmt: skip
    rest = members[split:]
    second = (worlds.unit(*rest, shared=shared, key="u2"),) if draw(st.booleans()) else ()
    return worlds.site(
        first,
        *second,
        loose=() if second else tuple(rest),
        power_limit_w=draw(st.sampled_from([None, None, 900, 1900, 2500])),
        clock_stepped=draw(st.sampled_from([False, False, True])),
        is_stopped=draw(st.sampled_from([False, False, False, True])),
    )


@st.composite
def memories(draw):
    def trip():
        return ZoneTrip(
            draw(st.booleans()), draw(st.booleans()), [at.isoformat() for at in draw(st.lists(moments, max_size=3))]
        )

    trips = {f"zone-{key}": trip() for key in draw(st.lists(st.sampled_from(["hall", "attic"]), unique=True))}
    since = {unit: draw(moments).isoformat() for unit in draw(st.lists(st.sampled_from(["u1", "u2"]), unique=True))}
    return Memory(trips=trips, unknown_since=since)
