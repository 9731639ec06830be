"""One model of power: a miner is off, or at one of its levels in watts. Pure.

What is asked for above is watts; what a device can be told is a level. Sources: design.md §2,
reference notes on miners, "Recommended adapter".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any


class PowerSource(StrEnum):
    """Where a figure in watts comes from, best first."""

    METER = "meter"  # a metering plug
    FIRMWARE = "firmware"  # the device's own measurement or estimate
    TABLE = "table"  # what its level is known to take
    NONE = "none"


class OffBy(StrEnum):
    """What can switch the heat off."""

    DEVICE = "device"
    PLUG = "plug"  # only by cutting the mains


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """What a kind of machine bears: seconds, starts. Engineering defaults, every one can be changed by a person."""

    key: str
    label: str
    min_on_seconds: int
    min_off_seconds: int
    max_starts_per_hour: int = 2
    max_starts_per_day: int = 8
    #: Beyond what any firmware of the kind lets its chips and boards have: hotter, it did not protect itself.
    chip_limit_celsius: float = 110.0
    board_limit_celsius: float = 100.0
    #: What a start wears: the degree-hours outside its band that a room is left in rather than start once more.
    start_price_kelvin_hours: float = 1.0


DEVICE_CLASSES = {
    one.key: one
    for one in (
        DeviceClass("antminer", "Antminer or alike", 1800, 600),
        DeviceClass("avalon", "Avalon home miner", 1200, 600),
        # Its firmware stops at chips of 75 °C and a voltage regulator of 105 °C.
        DeviceClass("bitaxe", "Bitaxe or alike", 120, 60, 12, 96, 85, 115, start_price_kelvin_hours=0.45),
        DeviceClass("plain", "A heater on a plug", 600, 600, 3, 40, start_price_kelvin_hours=0.45),
    )
}


def kind_of(key: str) -> DeviceClass:
    """The class of machine with this key; an unknown one (empty, say) counts as a heater on a plug."""
    return DEVICE_CLASSES.get(key, DEVICE_CLASSES["plain"])


def heat_limits_celsius(device_class: str, chips: float | None, boards: float | None) -> tuple[float, float]:
    """From which heat of chips and boards on a machine is switched off: what was entered, else that of its class."""
    kind = kind_of(device_class)
    return chips or kind.chip_limit_celsius, boards or kind.board_limit_celsius


def followed(values: Mapping[str, int], before: str, after: str) -> dict[str, int]:
    """Of these settings of a machine, those nobody changed from its class `before`, as its class `after` has them.

    Keys as of `kind_of`.
    """
    old, new = kind_of(before), kind_of(after)
    return {name: getattr(new, name) for name, value in values.items() if value == getattr(old, name)}


@dataclass(frozen=True, slots=True)
class Level:
    """One setting a device can be given: its own name for it, and the watts (= heat) it takes at the wall."""

    key: str
    power_w: float
    hash_rate_th_s: float | None = None
    is_measured: bool = False


@dataclass(frozen=True, slots=True)
class PowerModel:
    """What one device can be told and bears. `levels` rise; with `step_w` any step between them is a level too."""

    levels: tuple[Level, ...]
    step_w: float | None = None
    standby_w: float = 0.0
    ramp_seconds: int = 120
    min_write_gap_seconds: int = 600
    device_class: str = "plain"
    off_by: OffBy = OffBy.DEVICE
    off_survives_power_cut: bool | None = None  # None: nobody knows
    wears_flash: bool = False
    needs_pool: bool = True

    @property
    def is_stepped(self) -> bool:
        """It can heat with more than one power."""
        return len(self.levels) > 1

    @property
    def max_w(self) -> float:
        return self.levels[-1].power_w

    @property
    def min_w(self) -> float:
        """The least it can heat with."""
        return self.levels[0].power_w

    def watts_of(self, key: str) -> float | None:
        """The watts of the level a device calls so; None: it has no such level."""
        return next((level.power_w for level in self.levels if level.key == key), None)

    def fitting(self, power_w: float) -> float:
        """The watts of the level a request means: 0 for ≤ 0, else the highest level not above it, else the lowest."""
        if power_w <= 0:
            return 0.0
        if power_w < self.min_w:
            return self.min_w
        if self.step_w is not None:
            steps = int((min(power_w, self.max_w) - self.min_w) // self.step_w)
            return self.min_w + steps * self.step_w
        return max(level.power_w for level in self.levels if level.power_w <= power_w)

    def covering(self, power_w: float) -> float:
        """The watts of the lowest level that gives `power_w` (at least the lowest of all), else of the highest."""
        if self.step_w is not None:
            if power_w >= self.max_w:
                return self.fitting(self.max_w)
            steps = math.ceil(max(0.0, power_w - self.min_w) / self.step_w)
            return min(self.min_w + steps * self.step_w, self.fitting(self.max_w))
        return next((level.power_w for level in self.levels if level.power_w >= power_w), self.max_w)

    def level_of(self, power_w: float) -> Level:
        """The listed level nearest below (or the lowest)."""
        return max(
            (level for level in self.levels if level.power_w <= power_w),
            key=lambda level: level.power_w,
            default=self.levels[0],
        )


def on_or_off(power_w: float) -> PowerModel:
    """What is only switched: one level."""
    return PowerModel((Level("on", float(power_w)),))


def taken_w(model: PowerModel | None, nominal_power_w: int, asked_w: float) -> int:
    """What a miner really takes when it is asked for `asked_w` (W), whatever a stored row or a request says.

    One with levels takes the level that fits; one that is only switched (`model` None, too) takes all it has: its
    nominal power, or its level where that is more. Whole watts, rounded up, so that they fit the same level again.
    """
    if asked_w <= 0:
        return 0
    if model is None or not model.is_stepped:
        return most_w(model, nominal_power_w)
    return math.ceil(model.fitting(asked_w))


def most_w(model: PowerModel | None, nominal_power_w: int) -> int:
    """The most a miner may take when nobody sees it (W): its highest level, or its nominal power where that is more."""
    return max(nominal_power_w, 0 if model is None else math.ceil(model.max_w))


def corrected(model: PowerModel, watts: Mapping[str, float]) -> PowerModel:
    """The model with a person's own measurements: watts by the key of a level. Levels stay in rising order, and whole
    watts, as what is wanted is."""
    levels = [
        replace(level, power_w=float(round(watts[level.key])), is_measured=True) if level.key in watts else level
        for level in model.levels
    ]
    return replace(model, levels=tuple(sorted(levels, key=lambda level: level.power_w)))


def as_told(model: PowerModel, watts: Mapping[str, float], power_w: float) -> float:
    """The watts by which the device itself knows the level that takes `power_w` in the corrected model."""
    for level in model.levels:
        if level.key in watts and round(watts[level.key]) == power_w:
            return level.power_w
    return power_w


def to_json(model: PowerModel) -> dict[str, Any]:
    return {**asdict(model), "levels": [asdict(level) for level in model.levels]}


def from_json(stored: Mapping[str, Any]) -> PowerModel | None:
    """The stored model; None when it is damaged, empty or of another version."""
    try:
        levels = tuple(Level(**level) for level in stored["levels"])
        model = PowerModel(**{**stored, "levels": levels, "off_by": OffBy(stored["off_by"])})
    except (KeyError, TypeError, ValueError):
        return None
    rising = all(0 < low.power_w < high.power_w for low, high in pairwise(levels))
    return model if levels and levels[0].power_w > 0 and rising else None


@dataclass(frozen=True, slots=True)
class Identity:
    """What a probe found at an address: make, model, firmware and version as the device says, and its power model.

    `serial`: what tells this very device from another of its kind (MAC, serial number); empty: nothing does.
    `limits`: sentences a person should read before relying on it.
    """

    model: str
    firmware: str
    version: str
    serial: str
    power: PowerModel
    limits: Sequence[str] = ()


def identity_json(found: Identity, at: datetime) -> dict[str, Any]:
    """What a controller keeps of it (`MinerController.identity`)."""
    told = {name: getattr(found, name) for name in ("model", "firmware", "version", "serial")}
    return {**told, "power": to_json(found.power), "limits": list(found.limits), "at": at.isoformat()}
