"""Readings that can be reckoned with: an adapter may answer anything, a pass sees only the right types.

A number that is none (NaN, infinite, text) would poison sums, limits and the rows of a whole chunk.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from climate.state import ClimateReading
from energy.state import PARTS, EnergySnapshot
from integrations.errors import BadAnswer
from integrations.registry import Kind
from miners.state import MinerSnapshot, MinerStatus

#: W, Wh, %, °C and TH/s of a home all stay below this.
_MOST = 1e9
_MINER = (
    "power_w",
    "set_power_w",
    "hash_rate_th_s",
    "chip_temperature_celsius",
    "average_chip_temperature_celsius",
    "board_temperature_celsius",
    "average_board_temperature_celsius",
    "inlet_temperature_celsius",
    "outlet_temperature_celsius",
    "fan_rpm",
    "uptime_seconds",
    "blocks_found",
    "switches_off_in_seconds",
    "last_power_w",
    "starts_in_seconds",
    "starts_at_power_w",
)


def checked(kind: Kind, reading: Any) -> Any:
    """The reading; values in it that are none become unknown (None). Raises BadAnswer when it is no reading."""
    match kind, reading:
        case Kind.CLIMATE_MONITOR, ClimateReading():
            return _climate(reading)
        case Kind.ENERGY_MONITOR, EnergySnapshot():
            return _energy(reading)
        case Kind.MINER_CONTROLLER, MinerSnapshot():
            return _miner(reading)
    raise BadAnswer(f"It answered {_short(reading)}, which is no reading.")


def _energy(reading: EnergySnapshot) -> EnergySnapshot:
    observed = reading.observed if isinstance(reading.observed, Mapping) else {}
    for part, at in observed.items():
        if part not in PARTS or not isinstance(at, datetime) or at.tzinfo is None:
            raise BadAnswer(f"It gave {_short(at)} as the time of {_short(part)}, which is no time with a zone.")
    sensors = reading.sensors if isinstance(reading.sensors, Mapping) else {}
    return replace(
        _numbers(reading, tuple(PARTS)),
        household_includes_miners=reading.household_includes_miners is True,
        problems=_texts(reading.problems),
        notes=_texts(reading.notes),
        sensors={part: str(name) for part, name in sensors.items()},
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, tuple) else ()


def _climate(reading: ClimateReading) -> ClimateReading:
    celsius = reading.temperature_celsius
    if isinstance(celsius, bool) or not isinstance(celsius, int | float):
        raise BadAnswer(f"It answered {_short(celsius)}, which is no temperature.")
    # NaN and what no room has stay: judging the sensor says so in its own words.
    reading = _numbers(reading, ("humidity_percent",))
    if (
        _is_yes_or_no(reading.window_open)
        and _is_yes_or_no(reading.is_occupied)
        and reading.window_problem.__class__ is reading.presence_problem.__class__ is str
    ):
        return reading
    return replace(
        reading,
        window_open=_yes_or_no(reading.window_open),
        is_occupied=_yes_or_no(reading.is_occupied),
        window_problem=str(reading.window_problem),
        presence_problem=str(reading.presence_problem),
    )


def _yes_or_no(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_yes_or_no(value: Any) -> bool:
    return value is None or value is True or value is False


def _miner(reading: MinerSnapshot) -> MinerSnapshot:
    if not isinstance(reading.status, MinerStatus):
        raise BadAnswer(f"It answered {_short(reading.status)}, which is no state of a miner.")
    reading = _numbers(reading, _MINER)
    if _is_right(reading):
        return reading
    return replace(
        reading,
        power_is_measured=reading.power_is_measured is True and _is_number(reading.power_w),
        problem=str(reading.problem),
        fault=str(reading.fault),
        power_at=_time(reading.power_at),
        switched_at=_time(reading.switched_at),
        switch_is_on=_yes_or_no(reading.switch_is_on),
        pending_start=reading.pending_start is not False,
        is_latched=reading.is_latched is True,
    )


def _is_right(reading: MinerSnapshot) -> bool:
    """Every value that is no number is of its own type already."""
    _time(reading.power_at), _time(reading.switched_at)
    measured = reading.power_is_measured
    return (
        (measured is False or (measured is True and reading.power_w is not None))
        and reading.problem.__class__ is reading.fault.__class__ is str
        and _is_yes_or_no(reading.switch_is_on)
        and (reading.pending_start is True or reading.pending_start is False)
        and (reading.is_latched is True or reading.is_latched is False)
    )


def _numbers(reading: Any, names: tuple[str, ...]) -> Any:
    """`reading` without those of the named values that are no number."""
    _time(reading.observed_at)
    none = {name: None for name in names if (value := getattr(reading, name)) is not None and not _is_number(value)}
    return replace(reading, **none) if none else reading


def _time(at: Any) -> datetime | None:
    if at is not None and (not isinstance(at, datetime) or at.tzinfo is None):
        raise BadAnswer(f"It gave {_short(at)} as the time of its value, which is no time with a zone.")
    return at


def _is_number(value: Any) -> bool:
    return (
        not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value) and abs(value) < _MOST
    )


def _short(value: Any) -> str:
    return repr(value)[:60]
