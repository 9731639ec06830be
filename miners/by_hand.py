"""What a person may ask of a miner by hand: one of its own levels, and for how long. Pure.

Every refusal is a ValidationError naming the field, what was seen and what may be chosen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.core.exceptions import ValidationError

from sites.clock import is_ahead
from sites.words import THIN, number

from .power import Level, PowerModel

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
    """The most that may be asked of a miner (W): its highest level, or its nominal power where that is more."""
    return max(nominal_power_w, ceil(model.max_w))


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


def watts_in_range(model: PowerModel, text: str) -> int:
    """The watts of the step that a typed number means, for a device that takes any step of a range.

    Raises ValidationError for what is no number, or lies outside.
    """
    try:
        power_w = float(text)
    except ValueError:
        power_w = float("nan")
    if not model.min_w <= power_w <= model.max_w:
        allowed = f"{exact_watts(model.min_w)} to {exact_watts(model.max_w)}"
        raise ValidationError({"power_w": f"‘{text[:_SHOWN]}’ is no power of it. Choose from {allowed}."})
    return ceil(model.fitting(power_w))


def watts_taken(model: PowerModel, nominal_power_w: int, text: str) -> int:
    """The watts of the highest level that a typed number leaves room for, or of the step of a range it means.

    Raises ValidationError for what is no number, less than its lowest level, or more than may be asked.
    """
    if model.step_w is not None:
        return watts_in_range(model, text)
    most = most_w(model, nominal_power_w)
    try:
        power_w = float(text)
    except ValueError:
        power_w = float("nan")
    if not model.min_w <= power_w <= most:
        allowed = exact_watts(most)
        if model.min_w < most:
            allowed = f"from {exact_watts(model.min_w)} to {allowed}"
        raise ValidationError(
            {"power_w": f"‘{text[:_SHOWN]}’ is no power of it. Choose {allowed}; its levels: {levels_words(model)}."}
        )
    return ceil(model.fitting(power_w))


def wish_words(model: PowerModel, power_w: int) -> str:
    """“off”, “1350 W (level 1)”; where a wish lies between levels, “1500 W (runs at standard, 1300 W)”."""
    if power_w == 0:
        return "off"
    fitting_w = ceil(model.fitting(power_w))
    if model.step_w is not None:
        runs_at = "" if fitting_w == power_w else f" (runs at {exact_watts(fitting_w)})"
        return exact_watts(power_w) + runs_at
    level = model.level_of(fitting_w)
    if fitting_w != power_w:
        return f"{exact_watts(power_w)} (runs at {level_words(level)})"
    name = level_name(level) if model.is_stepped else ""
    return f"{exact_watts(power_w)} ({name})" if name else exact_watts(power_w)


def wish_holds(until: datetime | None, created_at: datetime, now: datetime) -> bool:
    """A wish with an end is over at it, or when it was made in the future: the clock was set back since."""
    return until is None or (now < until and not is_ahead(created_at, now))


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
