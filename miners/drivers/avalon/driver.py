"""Avalon Q, Mini 3 and Nano 3S: cgminer's protocol on TCP port 4028, no password.

What the firmware does (sources: reference notes on miners, section 2): `softoff`/`softon` act at a
Unix time by the device's own clock; the Nano 3S has neither, so only a plug switches it off. The
power step is `workmode`. All telemetry is one string of `KEY[value]`: SYSTEMSTATU is the device's
word, PS[6] the watts at the wall (PS[5] is a voltage), GHSspd the present hash rate in GH/s (the
averages stay high after a stop), SoftOFF is no yes-or-no. After a power cut it heats again.

A `softon` on its way is a start like any other: until its time has passed the device is not off, and
an off is set for after it, whoever sent it. One further ahead (an app's schedule) is brought
forward first, so that the off need not wait for it.

The dead-man: while it heats, a `softoff` is kept set for some minutes ahead and set again before
half of them are gone, or when something else has moved it. It is never sent together with a
`softon`: firmware that keeps one time for both would lose the start. That a new one replaces the
earlier is not documented, so it counts as a dead-man only after this very device worked on past an
earlier time. What was seen is kept in the shared store, not in the database: after a restart it is
seen again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field

from integrations.errors import BadAnswer, Refused, Unreachable
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.avalon import device_models
from miners.power import Identity, Level, PowerSource
from miners.protocols.address import DeviceAddress
from miners.protocols.cgminer import PORT, Cgminer, device_time, first, number, rows, status_of
from miners.state import MinerSnapshot, MinerStatus
from miners.status.inference import HEATS_FROM, Word, contradiction, judge, settled
from miners.status.readback import LATE_BY_SECONDS, ahead_words
from sites.store import remember, remembered
from sites.words import duration

_NAME = "The Avalon"
#: A command for a time this far ahead is "now" (s): the device refuses times that have passed.
_SOON_SECONDS = 5
#: A start at most this far ahead is waited for (s); one further ahead is brought forward to be cancelled.
_NEAR_SECONDS = 20
#: An earlier switch-off counts as replaced when the device still works this long after it (s).
_PAST_SECONDS = 30
#: It was seen at work no longer before that time, and is seen again no longer after it (s).
_LOOKS_APART = 600
_PAIR = re.compile(r"(\w+)\[([^\[\]]*)\]")
_WORDS = {"in work": Word.ON, "in idle": Word.OFF, "in init": Word.STARTING, "in fault": Word.PROTECT}


@register
class AvalonMiner(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "avalon"
    usual_ports = (PORT,)
    label = "Avalon (Q, Mini 3, Nano 3S)"
    description = "A Canaan Avalon home miner; the Nano 3S is set and read, but only a plug switches it off."
    dead_man = None
    dead_man_help = (
        "While an Avalon Q or Mini 3 heats, it is told to switch itself off some minutes ahead, again and again; when "
        "this program is gone, it goes off by itself. This counts once it was seen to work on this very device, about "
        "45 minutes after its first start from here. A Nano 3S needs a plug that switches itself off."
    )

    class Config(AdapterConfig):
        address: DeviceAddress
        dead_man_minutes: int | None = Field(
            30,
            ge=15,
            le=240,
            title="Switches itself off after",
            description="How long it heats on when this program is gone. Empty: until somebody switches it off.",
            json_schema_extra={"unit": "min"},
        )

    @classmethod
    def dead_man_of(cls, config: Config) -> str | None:
        if config.dead_man_minutes is None or not _remembered(config).get("proven"):
            return None
        return f"it switches itself off within {config.dead_man_minutes} min, by its own clock"

    @classmethod
    def rearm_seconds(cls, config: Config) -> float | None:
        known = _remembered(config)
        if config.dead_man_minutes is None or known.get("proven") is False or known.get("soft_off") is False:
            return None
        return config.dead_man_minutes * 60.0

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """“Avalon Q”, or the name of a model this driver does not know. Raises `AdapterError`."""
        return device_models.name_of(_values(Cgminer(config.address, _NAME, deadline))[1].get("Ver", ""))

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Model, firmware and levels. Raises `AdapterError`, also for an Avalon this driver does not know."""
        device = Cgminer(config.address, _NAME, deadline)
        seen = _look(device, config)
        version = first(device.ask("version"), "VERSION")
        return Identity(
            model=seen.kind.label,
            firmware="Canaan",
            version=str(version.get("LVERSION") or seen.values.get("LVer") or "unknown")[:40],
            serial=str(version.get("MAC") or seen.dna)[:40],
            power=seen.kind.power,
            limits=_limits(seen.kind),
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        """Status, W at the wall, TH/s, °C, by the device's own time."""
        device = Cgminer(config.address, _NAME, deadline)
        seen = _look(device, config)
        _remember(config, seen)
        snapshot = _snapshot(seen, config)
        if snapshot.status not in (MinerStatus.STARTING, MinerStatus.RAMPING):
            return snapshot
        alive = any(row.get("Status") == "Alive" for row in rows(device.ask("pools"), "POOLS"))
        no_pool = not alive and seen.word is Word.ON and snapshot.status is MinerStatus.STARTING
        return replace(snapshot, pool_alive=alive, status=MinerStatus.NO_POOL if no_pool else snapshot.status)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Off, or on at the work mode that fits, with the dead-man set; writes nothing that is so already."""
        device = Cgminer(config.address, _NAME, deadline)
        seen = _look(device, config)
        _remember(config, seen)
        if power_w <= 0:
            _stop(device, seen, config)
        elif not _run(device, seen, power_w, config):
            _arm(device, seen, config)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look. `now`, `off_at`, `on_at`: Unix seconds by the device's own clock (0: nothing set)."""

    kind: device_models.AvalonKind
    values: dict[str, str]
    answer: dict[str, Any]
    now: int
    #: The start this program sent last, for firmware that does not show it (0: none).
    sent_on_at: int = 0

    @property
    def word(self) -> Word:
        said = self.values.get("SYSTEMSTATU", "").lower()
        return next((word for text, word in _WORDS.items() if f"work: {text}" in said), Word.NONE)

    @property
    def power_w(self) -> float | None:
        return device_models.wall_w(self.values)

    @property
    def power_problem(self) -> str:
        """Why its watts cannot be read."""
        said = self.values.get("PS")
        return f"Its watts cannot be read: PS is ‘{said[:40]}’." if said and self.power_w is None else ""

    @property
    def dna(self) -> str:
        """What tells this device from another of its kind."""
        return self.values.get("DNA", "")[:40]

    @property
    def off_at(self) -> int:
        return self._time("SoftOffTime")

    @property
    def on_at(self) -> int:
        return self._time("SoftOnTime") if "SoftOnTime" in self.values else self.sent_on_at

    @property
    def starts_in_seconds(self) -> int | None:
        """In how long it starts by itself; None: no start is ahead."""
        return self.on_at - self.now if self.on_at > self.now else None

    @property
    def level(self) -> Level | None:
        """The listed level it is set to; None for a mode whose watts are not known."""
        if self.values.get("WORKLEVEL", "0") != "0":
            return None
        return next((one for one in self.kind.power.levels if one.key == self.values.get("WORKMODE")), None)

    @property
    def fault(self) -> str:
        said = []
        if self.word is Word.PROTECT:
            said.append("It reports a fault and stopped itself.")
        if self.values.get("FanErr", "0") not in ("", "0"):
            said.append("It reports a fault of its fans.")
        if self.values.get("PS", "0").split()[:1] not in ([], ["0"]):
            said.append("It reports a fault of its power supply.")
        return " ".join(said)

    def number(self, key: str, low: float, high: float) -> float | None:
        return number(self.values.get(key), low, high)

    def _time(self, key: str) -> int:
        return _time_of(self.values, key)


def _time_of(values: Mapping[str, str], key: str) -> int:
    """Unix seconds; 0: none set."""
    return int(number(values.get(key), 0, 4e9) or 0)


def _values(device: Cgminer) -> tuple[dict[str, Any], dict[str, str]]:
    """The answer, and what it says by name. Raises `BadAnswer` at anything but an Avalon."""
    answer = device.ask("estats")
    text = next((one for one in rows(answer, "STATS") for one in one.values() if _is_stats(one)), None)
    if text is None:
        raise BadAnswer(f"What answers as {device.called} is no Avalon. Check the address.")
    return answer, dict(_PAIR.findall(text))


def _look(device: Cgminer, config: AvalonMiner.Config) -> _Seen:
    """What it shows. Raises `BadAnswer` for an Avalon this driver cannot switch, with what to do instead."""
    answer, values = _values(device)
    kind = device_models.KINDS.get(device_models.key_of(values.get("Ver", "")))
    if kind is None:
        raise BadAnswer(device_models.refusal(values, device.called))
    when = number(status_of(answer).get("When"), 0, 4e9)
    # One that does not tell its time is taken to have ours: an off must go out all the same.
    now = int(time.time() if when is None else when)
    return _Seen(kind, values, answer, now, int(number(_remembered(config).get("sent_on_at"), 0, 4e9) or 0))


def _is_stats(value: Any) -> bool:
    """The one string of `KEY[value]`; older models have other keys, but all have a version and a hash rate."""
    return isinstance(value, str) and "Ver[" in value and ("SYSTEMSTATU[" in value or "GHSspd[" in value)


def _stop(device: Cgminer, seen: _Seen, config: AvalonMiner.Config) -> None:
    """Standby soon, or soon after a start that is on its way."""
    if not seen.kind.soft_off:
        lowest = seen.kind.power.levels[0]
        if seen.level != lowest:
            device.ask("ascset", f"0,workmode,set,{lowest.key}")
        raise Refused(
            f"{device.called} cannot switch itself off; it is set to its lowest, {lowest.power_w:.0f} W. "
            "Join a plug that cuts its power."
        )
    ahead = seen.starts_in_seconds
    if ahead is None:
        is_off = seen.word is Word.OFF and not contradiction(seen.word, seen.power_w, seen.kind.power.max_w, _NAME)
        # Told already: soon, or just now and its boards are still falling. Telling it again would only put it off.
        is_told = seen.off_at > seen.on_at and abs(seen.off_at - seen.now) <= 2 * _SOON_SECONDS
        if not (is_off or is_told):
            device.ask("ascset", f"0,softoff,1:{seen.now + _SOON_SECONDS}")
        return
    on_at = seen.on_at
    if ahead > _NEAR_SECONDS:
        on_at = seen.now + _SOON_SECONDS
        _wake(device, on_at, config)
    elif on_at < seen.off_at <= on_at + 2 * _SOON_SECONDS:
        return
    device.ask("ascset", f"0,softoff,1:{on_at + _SOON_SECONDS}")


def _run(device: Cgminer, seen: _Seen, power_w: float, config: AvalonMiner.Config) -> bool:
    """True: it does not work yet, and a start is on its way. To what works already a start says nothing."""
    if seen.word is Word.PROTECT:
        raise Refused(f"{device.called} protects itself and is left alone. {seen.fault}")
    model = seen.kind.power
    level = model.level_of(model.fitting(power_w))
    if len(model.levels) > 1 and seen.level != level:
        _choose(device, seen, level, config)
    is_on_its_way = seen.starts_in_seconds is not None and seen.starts_in_seconds <= 2 * _SOON_SECONDS
    if seen.word is Word.OFF and not is_on_its_way:
        _wake(device, seen.now + _SOON_SECONDS, config)
    return seen.word is Word.OFF or (is_on_its_way and seen.word is not Word.ON)


def _choose(device: Cgminer, seen: _Seen, level: Level, config: AvalonMiner.Config) -> None:
    """Its work mode. Firmware that refuses it in standby starts in its present one, and takes it once it works."""
    rests = seen.word is Word.OFF
    try:
        device.ask("ascset", f"0,workmode,set,{level.key}")
    except Refused:
        if not rests:
            raise
        _keep(config, refuses_at_rest=True)
    else:
        if rests:
            _keep(config, refuses_at_rest=False)


def _wake(device: Cgminer, at: int, config: AvalonMiner.Config) -> None:
    _keep(config, sent_on_at=at)
    try:
        device.ask("ascset", f"0,softon,1:{at}")
    except Unreachable:
        # Some models close without a word; whether it took the command, it says itself.
        if _time_of(_values(device)[1], "SoftOnTime") != at:
            raise


def _arm(device: Cgminer, seen: _Seen, config: AvalonMiner.Config) -> None:
    """Set its switch-off ahead when less than half of it is left, or more than all; remember the one it replaces."""
    known = _remembered(config)
    if config.dead_man_minutes is None or not seen.kind.soft_off or known.get("proven") is False:
        return
    seconds = config.dead_man_minutes * 60
    left = seen.off_at - seen.now
    if seconds / 2 <= left <= seconds + LATE_BY_SECONDS:
        return
    try:
        device.ask("ascset", f"0,softoff,1:{seen.now + seconds}")
    except Refused:
        return  # calibrating: it heats without; what it shows says so, and the next time tries again
    if 2 * _SOON_SECONDS < left < seconds / 2 and "earlier" not in known:
        remember(_key(config), {**known, "earlier": seen.off_at, "worked_at": seen.now})


def _remember(config: AvalonMiner.Config, seen: _Seen) -> None:
    """Whether it worked on past an earlier switch-off that a later one replaced: then its timer is a dead-man.

    That says something only where it was seen at work just before that time: else somebody's hand, or an off from here,
    may have come first. Off by an earlier time, too, it is only believed the second time.
    """
    known = _remembered(config)
    if known.get("dna") != seen.dna:
        known = {}  # another device at this address has nothing proven
    now = {**known, "soft_off": seen.kind.soft_off, "dna": seen.dna}
    earlier = known.get("earlier")
    if earlier is not None and seen.now > earlier + _PAST_SECONDS:
        del now["earlier"]
        worked_at = now.pop("worked_at", None)
        late = seen.now - earlier - _PAST_SECONDS
        was_seen = worked_at is not None and max(earlier - worked_at, late) <= _LOOKS_APART
        if was_seen and seen.word is Word.ON:
            now |= {"proven": True, "went_off": 0}
        elif was_seen and seen.word is Word.OFF and seen.off_at > seen.now:
            now["went_off"] = now.get("went_off", 0) + 1
            if now["went_off"] >= 2:
                now["proven"] = False
    elif earlier is not None and 0 < earlier - seen.now <= _LOOKS_APART:
        now["worked_at"] = seen.now if seen.word is Word.ON else None
    if now != known:
        remember(_key(config), now)


def _keep(config: AvalonMiner.Config, **facts: Any) -> None:
    known = _remembered(config)
    if any(known.get(name) != value for name, value in facts.items()):
        remember(_key(config), {**known, **facts})


def _remembered(config: AvalonMiner.Config) -> dict[str, Any]:
    return remembered(_key(config)) or {}


def _key(config: AvalonMiner.Config) -> str:
    return f"avalon:{config.address}"


def _limits(kind: device_models.AvalonKind) -> tuple[str, ...]:
    power_cut = "After a power cut it heats again by itself, whatever it was told before."
    if not kind.soft_off:
        return "It cannot switch itself off: only a plug can.", power_cut
    schedule = (
        "A start that its app has scheduled is seen and cancelled; one set after this program has stopped is not."
    )
    if len(kind.watts) == 1:
        return power_cut, schedule, "Its night and eco modes are left as they are: what they take is not known."
    return power_cut, schedule, "While it calibrates it refuses to be switched; that is tried again."


def _snapshot(seen: _Seen, config: AvalonMiner.Config) -> MinerSnapshot:
    model, word, power_w, level = seen.kind.power, seen.word, seen.power_w, seen.level
    level_w = model.max_w * HEATS_FROM if level is None else level.power_w
    status = judge(word, power_w, full_w=model.max_w, level_w=level_w, standby_w=model.standby_w)
    hash_rate = seen.number("GHSspd", 0, 1e7)
    status = settled(status, hash_rate, level.hash_rate_th_s * 1000 if level and level.hash_rate_th_s else None)
    will_start = seen.starts_in_seconds is not None and word is Word.OFF and status is not MinerStatus.HEATING
    if will_start:
        status = MinerStatus.STARTING
    fans = [rpm for i in range(1, 5) if (rpm := seen.number(f"Fan{i}", 0, 1e5)) is not None]
    return MinerSnapshot(
        status=status,
        power_w=power_w,
        power_is_measured=power_w is not None,
        power_source=PowerSource.NONE if power_w is None else PowerSource.FIRMWARE,
        hash_rate_th_s=None if hash_rate is None else hash_rate / 1000,
        chip_temperature_celsius=seen.number("TMax", 1, 200),
        average_chip_temperature_celsius=seen.number("TAvg", 1, 200),
        inlet_temperature_celsius=seen.number("ITemp", -40, 100),
        # A Nano 3S calls it so.
        outlet_temperature_celsius=seen.number("HBOTemp", 1, 200) or seen.number("OTemp", 1, 200),
        fan_rpm=max(fans, default=None),
        uptime_seconds=seen.number("Elapsed", 0, 1e10),
        observed_at=device_time(seen.answer),
        level=level.key if level else "",
        set_power_w=level.power_w if level else None,
        switches_off_in_seconds=max(0.0, float(seen.off_at - seen.now)) if _is_guarded(seen, config) else None,
        pending_start=will_start,
        starts_in_seconds=float(seen.starts_in_seconds) if will_start else None,
        starts_at_power_w=_starts_at_w(seen, config),
        fault=seen.fault,
        problem=_problem(seen, status, config),
    )


def _starts_at_w(seen: _Seen, config: AvalonMiner.Config) -> float | None:
    """What it takes until its mode can be set, where it refuses that in standby."""
    if seen.word is not Word.OFF or not _remembered(config).get("refuses_at_rest"):
        return None
    return seen.kind.power.max_w if seen.level is None else seen.level.power_w


def _problem(seen: _Seen, status: MinerStatus, config: AvalonMiner.Config) -> str:
    ahead = seen.starts_in_seconds
    if seen.word is Word.OFF and ahead is not None and ahead > 2 * _SOON_SECONDS:
        return f"It is set to start by itself in {duration(ahead)}."
    told = seen.fault or seen.power_problem or contradiction(seen.word, seen.power_w, seen.kind.power.max_w, _NAME)
    return told or _unguarded(seen, status, config)


def _is_guarded(seen: _Seen, config: AvalonMiner.Config) -> bool:
    """It is to switch itself off when this program is gone."""
    return config.dead_man_minutes is not None and seen.kind.soft_off


def _unguarded(seen: _Seen, status: MinerStatus, config: AvalonMiner.Config) -> str:
    """A sentence when it heats and its switch-off ahead is not set although it should be."""
    if not _is_guarded(seen, config) or not status.is_on:
        return ""
    if _remembered(config).get("proven") is False:
        return "It does not replace an earlier switch-off, so it has none of its own; use a plug with a timer."
    left = seen.off_at - seen.now
    if left <= 0:
        return "Its own switch-off is not set: nothing stops it when this program is gone."
    if left > config.dead_man_minutes * 60 + LATE_BY_SECONDS:
        return f"Something else set its own switch-off to {ahead_words(left)} ahead: this program sets it back."
    return ""
