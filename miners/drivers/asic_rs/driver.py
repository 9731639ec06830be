"""Other miners, through the optional library `pyasic-rs` (0.8.x): on and off, what they draw, and no more.

The library is not believed where it guesses: for a dead miner it returns an ordinary answer without watts, its
`is_mining` is true by default, and for families with a driver of their own here it mistakes figures (reference notes
on miners). So: no watts is no answer, the operating state is the word, and those families are sent to their drivers.
"""

from __future__ import annotations

import asyncio
import importlib.util
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from integrations.errors import AdapterError, BadAnswer, DeadlineExceeded, MissingSetting, Refused, Unreachable
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.known_models import INSTALL_PYASIC
from miners.power import Identity, Level, OffBy, PowerModel
from miners.protocols.address import DeviceAddress, place
from miners.protocols.cgminer import mean
from miners.protocols.json_http import NO_DEAD_MAN_HELP, UNSEEN_SCHEDULES
from miners.state import MinerSnapshot
from miners.status.device_report import Seen, snapshot_of
from miners.status.inference import Word

_NAME = "The miner"
_PACKAGE = "pyasic_rs"
_NOT_INSTALLED = f"It needs the package pyasic-rs, which is not installed here. {INSTALL_PYASIC}"
_STANDBY_W = 40.0
_SMALLEST_W = 800.0
#: Part of make or firmware as the library calls them: the driver to use instead.
_OWN_DRIVERS = {
    "avalon": "Avalon",
    "bitaxe": "Bitaxe or NerdQAxe (AxeOS)",
    "axeos": "Bitaxe or NerdQAxe (AxeOS)",
    "nerd": "Bitaxe or NerdQAxe (AxeOS)",
    "luxos": "LuxOS",
    "luxminer": "LuxOS",
    "braiins": "Braiins OS",
    "vnish": "VNish",
}
_AVALONS = "An Avalon that this driver cannot switch needs a plug: put it behind one and set up the plug instead."
_WORDS = {
    "Mining": Word.ON,
    "DegradedMining": Word.ON,
    "Stable": Word.ON,
    "Tuning": Word.ON,
    "AdjustingClockVoltage": Word.ON,
    "AdjustingFrequency": Word.ON,
    "AdjustingVoltage": Word.ON,
    "Initializing": Word.STARTING,
    "Starting": Word.STARTING,
    "Restarting": Word.STARTING,
    "Paused": Word.OFF,
    "Stopped": Word.OFF,
    "Idling": Word.OFF,
    "Stopping": Word.OFF,
    "CoolingDown": Word.PROTECT,
    "Error": Word.PROTECT,
    "Restricted": Word.PROTECT,
}
_TUNING = ("Tuning", "AdjustingClockVoltage", "AdjustingFrequency", "AdjustingVoltage")
#: Firmware whose `is_mining` the library reads from the device; for every other it may be a default.
_SAYS_MINING = ("WhatsMiner Stock", "AntMiner Stock", "UMC OS")
#: What each step of the library may take at most (whole s); the call's own deadline ends all of them together.
_CONNECT_SECONDS, _IDENTIFY_SECONDS = 1, 2

#: Miners that answered last time, by address, user and password: finding out anew what one is takes 0.2 s. Whatever
#: goes wrong with one, it is looked for again. One call at a time takes it out and puts it back.
_MOST_KNOWN = 500
_known: dict[tuple[str, str, str], Any] = {}

_Value = TypeVar("_Value")


def _without_port(address: str) -> str:
    if address.count(":") == 1 or "]:" in address:
        raise PydanticCustomError("port", "these miners are asked at their usual ports; leave the port out")
    return address


def is_installed() -> bool:
    return importlib.util.find_spec(_PACKAGE) is not None


def described(installed: bool) -> str:
    """What the form says of it."""
    text = "WhatsMiner, Antminer with its maker’s firmware, ePIC and others: on and off."
    return text if installed else f"{text} {_NOT_INSTALLED}"


@register
class AsicRs(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "asic_rs"
    usual_ports = (4028, 4433) if is_installed() else ()
    is_generalist = True
    label = "Other miners (pyasic-rs)"
    description = described(is_installed())
    dead_man = None
    dead_man_help = NO_DEAD_MAN_HELP

    class Config(AdapterConfig):
        place_settings = ("address",)

        address: Annotated[DeviceAddress, AfterValidator(_without_port)]
        user: str = Field("", max_length=80, description="The user of its own web page. Empty: its maker’s default.")
        password: str = Field(
            "",
            max_length=200,
            description="The password of its own web page. Empty: its maker’s default.",
            json_schema_extra={"secret": True},
        )
        full_power_w: int | None = Field(
            None,
            ge=50,
            le=16_000,
            title="What it takes when it runs",
            description="As its label says. Empty: what it draws when it is looked at.",
            json_schema_extra={"unit": "W"},
        )

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """“Whatsminer M20SV10”. Raises `AdapterError`; `Refused` for what has a driver of its own."""
        return _run(config, deadline, _called)

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Make, model, firmware. Raises `AdapterError`; `Refused` for what has a driver of its own."""
        return _run(config, deadline, lambda miner: _identity(miner, config))

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        return _run(config, deadline, lambda miner: _snapshot(miner, config))

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Pause or resume, where it does not do so already."""
        _run(config, deadline, lambda miner: _switch(miner, on=power_w > 0))


def _run(config: AsicRs.Config, deadline: float, use: Callable[[Any], Awaitable[_Value]]) -> _Value:
    """`use(miner)` before the deadline. Whatever the library raises becomes an `AdapterError`."""
    if not is_installed():
        raise Unreachable(_NOT_INSTALLED)
    where = place(config.address, 80, _NAME)

    async def found_and_used() -> _Value:
        miner = _known.pop(key, None) or await _miner(config, where.ip)
        value = await use(miner)
        if len(_known) < _MOST_KNOWN:
            _known[key] = miner
        return value

    key = (where.ip, config.user, config.password)
    try:
        left = deadline - time.monotonic()
        return _in_a_loop(lambda: asyncio.wait_for(found_and_used(), max(left, 0.0)))
    except AdapterError:
        raise
    except TimeoutError:
        raise DeadlineExceeded(f"{_NAME} at {where.shown} did not answer in time.") from None
    except Exception as error:  # a foreign library: any of its errors is the device's
        raise BadAnswer(f"{_NAME} at {where.shown} could not be used through pyasic-rs: {_short(error)}.") from None


def _in_a_loop(work: Callable[[], Awaitable[_Value]]) -> _Value:
    """The result of `work()` in an event loop of its own, whatever runs in this thread."""

    async def alone() -> _Value:
        return await work()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(alone())
    with ThreadPoolExecutor(1, thread_name_prefix="asic-rs") as elsewhere:
        return elsewhere.submit(asyncio.run, alone()).result()


async def _miner(config: AsicRs.Config, ip: str) -> Any:
    from pyasic_rs.factory import MinerFactory

    factory = (
        MinerFactory()
        .with_connectivity_timeout_secs(_CONNECT_SECONDS)
        .with_identification_timeout_secs(_IDENTIFY_SECONDS)
    )
    if config.password:
        factory = factory.with_firmware_discovery_auth("AntMiner Stock", config.user, config.password)
    miner = await factory.get_miner(ip)
    if miner is None:
        raise Unreachable(f"{_NAME} at {config.address} does not answer, or is none that pyasic-rs knows.")
    known_as = f"{miner.make} {miner.firmware}".lower()
    for part, driver in _OWN_DRIVERS.items():
        if part in known_as:
            told = f"{_NAME} at {config.address} is better driven by ‘{driver}’. Choose that kind instead."
            raise Refused(f"{told} {_AVALONS}" if part == "avalon" else told)
    if config.password:
        miner.set_auth(config.user, config.password)
    return miner


async def _called(miner: Any) -> str:
    return f"{miner.make} {miner.model}"


async def _identity(miner: Any, config: AsicRs.Config) -> Identity:
    data = await _data(miner)
    limits = ["Only on and off: its power is set in its own web page.", UNSEEN_SCHEDULES]
    switches = _switches(miner)
    if not switches:
        limits.insert(0, "pyasic-rs cannot switch it: only a plug can. Its figures are read.")
    if data.wattage is None:
        limits.append("It does not say what it draws. An upstream metering plug does.")
    running = data.wattage is not None and _word(miner, data) is Word.ON and data.wattage >= _SMALLEST_W / 4
    full_w = float(config.full_power_w or 0) or (data.wattage if running else 0.0)
    if not full_w:
        why = "does not tell what it draws" if data.wattage is None else "does not run, so what it takes is unknown"
        said = f"{miner.make} {miner.model} at {config.address} {why}. Enter what it takes when it runs."
        raise MissingSetting(said, "full_power_w")
    return Identity(
        model=f"{miner.make} {miner.model}",
        firmware=miner.firmware,
        version=data.firmware_version or "unknown",
        serial=data.mac or data.serial_number or "",
        power=PowerModel(
            levels=(Level("on", float(round(full_w)), is_measured=not config.full_power_w),),
            standby_w=_STANDBY_W,
            ramp_seconds=600,
            device_class="antminer",
            off_by=OffBy.DEVICE if switches else OffBy.PLUG,
        ),
        limits=limits,
    )


def _switches(miner: Any) -> bool:
    """It is switched off and on by the library; with one of both alone nobody is helped."""
    return bool(miner.supports_pause and miner.supports_resume)


async def _snapshot(miner: Any, config: AsicRs.Config) -> MinerSnapshot:
    data = await _data(miner)
    state, word = _state(data), _word(miner, data)
    pool_alive = _pool_alive(data)
    if word is Word.ON and pool_alive is False:
        word = Word.NO_POOL
    seen = Seen(
        word=word,
        power_w=data.wattage,
        level_w=float(config.full_power_w or _SMALLEST_W),
        knows_level=config.full_power_w is not None,
        standby_w=_STANDBY_W,
        hash_rate_th_s=_hash_rate_th_s(data),
        is_stopping=state == "Stopping",
        is_tuning=state in _TUNING,
        sentence=f"It stopped itself ({state})." if word is Word.PROTECT else "",
    )
    chips = [chip.temperature for board in data.hashboards for chip in board.chips if chip.temperature is not None]
    boards = [board.board_temperature for board in data.hashboards if board.board_temperature is not None]
    return snapshot_of(
        seen,
        name=_NAME,
        chip_temperature_celsius=max(chips, default=None),
        average_chip_temperature_celsius=mean(chips),
        board_temperature_celsius=max(boards, default=None),
        average_board_temperature_celsius=data.average_temperature,
        fan_rpm=max((fan.rpm for fan in data.fans if fan.rpm is not None), default=None),
        uptime_seconds=None if data.uptime is None else data.uptime.total_seconds(),
        pool_alive=pool_alive,
        observed_at=datetime.now(UTC),
    )


async def _switch(miner: Any, *, on: bool) -> None:
    """Off is sent unless the miner shows both its word and its watts to be off."""
    data = await miner.get_data()
    rests = data.wattage is not None or not _hash_rate_th_s(data)
    is_off = rests and _word(miner, data) is Word.OFF
    if is_off != on:
        return
    if not (_switches(miner) if on else miner.supports_pause):
        raise Refused(f"{_NAME} cannot be switched through pyasic-rs. Put it behind a plug.")
    if not await (miner.resume() if on else miner.pause()):
        raise Refused(f"{_NAME} did not take the command. Check user and password.")


async def _data(miner: Any) -> Any:
    """What it told. Neither watts nor anything else: that is what the library makes of a dead miner."""
    data = await miner.get_data()
    if data.wattage is None and (data.hashrate is None or not (data.uptime or data.firmware_version)):
        raise Unreachable(f"{_NAME} does not answer, or does not tell what it draws.")
    if data.wattage is not None and not 0 <= data.wattage <= 50_000:
        raise BadAnswer(f"{_NAME} says that it draws {data.wattage:g} W; no miner takes that.")
    return data


def _hash_rate_th_s(data: Any) -> float | None:
    from pyasic_rs.data import HashRateUnit

    return None if data.hashrate is None else float(data.hashrate.as_unit(HashRateUnit.TeraHash))


def _state(data: Any) -> str:
    return "" if data.operating_state is None else type(data.operating_state).__name__


def _word(miner: Any, data: Any) -> Word:
    state = _state(data)
    if state:
        return _WORDS.get(state, Word.NONE)
    if miner.firmware in _SAYS_MINING:
        return Word.ON if data.is_mining else Word.OFF
    return Word.NONE


def _pool_alive(data: Any) -> bool | None:
    alive = [pool.alive for group in data.pools for pool in group.pools if pool.alive is not None]
    return any(alive) if alive else None


def _short(error: Exception) -> str:
    text = "".join(letter if letter.isprintable() else " " for letter in str(error)[:100]).strip().rstrip(".")
    return text or type(error).__name__
