"""Requests that are not stored yet, in the pass: as if they were; and stored as soon as that is possible."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils.module_loading import import_string

from climate.targets import Override
from miners.requests.in_force import Request
from optimization.control.memory import parse_time
from sites import held, recording
from sites.faults import DATABASE_ERRORS, fault_of
from sites.held import Order
from sites.models import Severity, Site
from sites.patience import waiting_at_most
from sites.services import log_activity

if TYPE_CHECKING:
    from .load import SiteRows

log = logging.getLogger(__name__)

_WAIT_SECONDS = 1.0


def apply(found: dict[UUID, SiteRows]) -> None:
    """Put every order in place in the rows of its home, the latest last."""
    for order in held.orders():
        rows = found.get(UUID(order.site_id))
        if rows is not None:
            _apply(rows, order)


def _apply(rows: SiteRows, order: Order) -> None:
    at, until = parse_time(order.at), parse_time(order.until)
    rows.asked_off.update(UUID(pk) for pk in order.off)
    for pk, miner in rows.miners.items():
        if miner.key in order.watts:
            rows.requests[pk].append(Request(order.watts[miner.key], until, at, order.by))
        if miner.key in order.inactive:
            rows.inactive.add(pk)
    for pk in rows.zones:
        if str(pk) in order.targets:
            rows.overrides[pk].append(Override(order.targets[str(pk)], until, created_at=at))
    if str(rows.site.pk) in order.inactive:
        rows.is_active = False
    rows.units = [unit for unit in rows.units if unit.key not in order.units]


def store_all() -> None:
    """Store what waits; what can never be stored any more is told and let go."""
    for order in [one for one in held.orders() if one.do]:
        try:
            with waiting_at_most(_WAIT_SECONDS):
                import_string(order.do)(**order.arguments)
            recording.committed(recording.state())
        except (ValidationError, ObjectDoesNotExist) as error:
            why = " ".join(error.messages) if isinstance(error, ValidationError) else "it has been deleted since."
            _tell(order, f"{order.what} (asked for while nothing could be stored) was let go: {why}")
        except DATABASE_ERRORS as error:
            if fault_of(error) is None:
                log.exception("an order could not be stored: %s", order.what)
            else:
                return
        except Exception:
            log.exception("an order could not be stored: %s", order.what)
        held.keep(stored(order))


def stored(order: Order) -> Order:
    """What is left of an order that is stored or over: that we told its miners to be off, until a pass knows."""
    return replace(order, do="", arguments={}, watts={}, targets={}, inactive=(), units=())


def let_go(completed: Collection[UUID]) -> None:
    """Passes of these homes have seen what was done at once; nothing of it need be remembered."""
    for order in held.orders():
        if not order.do and UUID(order.site_id) in completed:
            held.drop(order)


def _tell(order: Order, text: str) -> None:
    site = Site.objects.filter(pk=order.site_id).first()
    log_activity(site, text, severity=Severity.WARNING, actor=order.by)
