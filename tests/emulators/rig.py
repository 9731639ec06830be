"""The physics of a mining rig: what it draws, hashes and how hot it is, whatever its firmware says.

Power slews towards the level's watts, the hash rate follows the power, the shown hash rate is an
average of it, the chips warm up. Off is off within seconds. Nothing here knows a protocol.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .clock import Clock


class Phase(StrEnum):
    """What the rig does."""

    UNPOWERED = "unpowered"  # no mains
    BOOT = "boot"
    SLEEP = "sleep"
    INIT = "init"  # waking: boards are found, nothing hashes yet
    WORK = "work"
    PROTECT = "protect"  # stopped by itself


@dataclass(frozen=True, slots=True)
class Setting:
    """Watts at the wall and TH/s of one of the rig's own levels, ramped up."""

    watts: float
    hash_rate_th_s: float


@dataclass(frozen=True, slots=True)
class Nature:
    """What kind of rig it is; seconds, watts, °C. Times and thermal constants are assumptions."""

    settings: Mapping[str, Setting]
    first: str
    standby_w: float
    boot_seconds: float = 20.0
    init_seconds: float = 10.0
    ramp_seconds: float = 60.0  # from standby to full power
    fall_seconds: float = 4.0
    average_seconds: float = 5.0  # time constant of the hash rate it shows
    hot_celsius: float = 75.0  # chips in steady work at full power
    room_celsius: float = 22.0
    off_survives_power_cut: bool = False
    needs_pool: bool = True

    @property
    def most_w(self) -> float:
        """Full power: that of the setting it comes with (what overclocks it is not counted)."""
        return self.settings[self.first].watts


_STEP_SECONDS = 1.0
_WARM_SECONDS = 90.0


@dataclass
class Rig:
    """One device's truth. `settle()` brings it to the clock's now; every other method does so first."""

    nature: Nature
    clock: Clock
    setting: str = ""
    phase: Phase = Phase.WORK
    power_w: float = 0.0
    hash_rate_th_s: float = 0.0
    shown_hash_rate_th_s: float = 0.0
    chip_celsius: float = 22.0
    energy_wh: float = 0.0
    has_mains: bool = True
    has_pool: bool = True
    fan_works: bool = True
    psu_works: bool = True
    _slept_before_cut: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        self.setting = self.setting or self.nature.first
        self.settled_at = self.phase_since = self.powered_since = self.clock.now()
        if self.phase is Phase.WORK:  # it has been working for long
            self.powered_since -= 3600
            self.power_w = self._target_w()
            self.hash_rate_th_s = self.shown_hash_rate_th_s = self._target_hash()
            self.chip_celsius = self._target_celsius()
        else:
            self.power_w = self.nature.standby_w

    @property
    def is_drawing(self) -> bool:
        """A quarter of its power or more: no word of the device may call that off."""
        return self.power_w >= 0.25 * self.nature.most_w

    @property
    def uptime_seconds(self) -> float:
        return self.clock.now() - self.powered_since

    def settle(self, until: float | None = None) -> Rig:
        """Live up to now, or up to an earlier time (something happens then)."""
        with self.lock:
            end = self.clock.now() if until is None else min(until, self.clock.now())
            while self.settled_at < end:
                seconds = min(_STEP_SECONDS, end - self.settled_at)
                self.settled_at += seconds
                self._step(seconds)
        return self

    def sleep(self, at: float | None = None) -> None:
        """Go to standby, now or at a time that has passed."""
        with self.lock:
            self.settle(at)
            if self.phase is not Phase.UNPOWERED:
                self._enter(Phase.SLEEP)

    def wake(self, at: float | None = None) -> None:
        """Work again after standby or protection, now or at a time that has passed."""
        with self.lock:
            self.settle(at)
            if self.phase in (Phase.SLEEP, Phase.PROTECT):
                self._enter(Phase.INIT)

    def restart(self) -> None:
        """Boot anew, as after the mains came back, whatever it did."""
        with self.lock:
            self.settle()
            if self.phase is not Phase.UNPOWERED:
                self.powered_since = self.settled_at
                self._enter(Phase.BOOT)

    def choose(self, setting: str) -> None:
        with self.lock:
            self.settle()
            self.setting = setting

    def protect(self) -> None:
        """The firmware stops by itself: too hot, or a fault."""
        with self.lock:
            self.settle()
            if self.phase is not Phase.UNPOWERED:
                self._enter(Phase.PROTECT)

    def cut_mains(self) -> None:
        with self.lock:
            self.settle()
            self._slept_before_cut = self.phase is Phase.SLEEP
            self.has_mains = False
            self._enter(Phase.UNPOWERED)
            self.power_w = self.hash_rate_th_s = self.shown_hash_rate_th_s = 0.0

    def restore_mains(self) -> None:
        with self.lock:
            self.settle()
            self.has_mains = True
            self.powered_since = self.settled_at
            stays_off = self._slept_before_cut and self.nature.off_survives_power_cut
            self._enter(Phase.SLEEP if stays_off else Phase.BOOT)

    def _enter(self, phase: Phase) -> None:
        self.phase, self.phase_since = phase, self.settled_at

    def _step(self, seconds: float) -> None:
        nature = self.nature
        spent = self.settled_at - self.phase_since
        if self.phase is Phase.BOOT and spent >= nature.boot_seconds:
            self._enter(Phase.INIT)
        elif self.phase is Phase.INIT and spent >= nature.init_seconds:
            self._enter(Phase.WORK)
        elif self.phase is Phase.WORK and not self.fan_works and self.chip_celsius > nature.hot_celsius + 15:
            self._enter(Phase.PROTECT)
        target = self._target_w()
        up, down = nature.most_w / nature.ramp_seconds * seconds, nature.most_w / nature.fall_seconds * seconds
        self.power_w = min(target, self.power_w + up) if target > self.power_w else max(target, self.power_w - down)
        self.energy_wh += self.power_w * seconds / 3600
        self.hash_rate_th_s = self._target_hash() * min(1.0, self.power_w / max(target, 1e-9))
        self.shown_hash_rate_th_s += (self.hash_rate_th_s - self.shown_hash_rate_th_s) * min(
            1.0, seconds / nature.average_seconds
        )
        self.chip_celsius += (self._target_celsius() - self.chip_celsius) * min(1.0, seconds / _WARM_SECONDS)

    def _heats(self) -> bool:
        return self.phase is Phase.WORK and self.psu_works and (self.has_pool or not self.nature.needs_pool)

    def _target_w(self) -> float:
        if self.phase is Phase.UNPOWERED:
            return 0.0
        return self.nature.settings[self.setting].watts if self._heats() else self.nature.standby_w

    def _target_hash(self) -> float:
        return self.nature.settings[self.setting].hash_rate_th_s if self._heats() else 0.0

    def _target_celsius(self) -> float:
        nature = self.nature
        rise = (nature.hot_celsius - nature.room_celsius) * self.power_w / nature.most_w
        return nature.room_celsius + rise * (1.0 if self.fan_works else 3.0)
