"""Antminer with LuxOS: LUXminer's commands over cgminer's protocol on TCP port 4028, no password.

What the firmware does (sources: the vendor's API pages, reference notes on miners, section 2):
`curtail sleep` switches boards and supply off and stays so over a power cut, until `curtail
wakeup`. The power step is a profile, one of those it lists with their watts; while its own thermal
management (ATM) is on, it refuses to be set. Writing needs a session; there is one at a time, it
ends after 60 s and is no security. Watts are an estimate unless `power` says "PSU": true.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.errors import AdapterError, BadAnswer, Refused
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.level_before_start import set_before_start
from miners.power import Identity, Level, PowerModel, PowerSource
from miners.protocols.address import DeviceAddress
from miners.protocols.cgminer import PORT, Cgminer, count, device_time, first, mean, number, rows
from miners.protocols.json_answer import Part, ToldWatts
from miners.protocols.json_http import UNSEEN_SCHEDULES
from miners.state import MinerSnapshot, MinerStatus
from miners.status.inference import HEATS_FROM, OFF_UP_TO, Word, contradiction, judge, settled

_NAME = "The Antminer"
_STANDBY_W = 20.0
_ATM = "Its thermal management (ATM) is on: only off and on work, no levels. Switch ATM off in LuxOS."
#: After its start the supply may be off for so long (s).
_BOOTS_SECONDS = 300.0
_SIDES = ("BottomLeft", "BottomRight", "TopLeft", "TopRight", "Board")


@register
class LuxOSMiner(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "luxos"
    usual_ports = (PORT,)
    label = "Antminer with LuxOS"
    description = "An Antminer running LuxOS: off, and every power profile up to its default one."
    dead_man = None
    dead_man_help = (
        "It heats on when this program is gone; put nothing before it that cuts its mains as a habit (that kills its "
        "supply), but a plug or contactor with a long timer of its own, an hour for example, as the last resort."
    )

    class Config(AdapterConfig):
        address: DeviceAddress

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Model, firmware and its profiles up to the default one. Raises `AdapterError`."""
        device = Cgminer(config.address, _NAME, deadline)
        seen = _look(device)
        version = first(device.ask("version"), "VERSION")
        limits = ["Its watts are its own estimate: a metering plug or clamp is better.", UNSEEN_SCHEDULES]
        if seen.has_atm:
            limits.append(_ATM)
        return Identity(
            model=str(seen.config.get("Model") or "Antminer")[:60],
            firmware="LuxOS",
            version=str(version.get("LUXminer") or version.get("Miner") or "unknown")[:40],
            serial=str(seen.config.get("SerialNumber") or seen.config.get("MACAddr") or "")[:40],
            power=seen.model,
            limits=tuple(limits),
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        """Status, W (mostly an estimate), TH/s, °C of the boards, by the device's own time."""
        device = Cgminer(config.address, _NAME, deadline)
        return _snapshot(_look(device), device)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Sleep, or the profile that fits and awake; writes nothing that is so already."""
        device = Cgminer(config.address, _NAME, deadline)
        seen = _look(device)
        commands = list(_off(seen) if power_w <= 0 else _on(seen, power_w, device))
        if commands:
            with _session(device, may_share=power_w <= 0) as session_id:
                for command, parameter in commands:
                    _tell(device, seen, power_w, command, f"{session_id},{parameter}")


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look: the answers, and the power model that follows from its profiles."""

    config: Mapping[str, Any]
    power: Mapping[str, Any]
    summary: Mapping[str, Any]
    answer: dict[str, Any]
    model: PowerModel

    @property
    def draws(self) -> ToldWatts:
        return Part(self.power, _NAME).told_watts("Watts")

    @property
    def power_w(self) -> float | None:
        return self.draws.power_w

    @property
    def hash_rate_th_s(self) -> float | None:
        found = number(self.summary.get("GHS 5s"), 0, 1e7)
        return None if found is None else found / 1000

    @property
    def has_atm(self) -> bool:
        return self.config.get("IsAtmEnabled") is True

    @property
    def level(self) -> Level | None:
        return next((one for one in self.model.levels if one.key == self.config.get("Profile")), None)

    @property
    def supply_is_on(self) -> bool | None:
        said = self.config.get("IsPowerSupplyOn")
        return said if isinstance(said, bool) else None

    @property
    def word(self) -> Word:
        mode = self.config.get("CurtailMode")
        if not isinstance(mode, str) or self.supply_is_on is None:
            return Word.NONE
        if mode.lower() == "sleep":
            return Word.OFF
        if mode.lower() not in ("none", ""):
            return Word.NONE
        if self.supply_is_on:
            return Word.ON
        return Word.STARTING if self._boots else Word.NONE  # awake without a supply: it wakes up, or protects itself

    @property
    def _boots(self) -> bool:
        uptime = number(self.summary.get("Elapsed"), 0)
        return uptime is not None and uptime < _BOOTS_SECONDS


def _look(device: Cgminer) -> _Seen:
    answer = device.ask("config")
    config = first(answer, "CONFIG")
    if "CurtailMode" not in config:
        raise BadAnswer(f"What answers as {device.called} is not LuxOS, or too old: it says nothing of curtailing.")
    levels = tuple(_levels(device))
    return _Seen(
        config,
        first(device.ask("power"), "POWER"),
        first(device.ask("summary"), "SUMMARY"),
        answer,
        PowerModel(
            levels,
            standby_w=_STANDBY_W,
            ramp_seconds=600,
            device_class="antminer",
            off_survives_power_cut=True,
        ),
    )


def _levels(device: Cgminer) -> Iterator[Level]:
    """The profiles it lists, by watts, none above the default step. Raises `BadAnswer` when there are none."""
    found: dict[float, Level] = {}
    for row in rows(device.ask("profiles"), "PROFILES"):
        watts, name, step = number(row.get("Watts"), 1, 20_000), row.get("Profile Name"), number(row.get("Step"))
        hash_rate = number(row.get("Hashrate"), 0, 10_000)
        if watts is not None and isinstance(name, str) and _is_plain(name) and (step is None or step <= 0):
            found.setdefault(round(watts), Level(name, float(round(watts)), hash_rate))
    if not found:
        raise BadAnswer(f"{device.called} lists no profiles with their watts. Update LuxOS.")
    yield from (found[watts] for watts in sorted(found))


def _is_plain(name: str) -> bool:
    """It can stand in a comma-separated parameter, and is read there as a name: not as a board or a step."""
    return name.isprintable() and "," not in name and 0 < len(name) <= 60 and not name.lstrip("+-").isdigit()


def _tell(device: Cgminer, seen: _Seen, power_w: float, command: str, parameter: str) -> None:
    if command != "profileset":
        device.ask(command, parameter)
        return
    set_before_start(
        lambda: device.ask(command, parameter),
        is_off=seen.word is Word.OFF,
        set_w=seen.level.power_w if seen.level else None,
        wanted_w=seen.model.fitting(power_w),
    )


def _off(seen: _Seen) -> Iterator[tuple[str, str]]:
    if seen.word is not Word.OFF or _draws(seen):
        yield "curtail", "sleep"


def _on(seen: _Seen, power_w: float, device: Cgminer) -> Iterator[tuple[str, str]]:
    level = seen.model.level_of(seen.model.fitting(power_w))
    if seen.level != level and not seen.has_atm:
        yield "profileset", level.key
    if seen.word is Word.OFF:
        yield "curtail", "wakeup"
    elif seen.level != level and seen.has_atm:
        raise Refused(
            f"{device.called} lets its thermal management (ATM) choose the power. "
            "Switch ATM off in LuxOS to set levels."
        )


@contextlib.contextmanager
def _session(device: Cgminer, *, may_share: bool) -> Iterator[str]:
    """A session's id. An "off" also goes out in another program's: sessions order changes, they protect nothing."""
    try:
        found = first(device.ask("logon"), "SESSION").get("SessionID")
        is_ours = True
    except Refused:
        if not may_share:
            raise Refused(
                f"{device.called} is being set by another program. It is free again within a minute."
            ) from None
        found, is_ours = first(device.ask("session"), "SESSION").get("SessionID"), False
    if not isinstance(found, str) or not found.isalnum():
        raise BadAnswer(f"{device.called} opened no session for a command.")
    try:
        yield found
    finally:
        if is_ours:
            with contextlib.suppress(AdapterError):  # it ends by itself after a minute
                device.ask("logoff", found)


def _draws(seen: _Seen) -> bool:
    """It hashes or its supply is on, whatever it says."""
    hashes = (seen.hash_rate_th_s or 0.0) > OFF_UP_TO * (seen.model.levels[-1].hash_rate_th_s or 1e9)
    return seen.supply_is_on is not False or hashes or (seen.power_w or 0.0) >= HEATS_FROM * seen.model.max_w


def _status(seen: _Seen, has_pool: bool | None) -> MinerStatus:
    level_w = HEATS_FROM * seen.model.max_w if seen.level is None else seen.level.power_w
    word = Word.NO_POOL if seen.word is Word.ON and has_pool is False else seen.word
    status = judge(word, seen.power_w, full_w=seen.model.max_w, level_w=level_w, standby_w=seen.model.standby_w)
    if status is MinerStatus.OFF and _draws(seen):
        return MinerStatus.STOPPING
    status = settled(status, seen.hash_rate_th_s, seen.level.hash_rate_th_s if seen.level else None)
    if status is MinerStatus.HEATING and seen.config.get("IsTuning") is True:
        return MinerStatus.RAMPING  # nothing is written to a machine that tunes itself, but an off
    return status


def _snapshot(seen: _Seen, device: Cgminer) -> MinerSnapshot:
    pools = [row.get("Status") for row in rows(device.ask("pools"), "POOLS")]
    has_pool = "Alive" in pools if pools and seen.word is not Word.OFF else None
    boards = [
        celsius
        for row in rows(device.ask("temps"), "TEMPS")
        for side in _SIDES
        if (celsius := number(row.get(side), 1, 200)) is not None
    ]
    fans = [rpm for row in rows(device.ask("fans"), "FANS") if (rpm := number(row.get("RPM"), 0, 1e5)) is not None]
    power_w, is_measured = seen.power_w, seen.power.get("PSU") is True
    return MinerSnapshot(
        status=_status(seen, has_pool),
        power_w=power_w,
        power_is_measured=power_w is not None and is_measured,
        power_source=_source(power_w, is_measured),
        hash_rate_th_s=seen.hash_rate_th_s,
        board_temperature_celsius=max(boards, default=None),
        average_board_temperature_celsius=mean(boards),
        fan_rpm=max(fans, default=None),
        uptime_seconds=number(seen.summary.get("Elapsed"), 0),
        blocks_found=count(seen.summary.get("Found Blocks")),
        pool_alive=has_pool,
        observed_at=device_time(seen.answer),
        # What its thermal management chose is no level that was set.
        level=seen.level.key if seen.level and not seen.has_atm else "",
        set_power_w=seen.level.power_w if seen.level and not seen.has_atm else None,
        problem=_problem(seen),
    )


def _source(power_w: float | None, is_measured: bool) -> PowerSource:
    """An estimate by the firmware is no better than a table."""
    if power_w is None:
        return PowerSource.NONE
    return PowerSource.FIRMWARE if is_measured else PowerSource.TABLE


def _problem(seen: _Seen) -> str:
    if seen.word is Word.NONE and seen.supply_is_on is False:
        return "Its supply is off though it is not asleep: it wakes up, or it protects itself."
    if seen.word is Word.OFF and seen.supply_is_on:
        return f"{_NAME} says it sleeps but its supply is on."
    said = seen.draws.problem or contradiction(seen.word, seen.power_w, seen.model.max_w, _NAME)
    return said or (_ATM if seen.has_atm and seen.word is Word.ON else "")
