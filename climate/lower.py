"""Requests for a lower target as orders that can be held where they cannot be stored (`sites.lowering`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from sites import held
from sites.held import Order

from .models import ClimateZone
from .targets import Override, Plan, resolve_target


def order_of(
    what: str,
    plans: Mapping[ClimateZone, tuple[Plan, Plan]],
    by: str,
    now: datetime,
    do: tuple[str, dict[str, Any]],
    *,
    until: datetime | None = None,
) -> Order | None:
    """The request, where it lowers the target of a room and raises none.

    `plans`: of each room before and as the request would make it; `do`: the function of `stored_later` and what it is
    given beside the rooms and the person.
    """
    targets = {}
    for zone, (before, after) in plans.items():
        was, becomes = (resolve_target(one, now, zone.site.tz).effective_celsius for one in (before, after))
        if becomes > was:
            return None
        if becomes < was:
            targets[str(zone.pk)] = becomes
    if not targets:
        return None
    name, arguments = do
    return Order(
        site_id=str(next(iter(plans)).site_id),
        what=what,
        by=by,
        targets=targets,
        until=iso(until),
        do=f"climate.stored_later.{name}",
        arguments={"zone_ids": [str(zone.pk) for zone in plans], "by": by, **arguments},
    )


def held_overrides(site_id: object) -> Iterator[tuple[UUID, Override]]:
    """Each target asked for that is not stored yet, with its room."""
    for order in held.orders(site_id):
        for pk, celsius in order.targets.items():
            yield UUID(pk), Override(celsius, _time(order.until), created_at=_time(order.at))


def withdraw(zone: ClimateZone) -> bool:
    """What was asked of this room and is not stored yet no longer holds; False: there was nothing."""
    key, found = str(zone.pk), False
    for order in held.orders(zone.site_id):
        if key in order.targets:
            found = True
            left = {pk: celsius for pk, celsius in order.targets.items() if pk != key}
            arguments = {**order.arguments, "zone_ids": list(left), "is_whole": False}
            kept = {name: arguments[name] for name in (*order.arguments, "zone_ids") if name in arguments}
            held.keep(replace(order, targets=left, arguments=kept, do=order.do if left else ""))
    return found


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_datetime(text)


def iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
