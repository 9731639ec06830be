"""“All off” while the database cannot even be read: nobody can be looked up and no row be loaded.

Whoever this process let in lately may still press it, and the watchdog's memory says what there is to switch off.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from optimization.watchdog import watchdog
from sites import known, lowering
from sites.faults import Fault
from sites.held import Order
from sites.lowering import DoneAtOnce

_ALL_OFF = "/api/v1/all-off"


def all_off(request: HttpRequest, fault: Fault) -> DoneAtOnce | None:
    """What was done; None: this request is no “All off”, or not by somebody known here, or nothing is known here."""
    site_ids = _homes(request)
    by = _who(request)
    if not site_ids or by is None:
        return None
    orders = [_order(site_id, by) for site_id in site_ids]
    try:
        lowering.hold([one for one in orders if one.off] or orders, fault)
    except DoneAtOnce as told:
        return told
    return None


def _homes(request: HttpRequest) -> list[str]:
    """Of the homes this process controls those that are meant."""
    if request.method != "POST":
        return []
    watched = watchdog.site_ids()
    if request.path == _ALL_OFF:
        return watched
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return []
    if match.url_name == "all-homes-off":
        return watched
    meant = match.kwargs.get("site_id") if match.url_name == "all-off" else None
    return [pk for pk in watched if isinstance(meant, UUID) and pk == str(meant)]


def _who(request: HttpRequest) -> str | None:
    """The session's forms carry a CSRF token, which Django has checked by now; a bearer token is sent by no browser."""
    if request.path == _ALL_OFF:
        return known.who(request.headers.get("Authorization", "").removeprefix("Bearer ").strip())
    return known.who(request.COOKIES.get(settings.SESSION_COOKIE_NAME))


def _order(site_id: str, by: str) -> Order:
    heaters, resting = watchdog.watched(site_id) or ([], frozenset())
    ids = (*(one.miner_id for one in heaters), *sorted(resting))
    watts = dict.fromkeys(ids, 0)
    arguments = {"site_id": site_id, "watts": watts, "by": by, "until": None, "origin": "person", "is_all": True}
    do = "miners.services.store_power"
    return Order(site_id, "All miners off", by, off=ids, watts=watts, do=do, arguments=arguments)
