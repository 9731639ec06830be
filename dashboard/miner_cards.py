"""Miners as plain values: their line on a room's card and their own card, ready to print. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import formats
from .facts import AlarmFacts, DeadMan, MinerFacts, Moment, Wish
from .trouble import State, Trouble, trouble_of

ON_STATUSES = frozenset({"starting", "ramping", "heating", "no_pool"})


@dataclass(frozen=True, slots=True)
class MinerLine:
    """A miner on a zone card: “Avalon · 800 W · by hand until 20:15”."""

    id: str
    name: str
    power: str
    is_on: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class MinerCard:
    """One miner on the Miners page."""

    id: str
    name: str
    state: State
    trouble: Trouble | None
    actual: str
    desired: str
    heats: str
    unit: str
    extra: tuple[str, ...]
    observed_at: datetime | None
    why: str
    wish: str
    can_run: bool
    dead_man: DeadMan | None


def is_on(live: Mapping[str, Any]) -> bool:
    """The device was last seen drawing heating power."""
    return live.get("status") in ON_STATUSES


def wish_words(wish: Wish | None, at: Moment) -> str:
    """“off by hand”, “on by hand until 20:15”, or nothing."""
    if wish is None:
        return ""
    how = "off" if wish.power_w == 0 else f"on at {formats.power(wish.power_w)}"
    who = "by hand" if wish.origin == "person" else "at the device"
    until = f" until {formats.moment(wish.until, at.now, at.tz)}" if wish.until else ""
    return f"{how} {who}{until}"


def power_words(live: Mapping[str, Any]) -> str:
    """What the miner draws: measured watts, or plainly that nothing measures them."""
    status = live.get("status")
    if not live:
        return formats.UNKNOWN
    if status == "unreachable":
        return "does not answer"
    if status == "unknown":
        return "not known"
    if live.get("power_is_measured") and live.get("power_w") is not None:
        return formats.power(live["power_w"])
    return "on, not measured" if is_on(live) else "off"


def _on_the_way(live: Mapping[str, Any]) -> str:
    """What was commanded and is not seen yet."""
    if not live or live.get("confirmed", True):
        return ""
    if live.get("desired_w"):
        return "" if is_on(live) else "switching on"
    return "switching off, not confirmed" if is_on(live) or live.get("status") == "unreachable" else ""


def miner_line(miner: MinerFacts, at: Moment) -> MinerLine:
    notes = [_on_the_way(miner.live), wish_words(miner.wish, at)]
    if not miner.has_controller:
        notes = ["nothing switches it yet"]
    return MinerLine(
        miner.id, miner.name, power_words(miner.live), is_on(miner.live), " · ".join(note for note in notes if note)
    )


_MINER_STATES = {
    "off": State("off", "calm"),
    "starting": State("starting", "heat"),
    "ramping": State("warming up", "heat"),
    "heating": State("heating", "heat"),
    "no_pool": State("on, no pool", "heat"),
    "stopping": State("stopping", "calm"),
    "protect": State("protecting itself", "alarm"),
    "unreachable": State("does not answer", "alarm"),
    "unknown": State("not known", "wait"),
}


def _miner_state(miner: MinerFacts) -> State:
    if not miner.is_active:
        return State("set aside", "away")
    if not miner.has_controller:
        return State("no switch", "wait")
    if not miner.live:
        return State("waiting", "wait")
    state = _MINER_STATES.get(miner.live.get("status"), State("not known", "wait"))
    if state.tone == "calm" and miner.wish is not None and miner.wish.power_w == 0:
        return State("off by hand", "away")
    return state


def _desired(live: Mapping[str, Any]) -> str:
    wanted = live.get("desired_w")
    if wanted is None:
        return formats.UNKNOWN
    words = formats.power(wanted) if wanted else "off"
    return words if live.get("confirmed", True) else f"{words}, not confirmed yet"


def _actual(live: Mapping[str, Any]) -> str:
    words = power_words(live)
    return "not measured" if words in ("on, not measured", "off") and not live.get("power_is_measured") else words


def miner_card(miner: MinerFacts, at: Moment, *, alarms: Sequence[AlarmFacts] = ()) -> MinerCard:
    """The card of one miner."""
    live, extra = miner.live, []
    if live.get("hash_rate_th_s") is not None:
        extra.append(f"{live['hash_rate_th_s']:.1f}{formats.THIN}TH/s")
    if live.get("chip_temperature_celsius") is not None:
        extra.append(f"chips {formats.celsius(live['chip_temperature_celsius'])}")
    allowed = formats.parse_time(live.get("next_allowed_at"))
    if allowed is not None and allowed > at.now:
        extra.append(f"may switch again at {formats.moment(allowed, at.now, at.tz)}")
    trouble = trouble_of(alarms, {f"miner:{miner.id}"}, at)
    if trouble is None and live.get("problem"):
        trouble = Trouble(live["problem"], "", "", "", "warn")
    return MinerCard(
        id=miner.id,
        name=miner.name,
        state=_miner_state(miner),
        trouble=trouble,
        actual=_actual(live),
        desired=_desired(live),
        heats=", ".join(miner.zone_names) or ("no room" if miner.heats_no_room else "no room chosen yet"),
        unit=miner.unit_name,
        extra=tuple(extra),
        observed_at=formats.parse_time(live.get("observed_at")),
        why=live.get("reason") or ("" if live else "Waiting for the first look at this miner."),
        wish=wish_words(miner.wish, at),
        can_run=miner.is_active and miner.has_controller,
        dead_man=miner.dead_man,
    )
