"""What instruments in the house would show: small frozen dataclasses with units in their names."""

from __future__ import annotations

from dataclasses import dataclass

from .house import HouseState, conditions, index_of, minute_of
from .machine import hash_rate_th_s
from .sky import uniform
from .thermal import humidity_percent


@dataclass(frozen=True, slots=True)
class RoomReading:
    """A room's sensor (late, rounded, a little noisy), its contact and, for tests, the truth."""

    temperature_celsius: float
    humidity_percent: float
    air_temperature_celsius: float
    window_open: bool = False
    is_occupied: bool = True


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Mean watts over the last tick and meters since the house began.

    `production_w` is None without PV, the `battery_*` fields are None without a battery.
    `consumption_w` is `household_w` (without miners) plus `miners_w`.
    """

    production_w: float | None
    household_w: float
    miners_w: float
    consumption_w: float
    grid_w: float  # + import, - export
    battery_w: float | None  # + charging, - discharging
    battery_soc_percent: float | None
    battery_remaining_wh: float | None
    battery_capacity_wh: float | None
    production_total_wh: float
    household_total_wh: float
    miners_total_wh: float
    consumption_total_wh: float
    grid_import_total_wh: float
    grid_export_total_wh: float
    battery_charge_total_wh: float
    battery_discharge_total_wh: float


@dataclass(frozen=True, slots=True)
class MinerReading:
    """A miner: status is one of off, starting, ramping, heating, stopping."""

    status: str
    power_w: float
    target_w: float  # the level it was last commanded to
    levels_w: tuple[float, ...]  # without off
    hash_rate_th_s: float
    chip_temperature_celsius: float
    energy_total_wh: float


@dataclass(frozen=True, slots=True)
class WeatherReading:
    """Outdoors now: irradiance on the level ground, cloud cover 0 (clear) to 1."""

    outdoor_celsius: float
    irradiance_w_m2: float
    cloud: float


def rooms(state: HouseState) -> tuple[str, ...]:
    """Keys of the rooms."""
    return tuple(room.key for room in state.spec.rooms)


def miners(state: HouseState) -> tuple[str, ...]:
    """Keys of the miners."""
    return tuple(miner.key for miner in state.spec.miners)


def room(state: HouseState, key: str) -> RoomReading:
    """What a room's sensor shows; KeyError for an unknown room.

    The noise changes once a minute and is a function of (seed, room, minute): asking twice gives
    the same answer.
    """
    i = index_of("room", state.spec.rooms, key)
    spec, now = state.spec.rooms[i], state.rooms[i]
    minute = minute_of(state.at)
    noise = (2 * uniform(state.spec.seed, 100 + i, minute) - 1) * spec.sensor_noise_celsius
    resolution = spec.sensor_resolution_celsius
    shown = round((now.sensor_celsius + noise) / resolution) * resolution
    outdoor = conditions(state.spec, minute).outdoor_celsius
    humidity = humidity_percent(now.air_celsius, outdoor, spec.moisture_excess_pa)
    return RoomReading(round(shown, 6), round(humidity, 1), now.air_celsius, now.window_open, now.is_occupied)


def energy(state: HouseState) -> EnergyReading:
    """Power flows and meters of the house."""
    spec, flows, meters = state.spec, state.flows, state.meters
    battery = spec.battery
    return EnergyReading(
        production_w=flows.pv_w if spec.pv else None,
        household_w=flows.household_w,
        miners_w=flows.miners_w,
        consumption_w=flows.household_w + flows.miners_w,
        grid_w=flows.grid_w,
        battery_w=flows.battery_w if battery else None,
        battery_soc_percent=100 * state.battery_wh / battery.capacity_wh if battery else None,
        battery_remaining_wh=state.battery_wh if battery else None,
        battery_capacity_wh=battery.capacity_wh if battery else None,
        production_total_wh=meters.production_wh,
        household_total_wh=meters.household_wh,
        miners_total_wh=meters.miners_wh,
        consumption_total_wh=meters.household_wh + meters.miners_wh,
        grid_import_total_wh=meters.imported_wh,
        grid_export_total_wh=meters.exported_wh,
        battery_charge_total_wh=meters.charged_wh,
        battery_discharge_total_wh=meters.discharged_wh,
    )


def miner(state: HouseState, key: str) -> MinerReading:
    """A miner's own telemetry; KeyError for an unknown miner."""
    i = index_of("miner", state.spec.miners, key)
    spec, now = state.spec.miners[i], state.miners[i]
    return MinerReading(
        status=now.phase,
        power_w=now.power_w,
        target_w=now.target_w,
        levels_w=spec.levels_w,
        hash_rate_th_s=hash_rate_th_s(spec, now),
        chip_temperature_celsius=_around_celsius(state, spec.room) + now.chip_rise_k,
        energy_total_wh=now.energy_wh,
    )


def weather(state: HouseState) -> WeatherReading:
    """Weather of the state's minute."""
    now = conditions(state.spec, minute_of(state.at))
    return WeatherReading(now.outdoor_celsius, now.horizontal_w_m2, now.cloud)


def _around_celsius(state: HouseState, room_key: str | None) -> float:
    if room_key is None:
        return conditions(state.spec, minute_of(state.at)).outdoor_celsius
    return state.rooms[index_of("room", state.spec.rooms, room_key)].air_celsius
