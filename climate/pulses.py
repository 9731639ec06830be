"""Heat on a doubted sensor: none but short pulses against frost, each followed by a look whether it answers. Pure.

A sensor in doubt (`sensors`) that says frost may be right: somebody carried it into a cold room. It may be wrong:
its unit turned. So the room gets heat in pulses: a bounded energy (measured, or what may be drawn at most), which
comes back to it slowly, so that no room gets warm by them. Only where the room could be as cold as that by now, and
where the highest that it may still be leaves room for a pulse below its high limit. Heat moves what a sensor
says, by some tenths of a kelvin, not at all where it is dead, and not by many kelvins: three pulses in a row without
such an answer end them, until a person or the sensor itself settles the doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sites import remembered
from sites.figures import celsius_apart
from sites.words import watts

from .room_physics import LIGHTEST_ROOM_WH_PER_K

#: What one pulse gives at most, Wh; the lightest room rises by 5 K, most by less than 1 K.
PULSE_WH = 250.0
#: What pulses give on average at most, W: a pulse every two hours. It warms no room (15 W/K) by more than 9 K above
#: the outdoors.
MEAN_W = 125.0
#: Less energy is no pulse: a miner has hardly begun to warm.
LEAST_WH = 50.0
#: With less it has not begun, Wh.
_BEGUN_WH = 1.0
ANSWER_WITHIN = timedelta(hours=1)
LEAST_ANSWER_K = 0.3
#: Beyond what the lightest room would rise by, what a sensor says does not come from the pulse, K.
MOST_ANSWER_K = 5.0 + PULSE_WH / LIGHTEST_ROOM_WH_PER_K
UNANSWERED_AT_MOST = 3
#: Heat that nobody saw for longer than this is not reckoned further.
LONGEST_STEP = timedelta(minutes=15)
MEMORY_TIMES = ("pulse_at", "pulse_seen_at")


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether heat may flow now, whether pulses have been given up, and what a person reads of it."""

    is_on: bool = False
    is_given_up: bool = False
    words: str = ""


NO_PULSE = Pulse()


@dataclass(frozen=True, slots=True)
class Room:
    """A room whose sensors are in doubt: what they say, its limits, how cold and warm it may be (°C), W into it."""

    says_celsius: float
    frost_limit_celsius: float
    high_limit_celsius: float
    lowest_possible_celsius: float | None
    highest_possible_celsius: float | None
    heat_w: float


def judge(room: Room | None, memory: Mapping[str, Any], now: datetime) -> tuple[Pulse, dict[str, Any]]:
    """The pulse at `now`, and what to remember; None: the room's sensors are not in doubt, so there is none.

    Memory: `pulse_wh` (energy not yet made up for), `pulse_seen_at` (ISO), `pulse_on`, and of the last pulse
    `pulse_at` (ISO), `pulse_from` and `pulse_best` (°C), `pulse_gave_wh` and `pulses_unanswered`.
    """
    if room is None:
        return NO_PULSE, {}
    balance = _balance(room, memory, now)
    spent_wh, gave_wh, was_on = balance["pulse_wh"], balance["pulse_gave_wh"], bool(memory.get("pulse_on"))
    allowed_wh = _allowed_wh(room)
    wanted = room.says_celsius < room.frost_limit_celsius and allowed_wh >= LEAST_WH and _may_be_cold(room)
    if was_on:
        is_on = wanted and spent_wh < allowed_wh
        # Guards may keep it waiting: it begins with its heat.
        begun = _begun(room, now) if gave_wh < _BEGUN_WH else {}
        return Pulse(is_on, words=_words_on(room, allowed_wh)), balance | begun | {"pulse_on": is_on}
    at = remembered.past(memory.get("pulse_at"), now)
    unanswered = int(remembered.number(memory.get("pulses_unanswered"), 0, 1000) or 0)
    if at is not None and gave_wh >= LEAST_WH and now - at >= ANSWER_WITHIN:
        unanswered = 0 if _is_answered(balance) else unanswered + 1
        balance |= {"pulses_unanswered": unanswered, "pulse_gave_wh": 0.0}
    if unanswered >= UNANSWERED_AT_MOST:
        return Pulse(False, True, _words_given_up(room)), balance
    waits = at is not None and balance["pulse_gave_wh"] > 0
    if wanted and not waits and spent_wh <= 0:
        begun = _begun(room, now) | {"pulse_on": True, "pulse_gave_wh": 0.0}
        return Pulse(True, words=_words_on(room, allowed_wh)), balance | begun
    return Pulse(words=_words_off(room)), balance


def _begun(room: Room, now: datetime) -> dict[str, Any]:
    return {"pulse_at": now.isoformat(), "pulse_from": room.says_celsius, "pulse_best": room.says_celsius}


def _balance(room: Room, memory: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What is remembered of energy and answer, carried on to `now`."""
    seen_at = remembered.past(memory.get("pulse_seen_at"), now)
    hours = min(now - seen_at, LONGEST_STEP).total_seconds() / 3600 if seen_at is not None else 0.0
    rested = (now - seen_at).total_seconds() / 3600 if seen_at is not None else 0.0
    heat_wh = room.heat_w * hours
    spent_wh = (remembered.number(memory.get("pulse_wh"), 0) or 0.0) + heat_wh - MEAN_W * rested
    gave_wh = (remembered.number(memory.get("pulse_gave_wh"), 0) or 0.0) + heat_wh
    at, began = remembered.past(memory.get("pulse_at"), now), remembered.number(memory.get("pulse_from"))
    balance: dict[str, Any] = {
        "pulse_wh": round(max(0.0, spent_wh), 3),
        "pulse_gave_wh": round(gave_wh if at is not None else 0.0, 3),
        "pulse_seen_at": now.isoformat(),
        "pulses_unanswered": int(remembered.number(memory.get("pulses_unanswered"), 0, 1000) or 0),
    }
    if at is not None and began is not None:
        best = remembered.number(memory.get("pulse_best"))
        if now - at <= ANSWER_WITHIN or best is None:
            best = max(room.says_celsius, began if best is None else best)
        balance |= {"pulse_at": at.isoformat(), "pulse_from": began, "pulse_best": best}
    return balance


def _allowed_wh(room: Room) -> float:
    """The energy of one pulse: less where the room may still be close to its high limit."""
    if room.highest_possible_celsius is None:
        return PULSE_WH
    return min(PULSE_WH, (room.high_limit_celsius - room.highest_possible_celsius) * LIGHTEST_ROOM_WH_PER_K)


def _may_be_cold(room: Room) -> bool:
    lowest = room.lowest_possible_celsius
    return lowest is None or lowest < room.frost_limit_celsius


def _is_answered(balance: Mapping[str, Any]) -> bool:
    began, best = balance.get("pulse_from"), balance.get("pulse_best")
    return began is not None and best is not None and LEAST_ANSWER_K <= best - began <= MOST_ANSWER_K


def _frost(room: Room) -> str:
    seen, limit = celsius_apart(room.says_celsius, room.frost_limit_celsius)
    return f"Its sensor says {seen}, which is in doubt; the frost limit is {limit}"


def _words_on(room: Room, allowed_wh: float) -> str:
    return f"{_frost(room)}. It gets one pulse of at most {allowed_wh:.0f} Wh."


def _words_off(room: Room) -> str:
    if room.says_celsius >= room.frost_limit_celsius:
        return ""
    if not _may_be_cold(room):
        return f"{_frost(room)}. It cannot be as cold as that yet."
    if _allowed_wh(room) < LEAST_WH:
        return f"{_frost(room)}. It may still be too close to its high limit for a pulse of heat."
    return f"{_frost(room)}. It gets short pulses of heat, {watts(MEAN_W)} on average."


def _words_given_up(room: Room) -> str:
    return f"{_frost(room)}. {UNANSWERED_AT_MOST} pulses of heat did not move it as heat does, so there are no more."
