"""Room heaters of 21energy ("Ofen"), through their own API (port 80, open to everybody in the network).

It is switched by `enable`; its lowest level is a level, not off. Facts and what is unsure: `docs/miners.md`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from integrations import units
from integrations.errors import BadAnswer, MissingSetting
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.level_before_start import set_before_start
from miners.power import Identity, Level, PowerModel
from miners.protocols.address import DeviceAddress
from miners.protocols.json_answer import Part, celsius
from miners.protocols.json_http import NO_DEAD_MAN_HELP, UNSEEN_SCHEDULES, RestDevice, surely
from miners.state import MinerSnapshot
from miners.status.device_report import Seen, snapshot_of
from miners.status.inference import Word

_NAME = "The heater"
_STANDBY_W = 20.0
_LEVELS = 5
#: A heater that says nothing of its target is judged as a small one (W).
_SMALLEST_W = 400.0
#: It tells the target threefold; the maker's own integration divides it by 3, and consumption not.
_TARGET_SCALE = 3.0


def _watts_of_levels(text: str) -> str:
    """Five rising numbers, tidied; empty stays empty."""
    try:
        watts = [int(part) for part in text.replace(";", ",").split(",")] if text else []
    except ValueError:
        watts = [0]
    if text and (len(watts) != _LEVELS or watts != sorted(set(watts)) or watts[0] < 50 or watts[-1] > 5000):
        raise PydanticCustomError(
            "levels", "five rising numbers of watts are needed, like {example}", {"example": "420, 590, 760, 930, 1100"}
        )
    return ", ".join(str(one) for one in watts)


@register
class Heater21Energy(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "heater_21energy"
    usual_ports = (80,)
    label = "21energy heater (Ofen)"
    description = "A room heater of 21energy: on and off, and its five levels once their watts are known."
    dead_man = None
    dead_man_help = NO_DEAD_MAN_HELP

    class Config(AdapterConfig):
        address: DeviceAddress
        level_watts: Annotated[str, AfterValidator(_watts_of_levels)] = Field(
            "",
            max_length=60,
            title="Watts of its five levels",
            description="Lowest first, as its app shows or a meter measures them: 420, 590, 760, 930, 1100. "
            "Empty: it is only switched on and off, at the level chosen in its app.",
        )

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """Its model. Raises `AdapterError` for anything else."""
        with _device(config, deadline) as device:
            system = Part(device.get("status/system"), device.what)
            _Summary.of(device)
        return system.text("model") or "21energy heater"

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Make, version and levels. Raises `AdapterError`."""
        with _device(config, deadline) as device:
            system = Part(device.get("status/system"), device.what)
            summary = _Summary.of(device)
            levels = _typed_levels(config) or (_present_level(device, summary),)
        limits = ["Everybody in your network can switch it: its API knows no password.", UNSEEN_SCHEDULES]
        if not config.level_watts:
            limits.append("It does not tell the watts of its levels: enter them to use more than the present one.")
        return Identity(
            model=system.text("model") or "21energy heater",
            firmware="21control",
            version=system.text("version") or "unknown",
            serial=system.text("productId"),
            power=PowerModel(levels=levels, standby_w=_STANDBY_W, ramp_seconds=300, device_class="antminer"),
            limits=limits,
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        with _device(config, deadline) as device:
            return _snapshot(device, config)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Disable, or choose the level (only where it differs) and then enable."""
        with _device(config, deadline) as device:
            if power_w <= 0:
                if not surely(lambda: _Summary.of(device).word is Word.OFF):
                    device.tell("POST", "heater/enable", {"enabled": False})
                return
            word = _Summary.of(device).word
            levels = _typed_levels(config)
            if levels:
                model, told = PowerModel(levels=levels), str(_level(device))
                wanted = model.level_of(power_w)
                if told != wanted.key:
                    set_before_start(
                        lambda: device.tell("POST", f"heater/powerTarget/{wanted.key}"),
                        is_off=word is Word.OFF,
                        set_w=model.watts_of(told),
                        wanted_w=wanted.power_w,
                    )
            if word is not Word.ON:
                device.tell("POST", "heater/enable", {"enabled": True})


class _Summary:
    """Word, W, TH/s and °C of `heater/status/summary`, in either of its two shapes."""

    def __init__(self, summary: Part, is_operational: bool | None) -> None:
        self.devices = summary.at("miningDevices")
        self.is_operational = is_operational
        if self.devices is not None:
            part = Part(self.devices, summary.what)
            self.draws = part.told_watts("powerConsumptionW")
            self.target_w = _third(part.number("powerTargetW"))
            gigahash = part.number("hashRate")
            self.hash_rate_th_s = None if gigahash is None else gigahash / 1e3
            self.chip_celsius = celsius(part, "maxChipTemperature")
            self.blocks_found = None
            self.fan_rpm = part.sensor("lastSummaries", 0, "fans", 0, "rpm", least=0, most=50_000)
            self.word = {0: Word.OFF, 1: Word.ON}.get(int(part.number("enabled") or 0), Word.NONE)
            if part.at("enabled") is None:
                self.word = Word.NONE
        else:
            self.draws = summary.told_watts("power", "approxConsumptionW")
            self.target_w = _third(summary.number("power", "limitW"))
            megahash = summary.number("realHashrate", "mhs5S")
            self.hash_rate_th_s = None if megahash is None else megahash / 1e6
            self.chip_celsius, self.fan_rpm = None, None
            self.blocks_found = summary.count("foundBlocks")
            is_known = summary.at("power") is not None
            self.word = Word.NONE if not is_known else Word.ON if summary.at("tunerStatus") is not None else Word.OFF
        if self.word is Word.ON and is_operational is not True:
            self.word = Word.NONE

    @classmethod
    def of(cls, device: RestDevice) -> _Summary:
        operational = Part(device.get("status"), device.what).flag("operational")
        return cls(Part(device.get("heater/status/summary"), device.what), operational)


def _device(config: Heater21Energy.Config, deadline: float) -> RestDevice:
    return RestDevice(config.address, deadline, name=_NAME, base="/21control")


def _snapshot(device: RestDevice, config: Heater21Energy.Config) -> MinerSnapshot:
    summary = _Summary.of(device)
    key = str(_level(device))
    typed_w = next((level.power_w for level in _typed_levels(config) if level.key == key), None)
    level_w = typed_w or summary.target_w
    seen = Seen(
        word=summary.word,
        power_w=summary.draws.power_w,
        power_problem=summary.draws.problem,
        level_w=level_w or _SMALLEST_W,
        knows_level=level_w is not None,
        standby_w=_STANDBY_W,
        hash_rate_th_s=summary.hash_rate_th_s,
        sentence="It says that it is not ready to work." if summary.is_operational is False else "",
    )
    return snapshot_of(
        seen,
        name=_NAME,
        chip_temperature_celsius=summary.chip_celsius,
        fan_rpm=summary.fan_rpm,
        blocks_found=summary.blocks_found,
        level=key,
        observed_at=datetime.now(UTC),
    )


def _level(device: RestDevice) -> int:
    """The level it is at, 0 to 4."""
    what = f"The level of {device.what[:1].lower()}{device.what[1:]}"
    level = units.number(device.get("heater/powerTarget"), what)
    if level not in range(_LEVELS):
        raise BadAnswer(f"{what} is {level:g}; 0 to 4 is possible.")
    return int(level)


def _typed_levels(config: Heater21Energy.Config) -> tuple[Level, ...]:
    typed = config.level_watts.split(",") if config.level_watts else []
    return tuple(Level(str(i), float(watts)) for i, watts in enumerate(typed))


def _present_level(device: RestDevice, summary: _Summary) -> Level:
    """The level chosen in its app: what it draws while it works, else what it aims at."""
    draws_w = summary.draws.power_w
    is_working = summary.word is Word.ON and draws_w is not None and draws_w >= _SMALLEST_W / 2
    power_w = draws_w if is_working else summary.target_w
    if not power_w:
        raise MissingSetting(
            f"{device.what} does not tell what it takes. Enter the watts of its five levels.", "level_watts"
        )
    return Level(str(_level(device)), power_w, is_measured=is_working)


def _third(target_w: float | None) -> float | None:
    return target_w / _TARGET_SCALE if target_w else None
