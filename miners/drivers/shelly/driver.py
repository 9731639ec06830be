"""Metering plugs and relays of Shelly's second generation and later (Plus, Pro, Gen3, Gen4), asked directly.

Every "on" brings the plug's own off timer with it (`toggle_after`): when nobody sends it again, the plug switches
itself off, whatever became of this program and its network. Facts: the maker's API pages; `docs/miners.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from integrations.errors import BadAnswer, NotFound, Refused
from integrations.registry import AdapterConfig, Kind, Session, Switched, register
from miners.drivers.auto_off import AutoOff, auto_off_field
from miners.drivers.known_models import BY_HOME_ASSISTANT
from miners.power import Identity, Level, PowerModel, PowerSource
from miners.protocols.address import DeviceAddress
from miners.protocols.digest import Digest
from miners.protocols.json_answer import Part
from miners.protocols.json_http import RestDevice, surely
from miners.state import MinerSnapshot, MinerStatus, SwitchedBy
from miners.status.evidence import HEATS_FROM_W, of_switch
from miners.status.readback import ahead_words, is_own_off_wrong

_NAME = "The plug"
#: What it calls the source of its last command, where that says who it was.
_SOURCES = {"timer": SwitchedBy.TIMER, "button": SwitchedBy.PERSON}
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
    def switched(cls, config: Config) -> Switched:
        return Switched(str(config.channel), config.address)

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """Its model: a Shelly of any generation tells it without its password. Raises `AdapterError`."""
        with RestDevice(config.address, deadline, name=_NAME) as device:
            return _model(_info(device))

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Model and version, and what of its settings stands in the way. Raises `AdapterError`."""
        with _device(config, deadline) as device:
            info = _info(device)
            if _is_first_generation(info):
                raise BadAnswer(f"{_model(info)} at {device.place} is not driven directly. {BY_HOME_ASSISTANT}")
            settings = _settings(device, config, info)
            schedules = _schedules(device, config)
            power_w = _status(device, config).told_watts("apower", is_signed=True).power_w
        runs = power_w is not None and power_w >= HEATS_FROM_W
        level = Level("on", power_w if runs else float(config.load_w), is_measured=runs)
        start = settings.text("initial_state")
        return Identity(
            model=_model(info),
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
            limits=_limits(settings, start, power_w is not None, schedules),
        )

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {"power_w"}

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        with _device(config, deadline) as device:
            return _snapshot(_status(device, config), config)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """On brings the timer each time; off never brings one, or it would switch on again."""
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


def _info(device: RestDevice) -> Part:
    """Who it is, from the first generation on. Raises `BadAnswer` for anything but a Shelly."""
    try:
        info = _call(device, "Shelly.GetDeviceInfo")
    except (NotFound, BadAnswer, Refused):
        info = Part(device.plain("GET", "shelly"), device.what)
    if not info.text("mac"):
        raise BadAnswer(f"{info.what} is no Shelly. Check the address.")
    return info


def _is_first_generation(info: Part) -> bool:
    return (info.number("gen") or 1) < 2


def _model(info: Part) -> str:
    if _is_first_generation(info):
        return f"Shelly {info.text('type') or 'plug'} (first generation)"
    return f"Shelly {info.text('app') or info.text('model') or 'plug'}"


def _settings(device: RestDevice, config: ShellyPlug.Config, info: Part) -> Part:
    try:
        return _call(device, "Switch.GetConfig", id=config.channel)
    except NotFound:
        raise BadAnswer(
            f"{_model(info)} at {device.place} has no switched output {config.channel}. Choose another channel, or its "
            "profile ‘switch’; a dimmer or a cover cannot switch a miner."
        ) from None


def _schedules(device: RestDevice, config: ShellyPlug.Config) -> bool:
    """Whether a schedule of its own may switch this output on."""
    try:
        jobs = _call(device, "Schedule.List").parts("jobs")
    except (NotFound, Refused):
        return False
    calls = [call for job in jobs if job.flag("enable") is not False for call in job.parts("calls")]
    return any(_may_switch_on(call, config.channel) for call in calls)


def _may_switch_on(call: Part, channel: int) -> bool:
    method = call.text("method").lower()
    is_ours = call.at("params", "id") in (None, channel)
    return is_ours and (method == "switch.toggle" or (method == "switch.set" and call.at("params", "on") is not False))


def _limits(settings: Part, start: str, is_metering: bool, schedules: bool) -> list[str]:
    limits = []
    if schedules:
        limits.append(
            "A schedule of its own switches it on: it is switched off again each time. Remove it in the plug."
        )
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
    has_timer = status.at("timer_duration") is not None
    return status.flag("output") is False and not has_timer and not _may_recover(_trouble(status))


def _snapshot(status: Part, config: ShellyPlug.Config) -> MinerSnapshot:
    is_on = status.flag("output")
    if is_on is None:
        raise BadAnswer(f"{status.what} does not say whether it is on.")
    draws = status.told_watts("apower", is_signed=True)
    power_w, trouble = draws.power_w, _trouble(status)
    has_timer = not is_on and status.at("timer_duration") is not None
    judged, problem = _judged(is_on, power_w, has_timer, trouble)
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
        problem=problem or draws.problem or _unguarded(left_seconds, config),
        pending_start=has_timer and judged is MinerStatus.STARTING,
        starts_in_seconds=_timer_left_seconds(status) if has_timer and judged is MinerStatus.STARTING else None,
        fault=problem if trouble and judged in (MinerStatus.OFF, MinerStatus.PROTECT) else "",
        switches_off_in_seconds=left_seconds,
        switch_is_on=is_on,
        switched_by=_SOURCES.get(status.text("source"), SwitchedBy.NOT_SAID),
    )


def _trouble(status: Part) -> list[str]:
    errors = status.at("errors")
    return [str(error)[:40] for error in errors if str(error).isprintable()] if isinstance(errors, list) else []


def _may_recover(trouble: list[str]) -> bool:
    """After too much or too little voltage it may switch itself on again."""
    return any("voltage" in one for one in trouble)


def _timer_left_seconds(status: Part) -> float | None:
    """By its own clock; None: it does not tell that."""
    began_at, minute_at = status.number("timer_started_at"), status.number("aenergy", "minute_ts")
    length = status.number("timer_duration")
    if length is None or began_at is None or minute_at is None:
        return None
    return min(length, max(1.0, began_at + length - minute_at))


def _own_off_seconds(status: Part, config: ShellyPlug.Config) -> float | None:
    """What is left of its timer, by its own clock, which it tells to the minute beside its energy; 0: it has none.

    Without that clock, of ours nothing is known (None); a longer one counts in full.
    """
    if config.auto_off_minutes is None:
        return None
    length = status.number("timer_duration")
    if length is None:
        return 0.0
    left = _timer_left_seconds(status)
    if left is not None:
        return left
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
    if trouble and not is_on and not has_timer:
        status = MinerStatus.PROTECT if _may_recover(trouble) else MinerStatus.OFF
        why = f"It switched itself off: {', '.join(trouble)}."
        return status, f"{why} Find the cause, then switch it on and off once at the plug to clear that."
    if has_timer:
        return MinerStatus.STARTING, "It is off, but a timer in it will switch it on."
    return status, f"It is on, but only {power_w:.0f} W flow." if status is MinerStatus.STARTING else ""
