"""What a device can and cannot, in plain words, before a person relies on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.registry import Adapter, AdapterConfig
from miners.drivers import dead_man
from miners.power import OffBy, PowerModel, from_json, kind_of
from sites.words import exactly

from . import formats

#: More levels than this are told as a span.
_MOST_LEVELS_NAMED = 6
#: The line that says what ends the heat without this program.
DEAD_MAN = "If this program is gone"


@dataclass(frozen=True)
class Capability:
    """One line: what it is about, what holds, whether a person should be wary of it, and what to do about it."""

    term: str
    text: str
    is_warning: bool = False
    more: str = ""


def model_of(identity: Mapping[str, Any]) -> PowerModel | None:
    """Its levels; None where the identity holds none that can be read."""
    return from_json(identity.get("power") or {})


def capabilities(
    identity: Mapping[str, Any],
    adapter: type[Adapter],
    config: AdapterConfig,
    *,
    has_plug: bool = False,
    plug_dead_man: str | None = None,
) -> list[Capability]:
    """What `identity` (as a controller keeps it) means.

    `has_plug`: the device hangs on a plug; `plug_dead_man`: what cuts that when this program is gone, in words.
    """
    model = model_of(identity)
    if model is None:
        return []
    return [
        Capability("Heats with", levels(model)),
        _off(model, has_plug),
        _after_power_cut(model),
        _dead_man(adapter, config, plug_dead_man),
        *([Capability("Pool", "Without a pool it does not heat.")] if model.needs_pool else []),
        Capability("Treated as", device_class(model)),
    ]


def levels(model: PowerModel) -> str:
    """“830 W, 1.4 kW or 1.7 kW”, “any power from 0.8 to 3.2 kW in steps of 50 W”, “1.0 kW, on or off”."""
    watts = [_watts(level.power_w) for level in model.levels]
    if model.step_w is not None and len(watts) > 1:
        return f"any power from {watts[0]} to {watts[-1]}, in steps of {_watts(model.step_w)}"
    if len(watts) == 1:
        return f"{watts[0]}, on or off"
    if len(watts) > _MOST_LEVELS_NAMED:
        return f"{len(watts)} levels from {watts[0]} to {watts[-1]}"
    return f"{', '.join(watts[:-1])} or {watts[-1]}"


def _watts(value: float) -> str:
    """Whole watts: levels are compared."""
    return f"{value:.0f}{formats.THIN}W"


def _off(model: PowerModel, has_plug: bool) -> Capability:
    if model.off_by is OffBy.DEVICE:
        return Capability("Switched off by", "the device itself; an upstream plug is the last resort.")
    if has_plug:
        return Capability("Switched off by", "its upstream plug: the device has no off of its own.")
    return Capability(
        "Switched off by",
        "only a plug: the device has no off of its own. Without an upstream plug it is never started.",
        is_warning=True,
    )


def _after_power_cut(model: PowerModel) -> Capability:
    match model.off_survives_power_cut:
        case True:
            return Capability("After a power cut", "it stays off when it was off.")
        case False:
            text = "it heats again by itself, until the program sees it and switches it off."
        case _:
            text = "nobody knows whether it stays off; the program looks and switches it off."
    return Capability("After a power cut", text, is_warning=True)


def _dead_man(adapter: type[Adapter], config: AdapterConfig, plug_dead_man: str | None) -> Capability:
    words = dead_man.together(adapter.dead_man_of(config), plug_dead_man)
    if words:
        return Capability(DEAD_MAN, f"{words}.")
    return Capability(DEAD_MAN, "nothing switches it off yet.", is_warning=True, more=adapter.dead_man_help)


def device_class(model: PowerModel) -> str:
    one = kind_of(model.device_class)
    return (
        f"{one.label}: runs at least {exactly(one.min_on_seconds)}, rests at least {exactly(one.min_off_seconds)}, "
        f"at most {one.max_starts_per_hour} starts an hour and {one.max_starts_per_day} a day."
    )


def limits(identity: Mapping[str, Any]) -> Sequence[str]:
    """What its driver wants a person to read, beside what `capabilities` says already."""
    found = identity.get("limits")
    lines = [str(line) for line in found] if isinstance(found, (list, tuple)) else []
    return [line for line in lines if not line.startswith("After a power cut")]
