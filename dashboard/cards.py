"""The cards of the pages as plain values: everything that is said about a zone or a miner, ready to print.

Pure: facts and a moment in, dataclasses of finished words out. A card never holds an age (the
page lets it tick); two equal cards look the same, which is how a live page knows what changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import formats
from .energy_panel import paid_by
from .facts import AlarmFacts, DeadMan, MinerFacts, Moment, Wish, ZoneFacts
from .sparkline import HOURS, Sparkline, sparkline
from .window import SHORTEST

ON_STATUSES = frozenset({"starting", "ramping", "heating", "no_pool"})


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


@dataclass(frozen=True, slots=True)
class MinerLine:
    """A miner on a zone card: “Avalon · 800 W · by hand until 20:15”."""

    id: str
    name: str
    power: str
    is_on: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class ZoneCard:
    """One zone, in the order a person reads it."""

    id: str
    name: str
    state: State
    trouble: Trouble | None
    temperature: str
    is_known: bool
    last_known: str
    target: str
    target_celsius: float
    until: str
    next: str
    by_hand: bool
    limited: str
    spark: Sparkline | None
    past: str
    trend: str
    observed_at: datetime | None
    stale_after_seconds: int
    miners: tuple[MinerLine, ...]
    paid_by: str
    why: str


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


def trouble_of(alarms: Sequence[AlarmFacts], subjects: set[str], at: Moment) -> Trouble | None:
    """The first open alarm about one of `subjects`, the gravest first."""
    about = sorted((a for a in alarms if a.subject in subjects), key=lambda a: (a.severity != "alarm", a.since))
    if not about:
        return None
    alarm = about[0]
    tone = "alarm" if alarm.severity == "alarm" else "warn"
    return Trouble(alarm.text, formats.moment(alarm.since, at.now, at.tz), alarm.did, alarm.remedy, tone)


def _sensor_trouble(zone: ZoneFacts, at: Moment) -> Trouble | None:
    """What the sensor's own health says where no alarm has been raised yet."""
    health = zone.live.get("sensor")
    if not zone.has_sensor:
        return Trouble(
            "No sensor reads this room yet.", "", "Nothing heats it.", "Choose a sensor for it in Set-up.", "warn"
        )
    if health not in ("lost", "suspect"):
        return None
    since = formats.parse_time(zone.live.get("observed_at"))
    default = "The sensor has been silent." if health == "lost" else "The sensor’s value is in doubt."
    return Trouble(
        zone.live.get("problem") or default,
        formats.moment(since, at.now, at.tz) if since else "",
        "" if zone.live.get("heating") else "Heating is off.",
        "Check the sensor’s battery and reach. Heating resumes by itself when it reports again."
        if health == "lost"
        else "",
        "alarm" if health == "lost" else "warn",
    )


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


def _zone_state(zone: ZoneFacts) -> State:
    live, temperature = zone.live, zone.live.get("temperature_celsius")
    if not live:
        return State("waiting", "wait")
    if not zone.has_sensor:
        return State("no sensor", "wait")
    if live.get("sensor") == "lost":
        return State("sensor lost", "alarm")
    if live.get("heating"):
        return State("heating", "heat")
    if zone.miners and all(miner.wish is not None and miner.wish.power_w == 0 for miner in zone.miners):
        return State("off by hand", "away")
    if temperature is None:
        return State("waiting", "wait")
    target, _ = effective_target(zone)
    if temperature < target - zone.hysteresis_celsius:
        return State("below target", "cold")
    return State("warm" if temperature >= target + zone.hysteresis_celsius else "at target", "calm")


def _why(zone: ZoneFacts) -> str:
    """The last decision's sentence: of a running miner first."""
    if not zone.live:
        return "Waiting for the first look at this room."
    if not zone.miners:
        return "No miner heats this room yet. Add one in Set-up."
    by_running = sorted(zone.miners, key=lambda miner: not is_on(miner.live))
    return next((miner.live["reason"] for miner in by_running if miner.live.get("reason")), "")


def _temperature(zone: ZoneFacts) -> str:
    celsius = zone.live.get("temperature_celsius")
    if celsius is None:
        return "no reading" if zone.live else "no reading yet"
    return formats.degrees(celsius)


def _last_known(zone: ZoneFacts, at: Moment) -> str:
    if not zone.live or zone.live.get("temperature_celsius") is not None:
        return ""
    seen = next((row for row in reversed(zone.rows) if row.temperature_celsius is not None), None)
    if seen is None:
        return ""
    return f"last {formats.degrees(seen.temperature_celsius)} at {formats.moment(seen.at, at.now, at.tz)}"


def effective_target(zone: ZoneFacts) -> tuple[float, str]:
    """The target that counts (°C) and, where something lowers what was asked for, why.

    The rows are newer than the snapshot just after a tap: the snapshot counts only while it
    speaks of the same request.
    """
    asked, live = zone.target.requested_celsius, zone.live
    effective = live.get("target_celsius")
    if effective is None or live.get("requested_celsius") != asked or abs(effective - asked) < 0.05:
        return asked, ""
    return effective, f"{formats.celsius(asked)} asked for: {live.get('target_reason') or 'limited'}"


def _until(zone: ZoneFacts, at: Moment) -> tuple[str, str]:
    """When the target changes, and to what."""
    if zone.target.until is None:
        return ("until you resume the schedule" if zone.by_hand else ""), ""
    following = f"then {formats.degrees(zone.target.next_celsius)}" if zone.target.next_celsius is not None else ""
    return f"until {formats.moment(zone.target.until, at.now, at.tz)}", following


def _past(spark: Sparkline, at: Moment) -> str:
    """How far back the drawing reaches: “last 6 h”, “since 14:05” while the history is young."""
    span = spark.end - spark.begin
    if SHORTEST < span < timedelta(hours=HOURS):
        return f"since {formats.moment(spark.begin, at.now, at.tz)}"
    return f"last {formats.duration(span.total_seconds())}"


def zone_card(
    zone: ZoneFacts, at: Moment, *, alarms: Sequence[AlarmFacts] = (), energy: Mapping[str, Any] | None = None
) -> ZoneCard:
    """The card of one zone. `energy`: the live energy of its unit's source, if it has one."""
    target, limited = effective_target(zone)
    until, following = _until(zone, at)
    subjects = {f"zone:{zone.id}", *(f"miner:{miner.id}" for miner in zone.miners)}
    heating_w, spark = zone.live.get("heating_w") or 0.0, sparkline(zone.rows, zone.hysteresis_celsius, at.now)
    return ZoneCard(
        id=zone.id,
        name=zone.name,
        state=_zone_state(zone),
        trouble=trouble_of(alarms, subjects, at) or _sensor_trouble(zone, at),
        temperature=_temperature(zone),
        is_known=zone.live.get("temperature_celsius") is not None,
        last_known=_last_known(zone, at),
        target=formats.degrees(target),
        target_celsius=zone.target.requested_celsius,
        until=until,
        next=following,
        by_hand=zone.by_hand,
        limited=limited,
        spark=spark,
        past=_past(spark, at) if spark else "",
        trend=formats.trend(zone.live.get("trend_celsius_per_hour")),
        observed_at=formats.parse_time(zone.live.get("observed_at")),
        stale_after_seconds=(zone.stale_after_seconds or 0) // 2,
        miners=tuple(miner_line(miner, at) for miner in zone.miners),
        paid_by=paid_by(heating_w, energy) if energy else "",
        why=_why(zone),
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
