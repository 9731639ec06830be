"""The pages about a home. Each gathers facts, makes cards of them and answers the page or its live parts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import condition, require_safe

from climate.history import totals
from climate.models import ClimateZone
from climate.services import plan_of
from miners.earnings.queries import earnings_of
from sites import live
from sites.models import ActivityLog

from . import formats, queries, scope, stats
from .cards import zone_card
from .chart_views import ENERGY_RANGES, MINER_RANGES, ROOM_RANGES, ChartBox
from .decisions import command_lines, decision_lines
from .earnings_card import earnings_card
from .energy_panel import energy_panels
from .miner_cards import by_urgency, miner_card
from .miner_totals import miner_totals
from .overview import overview
from .page import PageData, Part, digest, home_page, respond, signed_in
from .policies import policy_views
from .pools_card import pools_card
from .sensors import Monitor, sensors
from .week import week

ACTIVITY_ROWS = 50


def _energy_live(data: PageData) -> dict:
    """The live energy of the home: of its first source that says anything."""
    return next((source.live for source in queries.sources(data.site) if source.live), {})


@require_safe
@home_page
def home(data: PageData) -> HttpResponse:
    """The climate dashboard: a card per zone, the energy beside them."""
    sources = queries.sources(data.site)
    energy = next((source.live for source in sources if source.live), None)
    zones = queries.zones(data.site, data.at, data.miners)
    whole = Part(
        "overview",
        "dashboard/_overview.html",
        overview(zones, data.periods, energy, queries.outdoor(data.site), data.at),
    )
    cards = [zone_card(zone, data.at, alarms=data.alarms, energy=energy) for zone in zones]
    panels = energy_panels(sources, queries.running_w(data.site))
    roomless = [miner_card(miner, data.at, alarms=data.alarms) for miner in data.miners if not miner.zone_names]
    rooms = [
        *(Part(f"zone-{card.id}", "dashboard/_zone_card.html", card) for card in cards),
        *(Part(f"miner-{card.id}", "dashboard/_miner_card.html", card) for card in roomless),
    ]
    beside = [Part(f"energy-{panel.id}", "dashboard/_energy_panel.html", panel) for panel in panels]
    above = [whole] if zones else []
    context = {"overview": above, "rooms": rooms, "energy": beside, "has_zones": bool(cards), "place": "home"}
    return respond(data, "dashboard/home.html", [*above, *rooms, *beside], **context)


@require_safe
@signed_in
def zone(request: HttpRequest, zone_id: UUID) -> HttpResponse:
    """One zone, larger: chart, week, sensor, last decisions."""
    row = get_object_or_404(ClimateZone.objects.select_related("site"), pk=zone_id)
    scope.show(request, row.site_id)
    return _zone_page(request, row)


@home_page
def _zone_page(data: PageData, row: ClimateZone) -> HttpResponse:
    (facts,) = queries.zones(data.site, data.at, data.miners, only=row)
    card = zone_card(facts, data.at, alarms=data.alarms, energy=_energy_live(data))
    decisions = decision_lines(data.site, [miner.id for miner in facts.miners], data.at)
    health = sensors(
        facts,
        [
            Monitor(str(one.pk), one.name, int(one.limit_of_age.total_seconds()), tuple(one.cautions()))
            for one in row.monitors.all()
        ],
        data.at,
        high_limit_celsius=row.high_limit_celsius,
        frost_limit_celsius=row.frost_limit_celsius if row.frost_protection else None,
    )
    lead = Part(f"zone-{card.id}", "dashboard/_zone_card.html", card)
    plan = plan_of(row, data.at.now)
    strip = Part("week", "dashboard/_week.html", week(plan.slots, plan.default_celsius, data.at, plan.periods))
    below = [
        Part("sensors", "dashboard/_sensors.html", health),
        Part("decisions", "dashboard/_decisions.html", decisions),
    ]
    return respond(
        data,
        "dashboard/zone.html",
        [lead, strip, *below],
        place="home",
        zone=row,
        week=strip,
        below=below,
        box=_room_box(row),
    )


def _room_box(row: ClimateZone) -> ChartBox:
    return ChartBox(
        "zone-chart", "zone", reverse("zone-chart", args=[row.pk]), ROOM_RANGES, stats.room_stats(totals(()))
    )


@require_safe
@signed_in
@condition(etag_func=lambda request, site_id: f'"{digest(_seen_at(site_id))}"')
def pulse(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """When the last pass looked: asked every second or two, answered from memory, 304 between passes."""
    return HttpResponse(_seen_at(site_id), content_type="text/plain", headers={"Cache-Control": "private, no-cache"})


def _seen_at(site_id: UUID) -> str:
    return (live.read(site_id) or {}).get("at", "")


@require_safe
@home_page
def miners(data: PageData) -> HttpResponse:
    """All miners in sum, each with what it does, what it should and why, and what was sent to them."""
    panel = earnings_of(data.site, data.at.now)
    values = {line.miner_id: line.value for line in panel.miners} if panel.hash_value is not None else {}
    cards = by_urgency(
        miner_card(miner, data.at, alarms=data.alarms, value=values.get(miner.id), currency=panel.currency)
        for miner in data.miners
    )
    totals = Part("miner-totals", "dashboard/_miner_totals.html", miner_totals(data.miners, cards, panel))
    each = [Part(f"miner-{card.id}", "dashboard/_miner_card.html", card) for card in cards]
    earnings = Part("earnings", "dashboard/_earnings.html", earnings_card(panel))
    pools = pools_part(data)
    sent = Part("commands", "dashboard/_commands.html", command_lines(data.site, data.at))
    first = next((card.id for card in cards if card.state.tone == "heat"), cards[0].id if cards else "")
    boxes = [(miner.name, miner_box(miner.id), miner.id == first) for miner in data.miners]
    parts = [totals, *each, earnings, pools, sent] if cards else [sent]
    context = {"totals": totals, "each": each, "earnings": earnings, "pools": pools, "sent": sent, "boxes": boxes}
    return respond(data, "dashboard/miners.html", parts, has_miners=bool(cards), place="miners", **context)


def pools_part(data: PageData) -> Part:
    return Part("pools", "dashboard/_pools.html", pools_card(queries.pools(data.site), data.at))


def miner_box(miner_id: str) -> ChartBox:
    return ChartBox(
        f"chart-{miner_id}", "miner", reverse("miner-chart", args=[miner_id]), MINER_RANGES, stats.miner_stats([])
    )


@require_safe
@home_page
def energy(data: PageData) -> HttpResponse:
    """Each source now, and its chart."""
    panels = energy_panels(queries.sources(data.site), queries.running_w(data.site))
    parts = [Part(f"energy-{panel.id}", "dashboard/_energy_panel.html", panel) for panel in panels]
    boxes = [
        ChartBox(
            f"chart-{panel.id}",
            "energy",
            reverse("energy-chart", args=[panel.id]),
            ENERGY_RANGES,
            stats.energy_stats([]),
        )
        for panel in panels
    ]
    rows = list(zip(parts, boxes, strict=True))
    return respond(data, "dashboard/energy.html", parts, rows=rows, place="energy")


@require_safe
@home_page
def policies(data: PageData) -> HttpResponse:
    """Policies and their rules in words, and which units use them."""
    return respond(data, "dashboard/policies.html", [], policies=policy_views(data.site), place="policies")


@dataclass(frozen=True)
class ActivityLine:
    """One sentence of the log."""

    at: str
    text: str
    actor: str
    severity: str


@require_safe
@home_page
def activity(data: PageData) -> HttpResponse:
    """What happened, newest first; `before` pages on."""
    rows = ActivityLog.objects.filter(site=data.site)
    before = data.request.GET.get("before", "")
    if before.isdigit():
        rows = rows.filter(pk__lt=int(before))
    rows = list(rows.order_by("-pk")[: ACTIVITY_ROWS + 1])
    lines = tuple(
        ActivityLine(formats.moment(row.at, data.at.now, data.at.tz), row.text, row.actor, row.severity)
        for row in rows[:ACTIVITY_ROWS]
    )
    older = rows[ACTIVITY_ROWS - 1].pk if len(rows) > ACTIVITY_ROWS else None
    part = Part("activity", "dashboard/_activity.html", lines)
    return respond(data, "dashboard/activity.html", [part], older=older, place="activity")


@require_safe
@signed_in
def show_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """The site switcher: show this home from now on."""
    scope.show(request, site_id)
    return redirect(reverse("home"))
