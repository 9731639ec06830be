"""Metering plugs and relays of Shelly's second generation and later (Plus, Pro, Gen3, Gen4), asked directly.

Every "on" brings the plug's own off timer with it (`toggle_after`): when nobody sends it anew, the plug switches
itself off, whatever became of this program and its network. Facts: the maker's API pages; `docs/miners.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from integrations.errors import BadAnswer, NotFound, Refused
from integrations.registry import AdapterConfig, Kind, Session, register
from miners.address import DeviceAddress
from miners.answer import Part
from miners.controllers.auto_off import AutoOff, auto_off_field
from miners.digest import Digest
from miners.evidence import HEATS_FROM_W, of_switch
from miners.power import Identity, Level, PowerModel, PowerSource
from miners.readback import ahead_words, is_own_off_wrong
from miners.rest import RestDevice, surely
from miners.state import MinerSnapshot, MinerStatus, SwitchedBy

_NAME = "The plug"
#: What it calls the source of its last command, where that says who it was.
_SOURCES = {"timer": SwitchedBy.TIMER, "button": SwitchedBy.PERSON}
_MOST_W = 50_000.0
_UNKNOWN_CODES = (-105, 404)


@register
class ShellyPlug(AutoOff):
    kind = Kind.MINER_CONTROLLER
    key = "shelly_plug"
    usual_ports = (80,)
    label = "Shelly plug"
    description = "A metering plug or relay of Shelly (Plus, Pro, Gen3, Gen4), with its own off timer."
    dead_man = None
    dead_man_help = (
        "Enter minutes for its own off timer: every ‘on’ starts it anew, and it switches itself off when none comes."
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
        channel: int = Field(0, ge=0, le=7, description="Which of its outputs, counted from 0.")
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
    def recognise(cls, config: Config, deadline: float) -> str:
        """Its model: a Shelly tells it without its password. Raises `AdapterError`."""
        with RestDevice(config.address, deadline, name=_NAME) as device:
            info = _call(device, "Shelly.GetDeviceInfo")
        if not info.text("mac"):
            raise BadAnswer(f"{info.what} is no Shelly. Check the address.")
        return f"Shelly {info.text('app') or info.text('model') or 'plug'}"

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Model and version, and what of its settings stands in the way. Raises `AdapterError`."""
        with _device(config, deadline) as device:
            info = _call(device, "Shelly.GetDeviceInfo")
            if (info.number("gen") or 1) < 2:
                raise BadAnswer(f"{device.what} is of Shelly’s first generation. Use it through Home Assistant.")
            settings = _call(device, "Switch.GetConfig", id=config.channel)
            power_w = _power(_status(device, config))
        runs = power_w is not None and power_w >= HEATS_FROM_W
        level = Level("on", power_w if runs else float(config.load_w), is_measured=runs)
        start = settings.text("initial_state")
        return Identity(
            model=f"Shelly {info.text('app') or info.text('model') or 'plug'}",
            firmware="Shelly",
            version=info.text("ver") or "unknown",
            serial=info.text("mac"),
            power=PowerModel(
                levels=(level,),
                standby_w=0.0,
                ramp_seconds=30,
                min_write_gap_seconds=0,
                device_class="plain",
                off_survives_power_cut={"off": True, "restore_last": True, "on": False}.get(start),
                needs_pool=False,
            ),
            limits=_limits(settings, start, power_w is not None),
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        with _device(config, deadline) as device:
            return _snapshot(_status(device, config), config)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """On brings the timer anew each time; off never brings one, or it would switch on again."""
        with _device(config, deadline) as device:
            if power_w <= 0:
                if not surely(lambda: _is_at_rest(_status(device, config))):
                    _call(device, "Switch.Set", id=config.channel, on=False)
                return
            status = _status(device, config)
            is_on, has_timer = status.flag("output"), status.at("timer_duration") is not None
            if config.auto_off_minutes is not None:
                _call(device, "Switch.Set", id=config.channel, on=True, toggle_after=config.auto_off_minutes * 60)
            elif is_on is not True or has_timer:
                _call(device, "Switch.Set", id=config.channel, on=True)


def _limits(settings: Part, start: str, is_metering: bool) -> list[str]:
    limits = []
    if settings.flag("auto_on"):
        limits.append("It switches itself on again after every off (“auto on”). Switch that off in the plug.")
    if start == "on":
        limits.append("It comes back on after a power cut. Set ‘off’ or ‘last state’ as its state at power on.")
    if not is_metering:
        limits.append("It does not measure: only its own word shows that it is off.")
    return limits


def _device(config: ShellyPlug.Config, deadline: float) -> RestDevice:
    # The user is always “admin”, says the maker.
    digest = Digest("admin", config.password) if config.password else None
    return RestDevice(config.address, deadline, name=_NAME, digest=digest)


def _call(device: RestDevice, method: str, **parameters: Any) -> Part:
    """The result of a remote call. Raises `AdapterError` when the plug answers with an error."""
    frame: dict[str, Any] = {"id": 1, "src": "edgemining", "method": method}
    answer = Part(device.send("POST", "rpc", frame | ({"params": parameters} if parameters else {})), device.what)
    if answer.at("error") is not None:
        said = f"{device.what} refuses ‘{method}’: {answer.text('error', 'message')[:100] or 'no reason given'}"
        raise (NotFound if answer.number("error", "code") in _UNKNOWN_CODES else Refused)(said.rstrip(".") + ".")
    if answer.at("id") != 1:
        raise BadAnswer(f"{device.what} answered another question than was asked.")
    return Part(answer.at("result"), device.what)


def _status(device: RestDevice, config: ShellyPlug.Config) -> Part:
    return _call(device, "Switch.GetStatus", id=config.channel)


def _is_at_rest(status: Part) -> bool:
    """Off, and nothing in it that will switch it on."""
    return status.flag("output") is False and status.at("timer_duration") is None


def _power(status: Part) -> float | None:
    """W through the plug; the sign only tells which way it was wired."""
    value = status.number("apower")
    if value is not None and abs(value) > _MOST_W:
        raise BadAnswer(f"{status.what} measures {value:g} W; no plug carries that.")
    return None if value is None else abs(value)


def _snapshot(status: Part, config: ShellyPlug.Config) -> MinerSnapshot:
    is_on = status.flag("output")
    if is_on is None:
        raise BadAnswer(f"{status.what} does not say whether it is on.")
    power_w = _power(status)
    errors = status.at("errors")
    trouble = [str(error)[:40] for error in errors if str(error).isprintable()] if isinstance(errors, list) else []
    judged, problem = _judged(is_on, power_w, status.at("timer_duration") is not None, trouble)
    left_seconds = _own_off_seconds(status, config) if is_on else None
    source = PowerSource.METER
    if power_w is None:
        power_w, source = (float(config.load_w), PowerSource.TABLE) if is_on else (None, PowerSource.NONE)
    return MinerSnapshot(
        status=judged,
        power_w=power_w,
        power_is_measured=source is PowerSource.METER,
        power_source=source,
        level="on" if is_on else "",
        observed_at=datetime.now(UTC),
        problem=problem or _unguarded(left_seconds, config),
        switches_off_in_seconds=left_seconds,
        switch_is_on=is_on,
        switched_by=_SOURCES.get(status.text("source"), SwitchedBy.NOT_SAID),
    )


def _own_off_seconds(status: Part, config: ShellyPlug.Config) -> float | None:
    """What is left of its timer, by its own clock, which it tells to the minute beside its energy; 0: it has none.

    Without that clock, of ours nothing is known (None); a longer one counts in full.
    """
    if config.auto_off_minutes is None:
        return None
    length = status.number("timer_duration")
    if length is None:
        return 0.0
    began_at, minute_at = status.number("timer_started_at"), status.number("aenergy", "minute_ts")
    if began_at is not None and minute_at is not None:
        return min(length, max(1.0, began_at + length - minute_at))
    return length if length > config.auto_off_minutes * 60 else None


def _unguarded(left_seconds: float | None, config: ShellyPlug.Config) -> str:
    if left_seconds is None or not is_own_off_wrong(config.auto_off_minutes * 60, left_seconds):
        return ""
    if left_seconds <= 0:
        return "It is on without its own timer: something else switched it on, or it ignores the timer."
    return f"Something else set its own timer to {ahead_words(left_seconds)}: this program sets it back."


def _judged(is_on: bool, power_w: float | None, has_timer: bool, trouble: list[str]) -> tuple[MinerStatus, str]:
    """Switch and watts, both of this moment; an off that its own timer will end is no off."""
    status = of_switch(is_on, power_w).status
    if not is_on and status is not MinerStatus.OFF:
        return status, f"It is off, but {power_w:.0f} W flow through it."
    if trouble and not is_on:
        return MinerStatus.PROTECT, f"It switched itself off: {', '.join(trouble)}."
    if not is_on and has_timer:
        return MinerStatus.STARTING, "It is off, but a timer in it will switch it on."
    return status, f"It is on, but only {power_w:.0f} W flow." if status is MinerStatus.STARTING else ""
