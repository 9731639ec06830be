"""Requests that lower heat never fail for want of a database: they are done at once and kept until they are stored.

The floors below `optimization` ask for it here; who can switch devices from memory is named in the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection
from django.db.models import Model

from . import heartbeat, held, hooks, recording
from .faults import DATABASE_ERRORS, LOCKED, NO_REDIS, Fault, StoreUnavailable, fault_of
from .held import Order
from .models import Site
from .patience import waiting_at_most

#: A request that lowers heat waits no longer than this for a lock; known to be locked, hardly at all.
_WAIT_SECONDS, _WAIT_KNOWN_SECONDS = 2.0, 0.2


class DoneAtOnce(Exception):
    """It was done, but not the usual way: `str` says what happened. `is_sure`: everything was seen done."""

    def __init__(self, text: str, *, is_stored: bool, is_sure: bool, miners: int) -> None:
        super().__init__(text)
        self.is_stored, self.is_sure, self.miners = is_stored, is_sure, miners


def carry_out(requests: Sequence[tuple[Order, Callable[[], Any]]]) -> list[Any]:
    """Store each (its order says what it means); what the writes answer.

    Raises `DoneAtOnce` where one could not be stored, or where no pass runs that would act on it.
    """
    answers: list[Any] = []
    orders: list[Order] = []
    fault = None
    for order, write in requests:
        if fault is None:
            try:
                with waiting_at_most(_WAIT_SECONDS if recording.state() is None else _WAIT_KNOWN_SECONDS):
                    answers.append(write())
                orders.append(replace(order, do=""))
                continue
            except DATABASE_ERRORS as error:
                fault = fault_of(error)
                if fault is None:
                    raise
                recording.failed(error, by="request")
        held.keep(order)
        orders.append(order)
    if fault is not None:
        _done_at_once(orders, fault)
    elif any(order.off for order in orders) and not _in_transaction() and (stopped := _stopped()):
        _done_at_once(orders, None, stopped)
    return answers


def _in_transaction() -> bool:
    """What was just written is not committed yet, and raising would undo it (the tests' own transaction is none)."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


def or_hold(write: Callable[[], Any], order: Callable[[], Order | None]) -> Any:
    """What `write` answers. Where nothing can be stored, `order()` says whether it lowers heat: then it is held.

    What does not lower heat waits for a lock as long as usual. Raises `DoneAtOnce`.
    """
    try:
        with waiting_at_most(_WAIT_SECONDS if recording.state() is None else _WAIT_KNOWN_SECONDS):
            return write()
    except DATABASE_ERRORS as error:
        fault = fault_of(error)
        if fault is None or not fault.reads:
            raise
        wanted = order()
        if wanted is not None:
            recording.failed(error, by="request")
            hold([wanted], fault)
        if fault is not LOCKED:
            raise
    return write()


def set_aside(row: Model, *, by: str) -> Order:
    """A miner or a home is deactivated."""
    site = row if isinstance(row, Site) else row.site
    miners = site.miners.values_list("pk", flat=True) if row is site else [row.pk]
    return Order(
        site_id=str(site.pk),
        what=f"{row} deactivated",
        by=by,
        off=tuple(str(pk) for pk in miners),
        inactive=(str(row.pk),),
        do="sites.services.set_aside",
        arguments={"label": row._meta.label, "pk": str(row.pk), "by": by},
    )


def hold(orders: Sequence[Order], fault: Fault) -> None:
    """Of requests that were found out not to be storable. Raises `DoneAtOnce`."""
    for order in orders:
        held.keep(order)
    _done_at_once(orders, fault)


def _done_at_once(orders: Sequence[Order], fault: Fault | None, stopped: str = "") -> None:
    done = hooks.lower_now.call(orders)
    results = []
    for order in orders:
        text = done.texts[order.id]
        if fault is not None and order.do:
            is_kept = held.keep(replace(order, result=text))
            forgets = "" if is_kept else " A restart of the program would forget it."
            text = (
                f"{text} {fault.what} It is not stored yet: it is in force from memory and stored as soon as it can be."
            )
            text += forgets
        elif fault is None:  # stored; shown until a pass has it
            held.keep(replace(order, result=text))
            text = f"{text} {stopped}"
        results.append(f"{order.what}: {text}")
    raise DoneAtOnce(" ".join(results), is_stored=fault is None, is_sure=done.is_sure, miners=done.miners)


def _stopped() -> str:
    """Why no pass acts on what is stored; empty: passes run."""
    try:
        return "Control is late, so this was not left to it." if heartbeat.is_late() else ""
    except StoreUnavailable:
        return f"It is stored. {NO_REDIS.what} No control pass runs, so this was done directly."
