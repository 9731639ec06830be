"""The plans of this process: one of each site, used as long as its version is the one that is stored.

Whether it is, is asked in every pass, in one SELECT with what else a pass needs of its sites. The same SELECT counts
the triggers that move versions: while one is missing nothing kept is believed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from integrations import registry
from sites.models import Site

from . import stored, triggers
from .loading import load_plans
from .plan import SitePlan

log = logging.getLogger(__name__)

_plans: dict[UUID, SitePlan] = {}
#: Of homes that somebody looked at, in a process that runs no passes for them; with how many adapters were installed.
_viewed: dict[UUID, tuple[int, SitePlan]] = {}
_MOST_VIEWED = 32
_was_watched = True
#: How many adapters were installed when they were compiled.
_adapters = 0


@dataclass(frozen=True, slots=True)
class SiteNow:
    """A site's plan, and what of the site itself changes by itself."""

    plan: SitePlan
    next_pass_at: datetime | None


def current(site_ids: Collection[UUID]) -> list[SiteNow]:
    """The sites with the plans of now, in the order asked for; those that are gone are left out."""
    global _adapters
    seen, are_watched = _versions(site_ids)
    _tell(are_watched)
    if not are_watched or _adapters != registry.installed():
        forget()
    kept = {pk: plan for pk, (version, _) in seen.items() if (plan := _plans.get(pk)) and plan.version == version}
    missing = [pk for pk in seen if pk not in kept]
    if missing:
        loaded = load_plans(missing)
        kept |= loaded
        if are_watched:
            _plans.update(loaded)
        _adapters = registry.installed()
    return [SiteNow(kept[pk], seen[pk][1]) for pk in site_ids if pk in kept]


def plan_of(site_id: UUID) -> SitePlan | None:
    """The plan of now of a home that is looked at; None: it is gone. Few are kept beside those that passes use."""
    seen, are_watched = _versions([site_id])
    if site_id not in seen:
        return None
    (version, _), adapters = seen[site_id], registry.installed()
    for known_adapters, plan in ((_adapters, _plans.get(site_id)), _viewed.get(site_id, (0, None))):
        if plan is not None and plan.version == version and known_adapters == adapters and are_watched:
            return plan
    plan = load_plans([site_id]).get(site_id)
    if plan is not None:
        _viewed[site_id] = adapters, plan
    while len(_viewed) > _MOST_VIEWED:
        _viewed.pop(next(iter(_viewed)), None)
    return plan


def outdated(plans: Collection[SitePlan]) -> set[UUID]:
    """Sites whose configuration changed since these plans were compiled; to be asked in the commit before a write."""
    stored = dict(Site.objects.filter(pk__in=[plan.pk for plan in plans]).values_list("pk", "config_version"))
    return {plan.pk for plan in plans if stored.get(plan.pk) != plan.version}


def versions_of(site_id: UUID | None) -> list[tuple] | None:
    """The version of this site, or of every site, as one value to compare; None while versions cannot be relied on."""
    vendor, of_one = connection.vendor, "" if site_id is None else "WHERE id IN ({ids})"
    sql = f"SELECT id, config_version, {triggers.count_sql(vendor)} FROM sites_site {of_one} ORDER BY id"
    found = stored.rows(sql, [site_id]) if site_id is not None else stored.every(sql)
    expected = len(triggers.wanted(vendor))
    if any(count != expected for _, _, count in found):
        return None
    return [(pk, version) for pk, version, _ in found]


def forget(keep: Collection[UUID] = ()) -> None:
    """Let go of every plan but these."""
    for pk in set(_plans) - set(keep):
        _plans.pop(pk, None)


def _versions(site_ids: Collection[UUID]) -> tuple[dict[UUID, tuple[int, datetime | None]], bool]:
    """Version and next pass of each site, and whether every trigger that moves versions is there."""
    vendor, seen, are_watched = connection.vendor, {}, True
    sql = f"SELECT id, config_version, next_pass_at, {triggers.count_sql(vendor)} FROM sites_site WHERE id IN ({{ids}})"
    expected = len(triggers.wanted(vendor))
    for pk, version, next_pass_at, count in stored.rows(sql, list(site_ids)):
        seen[stored.uuid(pk)] = (version, stored.time(next_pass_at))
        are_watched = are_watched and count == expected
    return seen, are_watched


def _tell(are_watched: bool) -> None:
    """Once, that nothing is kept; triggers are made at the start of the program, and never while another migrates."""
    global _was_watched
    if _was_watched and not are_watched:
        log.error(
            "The database lacks triggers that tell of changed settings, so every pass reads all settings. A restart of "
            "the program, or ./run manage migrate, makes them again."
        )
    _was_watched = are_watched
