"""The page of one miner: what it does and why, what a person may ask of it, what it is, earned and was told."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from miners.earnings.queries import earnings_of_miner
from miners.models import Miner
from miners.power import DEVICE_CLASSES, heat_limits_celsius

from . import scope
from .decisions import commands_of, decision_lines
from .earnings_card import miner_earnings
from .facts import MinerFacts
from .miner_cards import miner_card
from .miner_details import SwitchingFacts, about, readings, said_by, switching
from .page import PageData, Part, home_page, respond, signed_in
from .views import miner_box, pools_part

_RELATED = ("site", "controller", "cutoff", "circuit")


@require_safe
@signed_in
def miner(request: HttpRequest, miner_id: UUID) -> HttpResponse:
    """One miner. A page of one that was deleted meanwhile is loaded anew, and says so."""
    row = Miner.objects.select_related(*_RELATED).filter(pk=miner_id).first()
    if row is None:
        if request.htmx:
            return HttpResponseClientRefresh()
        raise Http404
    scope.show(request, row.site_id)
    return _page(request, row)


@home_page
def _page(data: PageData, row: Miner) -> HttpResponse:
    facts = next(one for one in data.miners if one.id == str(row.pk))
    panel = earnings_of_miner(row, data.at.now)
    card = miner_card(facts, data.at, alarms=data.alarms)  # what it earns has a card of its own
    commands, older = commands_of(row, data.at, before=_before(data.request))
    identity = row.controller.identity if row.controller is not None else {}
    what = about(identity, facts, data.at, model_name=row.model, measured=row.level_watts)
    parts = {
        "card": Part(f"miner-{card.id}", "dashboard/_miner_card.html", card),
        "readings": Part(
            "readings", "dashboard/_miner_readings.html", readings(facts.live, facts.power, beside=said_by(card))
        ),
        "switching": Part(
            "switching",
            "dashboard/_miner_switching.html",
            switching(facts, _switching_facts(row, facts), data.at, beside=said_by(card)),
        ),
        "about": Part("about", "dashboard/_miner_about.html", what),
        "earnings": Part("earnings", "dashboard/_miner_earnings.html", miner_earnings(panel)),
        "pools": pools_part(data),
        "decisions": Part("decisions", "dashboard/_decisions.html", decision_lines(data.site, [facts.id], data.at)),
        "commands": Part("commands", "dashboard/_commands.html", commands),
    }
    return respond(
        data, "dashboard/miner.html", list(parts.values()), miner=row, named=parts, older=older, place="miners",
        box=miner_box(facts.id), back=reverse("miners"),
    )  # fmt: skip


def _before(request: HttpRequest) -> int | None:
    """The row of the command log that the page goes on from; what is no number is none."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def _switching_facts(row: Miner, facts: MinerFacts) -> SwitchingFacts:
    told, controller = row.power.device_class, row.controller
    known = DEVICE_CLASSES.get(row.device_class) or (DEVICE_CLASSES.get(told) if row.detected_power else None)
    chips, boards = heat_limits_celsius(told, row.max_chip_celsius, row.max_board_celsius)
    return SwitchingFacts(
        class_label=known.label if known else "",
        min_on_seconds=row.min_on_seconds,
        min_off_seconds=row.min_off_seconds,
        max_starts_per_hour=row.max_starts_per_hour,
        max_starts_per_day=row.max_starts_per_day,
        controller="" if controller is None else controller.name,
        kind="" if controller is None else _kind(controller),
        off_by=facts.power.off_by if facts.power is not None else None,
        dead_man=facts.dead_man,
        plug="" if row.cutoff is None else row.cutoff.name,
        cut_at=row.cut_at,
        circuit="" if row.circuit is None else row.circuit.name,
        circuit_limit_w=None if row.circuit is None else row.circuit.limit_w,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
        quiet_max_w=row.quiet_max_w,
        max_chip_celsius=chips,
        max_board_celsius=boards,
        noise_db=row.noise_db,
    )


def _kind(controller) -> str:
    """What kind of device its driver is for; empty for a driver that is not installed any more."""
    try:
        return controller.adapter.label
    except LookupError:
        return ""
