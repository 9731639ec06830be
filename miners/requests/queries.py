"""Requests by hand in force, as stored or held in memory until they can be (`sites.held`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime

from miners.models import ManualRequest, Miner
from sites import held

from .in_force import in_force


def requests_in_force(site_id: UUID, now: datetime) -> dict[UUID, ManualRequest]:
    """By miner of this home, in one statement. What is not stored yet is a `ManualRequest` without a row."""
    return _in_force([*_stored(miner__site=site_id), *_held(site_id)], now)


def request_in_force(miner: Miner, now: datetime) -> ManualRequest | None:
    held_ones = [one for one in _held(miner.site_id) if one.miner_id == miner.pk]
    return _in_force([*_stored(miner=miner), *held_ones], now).get(miner.pk)


def _in_force(requests: Iterable[ManualRequest], now: datetime) -> dict[UUID, ManualRequest]:
    found: dict[UUID, list[ManualRequest]] = defaultdict(list)
    for one in requests:
        found[one.miner_id].append(one)
    chosen = {pk: in_force(those, now) for pk, those in found.items()}
    return {pk: request for pk, request in chosen.items() if request is not None}


def _stored(**of: object) -> QuerySet[ManualRequest]:
    return ManualRequest.objects.filter(cancelled_at__isnull=True, **of)


def _held(site_id: UUID) -> Iterable[ManualRequest]:
    for order in held.orders(site_id):
        until = None if order.until is None else parse_datetime(order.until)
        for pk, power_w in order.watts.items():
            yield ManualRequest(
                miner_id=UUID(pk), power_w=power_w, until=until, created_at=parse_datetime(order.at), by=order.by
            )
