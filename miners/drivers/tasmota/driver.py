"""Plugs and relays with Tasmota firmware, asked directly by its web commands (`GET /cm?cmnd=…`).

Its own off timer is `PulseTime`: each "on" starts it again, and the relay opens when it is over, whatever became of
this program and its network. It is set before the relay is told to be on, so that it is never on without one. Facts:
the firmware's documentation (Commands: Power, PulseTime, PowerOnState, Status; Web requests).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import Field

from integrations.errors import BadAnswer, NotFound, Refused, Unauthorized
from integrations.registry import AdapterConfig, Kind, Session, Switched, register
from miners.drivers.auto_off import AutoOff, auto_off_field
from miners.power import Identity, Level, PowerModel, PowerSource
from miners.protocols.address import DeviceAddress
from miners.protocols.json_answer import Part
from miners.protocols.json_http import RestDevice, surely
from miners.state import MinerSnapshot, MinerStatus
from miners.status.evidence import HEATS_FROM_W, of_switch
from miners.status.readback import ahead_words, is_own_off_wrong

_NAME = "The plug"
#: PulseTime: up to 111 tenths of a second, from 112 on seconds + 100.
_TENTHS_UP_TO, _SECONDS_MORE = 111, 100
#: PowerOnState: what the relay does when power comes back.
_AFTER_POWER_CUT = {0: True, 1: False, 2: None, 3: True, 4: False, 5: False}
_COMES_ON = (1, 4, 5)


@register
class TasmotaPlug(AutoOff):
    kind = Kind.MINER_CONTROLLER
    key = "tasmota"
    usual_ports = (80,)
    label = "Tasmota plug"
    description = "A metering plug or relay with Tasmota firmware, with its own off timer (PulseTime)."
    dead_man = None
    dead_man_help = (
        "Enter minutes for its own off timer: every ‘on’ starts it again, and it switches itself off when none comes."
    )

    class Config(AdapterConfig):
        place_settings = ("address",)

        address: DeviceAddress
        password: str = Field(
            "",
            max_length=200,
            description="If it asks for one: that of its own web page.",
            json_schema_extra={"secret": True},
        )
        relay: int = Field(1, ge=1, le=8, description="Which of its relays, counted from 1.")
        load_w: int = Field(
            1000,
            ge=10,
            le=16_000,
            title="What is plugged in takes",
            description="When it runs, as its label says.",
            json_schema_extra={"unit": "W"},
        )
        auto_off_minutes: int | None = auto_off_field(
            30, "Own off timer", "It switches itself off so long after the last ‘on’. Empty: never."
        )

    @classmethod
    def switched(cls, config: Config) -> Switched:
        return Switched(str(config.relay), config.address)

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """Its name and firmware. Raises `AdapterError`."""
        with _device(config, deadline) as device:
            return _model(_ask(device, config, "Status 0"))

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Firmware and version, and what of its settings stands in the way. Raises `AdapterError`."""
        with _device(config, deadline) as device:
            status = _ask(device, config, "Status 0")
            is_on, power_w = _is_on(status, config), _watts(status, config).power_w
            _timer(device, config)  # a relay whose timer cannot be read is not driven
            start = _ask(device, config, "PowerOnState").number("PowerOnState")
            has_timers = _has_timers(device, config)
        runs = is_on and power_w is not None and power_w >= HEATS_FROM_W
        level = Level("on", power_w if runs else float(config.load_w), is_measured=runs)
        return Identity(
            model=_model(status),
            firmware="Tasmota",
            version=status.text("StatusFWR", "Version")[:40] or "unknown",
            serial=status.text("StatusNET", "Mac"),
            power=PowerModel(
                levels=(level,),
                standby_w=0.0,
                ramp_seconds=30,
                min_write_gap_seconds=0,
                device_class="plain",
                off_survives_power_cut=None if start is None else _AFTER_POWER_CUT.get(int(start)),
                needs_pool=False,
            ),
            limits=_limits(start, power_w is not None, has_timers),
        )

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {"power_w"}

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        with _device(config, deadline) as device:
            status = _ask(device, config, "Status 0")
            is_on = _is_on(status, config)
            left = _timer(device, config)[1] if is_on and config.auto_off_minutes is not None else None
            return _snapshot(status, is_on, left, config)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """On is sent each time, as it starts the timer again; the timer itself is written only when it is another."""
        with _device(config, deadline) as device:
            if power_w <= 0:
                if not surely(lambda: not _is_on(_ask(device, config, "Status 0"), config)):
                    _ask(device, config, f"Power{config.relay} OFF")
                return
            if config.auto_off_minutes is not None:
                _set_timer(device, config, config.auto_off_minutes * 60)
            elif _is_on(_ask(device, config, "Status 0"), config):
                return
            _ask(device, config, f"Power{config.relay} ON")


def _device(config: TasmotaPlug.Config, deadline: float) -> RestDevice:
    return RestDevice(config.address, deadline, name=_NAME)


def _ask(device: RestDevice, config: TasmotaPlug.Config, command: str) -> Part:
    """The answer to one command. Raises `AdapterError`; a refused password comes with 200 or 401."""
    query = {"user": "admin", "password": config.password} if config.password else {}
    wrong = "refuses the password" if config.password else "asks for a password"
    refused = Unauthorized(f"{device.what} {wrong}. Enter the one of its own web page.")
    try:
        part = Part(device.get(f"cm?{urlencode(query | {'cmnd': command}, quote_via=quote)}"), device.what)
    except Unauthorized:
        raise refused from None
    if "user=" in part.text("WARNING"):
        raise refused
    if part.text("Command") in ("Unknown", "Error"):
        raise NotFound(f"{device.what} does not know ‘{command}’. Is it Tasmota, and up to date?")
    if part.at("WARNING") is not None:
        raise Refused(f"{device.what} refuses ‘{command}’: {part.text('WARNING')[:100]}.")
    return part


def _model(status: Part) -> str:
    name = status.text("Status", "DeviceName")
    if not status.text("StatusFWR", "Version"):
        raise BadAnswer(f"{status.what} is no Tasmota. Check the address.")
    return f"Tasmota {name}".strip()[:80]


def _is_on(status: Part, config: TasmotaPlug.Config) -> bool:
    """By `StatusSTS`: `POWER` of a device with one relay, `POWER2` of one with several."""
    said = status.text("StatusSTS", f"POWER{config.relay}")
    if not said and config.relay == 1:
        said = status.text("StatusSTS", "POWER")
    if said not in ("ON", "OFF"):
        raise BadAnswer(f"{status.what} does not say whether its relay {config.relay} is on. Has it this relay?")
    return said == "ON"


def _watts(status: Part, config: TasmotaPlug.Config) -> Any:
    """What its meter shows: one number, or one for each relay."""
    power = status.at("StatusSNS", "ENERGY", "Power")
    path: tuple[str | int, ...] = ("StatusSNS", "ENERGY", "Power")
    return status.told_watts(*path, *((config.relay - 1,) if isinstance(power, list) else ()), is_signed=True)


def _timer(device: RestDevice, config: TasmotaPlug.Config) -> tuple[float, float]:
    """Its off timer: what it is set to, and what is left of it (s; 0: none)."""
    name = f"PulseTime{config.relay}"
    said = _ask(device, config, name)
    whole, left = said.number(name, "Set"), said.number(name, "Remaining")
    if whole is None or left is None:
        raise BadAnswer(f"{device.what} does not tell its off timer ({name}). Is its firmware 9 or newer?")
    return _seconds(whole), _seconds(left)


def _seconds(pulse_time: float) -> float:
    return pulse_time / 10 if pulse_time <= _TENTHS_UP_TO else pulse_time - _SECONDS_MORE


def _set_timer(device: RestDevice, config: TasmotaPlug.Config, seconds: int) -> None:
    """Written only when it is another: it is kept in flash. Raises `BadAnswer` unless it is so."""
    if _timer(device, config)[0] == seconds:
        return
    _ask(device, config, f"PulseTime{config.relay} {seconds + _SECONDS_MORE}")
    if _timer(device, config)[0] != seconds:
        raise BadAnswer(f"{device.what} did not take its off timer of {seconds // 60} min, so it is not switched on.")


def _has_timers(device: RestDevice, config: TasmotaPlug.Config) -> bool:
    """Whether timers of its own are in use; what they do is set on its own page."""
    try:
        return _ask(device, config, "Timers").text("Timers") == "ON"
    except (NotFound, BadAnswer, Refused):
        return False


def _limits(start: float | None, is_metering: bool, has_timers: bool) -> list[str]:
    limits = []
    if has_timers:
        limits.append("Timers of its own are in use: if they switch it on, it is switched off again each time.")
    if start in _COMES_ON:
        limits.append("It comes back on after a power cut. Set PowerOnState 0 or 3 in its console.")
    if not is_metering:
        limits.append("It does not measure: only its own word shows that it is off.")
    return limits


def _snapshot(status: Part, is_on: bool, left_seconds: float | None, config: TasmotaPlug.Config) -> MinerSnapshot:
    draws = _watts(status, config)
    power_w, source = draws.power_w, PowerSource.METER
    judged = of_switch(is_on, power_w).status
    problem = draws.problem or _unguarded(left_seconds, config)
    if not is_on and judged is not MinerStatus.OFF:
        problem = f"It is off, but {power_w:.0f} W flow through it."
    elif judged is MinerStatus.STARTING:
        problem = f"It is on, but only {power_w:.0f} W flow."
    if power_w is None:
        power_w, source = (float(config.load_w), PowerSource.TABLE) if is_on else (None, PowerSource.NONE)
    return MinerSnapshot(
        status=judged,
        power_w=power_w,
        power_is_measured=source is PowerSource.METER,
        power_source=source,
        level="on" if is_on else "",
        observed_at=datetime.now(UTC),
        problem=problem,
        switches_off_in_seconds=left_seconds,
        switch_is_on=is_on,
    )


def _unguarded(left_seconds: float | None, config: TasmotaPlug.Config) -> str:
    if left_seconds is None or not is_own_off_wrong(config.auto_off_minutes * 60, left_seconds):
        return ""
    if left_seconds <= 0:
        return "It is on without its own timer: something else switched it on, or changed its PulseTime."
    return f"Something else set its own timer to {ahead_words(left_seconds)}: this program sets it back."
