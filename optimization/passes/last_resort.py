"""Between the pass and the watchdog: what it would take to switch off, and what it had to switch off."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from integrations.models import AdapterRow
from miners import plug
from miners.models import DesiredState
from miners.state import MinerStatus
from optimization.watchdog import Heater, watchdog

from . import pending
from .driver import adapter_of
from .load import SiteRows
from .observe import Observation
from .situate import Seen

log = logging.getLogger(__name__)


def hand_over(rows: SiteRows, seen: Seen, observation: Observation, *, is_recorded: bool = True) -> None:
    """Tell the watchdog that this pass completed, and how to switch off what may be on."""
    statuses = {pk: snapshot.status for pk, snapshot in seen.snapshots.items()}
    heaters = _heaters(rows, statuses, observation)
    if is_recorded:
        # Wanted off is in the database now: that they were told off need not be remembered any longer.
        watchdog.forget_fired(str(rows.site.pk), {str(pk) for pk, one in rows.desired.items() if one.power_w == 0})
    watchdog.completed(str(rows.site.pk), rows.site.control_period_seconds, heaters)


def hand_over_failed(rows: SiteRows, observation: Observation) -> None:
    """Tell the watchdog that this pass failed; when none completes within the limit, what may be on is told off."""
    statuses = {
        pk: pending.look(rows, rows.memory, miner, observation, observation.at).status
        for pk, miner in rows.miners.items()
    }
    seen_off = {str(pk) for pk, status in statuses.items() if status is MinerStatus.OFF}
    heaters = _heaters(rows, statuses, observation)
    watchdog.failed(str(rows.site.pk), rows.site.control_period_seconds, heaters, seen_off)


def _heaters(rows: SiteRows, statuses: Mapping[UUID, MinerStatus], observation: Observation) -> list[Heater]:
    """What may be on, and how it is switched off."""
    heaters = []
    for pk, miner in rows.miners.items():
        desired = rows.desired.get(pk)
        if desired is None or not (
            desired.power_w > 0 or desired.seen_on is not False or statuses[pk] is not MinerStatus.OFF
        ):
            continue
        device, cut = _off(miner.controller, observation), _off(miner.cutoff, observation)
        if device is not None and cut is not None:
            off = cut if plug.is_switch(miner.power) or miner.cut_at else _off_else_cut(device, cut)
        else:
            off = device or cut
        if off is not None:
            heaters.append(Heater(str(pk), miner.name, off))
    return heaters


def _off(controller: AdapterRow | None, observation: Observation) -> Callable[[float], None] | None:
    """How to switch off through this row; None when nothing real is there."""
    adapter = adapter_of(controller)
    if adapter is None or not adapter.is_real:
        return None
    session = observation.sessions.get(controller.connection_id) if adapter.connection else None
    return lambda deadline: adapter.write(controller.settings, session, 0, deadline)


def _off_else_cut(device: Callable[[float], None], cut: Callable[[float], None]) -> Callable[[float], None]:
    """The device first, in half the time; when it does not take it, the plug before it."""

    def off(deadline: float) -> None:
        try:
            device(min(deadline, time.monotonic() + (deadline - time.monotonic()) / 2))
        except Exception as error:
            log.critical("a miner did not take its off (%s): the plug before it is cut", error)
            cut(deadline)

    return off


def take_over(rows: SiteRows, now: datetime) -> dict[UUID, DesiredState]:
    """Desired rows of miners the watchdog told off: wanted off by us, so that nobody takes it for a person's off."""
    changed = {}
    for miner_id in watchdog.fired(str(rows.site.pk)):
        desired = rows.desired.get(UUID(miner_id))
        if desired is None or desired.power_w == 0:
            continue
        desired.before_w = max(desired.before_w, rows.miners[UUID(miner_id)].takes_w(desired.power_w))
        desired.power_w, desired.origin, desired.changed_at = 0, "guard", now
        desired.reason = "Control had stopped, so the watchdog switched it off."
        desired.confirmed_at, desired.attempts, desired.next_attempt_at = None, 0, None
        changed[UUID(miner_id)] = desired
    return changed
