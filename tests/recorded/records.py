"""What a day gave, as lines: read from the database and the world, written, and compared with what was recorded."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from climate.models import TargetOverride, TargetPeriod, ZoneReading
from energy.models import EnergyReading
from miners.models import CommandLog, ManualRequest, MinerReading
from optimization.models import Decision
from sites.models import ActivityLog, Alarm

from .home import Home

DATA = Path(__file__).parent / "data"
DIFFERENCES = Path(__file__).parent / "differences.md"
#: The file of words; all others are behaviour.
SENTENCES = "sentences.jsonl"
#: Numbers are recorded to so many digits: what a float does beyond them is nobody's behaviour.
DIGITS = 2
#: Of a difference so many lines are shown, cut at so many characters.
_SHOWN, _WIDTH = 5, 500

Files = dict[str, list[str]]


def taken(home: Home) -> Files:
    """The lines of every file of a day that was run."""
    rows, sentences = _rows(home)
    return {
        "home.json": json.dumps(home.description, indent=1, ensure_ascii=False).splitlines(),
        "readings.jsonl.gz": _lines(home.readings),
        "writes.jsonl": _lines(home.writes),
        "decisions.jsonl": _lines(_decisions(home, sentences)),
        "alarms.jsonl": _lines(_alarms(home, sentences)),
        "rows.jsonl": _lines(_in_order([*rows, *(["wanted", *step] for step in home.steps)], 1)),
        "minutes.jsonl.gz": _lines(_minutes(home)),
        SENTENCES: _lines(_in_order(sentences, 0)),
    }


def _lines(records: Iterable[Any]) -> list[str]:
    return [json.dumps(_rounded(one), ensure_ascii=False) for one in records]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def _in_order(records: list[list[Any]], at: int) -> list[list[Any]]:
    """By moment (ISO with its offset, so the hour that comes twice is told apart); within one by what they say."""
    return sorted(records, key=lambda one: (datetime.fromisoformat(one[at]), json.dumps(_rounded(one))))


def _decisions(home: Home, sentences: list[list[Any]]) -> list[list[Any]]:
    found = []
    for row in Decision.objects.filter(site=home.site):
        at, miner = home.local(row.at), _name(home, row.miner_id)
        rule = home.names.get(str(row.rule_id), "") if row.rule_id else ""
        found.append(
            [
                at,
                miner,
                row.action,
                row.reason_code,
                {"guard": row.guard, "origin": row.origin, "rule": rule, "broke_min_on": row.broke_min_on},
                row.target_celsius,
                row.intent_w,
                row.command_w,
                home.local(row.last_confirmed_at),
            ]
        )
        sentences.append([at, "decision", miner, row.reason])
    return _in_order(found, 0)


def _alarms(home: Home, sentences: list[list[Any]]) -> list[list[Any]]:
    found = []
    for row in Alarm.objects.filter(site=home.site):
        subject = _subject(home, row.subject)
        found.append([home.local(row.since), "raised", row.kind, subject, row.severity])
        if row.ended_at is not None:
            found.append([home.local(row.ended_at), "cleared", row.kind, subject, row.severity])
        if row.acknowledged_at is not None:
            found.append([home.local(row.acknowledged_at), "acknowledged", row.kind, subject, row.acknowledged_by])
        sentences.append([home.local(row.since), "alarm", subject, row.kind, row.text, row.did, row.remedy])
    for at, _, what, title in home.told:
        found.append([at, "Home Assistant", what])
        if title:
            sentences.append([at, "notification", title])
    return _in_order(found, 0)


def _rows(home: Home) -> tuple[list[list[Any]], list[list[Any]]]:
    """Other rows: behaviour, and what they say."""
    rows: list[list[Any]] = []
    sentences: list[list[Any]] = []
    for row in CommandLog.objects.filter(miner__site=home.site):
        at, miner = home.local(row.at), _name(home, row.miner_id)
        rows.append(["command", at, miner, row.power_w, row.origin, row.outcome])
        sentences.append([at, "command", miner, row.reason, row.error])
    for row in ManualRequest.objects.filter(miner__site=home.site):
        span = [_local(home, row.until), _local(home, row.cancelled_at)]
        rows.append(
            ["request", home.local(row.created_at), _name(home, row.miner_id), row.power_w, row.origin, row.by, *span]
        )
    for row in TargetOverride.objects.filter(zone__site=home.site):
        span = [_local(home, row.until), _local(home, row.cancelled_at)]
        target = row.preset or row.target_celsius
        rows.append(["override", home.local(row.created_at), _name(home, row.zone_id), target, row.by, *span])
    for row in TargetPeriod.objects.filter(site=home.site):
        span = [_local(home, row.starts_at), _local(home, row.ends_at), _local(home, row.cancelled_at)]
        rows.append(["period", home.local(row.created_at), row.preset or row.target_celsius, row.by, *span])
    for row in ActivityLog.objects.filter(site=home.site):
        rows.append(["activity", home.local(row.at), row.severity, row.actor])
        sentences.append([home.local(row.at), "activity", row.severity, row.text])
    return rows, sentences


def _minutes(home: Home) -> list[list[Any]]:
    """Rooms, sources and miners by the minute, one after the other."""
    found: list[list[Any]] = []
    for model, owner, where in (
        (ZoneReading, "zone", "zone__site"),
        (EnergyReading, "source", "source__site"),
        (MinerReading, "miner", "miner__site"),
    ):
        names = [one.name for one in model._meta.concrete_fields if one.name not in ("id", "at", owner)]
        rows = model.objects.filter(**{where: home.site}).values_list(f"{owner}_id", "at", *names)
        series = [
            [
                _name(home, pk),
                home.local(at),
                *(_local(home, one) if isinstance(one, datetime) else one for one in rest),
            ]
            for pk, at, *rest in rows
        ]
        found.append([owner, "at", *names])
        found += sorted(series, key=lambda one: (one[0], datetime.fromisoformat(one[1])))
    return found


def _name(home: Home, pk: Any) -> str:
    return home.names[str(pk)]


def _subject(home: Home, subject: str) -> str:
    """“miner:Stove” of a subject with an id."""
    kind, _, pk = subject.partition(":")
    return f"{kind}:{home.names.get(pk, pk)}" if pk else subject


def _local(home: Home, at: datetime | None) -> str | None:
    return None if at is None else home.local(at)


# --- files ----------------------------------------------------------------------------------------


def read(day: str, name: str) -> list[str]:
    path = DATA / day / name
    if not path.exists():
        return []
    data = path.read_bytes()
    return (gzip.decompress(data) if name.endswith(".gz") else data).decode().splitlines()


def write(day: str, files: Files) -> None:
    for name, lines in files.items():
        path = DATA / day / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(data, 9, mtime=0) if name.endswith(".gz") else data)


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a file of a day differs first, with what surrounds it."""

    name: str
    recorded: list[str]
    now: list[str]

    def __str__(self) -> str:
        pairs = enumerate(zip(self.recorded, self.now, strict=False))
        shorter = min(len(self.recorded), len(self.now))
        first = next((number for number, (before, now) in pairs if before != now), shorter)
        before, now = set(self.recorded), set(self.now)
        gone, new = ([one for one in self.recorded if one not in now], [one for one in self.now if one not in before])
        lines = [f"{self.name}: {len(gone)} recorded lines are missing, {len(new)} are new; first at line {first + 1}:"]
        lines += [f"    {line[:_WIDTH]}" for line in self.recorded[max(0, first - 1) : first]]
        lines += [f"  − {line[:_WIDTH]}" for line in gone[:_SHOWN]] + [f"  + {line[:_WIDTH]}" for line in new[:_SHOWN]]
        return "\n".join(lines)


def differences(day: str, files: Files) -> tuple[list[Difference], list[Difference]]:
    """Of behaviour, and of sentences. `home.json` is for readers and is not compared."""
    found = [
        Difference(name, recorded, lines)
        for name, lines in files.items()
        if name != "home.json" and (recorded := read(day, name)) != lines
    ]
    return [one for one in found if one.name != SENTENCES], [one for one in found if one.name == SENTENCES]


def digest() -> str:
    """Of all recorded behaviour."""
    found = hashlib.sha256()
    for path in sorted(DATA.glob("*/*.jsonl*")):
        if path.name != SENTENCES:
            found.update("\n".join([path.parent.name, path.name, *read(path.parent.name, path.name)]).encode())
    return found.hexdigest()[:12]


def accepted_digest() -> str:
    """Of the last line of the differences that were accepted."""
    lines = [line for line in DIFFERENCES.read_text().splitlines() if line.startswith("- `")]
    return lines[-1].split("`")[1] if lines else ""


def accept(why: str) -> None:
    """Note why what is recorded now is what was meant."""
    with DIFFERENCES.open("a") as file:
        file.write(f"- `{digest()}` {why}\n")
