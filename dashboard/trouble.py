"""What a card says first: the state of a thing in a word, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import formats
from .facts import AlarmFacts, Moment


@dataclass(frozen=True, slots=True)
class State:
    """A word and its tone: heat, cold, calm, away, alarm or wait (never a colour alone)."""

    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, since when, what the program did, what the person can do."""

    text: str
    since: str
    did: str
    remedy: str
    tone: str = "alarm"


def trouble_of(alarms: Sequence[AlarmFacts], subjects: set[str], at: Moment) -> Trouble | None:
    """The first open alarm about one of `subjects`, the gravest first."""
    about = sorted((a for a in alarms if a.subject in subjects), key=lambda a: (a.severity != "alarm", a.since))
    if not about:
        return None
    alarm = about[0]
    tone = "alarm" if alarm.severity == "alarm" else "warn"
    return Trouble(alarm.text, formats.moment(alarm.since, at.now, at.tz), alarm.did, alarm.remedy, tone)
