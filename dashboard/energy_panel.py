"""The energy of a site in plain words: what comes in, where it goes, who pays for the heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import formats
from .facts import Moment, SourceFacts

#: Less than this is a meter's noise, not a flow (W).
NOISE_W = 50


@dataclass(frozen=True, slots=True)
class Flow:
    """One line of the panel: “Battery · 82 % · charging 1.0 kW”."""

    key: str
    label: str
    value: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class EnergyPanel:
    """One source: a sentence, its flows, and what is wrong, if anything."""

    id: str
    name: str
    sentence: str
    flows: tuple[Flow, ...]
    problem: str
    observed_at: datetime | None
    notes: tuple[str, ...] = ()


def _direction(watts: float | None, positive: str, negative: str, idle: str) -> str:
    if watts is None:
        return "not known"
    if abs(watts) < NOISE_W:
        return idle
    return positive if watts > 0 else negative


def sentence(live: Mapping[str, Any]) -> str:
    """What matters most about the energy now."""
    if not live:
        return "Waiting for the first reading."
    surplus, grid, battery = live.get("surplus_w"), live.get("grid_w"), live.get("battery_w")
    if grid is not None and grid >= NOISE_W:
        return f"Buying {formats.power(grid)} from the grid."
    if battery is not None and battery <= -NOISE_W:
        return f"The battery gives {formats.power(-battery)}."
    if surplus is None:
        return ""
    if surplus <= -NOISE_W:
        return f"{formats.power(-surplus)} short of what the home takes."
    if surplus >= NOISE_W:
        return f"{formats.power(surplus)} to spare without buying any."
    return "Nothing to spare." if grid is None else "Nothing to spare, nothing bought."


def balance(live: Mapping[str, Any]) -> tuple[str, str]:
    """What is bought, short or to spare, in a figure and a word: (“3.3 kW”, “to spare”)."""
    grid, surplus = live.get("grid_w"), live.get("surplus_w")
    if grid is not None and grid >= NOISE_W:
        return formats.power(grid), "bought"
    return _surplus(surplus)


def _surplus(watts: float | None) -> tuple[str, str]:
    """The same wherever it stands, so that no page says two things of it: (“453 W”, “short”)."""
    if watts is None:
        return formats.UNKNOWN, "not known"
    if abs(watts) < NOISE_W:
        return formats.power(0.0), "to spare"
    return formats.power(abs(watts)), "to spare" if watts > 0 else "short"


def paid_by(miners_w: float, live: Mapping[str, Any]) -> str:
    """Who pays for the heat now: “solar covers it all”, or nothing where that is not known."""
    grid, battery, production = live.get("grid_w"), live.get("battery_w"), live.get("production_w")
    if miners_w < NOISE_W or grid is None:
        return ""
    if grid >= miners_w:
        return "paid from the grid"
    if grid >= NOISE_W:
        return f"{formats.percent(100 * grid / miners_w)} of it from the grid"
    if battery is not None and battery <= -NOISE_W:
        return "from sun and battery" if (production or 0) >= NOISE_W else "from the battery"
    return "solar covers it all" if live.get("has_production") and (production or 0) >= NOISE_W else ""


def _flows(source: SourceFacts, miners_w: float) -> list[Flow]:
    live, flows = source.live, []
    if source.has_production:
        flows.append(Flow("sun", "Production", formats.power(live.get("production_w"))))
    flows.append(Flow("house", "Household", formats.power(live.get("household_w"))))
    flows.append(Flow("miners", "Miners", formats.power(miners_w)))
    if source.has_battery:
        watts = live.get("battery_w")
        words = _direction(watts, "charging", "giving", "resting")
        if watts is not None and abs(watts) >= NOISE_W:
            words = f"{words} {formats.power(abs(watts))}"
        flows.append(Flow("battery", "Battery", formats.percent(live.get("battery_soc_percent")), words))
    if source.has_grid:
        watts = live.get("grid_w")
        value = formats.UNKNOWN if watts is None else formats.power(abs(watts))
        flows.append(Flow("grid", "Grid", value, _direction(watts, "buying", "selling", "balanced")))
    flows.append(Flow("surplus", "Surplus", *_surplus(live.get("surplus_w"))))
    return flows


def energy_panel(source: SourceFacts, miners_w: float) -> EnergyPanel:
    """The panel of one source; before its first reading it says so."""
    problem = source.live.get("problem") or ""
    if not source.has_monitor:
        problem = "Nothing measures this source yet. Choose a meter in Set-up."
    return EnergyPanel(
        id=source.id,
        name=source.name,
        sentence="" if problem else sentence(source.live),
        flows=tuple(_flows(source, miners_w)) if source.live else (),
        problem=problem,
        observed_at=formats.parse_time(source.live.get("observed_at")),
        notes=tuple(source.live.get("notes") or ()),
    )


def energy_panels(sources: Sequence[SourceFacts], miners_w: float) -> tuple[EnergyPanel, ...]:
    return tuple(energy_panel(source, miners_w) for source in sources)


def since_midnight(at: Moment) -> datetime:
    """The site's last midnight."""
    return at.now.astimezone(at.tz).replace(hour=0, minute=0, second=0, microsecond=0)
