"""A real heater must not follow an invented sensor: the one rule, for the forms, the guard and the units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from climate.models import ClimateMonitor, ClimateZone
from sites.words import listed


class HasReality(Protocol):
    is_real: bool


def reality_problem(
    controller: HasReality | None, zones: Iterable, site, cutoff: HasReality | None = None
) -> str | None:
    """Why this controller may not heat these zones (with their `monitors`) of this site, or None.

    `cutoff`: the plug before the miner; a real miner behind an invented plug would be called off while it heats.
    Zones without any sensor are no case of this; a site the environment marks as test bench may.
    """
    if controller is None or not controller.is_real or site.is_test_bench:
        return None
    if cutoff is not None and not cutoff.is_real:
        return (
            f"‘{controller}’ switches a real device, but the plug before it, ‘{cutoff}’, is not real. "
            "Choose a real plug, or none."
        )
    for zone in zones:
        problem = monitors_problem(controller, zone, zone.monitors.all())
        if problem:
            return problem
    return None


def monitors_problem(controller: HasReality, zone, monitors: Iterable) -> str | None:
    """The same for one zone and the sensors it is about to get."""
    invented = [monitor for monitor in monitors if not monitor.is_real]
    if not invented:
        return None
    return (
        f"‘{controller}’ switches a real device, but {zone} is read by {listed(invented)}, "
        "which measures nothing real. "
        f"Give {zone} a real sensor, or use a simulated or dummy controller."
    )


def sensors_fit_miners(zone: ClimateZone, monitors: Iterable[ClimateMonitor]) -> str | None:
    """The sensors a zone is about to get must be as real as the miners that heat it."""
    if zone._state.adding or zone.site.is_test_bench:
        return None
    for miner in zone.miners.select_related("controller"):
        is_real = miner.controller is not None and miner.controller.is_real
        problem = monitors_problem(miner.controller, zone, monitors) if is_real else None
        if problem:
            return problem
    return None
