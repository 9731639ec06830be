"""Inputs nobody can believe right now, and after a wall-clock step those still to be read anew (DESIGN §5.10)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from energy.state import EnergyState
from optimization.control.memory import Memory

from .load import SiteRows
from .observe import Observation, wanted_rows


def bad_inputs(
    rows: SiteRows, observation: Observation, memory: Memory, energy: Mapping[UUID, EnergyState]
) -> set[str]:
    """Ids of the site's adapters that did not answer or whose answer was not believed in this pass."""
    bad = {str(row.pk) for row in wanted_rows(rows) if row.pk in observation.errors}
    bad |= {pk for pk, sensor in memory.sensors.items() if "bad_since" in sensor}
    return bad | {str(rows.sources[pk].monitor_id) for pk, state in energy.items() if state.problem}


def starts_wait(rows: SiteRows, memory: Memory, bad: set[str], clock_stepped: bool) -> bool:
    """Whether starts wait for an input that was good before the clock was set and has not been since.

    What was bad before the step is not waited for: a dead sensor must not keep the rest of a home cold.
    """
    shell = memory.shell
    awaited = set(shell.get("awaited") or ())
    if clock_stepped:
        awaited |= {str(row.pk) for row in wanted_rows(rows)} - set(shell.get("bad_inputs") or ())
    awaited &= bad
    shell["awaited"], shell["bad_inputs"] = sorted(awaited), sorted(bad)
    return clock_stepped or bool(awaited)
