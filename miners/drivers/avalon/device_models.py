"""Canaan's Avalons by the name their firmware gives them (`Ver[…]`), and what becomes of those not switched. Pure.

Names: what stands before the first dash (`Q-25052801_…`, `nano3-24071801_…`, `1246-83-21072802_…`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.text import printable
from miners.drivers.known_models import BY_PLUG
from miners.power import Level, OffBy, PowerModel
from miners.protocols.cgminer import number
from sites.words import THIN

_HOME = {
    "q": "Avalon Q",
    "mini3": "Avalon Mini 3",
    "nano3s": "Avalon Nano 3S",
    "nano3": "Avalon Nano 3 (first generation)",
}


@dataclass(frozen=True, slots=True)
class AvalonKind:
    """A model the driver knows: watts at the wall by `workmode`, standby, whether it can switch itself off."""

    label: str
    watts: dict[str, float]
    standby_w: float
    soft_off: bool
    hash_rates_th_s: dict[str, float]

    @property
    def power(self) -> PowerModel:
        levels = tuple(Level(key, watts, self.hash_rates_th_s[key]) for key, watts in self.watts.items())
        return PowerModel(
            levels,
            standby_w=self.standby_w,
            ramp_seconds=300,
            device_class="avalon",
            off_by=OffBy.DEVICE if self.soft_off else OffBy.PLUG,
            off_survives_power_cut=False,
        )


#: By `key_of`. Q: MPO 800/1300/1600 W and what the supply loses (recorded: 1600 → 1659 W).
KINDS = {
    "q": AvalonKind(_HOME["q"], {"0": 830.0, "1": 1350.0, "2": 1660.0}, 17.0, True, {"0": 51.0, "1": 75.0, "2": 90.0}),
    "mini3": AvalonKind(_HOME["mini3"], {"0": 810.0}, 12.0, True, {"0": 37.5}),
    "nano3s": AvalonKind(
        _HOME["nano3s"], {"0": 70.0, "1": 100.0, "2": 140.0}, 6.0, False, {"0": 3.2, "1": 5.0, "2": 6.6}
    ),
}
_SWITCHED = "Avalon Q and Mini 3"
#: A machine with this or more at the wall is no longer put behind a household plug by itself (W).
_HEAVY_W = 2_000.0


def key_of(version: str) -> str:
    """The model's own key, in lower case: “q”, “nano3”, “1246”."""
    return version.strip().partition("-")[0].strip().lower()


def name_of(version: str) -> str:
    """“Avalon Q”, “Avalon A1246”; of a model nobody knows, its own word."""
    key = key_of(version)
    if key in _HOME:
        return _HOME[key]
    own = printable(version.strip().partition("-")[0][:20])
    if key[:1].isdigit():
        return f"Avalon A{own}"
    return f"Avalon {own or 'of a model it does not name'}"


def wall_w(values: Mapping[str, str]) -> float | None:
    """W at the wall, PS[6] (PS[5] is a voltage); None: not told. A first Nano 3 has no such meter."""
    supply = values.get("PS", "").split()
    if key_of(values.get("Ver", "")) == "nano3":
        return None
    return number(supply[6], 0, 20_000) if len(supply) >= 7 else None


def refusal(values: Mapping[str, str], called: str) -> str:
    """Why an Avalon is refused, by its name, with what it does now and what to do instead."""
    name = name_of(values.get("Ver", ""))
    instead, power_w = BY_PLUG, wall_w(values)
    if power_w is not None and power_w >= _HEAVY_W:
        instead += " It must carry its current; hard cuts wear its supply, so switch it seldom."
    where = called.partition(" at ")[2]
    return f"{name} at {where} cannot be switched: only {_SWITCHED} can. {_works(values, power_w)}{instead}"


def _works(values: Mapping[str, str], power_w: float | None) -> str:
    """“It now takes 3504 W, gives 81.07 TH/s and is at 77 °C.”"""
    hash_rate, hottest = number(values.get("GHSspd"), 0, 1e7), number(values.get("TMax"), 1, 200)
    usual_w = number(values.get("MPO"), 1, 20_000)
    parts = []
    if power_w is not None:
        parts.append(f"takes {power_w:.0f}{THIN}W")
    elif usual_w is not None:
        parts.append(f"takes about {usual_w:.0f}{THIN}W")
    if hash_rate is not None:
        parts.append(f"gives {hash_rate / 1000:.2f}{THIN}TH/s")
    if hottest is not None:
        parts.append(f"has chips of up to {hottest:.0f}{THIN}°C")
    if not parts:
        return ""
    told = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return f"It now {told}. "
