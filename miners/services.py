"""What writes miners' rows in more than one step: wishes for power."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.ask import call
from miners.identity import devices
from miners.requests.manual import ON_DEFAULT, ON_MAX, watts_taken
from sites import held, lowering
from sites.held import Order
from sites.models import Severity, Site
from sites.services import log_activity

from .models import DesiredState, ManualRequest, Miner, MinerController
from .power import Identity, identity_json

IDENTIFY_SECONDS = 5.0


def identify(controller: MinerController, *, by: str) -> Identity:
    """Ask the device what it is (≤ 5 s) and keep it: its levels are known from then on.

    Raises `AdapterError` when it does not say, ValidationError where there is nothing to ask, and where it is a device
    that another controller drives: that is kept, too, and no pass starts it.
    """
    if not controller.can_identify:
        raise ValidationError(f"‘{controller}’ is only switched on and off; it has no levels to ask for.")
    adapter, config = controller.adapter, controller.settings
    found: Identity = call(
        ("identify", controller.pk), lambda deadline: adapter.identify(config, deadline), IDENTIFY_SECONDS,
        name=f"‘{controller}’",
    )  # fmt: skip
    before = controller.identity.get("serial")
    controller.identity = identity_json(found, timezone.now())
    with transaction.atomic():
        MinerController.objects.filter(pk=controller.pk).update(identity=controller.identity)
        devices.note(controller)
        _take_class(controller)
        log_activity(
            controller.site, f"‘{controller}’ is a {found.model} ({found.firmware} {found.version}).", actor=by
        )
        if before and found.serial and before != found.serial:
            text = f"Another device answers at the address of ‘{controller}’. Check that it heats the rooms you think."
            log_activity(controller.site, text, severity=Severity.WARNING)
        controller.site.wake()
    doubled = devices.doubled_words(controller)
    if doubled:
        raise ValidationError(doubled, code="unique")
    return found


def _take_class(controller: MinerController) -> None:
    """What this controller drives takes the class of the device, where nobody said otherwise."""
    stored = Miner.objects.filter(controller=controller).first()
    if stored is not None:
        miner = Miner.objects.select_related("controller").get(pk=stored.pk)
        miner.take_class(stored)
        changed = [
            one.attname for one in Miner._meta.fields if getattr(miner, one.attname) != getattr(stored, one.attname)
        ]
        miner.save(update_fields=changed)


def check_can_run(miner: Miner) -> None:
    """Raises ValidationError for a miner that nothing could switch on, with the remedy."""
    if not miner.is_active or miner.controller is None:
        remedy = "Choose in Set-up what switches it." if miner.is_active else "Set it to active in Set-up first."
        raise ValidationError(f"{miner.name} cannot be switched on here. {remedy}")


def request_power(
    miner: Miner, power_w: int | None, *, by: str, until: datetime | None = None, origin: str = "person"
) -> ManualRequest:
    """Request `power_w` by hand, instead of any earlier request for this miner; None: its usual power.

    0 is off and holds until resumed (or `until`); more ends at `until`, by default in 2 h, at most in 24 h, and is
    stored as what the miner takes for it (`by_hand.watts_taken`). Raises ValidationError; for less heat than now also
    `DoneAtOnce`, where that could not be stored or where no pass acts on it.
    """
    now = timezone.now()
    if power_w is None:
        power_w = miner.takes_w(miner.nominal_power_w)
    elif power_w != 0:
        power_w = watts_taken(miner.power, miner.nominal_power_w, power_w)
    if power_w > 0:
        until = until or now + ON_DEFAULT
        if not now < until <= now + ON_MAX:
            raise ValidationError({"until": "By hand a miner runs at most 24 hours. Choose an end within that."})
    what = "off" if power_w == 0 else f"on at {power_w} W"

    def write() -> ManualRequest:
        with transaction.atomic():
            ManualRequest.objects.filter(miner=miner, cancelled_at__isnull=True).update(cancelled_at=now)
            # Made at the very moment the one before ended: that tells “replaced” from “resumed”.
            request = ManualRequest.objects.create(
                miner=miner, power_w=power_w, until=until, created_at=now, by=by[:80], origin=origin
            )
            log_activity(miner.site, f"{miner.name}: {what} by hand.", actor=by)
            miner.site.wake()
        _withdraw([miner])
        return request

    if power_w > 0 and power_w >= _wanted_w(miner):
        return write()
    order = _power_order(miner.site, f"{miner.name} {what}", {str(miner.pk): power_w}, by, until=until, origin=origin)
    return lowering.carry_out([(order, write)])[0]


def _wanted_w(miner: Miner) -> int:
    """What is wanted of it now."""
    return DesiredState.objects.filter(miner=miner).values_list("power_w", flat=True).first() or 0


def adopt_off(miner_ids: Collection[UUID], now: datetime, until: datetime) -> None:
    """Somebody switched these off at the device: a wish like one made here, instead of any earlier one."""
    if not miner_ids:
        return
    ManualRequest.objects.filter(miner__in=miner_ids, cancelled_at__isnull=True).update(cancelled_at=now)
    ManualRequest.objects.bulk_create(
        ManualRequest(miner_id=pk, power_w=0, until=until, created_at=now, origin="outside") for pk in miner_ids
    )


def resume(miner: Miner, *, by: str) -> bool:
    """Back to automatic; False when there was no wish."""
    return bool(_resume(miner.site, [miner], f"{miner.name}: back to automatic.", by))


def _resume(site: Site, miners: Sequence[Miner], text: str, by: str) -> int:
    """End every request of these miners, stored or not; returns how many."""
    withdrawn = _withdraw(miners)
    rows = ManualRequest.objects.filter(miner__in=miners, cancelled_at__isnull=True)
    if withdrawn and not rows.exists():
        return withdrawn
    with transaction.atomic():
        ended = rows.update(cancelled_at=timezone.now())
        if ended:
            log_activity(site, text, actor=by)
            site.wake()
    return ended + withdrawn


def all_off(sites: Iterable[Site], *, by: str) -> int:
    """“All off”: every miner of these sites off until resumed. Returns how many.

    Raises `DoneAtOnce` where that could not be stored, or where no pass acts on it.
    """
    requests = []
    for site in sites:
        ids = tuple(str(pk) for pk in site.miners.values_list("pk", flat=True))
        order = _power_order(site, f"All miners of {site.name} off", dict.fromkeys(ids, 0), by, is_all=True)
        requests.append((order, partial(store_power, **order.arguments)))
    return sum(lowering.carry_out(requests))


def store_power(
    site_id: str, watts: dict[str, int], by: str, until: str | None, origin: str = "person", is_all: bool = False
) -> int:
    """Requests by hand for miners of one home, instead of any earlier ones; returns how many. `until`: ISO."""
    with transaction.atomic():
        site, now = Site.objects.get(pk=site_id), timezone.now()
        miners = {miner: watts[str(miner.pk)] for miner in site.miners.filter(pk__in=list(watts))}
        ManualRequest.objects.filter(miner__in=miners, cancelled_at__isnull=True).update(cancelled_at=now)
        # Made at the very moment the one before ended: that tells “replaced” from “resumed”.
        ManualRequest.objects.bulk_create(
            ManualRequest(
                miner=miner,
                power_w=power_w,
                until=None if until is None else parse_datetime(until),
                created_at=now,
                by=by[:80],
                origin=origin,
            )
            for miner, power_w in miners.items()
        )
        if is_all:
            log_activity(site, "All miners off.", severity=Severity.WARNING, actor=by)
        else:
            for miner, power_w in miners.items():
                what = "off" if power_w == 0 else f"on at {power_w} W"
                log_activity(site, f"{miner.name}: {what} by hand.", actor=by)
        site.wake()
    return len(miners)


def _power_order(
    site: Site,
    what: str,
    watts: dict[str, int],
    by: str,
    *,
    until: datetime | None = None,
    origin: str = "person",
    is_all: bool = False,
) -> Order:
    end = None if until is None else until.isoformat()
    arguments = {"site_id": str(site.pk), "watts": watts, "by": by, "until": end, "origin": origin, "is_all": is_all}
    return Order(
        site_id=str(site.pk),
        what=what,
        by=by,
        off=tuple(pk for pk, power_w in watts.items() if power_w == 0),
        watts=watts,
        until=end,
        do="miners.services.store_power",
        arguments=arguments,
    )


def _withdraw(miners: Iterable[Miner]) -> int:
    """What was asked of these miners by hand and is not stored yet no longer holds; returns of how many."""
    gone, found = {str(miner.pk) for miner in miners}, set()
    for order in held.orders():
        if not gone & set(order.watts):
            continue
        found |= gone & set(order.watts)
        left = {pk: power_w for pk, power_w in order.watts.items() if pk not in gone}
        # That they were told to be off stays known until a pass has looked.
        arguments = {**order.arguments, "watts": left} if order.do and left else {}
        held.keep(replace(order, watts=left, arguments=arguments, do=order.do if left else ""))
    return len(found)


def resume_all(sites: Iterable[Site], *, by: str) -> int:
    """End every wish of these sites' miners. Returns how many."""
    return sum(_resume(site, list(site.miners.all()), "All miners back to automatic.", by) for site in sites)
