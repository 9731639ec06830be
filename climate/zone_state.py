"""A zone's state from its sensors and its target: pure.

Several sensors: the median counts. Two that differ by more than 1.5 K are both suspect; control
then believes the warmer. The high limit looks at the highest of any, frost at the lowest.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Any

from sites.words import ended

from .sensors import MonitorState
from .state import SensorHealth, Target, ZoneState

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
) -> ZoneState:
    """The zone as decisions see it; see `ZoneState` for units."""
    good = [sensor for sensor in sensors if sensor.temperature_celsius is not None]
    temperature, health, problem = _combine(name, sensors, good)
    plausible = [sensor.plausible_celsius for sensor in sensors if sensor.plausible_celsius is not None]
    humidity = [sensor.humidity_percent for sensor in good if sensor.humidity_percent is not None]
    observed = [sensor.observed_at for sensor in (good or sensors) if sensor.observed_at is not None]
    since = [sensor.since for sensor in sensors if sensor.since is not None]
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
        problem=problem,
        observed_at=max(observed, default=None),
        highest_celsius=max(plausible, default=None),
        lowest_celsius=min((sensor.temperature_celsius for sensor in good), default=None),
        trend_celsius_per_hour=trend_celsius_per_hour,
        sensor_is_real=sensor_is_real,
        lost_since=min(since, default=None) if not good else None,
    )


def _combine(
    name: str, sensors: Sequence[MonitorState], good: Sequence[MonitorState]
) -> tuple[float | None, SensorHealth, str]:
    if not sensors:
        return None, SensorHealth.LOST, f"{name} has no temperature sensor, so it is not heated."
    if not good:
        lost = all(sensor.health is SensorHealth.LOST for sensor in sensors)
        worst = sensors[0]
        problem = ended(f"The sensor ‘{worst.name}’ {worst.problem}")
        return None, SensorHealth.LOST if lost else SensorHealth.SUSPECT, problem
    values = [sensor.temperature_celsius for sensor in good]
    if len(good) == 2 and abs(values[0] - values[1]) > DISAGREE_K:
        return max(values), SensorHealth.SUSPECT, f"The sensors of {name} differ by {abs(values[0] - values[1]):.1f} K."
    bad = [sensor for sensor in sensors if sensor.temperature_celsius is None]
    if bad:
        return median(values), SensorHealth.OK, ended(f"Another sensor is used: ‘{bad[0].name}’ {bad[0].problem}")
    return median(values), SensorHealth.OK, ""


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
    mean_t = sum(point[0] for point in kept) / len(kept)
    mean_v = sum(point[1] for point in kept) / len(kept)
    spread = sum((point[0] - mean_t) ** 2 for point in kept)
    slope = sum((point[0] - mean_t) * (point[1] - mean_v) for point in kept) / spread
    return kept, slope * 3600


def sensors_memory(memory: dict[str, Any], monitor_id: str) -> dict[str, Any]:
    """The remembered facts of one monitor; malformed memory is no memory."""
    found = memory.get(monitor_id)
    return found if isinstance(found, dict) else {}
