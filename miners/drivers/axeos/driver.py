"""Bitaxe (AxeOS) and NerdQAxe: JSON over HTTP, no password.

What the firmware does (sources: reference notes on miners, section 2): from AxeOS 2.14 it pauses
and resumes; NerdQAxe from 1.0.36 shuts its chips down and comes back by a restart. Neither keeps
"off" over a power cut. Before that nothing but a plug switches one off. Every change of the
frequency is written to flash. From AxeOS 2.14 chips lose their power while no pool answers; a
NerdQAxe that is too hot cuts it until it is restarted. Neither says so in a word. Watts are
measured on the board: what its power supply loses (10–15 %) is not in them. `hashRate` is an
average in GH/s and outlives a pause, so alone it never says what the device does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from integrations.errors import BadAnswer, Refused, Unreachable
from integrations.http import Answer, Http
from integrations.http_status import status_error
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.axeos import boards
from miners.power import Identity, Level, OffBy, PowerModel, PowerSource
from miners.protocols.address import DeviceAddress, http_device
from miners.protocols.cgminer import count, mean, number
from miners.protocols.json_answer import Part, ToldWatts
from miners.protocols.json_http import UNSEEN_SCHEDULES
from miners.state import MinerSnapshot, MinerStatus
from miners.status.inference import Word, contradiction, draws_nothing, judge, settled
from sites.store import store

_NAME = "The miner"
#: From its start, or from a resume, it may take so long until it hashes (s).
_STARTS_WITHIN_SECONDS = 120.0
#: A restart begins within this by its own uptime, and is over when it counts that from the start again (s).
_RESTARTS_WITHIN_SECONDS = 15.0
#: What says that a pool is lost, and that one answers.
_LOST = re.compile(
    r"not connected|disconnected|unreachable|no pool|failed|refused|timed? ?out|lost|error", re.IGNORECASE
)
_CONNECTED = re.compile(r"ipv[46]|connected|active", re.IGNORECASE)
_STANDBY_SHARE = 0.1
_LIMIT_BYTES = 200_000
#: An average at its end (GH/s).
_NO_WORK_GH_S = 1.0


@register
class AxeOSMiner(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "axeos"
    usual_ports = (80,)
    label = "Bitaxe or NerdQAxe (AxeOS)"
    description = (
        "A Bitaxe with AxeOS 2.14 or later, or a NerdQAxe with 1.0.36 or later; older ones are read, not switched."
    )
    dead_man = None
    dead_man_help = (
        "It heats on when this program is gone, and again after every power cut. "
        "Put it behind a plug that switches itself off, and join the plug."
    )

    class Config(AdapterConfig):
        address: DeviceAddress
        full_power_w: float | None = Field(
            None,
            gt=1,
            le=1000,
            title="Power at its usual frequency",
            description="What it takes there, as you measured it. Empty: what is known of its model.",
            json_schema_extra={"unit": "W"},
        )

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """What answers, its levels (the frequencies it lists, up to its default). Raises `AdapterError`."""
        with _connected(config, deadline) as device:
            seen = device.look()
        info = seen.info
        return Identity(
            model=boards.shown(seen.model, seen.is_nerd),
            firmware="NerdQAxe" if seen.is_nerd else "AxeOS",
            version=str(info.get("axeOSVersion") or info.get("version") or "unknown")[:40],
            serial=str(info.get("macAddr") or "")[:40],
            power=seen.power,
            limits=tuple(_limits(seen)),
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        """Status, W on the board, TH/s (from GH/s), °C. The firmware knows no time of its own."""
        with _connected(config, deadline) as device:
            return _snapshot(device.look())

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Pause, or choose the frequency that fits and resume; writes nothing that is so already."""
        with _connected(config, deadline) as device:
            seen = device.look()
            if power_w <= 0:
                device.stop(seen)
            else:
                device.run(seen, power_w)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look: the two answers and what follows from them. Frequencies in MHz."""

    info: Mapping[str, Any]
    model: str
    is_nerd: bool
    frequency_mhz: int | None
    power: PowerModel
    is_guess: bool

    #: Its restart was asked for and is not over.
    restarts: bool = False
    #: Its uptime when it was told to resume (s).
    resumed_at_seconds: float | None = None

    @property
    def draws(self) -> ToldWatts:
        return Part(self.info, _NAME).told_watts("power")

    @property
    def hash_rate(self) -> float | None:
        """GH/s, an average."""
        return number(self.info.get("hashRate"), 0, 1e6)

    @property
    def uptime_seconds(self) -> float | None:
        return number(self.info.get("uptimeSeconds"), 0)

    @property
    def off_flag(self) -> bool | None:
        """Paused or shut down; None: this firmware cannot say, or said nonsense."""
        flag = self.info.get(_off_key(self.is_nerd))
        return flag if isinstance(flag, bool) else None

    @property
    def switches(self) -> bool:
        return self.power.off_by is OffBy.DEVICE

    @property
    def rests(self) -> bool:
        """It neither hashes nor draws, though nothing says that it is off; not while it may still be starting."""
        power_w = self.draws.power_w
        if self.off_flag is True or power_w is None or self.hash_rate is None or self.hash_rate > _NO_WORK_GH_S:
            return False
        if not draws_nothing(power_w, self.power.max_w, self.power.standby_w):
            return False
        uptime = self.uptime_seconds
        if uptime is None:
            return self._chips_are_off
        since = self.resumed_at_seconds
        started = since if since is not None and since <= uptime else 0.0
        return uptime - started >= _STARTS_WITHIN_SECONDS

    @property
    def _chips_are_off(self) -> bool:
        """None of them tells a temperature, or it is above the one at which the firmware cuts their power."""
        return not boards.chips_answer(self.info) or boards.is_overheated(self.info)

    @property
    def is_latched(self) -> bool:
        """A NerdQAxe that cut the power of its chips: only a restart brings it back."""
        return self.is_nerd and self.rests and self._chips_are_off

    @property
    def fault(self) -> str:
        """Why it protects itself, empty when it does not."""
        if (number(self.info.get("overheat_mode")) or 0) > 0 or self.info.get("overheat_mode") is True:
            return "It was too hot and stopped itself. Check its fan, then clear its overheat mode on its web page."
        for key in ("power_fault", "hardware_fault"):
            said = self.info.get(key)
            if said not in (None, "", 0, False, "none", "None"):
                return f"It reports a fault: {str(said)[:80]!a}."
        if self.is_latched:
            return "It cut the power of its chips and stays off until it is restarted. Check its fan, then restart it."
        return ""

    @property
    def has_pool(self) -> bool | None:
        """Whether a pool answers it; None: it does not say."""
        if self.is_nerd:
            return boards.nerd_pool(self.info)
        said = self.info.get("poolConnectionInfo")
        if isinstance(said, str) and _LOST.search(said):
            return False
        if self.switches and self.rests and not self.fault:
            return False  # what it says is of before; this firmware rests when no pool answers
        return True if isinstance(said, str) and _CONNECTED.search(said) else None


class _Device:
    """The web API of one device until a deadline."""

    def __init__(self, http: Http, config: AxeOSMiner.Config, deadline: float) -> None:
        self._http, self._config, self._deadline = http, config, deadline
        self._key = f"axeos:{config.address}"

    def look(self) -> _Seen:
        info = self._object("/api/system/info")
        if "ASICModel" not in info or "hashRate" not in info:
            raise BadAnswer(f"What answers at {self._http.place} is no Bitaxe or NerdQAxe. Check the address.")
        asic = self._asic()
        model = boards.model_of(info, asic)
        is_nerd = boards.is_nerd(info, model)
        power, is_guess = _power_model(self._config, info, asic, model, is_nerd)
        frequency = number(info.get("frequency"), 1, 5000)
        seen = _Seen(info, model, is_nerd, None if frequency is None else int(frequency), power, is_guess)
        told = store().get(self._key) or {}
        return replace(seen, restarts=_restarts(seen, told), resumed_at_seconds=number(told.get("resumed_at"), 0))

    def stop(self, seen: _Seen) -> None:
        if not seen.switches:
            raise Refused(
                f"{_NAME} at {self._http.place} cannot be switched off with this firmware. "
                "Update it, or join a plug that cuts its power."
            )
        is_off = seen.off_flag is True and _snapshot(seen).status in (MinerStatus.OFF, MinerStatus.STOPPING)
        if is_off and not seen.restarts:
            return
        self._post("/api/system/shutdown" if seen.is_nerd else "/api/system/pause")
        if seen.restarts:
            raise Unreachable(f"{_NAME} at {self._http.place} is restarting. Off is sent again once it is back.")

    def run(self, seen: _Seen, power_w: float) -> None:
        if seen.fault:
            raise Refused(f"{_NAME} at {self._http.place} protects itself and is left alone. {seen.fault}")
        if seen.restarts:
            return
        self._choose(seen, seen.power.level_of(seen.power.fitting(power_w)))
        if not seen.switches or seen.off_flag is False:
            return
        told = "restarted_at" if seen.is_nerd else "resumed_at"
        store().set(self._key, {told: seen.uptime_seconds}, 2 * _RESTARTS_WITHIN_SECONDS if seen.is_nerd else None)
        self._post("/api/system/restart" if seen.is_nerd else "/api/system/resume")

    def _choose(self, seen: _Seen, level: Level) -> None:
        """Set the level's frequency, one of those the device lists, unless it is set already."""
        if len(seen.power.levels) > 1 and level.key != str(seen.frequency_mhz):
            self._checked(self._send("PATCH", "/api/system", {"frequency": int(level.key)}))

    def _asic(self) -> dict[str, Any]:
        """Its model and frequencies; none before AxeOS 2.7, which leads such a question to its own page."""
        answer = self._send("GET", "/api/system/asic")
        is_page = answer.body.lstrip()[:1] == b"<"
        if answer.status == 404 or 300 <= answer.status < 400 or (200 <= answer.status < 300 and is_page):
            return {}
        return self._as_object(self._checked(answer))

    def _post(self, path: str) -> None:
        self._checked(self._send("POST", path))

    def _object(self, path: str) -> dict[str, Any]:
        return self._as_object(self._checked(self._send("GET", path)))

    def _as_object(self, answer: Answer) -> dict[str, Any]:
        found = answer.json()
        if not isinstance(found, dict):
            raise BadAnswer(f"{_NAME} at {self._http.place} answered with JSON of another shape.")
        return found

    def _send(self, method: str, path: str, body: Any = None) -> Answer:
        return self._http.request(method, path, deadline=self._deadline, json=body, limit_bytes=_LIMIT_BYTES)

    def _checked(self, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        raise status_error(
            answer.status,
            f"{_NAME} at {self._http.place}",
            locked="refuses ({status}): it takes commands from its own network only, or asks for a one-time password; "
            "switch that off in its settings.",
            unknown="does not know this command (404). Update its firmware.",
        )


@contextmanager
def _connected(config: AxeOSMiner.Config, deadline: float) -> Iterator[_Device]:
    http = http_device(config.address, _NAME)
    try:
        yield _Device(http, config, deadline)
    finally:
        http.close()


def _power_model(
    config: AxeOSMiner.Config, info: Mapping[str, Any], asic: Mapping[str, Any], model: str, is_nerd: bool
) -> tuple[PowerModel, bool]:
    """Levels in watts, and whether they are a guess. Power follows the frequency; never above the default one."""
    usual = number(asic.get("defaultFrequency"), 1, 5000)
    known = config.full_power_w or boards.USUAL_W.get(model.lower())
    full_w = known or (number(info.get("maxPower"), 2, 5000) or 40.0) / 2
    listed = boards.frequencies_mhz(asic)
    if known and usual is not None and listed:
        # Whole watts, as the loop asks for them; of frequencies that mean the same, the highest.
        by_watts = {max(1.0, float(round(full_w * mhz / usual))): str(mhz) for mhz in listed}
        levels = tuple(Level(key, watts) for watts, key in by_watts.items())
    else:
        levels = (Level("full", float(round(full_w))),)
    switches = _off_key(is_nerd) in info
    return PowerModel(
        levels,
        standby_w=full_w * _STANDBY_SHARE,
        ramp_seconds=120,
        device_class="bitaxe",
        off_by=OffBy.DEVICE if switches else OffBy.PLUG,
        off_survives_power_cut=False,
        wears_flash=True,
    ), known is None


def _off_key(is_nerd: bool) -> str:
    """What says that it is off; firmware that can switch itself off has it, older has not."""
    return "shutdown" if is_nerd else "miningPaused"


def _limits(seen: _Seen) -> Iterator[str]:
    if not seen.switches:
        yield "This firmware cannot switch it off: only a plug can. Update AxeOS to 2.14 (NerdQAxe: 1.0.36) or later."
    yield "After a power cut it heats again by itself, whatever it was told before."
    if seen.is_nerd and seen.switches:
        yield "It comes back on by a restart, which takes about half a minute."
    if seen.switches:
        yield UNSEEN_SCHEDULES
    if len(seen.power.levels) > 1:
        yield "Every change of its level is written to its flash memory, so levels change at most every 10 minutes."
    if seen.is_guess:
        yield "What it takes is not known for its model; measure it and enter the watts in its controller."
    yield "Its watts are measured on the board: the power supply takes 10 to 15 % more."


def _word(seen: _Seen) -> Word:
    if seen.off_flag is True:
        return Word.OFF  # whatever else it reports: that is the reason, not a state
    if seen.fault:
        return Word.PROTECT
    if seen.off_flag is None and seen.switches:
        return Word.NONE
    return Word.NO_POOL if seen.has_pool is False else Word.ON


def _restarts(seen: _Seen, told: Mapping[str, Any]) -> bool:
    """A restart was asked for just now, and the device does not count its uptime from the start again yet."""
    if "restarted_at" not in told:
        return False
    before, uptime = number(told["restarted_at"], 0), seen.uptime_seconds
    return before is None or uptime is None or before <= uptime < before + _RESTARTS_WITHIN_SECONDS


def _snapshot(seen: _Seen) -> MinerSnapshot:
    info, model = seen.info, seen.power
    word, draws = _word(seen), seen.draws
    power_w = draws.power_w
    key = str(seen.frequency_mhz)
    level = next((one for one in model.levels if one.key == key), model.levels[-1])
    is_listed = level.key == key or len(model.levels) == 1
    status = judge(word, power_w, full_w=model.max_w, level_w=level.power_w, standby_w=model.standby_w)
    if seen.restarts and status in (MinerStatus.OFF, MinerStatus.UNKNOWN):
        status = MinerStatus.STARTING
    chips, blocks = (
        list(boards.chip_celsius(info)),
        info.get("totalFoundBlocks" if seen.is_nerd else "blockFound"),
    )
    hash_rate, expected = seen.hash_rate, number(info.get("expectedHashrate"), 0, 1e6)
    return MinerSnapshot(
        status=settled(status, hash_rate, expected),
        power_w=power_w,
        power_is_measured=power_w is not None,
        power_source=PowerSource.NONE if power_w is None else PowerSource.FIRMWARE,
        # While it is off the average still tells of before.
        hash_rate_th_s=None if hash_rate is None or word is Word.OFF else hash_rate / 1000,
        chip_temperature_celsius=max(chips, default=None),
        average_chip_temperature_celsius=mean(chips),
        board_temperature_celsius=number(info.get("vrTemp"), 1, 200),
        fan_rpm=number(info.get("fanrpm"), 0, 1e5),
        uptime_seconds=seen.uptime_seconds,
        blocks_found=count(blocks),
        pool_alive=seen.has_pool,
        observed_at=datetime.now(UTC),
        level=level.key if is_listed else "",
        set_power_w=level.power_w if is_listed else None,
        pending_start=seen.restarts and status is MinerStatus.STARTING,
        is_latched=seen.is_latched,
        fault=seen.fault,
        problem=_problem(seen, word, status),
    )


def _problem(seen: _Seen, word: Word, status: MinerStatus) -> str:
    if seen.fault and status is not MinerStatus.HEATING:
        return seen.fault
    said = contradiction(word, seen.draws.power_w, seen.power.max_w, _NAME)
    if seen.fault:
        return f"{said} {seen.fault}".strip()
    if word is Word.NO_POOL and status is MinerStatus.NO_POOL:
        return "No pool answers, so it is idle. It resumes by itself when one does."
    return seen.draws.problem or said
