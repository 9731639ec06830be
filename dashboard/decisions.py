"""The last decisions and commands of a home as lines to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from miners.models import CommandLog, Miner
from optimization.models import Decision
from sites.models import Site

from . import formats
from .facts import Moment

SHOWN = 12
COMMANDS_A_PAGE = 50
_ACTIONS = {
    "start": ("started", "heat"),
    "stop": ("stopped", "calm"),
    "hold": ("kept running", "heat"),
    "keep_off": ("stayed off", "calm"),
    "level": ("changed its level", "heat"),
    "leave": ("was left alone", "calm"),
}


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """“06:12 · Avalon stopped: …” and the rule or guard behind it."""

    at: str
    miner: str
    action: str
    tone: str
    reason: str
    rule: str
    note: str


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What was written to a device and what came of it; `miner` is empty on its own page."""

    at: str
    miner: str
    power: str
    outcome: str
    failed: bool
    reason: str


def decision_lines(site: Site, miner_ids: Sequence[str], at: Moment) -> tuple[DecisionLine, ...]:
    """The newest decisions about these miners."""
    rows = (
        Decision.objects.filter(site=site, miner__in=list(miner_ids))
        .select_related("miner")
        .defer("saw", "explanation")
    )
    lines = []
    for row in rows[:SHOWN]:
        action, tone = _ACTIONS.get(row.action, (row.action, "calm"))
        note = "This broke its minimum on time." if row.broke_min_on else ""
        lines.append(
            DecisionLine(
                formats.moment(row.at, at.now, at.tz), row.miner.name, action, tone, row.reason, row.rule_name, note
            )
        )
    return tuple(lines)


def command_lines(site: Site, at: Moment) -> tuple[CommandLine, ...]:
    """The newest writes to this home's devices."""
    rows = CommandLog.objects.filter(miner__site=site).select_related("miner")
    return tuple(_command_line(row, row.miner.name, at) for row in rows[:SHOWN])


def commands_of(miner: Miner, at: Moment, *, before: int | None = None) -> tuple[tuple[CommandLine, ...], int | None]:
    """The last writes to one miner (before the row with this id), and the id from which older ones go on, if any."""
    rows = CommandLog.objects.filter(miner=miner).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    rows = list(rows[: COMMANDS_A_PAGE + 1])
    shown = rows[:COMMANDS_A_PAGE]
    older = shown[-1].pk if len(rows) > len(shown) else None
    return tuple(_command_line(row, "", at) for row in shown), older


def _command_line(row: CommandLog, name: str, at: Moment) -> CommandLine:
    return CommandLine(
        formats.moment(row.at, at.now, at.tz),
        name,
        formats.power(row.power_w) if row.power_w else "off",
        f"failed: {row.error}" if row.outcome == "failed" else "sent",
        row.outcome == "failed",
        row.reason,
    )
