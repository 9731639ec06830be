"""Between the pass and the watchdog: what it would take to switch off, and what it had to switch off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from integrations.models import AdapterRow
from integrations.registry import Adapter, Session
from miners.models import DesiredState
from miners.state import MinerSnapshot, MinerStatus
from optimization.watchdog import Heater, watchdog

from .driver import adapter_of
from .load import SiteRows
from .observe import Observation
from .situate import Seen


def hand_over(rows: SiteRows, seen: Seen, observation: Observation) -> None:
    """Tell the watchdog that this pass completed, and how to switch off what may be on."""
    statuses = {pk: snapshot.status for pk, snapshot in seen.snapshots.items()}
    heaters = _heaters(rows, statuses, observation)
    # Wanted off is in the database now: that they were told off need not be remembered any longer.
    watchdog.forget_fired(str(rows.site.pk), {str(pk) for pk, one in rows.desired.items() if one.power_w == 0})
    watchdog.completed(str(rows.site.pk), rows.site.control_period_seconds, heaters)


def hand_over_failed(rows: SiteRows, observation: Observation) -> None:
    """Tell the watchdog that this pass failed; when none completes within the limit, what may be on is told off."""
    readings = {pk: observation.readings.get(miner.controller_id) for pk, miner in rows.miners.items()}
    statuses = {
        pk: one.status if isinstance(one, MinerSnapshot) else MinerStatus.UNREACHABLE for pk, one in readings.items()
    }
    seen_off = {str(pk) for pk, status in statuses.items() if status is MinerStatus.OFF}
    heaters = _heaters(rows, statuses, observation)
    watchdog.failed(str(rows.site.pk), rows.site.control_period_seconds, heaters, seen_off)


def _heaters(rows: SiteRows, statuses: Mapping[UUID, MinerStatus], observation: Observation) -> list[Heater]:
    """What may be on, and how it is switched off."""
    heaters = []
    for pk, miner in rows.miners.items():
        desired, controller = rows.desired.get(pk), miner.controller
        adapter = adapter_of(controller)
        if adapter is None or not adapter.is_real or desired is None:
            continue
        if desired.power_w > 0 or desired.seen_on is not False or statuses[pk] is not MinerStatus.OFF:
            session = observation.sessions.get(controller.connection_id) if adapter.connection else None
            heaters.append(Heater(str(pk), miner.name, _off(adapter, controller, session)))
    return heaters


def _off(adapter: type[Adapter], controller: AdapterRow, session: Session | None) -> Callable[[float], None]:
    return lambda deadline: adapter.write(controller.settings, session, 0, deadline)


def take_over(rows: SiteRows, now: datetime) -> dict[UUID, DesiredState]:
    """Desired rows of miners the watchdog told off: wanted off by us, so that nobody takes it for a person's off."""
    changed = {}
    for miner_id in watchdog.fired(str(rows.site.pk)):
        desired = rows.desired.get(UUID(miner_id))
        if desired is None or desired.power_w == 0:
            continue
        desired.power_w, desired.origin, desired.changed_at = 0, "guard", now
        desired.reason = "Control had stopped, so the watchdog switched it off."
        desired.confirmed_at, desired.attempts, desired.next_attempt_at = None, 0, None
        changed[UUID(miner_id)] = desired
    return changed
