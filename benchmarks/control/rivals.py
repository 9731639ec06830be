"""What a thermostat on the wall would do: relay control with a band, and time-proportional control (TPI)."""

from __future__ import annotations

from .case import Case
from .plant import Look, Order


class Thermostat:
    """On below the band, off above it, all machines at full power. Blind, it stays as it is."""

    period_seconds = 300

    def __init__(
        self,
        case: Case,
        *,
        band_k: float = 0.25,
        shift_k: float = 0.0,
        min_on_seconds: int = 600,
        min_off_seconds: int = 600,
    ):
        self._case, self._band_k, self._shift_k = case, band_k, shift_k
        self._relay = _Relay(min_on_seconds, min_off_seconds)
        self._wants = False

    def step(self, look: Look) -> Order:
        seen = [report.celsius for report in look.reports if report is not None]
        if len(seen) == len(look.reports):
            setpoint_celsius = self._case.schedule.target_celsius(look.minute) + self._shift_k
            if min(seen) < setpoint_celsius - self._band_k:
                self._wants = True
            elif min(seen) > setpoint_celsius + self._band_k:
                self._wants = False
            code = "heats" if self._wants else "rests"
        else:
            code = "blind"
        return self._relay.order(self._case, look, self._wants, code)


class Tpi:
    """On for a share of each cycle: Kint · (target − room) + Kext · (target − outdoors), as VTherm's TPI.

    Kext is what holds the room (its heat loss over the power), which its users find by trial. Pulses too short to
    heat are left out. It knows no minimum times beyond that.
    """

    period_seconds = 60

    def __init__(self, case: Case, *, cycle_minutes: int = 15, shortest_minutes: int = 4, k_int: float = 0.6):
        self._case, self._cycle_minutes, self._shortest_minutes = case, cycle_minutes, shortest_minutes
        self._k_int = k_int
        self._k_ext = case.ua_w_per_k / sum(machine.full_w for machine in case.machines)
        self._on_minutes = 0.0
        self._relay = _Relay(0, 0)

    def step(self, look: Look) -> Order:
        within = look.minute % self._cycle_minutes
        seen = [report.celsius for report in look.reports if report is not None]
        if within == 0 and seen:
            self._on_minutes = self._cycle_minutes * self._share(min(seen), look)
        code = "cycle" if seen else "blind"
        return self._relay.order(self._case, look, within < self._on_minutes, code)

    def _share(self, celsius: float, look: Look) -> float:
        target_celsius = self._case.schedule.target_celsius(look.minute)
        share = self._k_int * (target_celsius - celsius)
        if look.outdoor_celsius is not None:
            share += self._k_ext * (target_celsius - look.outdoor_celsius)
        shortest = self._shortest_minutes / self._cycle_minutes
        if share < shortest:
            return 0.0
        return 1.0 if share > 1 - shortest else share


class _Relay:
    """All machines at full power or off, with minimum times."""

    def __init__(self, min_on_seconds: int, min_off_seconds: int):
        self._min_on, self._min_off = min_on_seconds / 60, min_off_seconds / 60
        self._is_on, self._since = False, float("-inf")

    def order(self, case: Case, look: Look, wants: bool, code: str) -> Order:
        held_minutes = look.minute - self._since
        if wants != self._is_on:
            if held_minutes < (self._min_on if self._is_on else self._min_off):
                code = "min_on" if self._is_on else "min_off"
            else:
                self._is_on, self._since = wants, look.minute
        power_w = tuple(machine.full_w if self._is_on else 0.0 for machine in case.machines)
        return Order(power_w, (code,) * len(power_w))
