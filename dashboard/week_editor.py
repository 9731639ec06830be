"""The page that edits a room's week, and what it saves through: the schedule's own service, under its lock."""

from __future__ import annotations

from math import ceil, floor
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from climate.models import TARGET_MAX_CELSIUS, TARGET_MIN_CELSIUS, ClimateZone
from climate.schedule import DAY_MINUTES
from climate.services import plan_of, replace_schedule, target_of
from climate.state import Target
from climate.targets import Preset
from climate.week import tone
from sites import json_text

from . import degrees, formats, queries, scope
from .facts import Moment
from .page import PageData, Part, digest, home_page, respond, signed_in
from .week import week
from .week_blocks import DAYS, Block, Refused, from_json, from_slots, to_json, to_slots


def _zone(zone_id: UUID) -> ClimateZone:
    return get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)


def _stored(zone: ClimateZone) -> list[Block]:
    return from_slots(slot.as_slot() for slot in zone.slots.select_related("zone"))


@require_safe
@signed_in
def week_page(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """The editor; without JavaScript the strip and the way to the set-up's form."""
    row = _zone(zone_id)
    scope.show(request, row.site_id)
    return _week_page(request, row)


@home_page
def _week_page(data: PageData, row: ClimateZone) -> HttpResponse:
    plan = plan_of(row, data.at.now)
    strip = week(plan.slots, plan.default_celsius, data.at, plan.periods)
    return respond(
        data,
        "dashboard/week.html",
        [Part("week-holds", "dashboard/_week_holds.html", _holds_now(row, data.at))],
        place="home",
        zone=row,
        strip=strip,
        default=formats.degrees(row.default_target_celsius),
        editor=_editor(row, data.at),
    )


def _editor(row: ClimateZone, at: Moment) -> dict[str, Any]:
    """What `week.js` begins with, and the words of its frame."""
    blocks, local = _stored(row), at.now.astimezone(at.tz)
    return {
        "save": reverse("week-save", args=[row.pk]),
        "digest": digest(blocks),
        "blocks": to_json(blocks),
        "presets": [_preset(row, preset) for preset in Preset],
        "default": row.default_target_celsius,
        "unit": degrees.symbol(),
        "shown": _shown_limits(row),
        "low": TARGET_MIN_CELSIUS,
        "high": min(row.highest_target_celsius, TARGET_MAX_CELSIUS),
        "now": local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute,
        "days": DAYS,
        "hours": list(range(25)),
    }


def _shown_limits(row: ClimateZone) -> dict[str, float]:
    """What can be typed, in the unit shown; the ends lie within the bounds."""
    low, high = degrees.shown(TARGET_MIN_CELSIUS), degrees.shown(min(row.highest_target_celsius, TARGET_MAX_CELSIUS))
    return {
        "low": ceil(low * 10) / 10,
        "high": floor(high * 10) / 10,
        "default": round(degrees.shown(row.default_target_celsius), 1),
    }


def _preset(row: ClimateZone, preset: Preset) -> dict[str, Any]:
    celsius = row.preset_celsius(preset)
    return {
        "key": preset,
        "label": preset.label,
        "celsius": celsius,
        "words": formats.degrees(celsius),
        "tone": tone(preset, celsius),
    }


def _holds_now(row: ClimateZone, at: Moment) -> str:
    """What the room is kept at, as the last pass lowered it: an open window counts here too."""
    seen = queries.snapshot(row.site).get("zones", {}).get(str(row.pk), {})
    return holds_words(target_of(row, at.now, seen=seen.get("lowered")), at)


def holds_words(target: Target, at: Moment) -> str:
    """“Now 21.0°, schedule 06:00–08:00, until 08:00, then 18.0°.”"""
    words = f"Now {formats.degrees(target.effective_celsius)}, {target.reason}"
    if target.until is None:
        return f"{words}. No change is planned."
    following = f", then {formats.degrees(target.next_celsius)}" if target.next_celsius is not None else ""
    return f"{words}, until {formats.moment(target.until, at.now, at.tz)}{following}."


@require_POST
@signed_in
def save_week(request: HttpRequest, zone_id: UUID) -> JsonResponse:
    """The whole week at once: `blocks` instead of the week whose `digest` the browser knows.

    422 says what is wrong and at which block; 409 when another week is stored by now.
    """
    row = _zone(zone_id)
    with degrees.shown_in(row.site.temperature_unit):
        return _save(request, row)


def _save(request: HttpRequest, row: ClimateZone) -> JsonResponse:
    try:
        known, blocks = _sent(request)
        slots = to_slots(blocks, row.celsius_of)
    except Refused as refused:
        return JsonResponse({"error": degrees.translated(refused.sentence), "index": refused.index}, status=422)
    try:
        with transaction.atomic():
            get_object_or_404(ClimateZone.objects.select_for_update(no_key=True), pk=row.pk)
            before = _stored(row)
            if known != digest(before):
                return _conflict(row, before)
            replace_schedule(row, slots, by=request.user.get_username())
    except ValidationError as error:
        return JsonResponse(
            {"error": degrees.translated(" ".join(error.messages)), "index": _warmest(row, blocks)}, status=422
        )
    return JsonResponse(_saved(row, before))


def _sent(request: HttpRequest) -> tuple[str, list[Block]]:
    """The digest the browser knows, and its blocks. Raises Refused."""
    try:
        body = json_text.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused("This is no week. Load the page again.")
    return str(body.get("digest", "")), from_json(body.get("blocks"))


def _warmest(row: ClimateZone, blocks: list[Block]) -> int | None:
    """The block to point at: times and range are right by now, what is left to refuse is too warm for the limit."""
    return max(
        range(len(blocks)),
        key=lambda index: row.celsius_of(blocks[index].preset, blocks[index].celsius),
        default=None,
    )


def _conflict(row: ClimateZone, stored: list[Block]) -> JsonResponse:
    sentence = f"The week of {row.name} was changed elsewhere since you opened it. Yours is not saved yet."
    return JsonResponse({"error": sentence, "digest": digest(stored), "blocks": to_json(stored)}, status=409)


def _saved(row: ClimateZone, before: list[Block]) -> dict[str, Any]:
    """What is stored now, what was, and from when it holds."""
    at = Moment(timezone.now(), row.site.tz)
    blocks = _stored(row)
    return {
        "digest": digest(blocks),
        "blocks": to_json(blocks),
        "previous": to_json(before),
        "holds": _holds_now(row, at),
    }
