"""A miner as a heater: levels, boot, ramp, cool-down. Every watt it draws becomes heat.

    off -> starting -> ramping -> heating -> stopping -> off
                          ^----------' another level

Boot about two minutes and limited slew as on real machines (heating-control notes 2.8, 2.9).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .values import check_range

OFF, STARTING, RAMPING, HEATING, STOPPING = "off", "starting", "ramping", "heating", "stopping"
PHASES = (OFF, STARTING, RAMPING, HEATING, STOPPING)


@dataclass(frozen=True, slots=True)
class MinerSpec:
    """A machine: W, seconds, W/s. `levels_w` rises; `hash_rates_th_s` belongs to it."""

    key: str
    name: str
    room: str | None  # the room it heats; None: its heat leaves the house
    levels_w: tuple[float, ...]
    hash_rates_th_s: tuple[float, ...]
    boot_seconds: float = 120.0
    boot_from_w: float = 60.0
    boot_to_w: float = 300.0
    slew_up_w_per_s: float = 10.0
    slew_down_w_per_s: float = 50.0
    cooldown_seconds: float = 60.0
    cooldown_w: float = 30.0  # fans
    standby_w: float = 0.0
    chip_rise_k_per_w: float = 0.034
    chip_lag_seconds: float = 90.0
    off_survives_power_cut: bool = True  # False: it mines again when the mains return

    @property
    def start_seconds(self) -> float:
        """From off to its highest level."""
        return self.boot_seconds + max(0.0, self.levels_w[-1] - self.boot_to_w) / self.slew_up_w_per_s

    def __post_init__(self) -> None:
        levels = self.levels_w
        if not 1 <= len(levels) <= 100 or list(levels) != sorted(set(levels)):
            raise ValueError(f"{self.key}.levels_w: 1 to 100 rising levels are needed: {levels!r}")
        if len(self.hash_rates_th_s) != len(levels):
            raise ValueError(f"{self.key}.hash_rates_th_s: one per level is needed")
        check_range(f"{self.key}.levels_w", levels[0], 1, 1e6)
        check_range(f"{self.key}.levels_w", levels[-1], 1, 1e6)
        for name in ("boot_seconds", "cooldown_seconds"):
            check_range(f"{self.key}.{name}", getattr(self, name), 0, 3600)
        for name in ("boot_from_w", "boot_to_w", "cooldown_w", "standby_w"):
            check_range(f"{self.key}.{name}", getattr(self, name), 0, levels[0])
        for name in ("slew_up_w_per_s", "slew_down_w_per_s", "chip_lag_seconds"):
            check_range(f"{self.key}.{name}", getattr(self, name), 1e-3, 1e6)
        check_range(f"{self.key}.chip_rise_k_per_w", self.chip_rise_k_per_w, 0, 10)


@dataclass(frozen=True, slots=True)
class MinerState:
    """What a machine does now; `power_w` is its draw over the last tick."""

    target_w: float = 0.0
    phase: str = OFF
    phase_seconds: float = 0.0
    power_w: float = 0.0
    chip_rise_k: float = 0.0  # chips above the air around them
    energy_wh: float = 0.0
    last_level_w: float = 0.0  # what it returns to after a power cut


def level_w(spec: MinerSpec, power_w: float) -> float:
    """The level a request means: 0 for <= 0, else the highest level not above it, else the lowest.

    ValueError for NaN and infinities: those are nobody's wish.
    """
    if not math.isfinite(power_w):
        raise ValueError(f"{spec.key}: power must be a finite number of watts, not {power_w!r}")
    if power_w <= 0:
        return 0.0
    fitting = [level for level in spec.levels_w if level <= power_w + 1e-6]
    return fitting[-1] if fitting else spec.levels_w[0]


def commanded(spec: MinerSpec, state: MinerState, power_w: float) -> MinerState:
    """The machine right after a command; the same command again changes nothing."""
    target_w = level_w(spec, power_w)
    if target_w == state.target_w:
        return state
    new = replace(state, target_w=target_w, last_level_w=target_w or state.last_level_w)
    if target_w == 0 and state.phase != STOPPING:
        return replace(new, phase=STOPPING, phase_seconds=0.0, power_w=spec.cooldown_w)
    if state.phase == OFF:
        return _booting(spec, new)
    if state.phase == HEATING:
        return replace(new, phase=RAMPING, phase_seconds=0.0)
    return new  # still booting, ramping or cooling down: it goes on, to the new target


def power_returned(spec: MinerSpec, state: MinerState) -> MinerState:
    """The machine after the mains went and came back: everything reboots, some even from off."""
    if state.target_w == 0 and spec.off_survives_power_cut:
        return replace(state, phase=OFF, phase_seconds=0.0, power_w=spec.standby_w)
    target_w = state.target_w or state.last_level_w or spec.levels_w[-1]
    return _booting(spec, replace(state, target_w=target_w, last_level_w=target_w))


def _booting(spec: MinerSpec, state: MinerState) -> MinerState:
    return replace(state, phase=STARTING, phase_seconds=0.0, power_w=spec.boot_from_w)


def ticked(spec: MinerSpec, state: MinerState, seconds: float) -> MinerState:
    """The machine one tick later. Its power is taken as constant over the tick."""
    phase, power_w = state.phase, state.power_w
    elapsed = state.phase_seconds + seconds
    entered = phase
    if phase == STARTING:
        share = min(1.0, elapsed / spec.boot_seconds) if spec.boot_seconds else 1.0
        power_w = spec.boot_from_w + (spec.boot_to_w - spec.boot_from_w) * share
        if share == 1.0:
            phase = RAMPING
    elif phase == RAMPING:
        change = state.target_w - power_w
        limit = (spec.slew_up_w_per_s if change > 0 else spec.slew_down_w_per_s) * seconds
        power_w += max(-limit, min(limit, change))
        if abs(change) <= limit:
            phase, power_w = HEATING, state.target_w
    elif phase == STOPPING and elapsed > spec.cooldown_seconds:
        phase = STARTING if state.target_w else OFF
        power_w = spec.boot_from_w if state.target_w else spec.standby_w
    rise_k = spec.chip_rise_k_per_w * power_w
    decay = math.exp(-seconds / spec.chip_lag_seconds)
    return MinerState(
        state.target_w,
        phase,
        elapsed if phase == entered else 0.0,
        power_w,
        rise_k + (state.chip_rise_k - rise_k) * decay,
        state.energy_wh + power_w * seconds / 3600,
        state.last_level_w,
    )


def hash_rate_th_s(spec: MinerSpec, state: MinerState) -> float:
    """Hash rate by linear interpolation between the levels; none while booting or stopping."""
    if state.phase not in (RAMPING, HEATING):
        return 0.0
    watts, rates = (0.0, *spec.levels_w), (0.0, *spec.hash_rates_th_s)
    for i in range(1, len(watts)):
        if state.power_w <= watts[i]:
            share = (state.power_w - watts[i - 1]) / (watts[i] - watts[i - 1])
            return rates[i - 1] + share * (rates[i] - rates[i - 1])
    return rates[-1]
