"""The whole house: one frozen value, advanced by `step`, commanded by `set_power`.

Pure: no clock, no random state, no I/O. Time comes in as an argument and everything that happens
is a function of (state, time), so the same seed gives the same house in every process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import repeat
from typing import Any

from . import machine
from .battery import BatterySpec, exchange_w, stored_after_wh
from .household import HouseholdSpec, household_w
from .machine import MinerSpec, MinerState
from .pv import PvSpec, pv_power_w
from .sky import (
    Climate,
    cloud,
    horizontal_w_m2,
    outdoor_celsius,
    plane_w_m2,
    sun,
)
from .thermal import Adjacency, RoomSpec, RoomState, advance_rooms, transition_matrix
from .values import check_range, decode, encode, utc

TICK_SECONDS = 10
TICK = timedelta(seconds=TICK_SECONDS)
_TICK_HOURS = TICK_SECONDS / 3600
_MINUTE = timedelta(minutes=1)
# A house that nobody watched for longer than this is not computed tick by tick: it is carried
# over unchanged to REPLAY before the end. Its walls forget in about a day, so two days suffice.
LONGEST_GAP = timedelta(days=7)
REPLAY = timedelta(days=2)
_VERSION = 1


@dataclass(frozen=True, slots=True)
class HouseSpec:
    """What a house is made of. `grid` has no limit; `pv` and `battery` may be missing."""

    seed: int
    latitude: float  # degrees north
    longitude: float  # degrees east
    climate: Climate
    rooms: tuple[RoomSpec, ...]
    adjacency: tuple[Adjacency, ...]
    miners: tuple[MinerSpec, ...]
    household: HouseholdSpec
    pv: PvSpec | None = None
    battery: BatterySpec | None = None

    def __post_init__(self) -> None:
        check_range("latitude", self.latitude, -90, 90)
        check_range("longitude", self.longitude, -180, 180)
        if not 1 <= len(self.rooms) <= 12:
            raise ValueError("rooms: a house has 1 to 12 rooms")
        rooms = {room.key for room in self.rooms}
        if len(rooms) < len(self.rooms):
            raise ValueError("rooms: two have the same key")
        if len({miner.key for miner in self.miners}) < len(self.miners):
            raise ValueError("miners: two have the same key")
        for link in self.adjacency:
            if not {link.room, link.neighbour} <= rooms or link.room == link.neighbour:
                raise ValueError(f"adjacency: {link.room!r} and {link.neighbour!r} are no pair")
        for miner in self.miners:
            if miner.room is not None and miner.room not in rooms:
                raise ValueError(f"{miner.key}.room: no room {miner.room!r}")


@dataclass(frozen=True, slots=True)
class Flows:
    """Mean watts over the last tick: `pv_w + grid_w == household_w + miners_w + battery_w`."""

    pv_w: float = 0.0
    household_w: float = 0.0
    miners_w: float = 0.0
    battery_w: float = 0.0  # + charging, - discharging
    grid_w: float = 0.0  # + import, - export


@dataclass(frozen=True, slots=True)
class Meters:
    """Energy since the house began, Wh; all only ever rise except `lost` (heat may flow in)."""

    production_wh: float = 0.0
    household_wh: float = 0.0
    miners_wh: float = 0.0
    imported_wh: float = 0.0
    exported_wh: float = 0.0
    charged_wh: float = 0.0
    discharged_wh: float = 0.0
    room_heat_wh: float = 0.0  # into the rooms: miners, sun, people
    room_lost_wh: float = 0.0  # from the rooms to outdoors


@dataclass(frozen=True, slots=True)
class HouseState:
    """A house at one moment. Equal states stay equal; JSON there and back changes no bit."""

    spec: HouseSpec
    at: datetime  # aware, UTC
    rooms: tuple[RoomState, ...]
    miners: tuple[MinerState, ...]
    battery_wh: float
    flows: Flows
    meters: Meters

    def to_json(self) -> dict[str, Any]:
        """The state, spec included, as JSON-able dict."""
        return {"version": _VERSION, **encode(self)}

    @classmethod
    def from_json(cls, raw: Any) -> HouseState:
        """The state again; ValueError that names the place for anything that is not one."""
        if not isinstance(raw, dict):
            raise ValueError(f"house: an object is needed, not {type(raw).__name__}")
        if raw.get("version") != _VERSION:
            raise ValueError(f"house.version: {_VERSION} is needed, not {raw.get('version')!r}")
        rest = {key: value for key, value in raw.items() if key != "version"}
        state: HouseState = decode(cls, rest, "house")
        _check_fits(state)
        return state


def _check_fits(state: HouseState) -> None:
    """Raise ValueError where the dynamic state does not belong to the spec."""
    spec = state.spec
    if len(state.rooms) != len(spec.rooms) or len(state.miners) != len(spec.miners):
        raise ValueError("house: one state per room and per miner is needed")
    capacity_wh = spec.battery.capacity_wh if spec.battery else 0.0
    check_range("house.battery_wh", state.battery_wh, 0, capacity_wh)
    for room, now in zip(spec.rooms, state.rooms, strict=True):
        for name in ("air_celsius", "mass_celsius", "sensor_celsius"):
            check_range(f"house.{room.key}.{name}", getattr(now, name), -273.15, 1e5)
    for miner, doing in zip(spec.miners, state.miners, strict=True):
        if doing.phase not in machine.PHASES:
            raise ValueError(f"house.{miner.key}.phase: no phase {doing.phase!r}")
        for watts in (doing.target_w, doing.last_level_w):
            if watts and watts not in miner.levels_w:
                raise ValueError(f"house.{miner.key}: {watts:g} W is none of its levels")
        check_range(f"house.{miner.key}.power_w", doing.power_w, 0, miner.levels_w[-1])
        check_range(f"house.{miner.key}.phase_seconds", doing.phase_seconds, 0, 1e12)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What acts on the house from outside for one minute."""

    outdoor_celsius: float
    horizontal_w_m2: float
    cloud: float
    pv_w: float
    household_w: float
    solar_w: tuple[float, ...]  # through the windows, per room


def minute_of(at: datetime) -> int:
    """Whole minutes since 1970 in exact integer arithmetic."""
    return (at - _EPOCH) // _MINUTE


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@lru_cache(maxsize=4096)
def conditions(spec: HouseSpec, minute: int) -> Conditions:
    """Weather and household of a minute; held constant for that minute."""
    climate, seed = spec.climate, spec.seed
    outdoor = outdoor_celsius(climate, seed, minute, spec.longitude)
    cover = cloud(climate, seed, minute)
    position = sun(minute, spec.latitude, spec.longitude, climate.sun_day_of_year)
    pv_w = 0.0
    if spec.pv:
        plane = plane_w_m2(position, cover, spec.pv.tilt_degrees, spec.pv.azimuth_degrees)
        pv_w = pv_power_w(spec.pv, plane, outdoor)
    return Conditions(
        outdoor_celsius=outdoor,
        horizontal_w_m2=horizontal_w_m2(position.up, cover),
        cloud=cover,
        pv_w=pv_w,
        household_w=household_w(spec.household, seed, minute, spec.longitude),
        solar_w=tuple(
            room.solar_aperture_m2 * plane_w_m2(position, cover, 90.0, room.window_azimuth_degrees)
            for room in spec.rooms
        ),
    )


def begin(
    spec: HouseSpec,
    at: datetime,
    air_celsius: float = 16.0,
    mass_celsius: float = 16.0,
    battery_percent: float = 95.0,
) -> HouseState:
    """A house with every room alike, its sensors settled and every miner off."""
    at = utc("at", at)
    check_range("air_celsius", air_celsius, -60, 60)
    check_range("mass_celsius", mass_celsius, -60, 60)
    check_range("battery_percent", battery_percent, 0, 100)
    capacity_wh = spec.battery.capacity_wh if spec.battery else 0.0
    state = HouseState(
        spec=spec,
        at=at,
        rooms=tuple(RoomState(air_celsius, mass_celsius, air_celsius) for _ in spec.rooms),
        miners=tuple(MinerState(power_w=miner.standby_w) for miner in spec.miners),
        battery_wh=capacity_wh * battery_percent / 100,
        flows=Flows(),
        meters=Meters(),
    )
    return _with_flows(state, state.miners)


def step(state: HouseState, until: datetime) -> HouseState:
    """The house at `until`: whole ticks of 10 s, counted from `state.at`.

    What is left over (< 10 s) waits for the next call, so that stepping in any pieces gives the
    same house, bit for bit: the answer's `at` is the last tick not after `until`. An `until` before
    `state.at` changes nothing (a clock was set back). After more than 7 days only the last two are
    computed; the meters then miss what lies between. ValueError for a naive `until`.
    """
    until = utc("until", until)
    ticks = (until - state.at) // TICK
    if ticks <= 0:
        return state
    if ticks > LONGEST_GAP // TICK:
        skipped = ticks - REPLAY // TICK
        state = replace(state, at=state.at + skipped * TICK)
        ticks -= skipped
    return _advance(state, ticks)


def redated(state: HouseState, by: timedelta) -> HouseState:
    """The same house at another time: somebody set the clock, and nothing happens in between."""
    return replace(state, at=state.at + by)


def _advance(state: HouseState, ticks: int) -> HouseState:
    """`ticks` ticks on: miners, then power, then rooms, each from the tick's own inputs."""
    spec = state.spec
    transition = transition_matrix(_aired(spec.rooms, state.rooms), spec.adjacency, float(TICK_SECONDS))
    heated = _heated_rooms(spec)
    temperatures = _temperatures(state.rooms)
    miners, battery_wh, flows = state.miners, state.battery_wh, state.flows
    totals = _totals(state.meters)
    at, minute, now = state.at, None, None
    for _ in range(ticks):
        if minute_of(at) != minute:
            minute = minute_of(at)
            now = conditions(spec, minute)
        miners = tuple(map(machine.ticked, spec.miners, miners, repeat(float(TICK_SECONDS))))
        flows = _dispatch(spec, now, battery_wh, miners)
        if spec.battery:
            battery_wh = stored_after_wh(spec.battery, battery_wh, flows.battery_w, _TICK_HOURS)
        air_w = [room.internal_gain_w for room in spec.rooms]
        for room_index, miner in zip(heated, miners, strict=True):
            if room_index is not None:
                air_w[room_index] += miner.power_w
        temperatures, lost_j = advance_rooms(transition, temperatures, air_w, now.solar_w, now.outdoor_celsius)
        _meter(totals, flows, sum(air_w) + sum(now.solar_w), lost_j)
        at += TICK
    rooms = _room_states(temperatures, state.rooms)
    return HouseState(spec, at, rooms, miners, battery_wh, flows, Meters(*totals))


def _heated_rooms(spec: HouseSpec) -> list[int | None]:
    index = {room.key: i for i, room in enumerate(spec.rooms)}
    return [None if miner.room is None else index[miner.room] for miner in spec.miners]


def _temperatures(rooms: tuple[RoomState, ...]) -> list[float]:
    return (
        [room.air_celsius for room in rooms]
        + [room.mass_celsius for room in rooms]
        + [room.sensor_celsius for room in rooms]
    )


def _room_states(temperatures: list[float], before: tuple[RoomState, ...]) -> tuple[RoomState, ...]:
    n = len(before)
    at = zip(temperatures[:n], temperatures[n : 2 * n], temperatures[2 * n :], before, strict=True)
    return tuple(RoomState(air, mass, sensor, room.window_open, room.is_occupied) for air, mass, sensor, room in at)


def _aired(specs: tuple[RoomSpec, ...], rooms: tuple[RoomState, ...]) -> tuple[RoomSpec, ...]:
    """The rooms as they lose heat now: an open window adds to it."""
    if not any(room.window_open for room in rooms):
        return specs
    return tuple(
        replace(spec, ua_w_per_k=spec.ua_w_per_k + spec.window_ua_w_per_k) if room.window_open else spec
        for spec, room in zip(specs, rooms, strict=True)
    )


def _totals(meters: Meters) -> list[float]:
    return [getattr(meters, name) for name in Meters.__slots__]


def _meter(totals: list[float], flows: Flows, room_heat_w: float, lost_j: float) -> None:
    """Add one tick, in the order of the fields of `Meters`."""
    totals[0] += flows.pv_w * _TICK_HOURS
    totals[1] += flows.household_w * _TICK_HOURS
    totals[2] += flows.miners_w * _TICK_HOURS
    if flows.grid_w > 0:
        totals[3] += flows.grid_w * _TICK_HOURS
    else:
        totals[4] -= flows.grid_w * _TICK_HOURS
    if flows.battery_w > 0:
        totals[5] += flows.battery_w * _TICK_HOURS
    else:
        totals[6] -= flows.battery_w * _TICK_HOURS
    totals[7] += room_heat_w * _TICK_HOURS
    totals[8] += lost_j / 3600


def _dispatch(spec: HouseSpec, now: Conditions, battery_wh: float, miners: tuple[MinerState, ...]) -> Flows:
    """Self-consumption: the battery takes the surplus or gives the deficit, the grid the rest."""
    miners_w = 0.0
    for miner in miners:
        miners_w += miner.power_w
    surplus_w = now.pv_w - now.household_w - miners_w
    battery_w = 0.0
    if spec.battery:
        battery_w = exchange_w(spec.battery, battery_wh, surplus_w, _TICK_HOURS)
    return Flows(now.pv_w, now.household_w, miners_w, battery_w, battery_w - surplus_w)


def _with_flows(state: HouseState, miners: tuple[MinerState, ...]) -> HouseState:
    """The same moment with other miners; watts balance again at once."""
    now = conditions(state.spec, minute_of(state.at))
    flows = _dispatch(state.spec, now, state.battery_wh, miners)
    return replace(state, miners=miners, flows=flows)


def index_of(kind: str, specs: tuple[RoomSpec, ...] | tuple[MinerSpec, ...], key: str) -> int:
    """Where `key` stands among `specs`; KeyError that lists what there is."""
    for i, spec in enumerate(specs):
        if spec.key == key:
            return i
    raise KeyError(f"no {kind} {key!r}; there are: {', '.join(spec.key for spec in specs)}")


def set_power(state: HouseState, miner_key: str, power_w: float) -> HouseState:
    """Command a miner, in W: 0 or less is off, else the level at or below it, else the lowest.

    A read right afterwards already shows "starting" or "stopping". Repeating a command changes
    nothing. KeyError for an unknown miner, ValueError for NaN or infinity.
    """
    i = index_of("miner", state.spec.miners, miner_key)
    new = machine.commanded(state.spec.miners[i], state.miners[i], power_w)
    if new is state.miners[i]:
        return state
    return _with_flows(state, (*state.miners[:i], new, *state.miners[i + 1 :]))


def set_window(state: HouseState, room_key: str, is_open: bool) -> HouseState:
    """Open or close a room's window. KeyError for an unknown room."""
    return _with_room(state, room_key, window_open=is_open)


def set_occupied(state: HouseState, room_key: str, is_occupied: bool) -> HouseState:
    """Somebody comes into a room, or the last one leaves it. KeyError for an unknown room."""
    return _with_room(state, room_key, is_occupied=is_occupied)


def _with_room(state: HouseState, room_key: str, **changes: bool) -> HouseState:
    i = index_of("room", state.spec.rooms, room_key)
    return replace(state, rooms=(*state.rooms[:i], replace(state.rooms[i], **changes), *state.rooms[i + 1 :]))


def power_cut(state: HouseState) -> HouseState:
    """The mains fail and return at this moment: running miners boot again at their level.

    A miner that is off stays off only if its `off_survives_power_cut`; else it boots to its last
    level (or its highest, if it never ran).
    """
    pairs = zip(state.spec.miners, state.miners, strict=True)
    return _with_flows(state, tuple(machine.power_returned(spec, now) for spec, now in pairs))
