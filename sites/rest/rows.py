"""Finding, writing and removing rows for the API: one transaction each, references of the same site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from ninja.responses import Status
from pydantic import BaseModel

from sites import hooks, live, lowering
from sites.models import Site

from .problems import Conflict, Invalid, Loc, Missing, in_use, problem, renamed

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Link:
    """A field of ids in a body: which attribute of the row it fills, with rows of which model."""

    attribute: str
    model: type[models.Model]


NO_LINKS: Mapping[str, Link] = {}


def person(request: HttpRequest) -> str:
    """Who asks, for the records."""
    return request.user.get_username()


def get(queryset: models.QuerySet[Row], pk: UUID) -> Row:
    """The row, or `Missing`."""
    row = queryset.filter(pk=pk).first()
    if row is None:
        raise Missing(f"There is no {queryset.model._meta.verbose_name} with the id {pk}.")
    return row


def of_site(queryset: models.QuerySet[Row], site_id: UUID | None) -> models.QuerySet[Row]:
    """The rows of one site, or of all."""
    return queryset if site_id is None else queryset.filter(site_id=site_id)


def between(records: models.QuerySet[Row], since: datetime | None, until: datetime | None) -> models.QuerySet[Row]:
    """The records with `since` ≤ at < `until` (aware; None: no bound)."""
    if since is not None:
        records = records.filter(at__gte=since)
    return records if until is None else records.filter(at__lt=until)


def site(site_id: UUID, loc: Loc = ("body", "site_id")) -> Site:
    """The site a body names, or `Invalid`."""
    found = Site.objects.filter(pk=site_id).first()
    if found is None:
        raise Invalid(problem(loc, "There is no site with this id. GET /sites lists them.", str(site_id)))
    return found


def linked(model: type[Row], pk: UUID, site_id: UUID | None, loc: Loc) -> Row:
    """A row that another one is to point at: there, and of the same site; else `Invalid`."""
    row = model._default_manager.filter(pk=pk).first()
    noun = model._meta.verbose_name
    if row is None:
        raise Invalid(problem(loc, f"There is no {noun} with this id.", str(pk)))
    if row.site_id not in (None, site_id):
        raise Invalid(problem(loc, f"The {noun} ‘{row}’ belongs to another site. Choose one of this site.", str(pk)))
    return row


def write(
    row: Row,
    body: BaseModel,
    links: Mapping[str, Link] = NO_LINKS,
    *,
    prepare: Callable[[Row, dict[str, Any]], None] | None = None,
    check: Callable[[Row], None] | None = None,
) -> Row:
    """Put what was sent into `row` (new or stored), check and save it, and ask its site for a pass.

    `prepare(row, values)` sees the row as stored and takes from `values` what it handles itself.
    `check(row)` runs last, links in place. Whatever either raises undoes everything. Raises
    `Invalid`, `Missing` and Django's ValidationError.
    """
    values = body.model_dump(exclude_unset=not row._state.adding, exclude={"site_id"})
    several = _take_links(row, values, links)
    try:
        with transaction.atomic():
            # Locked, for two changes of different fields at once must both survive.
            row = row if row._state.adding else _locked(row)
            if prepare is not None:
                prepare(row, values)
            _save(row, values, several)
            if check is not None:
                check(row)
            wake(row)
    except ValidationError as error:
        raise renamed(error, {link.attribute: name for name, link in links.items()}) from None
    return row


def write_or_set_aside(row: Row, body: BaseModel, links: Mapping[str, Link] = NO_LINKS, *, by: str, **how: Any) -> Row:
    """`write`; deactivating is done at once and held where nothing can be stored. Raises `DoneAtOnce`, too."""
    if not row.is_active or getattr(body, "is_active", None) is not False:
        return write(row, body, links, **how)
    return lowering.carry_out([(lowering.set_aside(row, by=by), lambda: write(row, body, links, **how))])[0]


def _save(row: models.Model, values: dict[str, Any], several: dict[str, list[models.Model]]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean(exclude={column.name for column in row._meta.fields if not column.editable})
    row.save()
    for attribute, linked_rows in several.items():
        getattr(row, attribute).set(linked_rows)


def _take_links(row: models.Model, values: dict, links: Mapping[str, Link]) -> dict[str, list[models.Model]]:
    """Replace ids in `values` by rows; lists of rows are returned apart, as they are set after saving."""
    several = {}
    for name, link in links.items():
        if name not in values:
            continue
        ids = values.pop(name)
        if isinstance(ids, list):
            several[link.attribute] = [
                linked(link.model, pk, row.site_id, ["body", name, index]) for index, pk in enumerate(ids)
            ]
        else:
            values[link.attribute] = ids and linked(link.model, ids, row.site_id, ["body", name])
    return several


def _locked(row: Row) -> Row:
    locked = type(row)._default_manager.select_for_update(no_key=True).filter(pk=row.pk).first()
    if locked is None:
        raise Missing(f"‘{row}’ has just been deleted.")
    return locked


def wake(row: models.Model) -> None:
    """Ask for a pass where the change matters."""
    owner = row if isinstance(row, Site) else row.site
    if owner is not None:
        owner.wake()


def remove(row: models.Model, *, by: str, used_through: Iterable[str] = (), heats: bool = False) -> Status:
    """Delete `row` and answer 204; `Conflict` while others use it.

    `heats`: it, or what depends on it, warms a room: miners are switched off first.
    """
    conflict = in_use(row, used_through)
    if conflict is not None:
        raise conflict
    if not heats:
        row.delete()
        return Status(204, None)
    try:
        hooks.delete_safely.call(row, by=by)
    except ValidationError as error:
        raise Conflict(" ".join(error.messages)) from None
    return Status(204, None)


def see_off(row: models.Model, *, by: str) -> list[str]:
    """`row` was deactivated: a sentence for each miner it heats with that nobody has seen off within 20 s."""
    return hooks.see_off.call(row, by=by)


def created(request: HttpRequest, response: HttpResponse, row: Row) -> Status[Row]:
    """201 with the address of the new row."""
    response["Location"] = f"{request.path}/{row.pk}"
    return Status(201, row)


def seen(row: models.Model, part: str) -> dict[str, Any]:
    """What the last pass saw of `row` (see `sites.live`); empty before the first pass of this start."""
    snapshot = live.read(row.site_id) or {}
    return snapshot.get(part, {}).get(str(row.pk), {})
