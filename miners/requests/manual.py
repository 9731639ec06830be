"""What a person may ask of a miner by hand: one of its own levels, and for how long. Pure.

Every refusal is a ValidationError naming the field, what was seen and what may be chosen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.core.exceptions import ValidationError

from miners.power import Level, PowerModel
from miners.power import taken_w as really_taken_w
from sites.words import THIN, number

ON_DEFAULT = timedelta(hours=2)
ON_MAX = timedelta(hours=24)
MOST_MINUTES = int(ON_MAX.total_seconds() // 60)
#: More levels than this are not listed in a sentence.
_LISTED = 12
_SHOWN = 40


def exact_watts(power_w: float) -> str:
    """“1350 W”: levels lie too close together for kW with one decimal."""
    return f"{number(power_w, 0)}{THIN}W"


def level_name(level: Level) -> str:
    """What its device calls it, as a person reads it: “eco”, “level 3”; empty where its watts are its name."""
    if level.key.isdecimal():
        return f"level {level.key}"
    return "" if level.key.replace(" ", "") == f"{level.power_w:.0f}W" else level.key


def level_words(level: Level) -> str:
    """“eco, 800 W”."""
    return ", ".join(filter(None, (level_name(level), exact_watts(level.power_w))))


def most_w(model: PowerModel, nominal_power_w: int) -> int:
    """The most that may be asked of a miner (W): its highest level; of one that is only switched, all it takes."""
    return ceil(model.max_w) if model.is_stepped else really_taken_w(model, nominal_power_w, model.max_w)


def watts_of_level(model: PowerModel, key: str) -> int:
    """The watts to ask for so that the level of this key fits, rounded up: else it would be the one below.

    Raises ValidationError listing the levels there are.
    """
    power_w = model.watts_of(key)
    if power_w is None:
        raise ValidationError(
            {"level": f"‘{key[:_SHOWN]}’ is none of its levels. Choose one of: {levels_words(model)}."}
        )
    return ceil(power_w)


def watts_taken(model: PowerModel, nominal_power_w: int, asked: float | str) -> int:
    """The watts a miner takes for those asked for by hand, a number or as it was typed: the one rule of every way in.

    Of two levels it is the lower one, of a range the step below. Raises ValidationError, naming what may be chosen, for
    what is no number, less than the lowest level or more than the highest, and for anything but its power where a
    machine is only switched.
    """
    try:
        asked_w = float(asked)
    except (ValueError, OverflowError):
        asked_w = float("nan")
    full_w = most_w(model, nominal_power_w)
    if model.is_stepped:
        is_valid = model.min_w <= asked_w <= full_w
    else:
        is_valid = asked_w in (full_w, nominal_power_w, ceil(model.max_w))
    if not is_valid:
        hint = _choices(model, full_w)
        raise ValidationError({"power_w": f"‘{str(asked)[:_SHOWN]}’ is not a valid power. {hint}"})
    return really_taken_w(model, nominal_power_w, asked_w)


def _choices(model: PowerModel, full_w: int) -> str:
    """What may be chosen instead, in a sentence."""
    full = exact_watts(full_w)
    if not model.is_stepped:
        return f"It is only switched on and off and takes {full}: ask for {full}, or give no watts."
    if model.step_w is not None:
        return f"Choose from {exact_watts(model.min_w)} to {full}, in steps of {exact_watts(model.step_w)}."
    return f"Choose from {exact_watts(model.min_w)} to {full}; its levels: {levels_words(model)}."


def runs_words(model: PowerModel, power_w: int) -> str:
    """At what it runs with the watts it takes: “standard, 1300 W”; where it has a range or is switched, “1300 W”."""
    if model.step_w is not None or not model.is_stepped:
        return exact_watts(power_w)
    return level_words(model.level_of(power_w))


def lower_words(model: PowerModel, asked: float | str, taken_w: int) -> str:
    """What is said where other watts are taken than were asked for; empty where they are the same."""
    if float(asked) == taken_w or not model.is_stepped:
        return ""
    between = "steps" if model.step_w is not None else "levels"
    asked_words = f"{float(asked):g}{THIN}W"
    return f"{asked_words} is between two of its {between}, so it takes the lower one: {runs_words(model, taken_w)}."


def wish_words(model: PowerModel, nominal_power_w: int, power_w: int) -> str:
    """“off”, “1350 W (level 1)”; where a stored request fits no level, “1500 W (runs at standard, 1300 W)”."""
    if power_w == 0:
        return "off"
    runs_at_w = really_taken_w(model, nominal_power_w, power_w)
    if runs_at_w != power_w:
        return f"{exact_watts(power_w)} (runs at {runs_words(model, runs_at_w)})"
    name = level_name(model.level_of(power_w)) if model.is_stepped and model.step_w is None else ""
    return f"{exact_watts(power_w)} ({name})" if name else exact_watts(power_w)


def end_after(minutes: int, now: datetime) -> datetime:
    """When a wish of so many minutes ends (aware). Raises ValidationError unless it is 1 minute to 24 hours."""
    if not 1 <= minutes <= MOST_MINUTES:
        raise ValidationError({"duration_minutes": _wrong_duration(str(minutes))})
    return now + timedelta(minutes=minutes)


def end_after_hours(text: str, now: datetime) -> datetime:
    """When a wish of so many typed hours ends (aware). Raises ValidationError unless it is 1 minute to 24 hours."""
    try:
        hours = float(text)
    except ValueError:
        hours = float("nan")
    if not 1 / 60 <= hours <= MOST_MINUTES / 60:
        most = f"{MOST_MINUTES // 60} hours"
        raise ValidationError(
            {"hours": f"‘{text[:_SHOWN]}’ is no duration by hand. Choose from 0.02 (1 minute) to {most}; empty is 2."}
        )
    return now + timedelta(minutes=round(hours * 60))


def minutes_of(text: str) -> int:
    """A number of minutes as a form sends it. Raises ValidationError for what is none."""
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 12):
        raise ValidationError({"duration_minutes": _wrong_duration(text)})
    return int(text)


def _wrong_duration(seen: str) -> str:
    return f"‘{seen[:_SHOWN]}’ minutes is no duration by hand. Choose from 1 minute to {MOST_MINUTES} (24 hours)."


def levels_words(model: PowerModel) -> str:
    """“eco (800 W), standard (1300 W)”: each by its key."""
    names = [f"{level.key or '–'} ({exact_watts(level.power_w)})" for level in model.levels]
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"
