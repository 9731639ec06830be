"""Between the pass and the watchdog: what it would take to switch off, and what it had to switch off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from integrations.models import AdapterRow
from integrations.registry import Session
from miners.models import DesiredState
from miners.state import MinerStatus
from optimization.watchdog import Heater, watchdog

from .load import SiteRows
from .observe import Observation
from .situate import Seen


def hand_over(rows: SiteRows, seen: Seen, observation: Observation) -> None:
    """Tell the watchdog that this pass completed, and how to switch off what may be on."""
    heaters = []
    for pk, miner in rows.miners.items():
        desired, controller = rows.desired.get(pk), miner.controller
        if controller is None or not controller.is_real or desired is None:
            continue
        if desired.power_w > 0 or desired.seen_on is not False or seen.snapshots[pk].status is not MinerStatus.OFF:
            session = observation.sessions.get(controller.connection_id) if controller.adapter.connection else None
            heaters.append(Heater(str(pk), miner.name, _off(controller, session)))
    watchdog.completed(str(rows.site.pk), rows.site.control_period_seconds, heaters)


def _off(controller: AdapterRow, session: Session | None) -> Callable[[float], None]:
    return lambda deadline: controller.adapter.write(controller.settings, session, 0, deadline)


def take_over(rows: SiteRows, now: datetime) -> dict[UUID, DesiredState]:
    """Desired rows of miners the watchdog told off: wanted off by us, so that nobody takes it for a person's off."""
    changed = {}
    for miner_id in watchdog.take_fired(str(rows.site.pk)):
        desired = rows.desired.get(UUID(miner_id))
        if desired is None or desired.power_w == 0:
            continue
        desired.power_w, desired.origin, desired.changed_at = 0, "guard", now
        desired.reason = "Control had stopped, so the watchdog switched it off."
        desired.confirmed_at, desired.attempts, desired.next_attempt_at = None, 0, None
        changed[UUID(miner_id)] = desired
    return changed
