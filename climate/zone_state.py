"""A zone's state from its sensors and its target: pure.

Several sensors: the median counts, and one more than 1.5 K from it is named. Where the most of them do
not agree (two that differ by more than 1.5 K) all are suspect; control then believes the warmest. The
high limit looks at the highest that any says, frost at the lowest believed. Sensors that stand still while
their room is heated hard are not believed at all (`flat`). Where no sensor is believed, the room may still be
as warm as it was last, less what the slowest cooling takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from statistics import median
from typing import Any

from sites.words import ended

from . import flat as flat_sensors
from . import pulses
from .flat import Flat
from .sensors import MonitorState
from .state import SensorHealth, Target, ZoneState
from .window import slope_k_per_h

DISAGREE_K = 1.5
#: The trend is the slope over about this long.
TREND_WINDOW_SECONDS = 1800.0
TREND_MIN_SECONDS = 300.0


def build(
    *,
    zone_id: str,
    slug: str,
    name: str,
    sensors: Sequence[MonitorState],
    target: Target,
    hysteresis_celsius: float,
    high_limit_celsius: float,
    frost_limit_celsius: float | None,
    trend_celsius_per_hour: float | None,
    sensor_is_real: bool,
    flat: Flat | None = None,
    problems: Sequence[str] = (),
) -> ZoneState:
    """The zone as decisions see it; see `ZoneState` for units. `problems`: what besides the temperature is amiss."""
    good = [sensor for sensor in sensors if sensor.temperature_celsius is not None]
    temperature, health, problem, doubted = _combine(name, sensors, good)
    if flat is not None and good:
        shown = {sensor.name: sensor.temperature_celsius for sensor in good}
        doubted = [_doubted(one, flat.health, "has not moved while its room was heated hard") for one in good]
        temperature, health, problem = None, flat.health, flat_sensors.sentence(name, flat, shown)
    plausible = [sensor.plausible_celsius for sensor in sensors if sensor.plausible_celsius is not None]
    humidity = [sensor.humidity_percent for sensor in good if sensor.humidity_percent is not None]
    observed = [sensor.observed_at for sensor in (good or sensors) if sensor.observed_at is not None]
    since = [sensor.since for sensor in sensors if sensor.since is not None]
    if flat is not None:
        since = [flat.since]
    faded = [sensor.faded_celsius for sensor in sensors if sensor.faded_celsius is not None]
    doubts = [sensor for sensor in sensors if sensor.doubted_celsius is not None] if not good else []
    return ZoneState(
        zone_id=zone_id,
        slug=slug,
        name=name,
        temperature_celsius=temperature,
        humidity_percent=median(humidity) if humidity else None,
        target=target,
        hysteresis_celsius=hysteresis_celsius,
        high_limit_celsius=high_limit_celsius,
        frost_limit_celsius=frost_limit_celsius,
        sensor=health,
        problem=" ".join(filter(None, (problem, *problems))),
        observed_at=max(observed, default=None),
        highest_celsius=max(plausible, default=None),
        lowest_celsius=min((sensor.temperature_celsius for sensor in good), default=None),
        trend_celsius_per_hour=trend_celsius_per_hour,
        sensor_is_real=sensor_is_real,
        sensors=tuple(next((told for one, told in doubted if one is sensor), sensor) for sensor in sensors),
        lost_since=min(since, default=None) if temperature is None else None,
        faded_high_celsius=max(faded, default=None) if not good else None,
        doubted_celsius=min((sensor.doubted_celsius for sensor in doubts), default=None),
        doubted_since=min((sensor.since for sensor in doubts if sensor.since is not None), default=None),
    )


def pulse(zone: ZoneState, heat_w: float, memory: Mapping[str, Any], now: datetime) -> tuple[ZoneState, dict[str, Any]]:
    """The zone with the heat that it may have while its sensors are in doubt, and what to remember (`pulses`)."""
    room = None
    if zone.doubted_celsius is not None and zone.frost_limit_celsius is not None:
        lowest = [one.lowest_possible_celsius for one in zone.sensors if one.lowest_possible_celsius is not None]
        highest = [celsius for celsius in (zone.faded_high_celsius, zone.highest_celsius) if celsius is not None]
        room = pulses.Room(
            zone.doubted_celsius,
            zone.frost_limit_celsius,
            zone.high_limit_celsius,
            min(lowest, default=None),
            max(highest, default=None),
            heat_w,
        )
    found, after = pulses.judge(room, memory, now)
    if found is zone.pulse:
        return zone, after
    problem = " ".join(filter(None, (zone.problem, found.words)))
    return replace(zone, pulse=found, problem=problem), after


#: A sensor by itself, and as it looks beside the others.
Doubted = tuple[MonitorState, MonitorState]


def _doubted(sensor: MonitorState, health: SensorHealth, problem: str) -> Doubted:
    return sensor, replace(sensor, health=health, problem=problem)


def _combine(
    name: str, sensors: Sequence[MonitorState], good: Sequence[MonitorState]
) -> tuple[float | None, SensorHealth, str, list[Doubted]]:
    """°C, health and the sentence on what is wrong, of sensors judged one by one; and those doubted."""
    if not sensors:
        return None, SensorHealth.LOST, f"{name} has no temperature sensor, so it is not heated.", []
    if not good:
        lost = all(sensor.health is SensorHealth.LOST for sensor in sensors)
        worst = next((sensor for sensor in sensors if sensor.doubted_celsius is not None), sensors[0])
        problem = ended(f"The sensor ‘{worst.name}’ {worst.problem}")
        return None, SensorHealth.LOST if lost else SensorHealth.SUSPECT, problem, []
    values = [sensor.temperature_celsius for sensor in good]
    middle = median(values)
    odd = [sensor for sensor in good if abs(sensor.temperature_celsius - middle) > DISAGREE_K]
    if (len(good) == 2 and max(values) - min(values) > DISAGREE_K) or 2 * len(odd) >= len(good):
        said = " and ".join(f"‘{sensor.name}’ {sensor.temperature_celsius:.1f} °C" for sensor in good)
        apart = f"differ by {max(values) - min(values):.1f} K"
        doubted = [_doubted(sensor, SensorHealth.SUSPECT, f"and the others {apart}") for sensor in good]
        problem = f"The sensors of {name} {apart}: {said}. The warmest counts."
        return max(values), SensorHealth.SUSPECT, problem, doubted
    unlike = f"unlike the others ({middle:.1f} °C)"
    doubted = [
        _doubted(sensor, SensorHealth.SUSPECT, f"says {sensor.temperature_celsius:.1f} °C, {unlike}") for sensor in odd
    ]
    problems = [ended(f"Another sensor is used: ‘{one.name}’ {one.problem}") for one in sensors if one not in good][:1]
    problems += [f"‘{one.name}’ {one.problem}." for _, one in doubted]
    return middle, SensorHealth.OK, " ".join(problems), doubted


def update_trend(
    points: list[list[float]], temperature_celsius: float | None, now: datetime
) -> tuple[list[list[float]], float | None]:
    """Points ([epoch s, °C], at most one a minute, last 30 min) with this one, and the trend in °C/h.

    None until 5 minutes have been seen.
    """
    epoch = now.timestamp()
    kept = [point for point in points if 0 <= epoch - point[0] <= TREND_WINDOW_SECONDS]
    if temperature_celsius is not None and (not kept or epoch - kept[-1][0] >= 60):
        kept.append([epoch, temperature_celsius])
    if len(kept) < 2 or kept[-1][0] - kept[0][0] < TREND_MIN_SECONDS:
        return kept, None
    return kept, slope_k_per_h(kept)


def sensors_memory(memory: dict[str, Any], monitor_id: str) -> dict[str, Any]:
    """The remembered facts of one monitor; malformed memory is no memory."""
    found = memory.get(monitor_id)
    return found if isinstance(found, dict) else {}
