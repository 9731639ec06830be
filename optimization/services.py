"""What changes units, policies and anything that heats: checks first, off first, then the change."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models, transaction

from climate.models import ClimateMonitor, ClimateZone
from energy.models import EnergyMonitor
from miners.models import DesiredState, Miner, MinerController
from miners.reality import reality_problem
from miners.status.readback import may_be_on
from sites import lowering
from sites.clock import Clock
from sites.held import Order
from sites.models import Site
from sites.services import log_activity

from .models import OptimizationUnit
from .passes.run import run_sites
from .policy_check import policy_errors

#: A clean stop, disabling and deleting wait this long for an off to be seen (design.md §5.8).
STOP_SECONDS = 20.0
_LOOK_EVERY_SECONDS = 0.5


def enable_unit(unit: OptimizationUnit, *, by: str = "") -> OptimizationUnit:
    """Let a unit decide. Raises ValidationError naming everything that stands against it."""
    problems: dict[str, list[str]] = {}
    if unit.policy is None and unit.needs_policy:
        problems["policy"] = ["Choose a policy first."]
    elif unit.policy is not None:
        errors = policy_errors(unit.policy, unit.site)
        if errors:
            problems["policy"] = errors
    miners = list(unit.miners.select_related("controller", "site"))
    if not miners:
        problems["miners"] = ["Add at least one miner first."]
    for miner in miners:
        problems.setdefault("miners", []).extend(miner_problems(miner, unit))
    if not problems.get("miners"):
        problems.pop("miners", None)
    if problems:
        raise ValidationError(problems)
    with transaction.atomic():
        if OptimizationUnit.objects.filter(pk=unit.pk, is_enabled=False).update(is_enabled=True):
            log_activity(unit.site, f"Unit {unit.name} is on.", actor=by)
        unit.site.wake()
    unit.is_enabled = True
    return unit


def miner_problems(miner: Miner, unit: OptimizationUnit) -> list[str]:
    """Why this miner cannot be in `unit` while that is enabled."""
    problems = []
    other = miner.units.filter(is_enabled=True).exclude(pk=unit.pk).first()
    if other is not None:
        problems.append(f"{miner.name} is in the enabled unit ‘{other.name}’. Take it out there first.")
    if miner.site_id != unit.site_id:
        problems.append(f"{miner.name} belongs to another site.")
    if miner.controller is None:
        problems.append(f"{miner.name} has no controller. Choose one first.")
    zones = list(miner.zones.prefetch_related("monitors"))
    if not zones and not miner.heats_no_room:
        problems.append(f"Say which rooms {miner.name} heats, or that it heats none.")
    reality = reality_problem(miner.controller, zones, miner.site, miner.cutoff)
    if reality:
        problems.append(reality)
    return problems


def disable_unit(unit: OptimizationUnit, *, by: str = "", seconds: float = STOP_SECONDS) -> list[str]:
    """Stop deciding for a unit: its miners are switched off and seen off first, as far as they answer.

    Returns a sentence for each miner whose off was not seen within `seconds`; the passes go on
    trying for those, for a miner we had on stays ours until it was seen off. Raises `DoneAtOnce`.
    """
    miners = list(unit.miners.all())
    order = disabling(unit, by=by)
    lowering.carry_out([(order, partial(store_disabled, **order.arguments))])
    unit.is_enabled = False
    return switch_off(miners, seconds=seconds)


def disabling(unit: OptimizationUnit, *, by: str) -> Order:
    """A unit is disabled."""
    return Order(
        site_id=str(unit.site_id),
        what=f"Unit {unit.name} disabled",
        by=by,
        off=tuple(str(miner.pk) for miner in unit.miners.all() if not miner.leave_on),
        units=(str(unit.pk),),
        do="optimization.services.store_disabled",
        arguments={"unit_id": str(unit.pk), "by": by},
    )


def store_disabled(unit_id: str, by: str) -> None:
    with transaction.atomic():
        unit = OptimizationUnit.objects.select_related("site").get(pk=unit_id)
        OptimizationUnit.objects.filter(pk=unit_id).update(is_enabled=False)
        log_activity(unit.site, f"Unit {unit.name} is off.", actor=by)
        unit.site.wake()


def switch_off(
    miners: Iterable[Miner], *, seconds: float = STOP_SECONDS, clock: Clock | None = None, take_leases: bool = False
) -> list[str]:
    """Switch these miners off by passes of their sites and wait until they are seen off.

    Returns a sentence for each that was not within `seconds`. Miners marked “leave on” are left. `take_leases`:
    who still has a site to himself after half of the time has died with it.
    """
    wanted = {miner.pk: miner for miner in miners if not miner.leave_on}
    sites = {miner.site_id for miner in wanted.values()}
    # A pretended heater needs no waiting for: nothing is warm.
    real = [pk for pk, miner in wanted.items() if miner.controller is not None and miner.controller.is_real]
    deadline = time.monotonic() + seconds
    while wanted:
        is_late = take_leases and time.monotonic() >= deadline - seconds / 2
        report = run_sites(sites, clock=clock, stopping=frozenset(wanted), take_leases=is_late)
        open_ids = [pk for pk in _not_seen_off(real) if pk not in report.seen_off]
        if not (open_ids or report.busy) or time.monotonic() >= deadline:
            return [_not_off(wanted[pk]) for pk in open_ids]
        time.sleep(_LOOK_EVERY_SECONDS)
    return []


def _not_seen_off(wanted: Collection[UUID]) -> list[UUID]:
    """Those a pass has not seen off. A miner nobody ever commanded or saw on counts as off."""
    rows = {row.miner_id: row for row in DesiredState.objects.filter(miner__in=list(wanted))}
    return [pk for pk in wanted if (row := rows.get(pk)) is not None and row.seen_on is not False and may_be_on(row)]


def _not_off(miner: Miner) -> str:
    return f"{miner.name} was told to be off, but nobody has seen it off. Look at the device."


def clean_stop(seconds: float = STOP_SECONDS) -> list[str]:
    """The program stops: every miner it may have on is switched off and seen off (design.md §5.8)."""
    rows = DesiredState.objects.select_related("miner__site", "miner__controller")
    return switch_off([row.miner for row in rows if may_be_on(row)], seconds=seconds, take_leases=True)


def heaters_of(obj: models.Model) -> list[Miner]:
    """The miners that lose their control, their room's sensor or themselves when `obj` goes."""
    match obj:
        case Miner():
            found = Miner.objects.filter(pk=obj.pk)
        case MinerController():
            found = Miner.objects.filter(controller=obj)
        case ClimateZone():
            found = Miner.objects.filter(zones=obj)
        case ClimateMonitor():
            found = Miner.objects.filter(zones__monitors=obj)
        case OptimizationUnit():
            found = Miner.objects.filter(units=obj)
        case Site():
            found = Miner.objects.filter(site=obj)
        case _:
            found = Miner.objects.none()
    return list(found.distinct())


def see_off(obj: models.Model, *, by: str = "", seconds: float = STOP_SECONDS) -> list[str]:
    """After `obj` was deactivated: switch off what it heats and wait until that is seen (design.md §5.8).

    Returns a sentence for each miner whose off was not seen within `seconds`; the passes go on trying.
    """
    site = obj if isinstance(obj, Site) else obj.site
    log_activity(site, f"Set aside: {obj._meta.verbose_name} {obj}.", actor=by)
    rows = DesiredState.objects.filter(miner__in=heaters_of(obj)).select_related("miner__site", "miner__controller")
    return switch_off([row.miner for row in rows if may_be_on(row)], seconds=seconds)


def delete_safely(obj: models.Model, *, by: str = "", seconds: float = STOP_SECONDS) -> None:
    """Delete something after everything it heats was seen off. Raises ValidationError when it was not.

    Raises also django's ProtectedError when something else still needs `obj`.
    """
    rows = DesiredState.objects.filter(miner__in=heaters_of(obj)).select_related("miner__site", "miner__controller")
    open_miners = switch_off([row.miner for row in rows if may_be_on(row)], seconds=seconds)
    if open_miners:
        raise ValidationError([*open_miners, "Nothing was deleted. Try again when it is off."])
    site = obj if isinstance(obj, Site) else getattr(obj, "site", None)
    name = str(obj)
    with transaction.atomic():
        if isinstance(obj, Site):
            _empty(obj)
        obj.delete()
        if site is not None and site is not obj:
            log_activity(site, f"Deleted: {obj._meta.verbose_name} {name}.", actor=by)
            site.wake()


def _empty(site: Site) -> None:
    """Delete what protects other rows of the same site from being deleted with it."""
    site.units.all().delete()
    for model in (MinerController, ClimateMonitor, EnergyMonitor):
        model.objects.filter(site=site).delete()
