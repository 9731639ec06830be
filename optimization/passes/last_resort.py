"""Between the pass and the watchdog: what it would take to switch off, and what it had to switch off."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from integrations.ask import open_session
from integrations.errors import AdapterError
from miners import desired_state
from miners.models import DesiredState, Miner
from miners.state import MinerStatus
from miners.status import upstream_plug
from optimization.site_plan.loading import load_plans
from optimization.site_plan.plan import AdapterPlan, ConnectionPlan, MinerPlan
from optimization.watchdog import Heater, watchdog

from . import pending, plugs
from .driver import adapter_of
from .load import House, SiteRows
from .observe import Observation, read_rows
from .situate import Seen

log = logging.getLogger(__name__)


def hand_over(rows: SiteRows, seen: Seen, observation: Observation, *, is_recorded: bool = True) -> None:
    """Tell the watchdog that this pass completed, and how to switch off what may be on."""
    statuses = {pk: snapshot.status for pk, snapshot in seen.snapshots.items()}
    heaters = _heaters(rows, statuses, observation)
    if is_recorded:
        # Wanted off is in the database now: that they were told off need not be remembered any longer.
        watchdog.forget_fired(str(rows.site.pk), {str(pk) for pk, one in rows.desired.items() if one.power_w == 0})
    resting = _real_miners(rows) - {one.miner_id for one in heaters}
    watchdog.completed(str(rows.site.pk), rows.site.control_period_seconds, heaters, resting)


def hand_over_failed(rows: SiteRows, observation: Observation) -> None:
    """Tell the watchdog that this pass failed; when none completes within the limit, what may be on is told off."""
    statuses = {
        pk: pending.look(rows, rows.memory, miner, observation, observation.at).status
        for pk, miner in rows.miners.items()
    }
    seen_off = {str(pk) for pk, status in statuses.items() if status is MinerStatus.OFF}
    heaters = _heaters(rows, statuses, observation)
    watchdog.failed(str(rows.site.pk), rows.site.control_period_seconds, heaters, seen_off)


def heaters_of(site_id: str) -> list[Heater]:
    """How to switch off every real miner of a home, read from the database alone: no pass here has seen any of them."""
    plan = load_plans([UUID(site_id)]).get(UUID(site_id))
    if plan is None:
        return []
    rows = SiteRows.of(plan)
    cut = Miner.objects.filter(site=site_id, cut_at__isnull=False)
    rows.cut_at.update(cut.values_list("pk", "cut_at"))
    used = {row.connection_id for row in plan.adapters}
    observation = Observation()
    for pk in used & set(rows.connections):
        with suppress(AdapterError):
            observation.sessions[pk] = open_session(rows.connections[pk], now=timezone.now())
    found = (_heater(rows, miner, observation) for miner in rows.miners.values())
    return [one for one in found if one is not None]


def _real_miners(rows: SiteRows) -> set[str]:
    """Ids of the miners that something real switches."""
    return {miner.key for miner in rows.miners.values() if _is_real(miner.controller) or _is_real(miner.cutoff)}


def _heaters(rows: SiteRows, statuses: Mapping[UUID, MinerStatus], observation: Observation) -> list[Heater]:
    """What may be on, and how it is switched off."""
    heaters = []
    for pk, miner in rows.miners.items():
        desired = rows.desired.get(pk)
        if desired is None or not (
            desired.power_w > 0 or desired.seen_on is not False or statuses[pk] is not MinerStatus.OFF
        ):
            continue
        heater = _heater(rows, miner, observation)
        if heater is not None:
            heaters.append(heater)
    return heaters


def _heater(rows: SiteRows, miner: MinerPlan, observation: Observation) -> Heater | None:
    """How this miner is switched off and looked at; None: nothing real switches it."""
    device, cut = _off(miner.controller, observation), _off(miner.cutoff, observation)
    if device is not None and cut is not None:
        off = cut if upstream_plug.is_switch(miner.power) or miner.pk in rows.cut_at else _off_else_cut(device, cut)
    else:
        off = device or cut
    connections = rows.connections
    return (
        None
        if off is None
        else Heater(str(miner.pk), miner.name, off, lambda until: _is_off(miner, connections, until))
    )


def _is_off(miner: MinerPlan, connections: Mapping[UUID, ConnectionPlan | House], deadline: float) -> bool:
    """Looked at now: it is off, and nothing is pending that would start it."""
    asked = [row for row in (miner.controller, miner.cutoff) if row is not None]
    seconds = max(0.1, deadline - time.monotonic())
    return plugs.look(miner, read_rows(asked, connections, seconds, timezone.now())).status is MinerStatus.OFF


def _is_real(controller: AdapterPlan | None) -> bool:
    adapter = adapter_of(controller)
    return adapter is not None and adapter.is_real


def _off(controller: AdapterPlan | None, observation: Observation) -> Callable[[float], None] | None:
    """How to switch off through this row; None when nothing real is there."""
    if not _is_real(controller):
        return None
    adapter = controller.adapter_class
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
        takes_w = rows.miners[UUID(miner_id)].takes_w(desired.power_w)
        reason = "Control had stopped, so the watchdog switched it off."
        desired_state.switched_off_by_watchdog(desired, takes_w=takes_w, reason=reason, at=now)
        changed[UUID(miner_id)] = desired
    return changed
