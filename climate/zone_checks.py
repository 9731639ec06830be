"""What must hold of the sensors that read a room: asked by Set-up, the wizard and the API before they save.

Floors above add their own when they are ready, as real miners do not follow invented sensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sites.words import listed

from .models import ClimateMonitor, ClimateZone

#: (zone, the monitors it is about to have) → a sentence that says what is wrong, or None.
Check = Callable[[ClimateZone, Iterable[ClimateMonitor]], str | None]

_checks: list[Check] = []


def add(check: Check) -> None:
    """Ask `check`, too; once, however often it is added."""
    if check not in _checks:
        _checks.append(check)


def problems(zone: ClimateZone, monitors: Iterable[ClimateMonitor]) -> Iterator[str]:
    """What is wrong with these monitors for this zone."""
    monitors = list(monitors)
    return filter(None, (check(zone, monitors) for check in _checks))


def outdoor_problem(zone: ClimateZone, monitors: Iterable[ClimateMonitor]) -> str | None:
    """A sensor that hangs outdoors says nothing about a room."""
    outdoors = [monitor for monitor in monitors if monitor.is_outdoor]
    if not outdoors:
        return None
    return f"{listed(outdoors)} measures outdoors, so it reads no room. Choose a sensor that hangs in this one."


add(outdoor_problem)
