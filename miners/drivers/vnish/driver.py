"""Antminers with VNish (XMiner), through its REST API (port 80).

From 1.3.3 on it throttles to 20–100 % while it works; before, it has presets, of which only tuned ones are ever
chosen: an un-tuned one would be tuned for hours. Facts and what is unsure: `docs/miners.md`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import Field

from integrations.errors import BadAnswer, NotFound, Refused
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.level_before_start import set_before_start
from miners.power import Identity, Level, PowerModel
from miners.protocols.address import DeviceAddress
from miners.protocols.json_answer import Part, celsius
from miners.protocols.json_http import NO_DEAD_MAN_HELP, UNSEEN_SCHEDULES, RestDevice, surely
from miners.state import MinerSnapshot
from miners.status.device_report import Seen, snapshot_of
from miners.status.inference import Word

_NAME = "The miner"
_STANDBY_W = 30.0
#: A machine that says nothing of its preset is judged as one of the smallest of its kind (W).
_SMALLEST_W = 800.0
_SWITCHES = "Its preset switcher is on, so it changes its power by itself. Switch that off on its web page."
_THROTTLES_FROM = (1, 3, 3)
#: Percent of the preset's power the firmware takes.
_THROTTLE = range(20, 101, 5)
_WORDS = {
    "mining": Word.ON,
    "auto-tuning": Word.ON,
    "initializing": Word.STARTING,
    "starting": Word.STARTING,
    "restarting": Word.STARTING,
    "shutting-down": Word.OFF,
    "stopping": Word.OFF,
    "stopped": Word.OFF,
    "paused": Word.OFF,
    "failure": Word.PROTECT,
}
_STOPPING = ("shutting-down", "stopping")
_ALIVE = ("active", "working")
_TERAHASH = {"kh/s": 1e-9, "mh/s": 1e-6, "gh/s": 1e-3, "th/s": 1.0, "ph/s": 1e3}
_WATTS_IN_WORDS = re.compile(r"(\d{2,5}) ?w", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Preset:
    """`watts` None: it does not say."""

    name: str
    watts: float | None
    is_tuned: bool
    needs_other_supply: bool

    @classmethod
    def of(cls, part: Part) -> _Preset:
        name, words = part.text("name"), _WATTS_IN_WORDS.search(part.text("pretty"))
        watts = float(words[1]) if words else float(name) if name.isascii() and name.isdigit() else None
        return cls(name, watts or None, part.text("status") == "tuned", part.flag("modded_psu_required") is True)


@register
class Vnish(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "vnish"
    usual_ports = (80,)
    label = "VNish"
    description = "An Antminer with VNish: start and stop; throttle from 1.3.3 on, its tuned presets before."
    dead_man = None
    dead_man_help = NO_DEAD_MAN_HELP

    class Config(AdapterConfig):
        place_settings = ("address",)

        address: DeviceAddress
        password: str = Field(
            "admin", max_length=200, description="The password of its own web page.", json_schema_extra={"secret": True}
        )

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """Its model: VNish tells it without its password. Raises `AdapterError`."""
        with _device(config, deadline) as device:
            info = _checked_info(device, device.plain("GET", "info"))
        return f"{info.text('miner') or info.text('model') or 'Antminer'} with VNish"

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Make, version, levels. Raises `AdapterError`; `Unauthorized` for a wrong password."""
        with _device(config, deadline) as device:
            info = _info(device)
            perf = _Perf.of(device)
            levels = _levels(device, info, perf)
            device.log_in()  # it tells all that without its password, and would refuse the first switching
        throttles = _throttles(info)
        return Identity(
            model=info.text("miner") or info.text("model") or "Antminer",
            firmware="VNish",
            version=info.text("fw_version"),
            serial=info.text("system", "network_status", "mac") or info.text("serial"),
            power=PowerModel(
                levels=levels,
                standby_w=_STANDBY_W,
                ramp_seconds=300 if throttles else 900,
                device_class="antminer",
            ),
            limits=(
                "Its watts are the firmware’s own figure; a metering plug knows better.",
                "What it takes when throttled is reckoned in proportion to its preset."
                if throttles
                else "Changing the preset restarts mining. Only presets it has tuned are used.",
                *((_SWITCHES,) if perf.switches else ()),
                UNSEEN_SCHEDULES,
            ),
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        with _device(config, deadline) as device:
            return _snapshot(device)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Stop, or set the level (only where it differs) and then start: it never starts at another power."""
        with _device(config, deadline) as device:
            if power_w <= 0:
                if not surely(lambda: _is_off(_summary(device))):
                    device.tell("POST", "mining/stop")
                return
            summary, info = _summary(device), _info(device)
            is_off = _is_off(summary)
            model = PowerModel(levels=_levels(device, info, _Perf.of(device)))
            wanted = model.level_of(power_w)
            told = _told_key(device, summary, info)
            restart = told != wanted.key and set_before_start(
                lambda: _tell(device, info, wanted.key),
                is_off=is_off,
                set_w=model.watts_of(told),
                wanted_w=wanted.power_w,
            )
            if is_off:
                device.tell("POST", "mining/start")
            elif restart:
                device.tell("POST", "mining/restart")


def _device(config: Vnish.Config, deadline: float) -> RestDevice:
    def login(device: RestDevice) -> str:
        token = Part(device.plain("POST", "unlock", {"pw": config.password}), device.what).text("token")
        if not token:
            raise BadAnswer(f"{device.what} took the password but gave no token.")
        return f"Bearer {token}"

    return RestDevice(config.address, deadline, name=_NAME, base="/api/v1", login=login, secret=config.password)


def _snapshot(device: RestDevice) -> MinerSnapshot:
    miner, info = _summary(device), _info(device)
    state = miner.text("miner_status", "miner_state")
    percent, perf = _percent(miner), _Perf.of(device)
    preset = perf.preset
    level_w = None if preset is None or preset.watts is None else preset.watts * (percent or 100) / 100
    pool_alive = _pool_alive(miner)
    word = _WORDS.get(state, Word.NONE)
    if word is Word.ON and pool_alive is False:
        word = Word.NO_POOL
    description = miner.text("miner_status", "description")
    draws = miner.told_watts("power_consumption")
    seen = Seen(
        word=word,
        power_w=draws.power_w,
        power_problem=draws.problem,
        level_w=level_w or _SMALLEST_W,
        knows_level=level_w is not None,
        standby_w=_STANDBY_W,
        hash_rate_th_s=_hash_rate(miner, info),
        is_stopping=state in _STOPPING,
        is_tuning=state == "auto-tuning",
        sentence=_sentence(word, state, description) or (_SWITCHES if perf.switches and word is Word.ON else ""),
        fault=_fan_fault(miner),
    )
    fans = [rpm for fan in miner.parts("cooling", "fans") if (rpm := fan.number("rpm")) is not None]
    return snapshot_of(
        seen,
        name=_NAME,
        chip_temperature_celsius=celsius(miner, "chip_temp", "max"),
        board_temperature_celsius=celsius(miner, "pcb_temp", "max"),
        blocks_found=miner.count("found_blocks"),
        fan_rpm=max(fans, default=None),
        pool_alive=pool_alive,
        level=_level_key(info, percent, None if perf.switches else preset),
        observed_at=datetime.now(UTC),
    )


def _fan_fault(miner: Part) -> str:
    """Of a machine cooled by fans, one that it lost."""
    lost = any(fan.text("status") == "lost" for fan in miner.parts("cooling", "fans"))
    return "One of its fans stands still." if lost else ""


def _sentence(word: Word, state: str, description: str) -> str:
    if word is Word.PROTECT:
        return f"It stopped itself: {description or 'it does not say why'}."
    if word is Word.NO_POOL:
        return "None of its pools answers."
    if word is Word.NONE:
        return f"It says ‘{state[:40]}’, which is not known." if state else "It is not mining now and gives no reason."
    return ""


def _level_key(info: Part, percent: int | None, preset: _Preset | None) -> str:
    if _throttles(info):
        return "" if percent is None else f"{percent}%"
    return "" if preset is None else preset.name


def _summary(device: RestDevice) -> Part:
    """What it says of its mining; nothing while it says `null`: it does not mine, for whatever reason."""
    miner = Part(device.get("summary"), device.what).at("miner")
    return Part({} if miner is None else miner, device.what)


def _info(device: RestDevice) -> Part:
    return _checked_info(device, device.get("info"))


def _checked_info(device: RestDevice, answer: object) -> Part:
    info = Part(answer, device.what)
    if info.text("fw_name").lower() not in ("vnish", "xminer"):
        raise BadAnswer(f"{device.what} is not a VNish miner: it calls its firmware ‘{info.text('fw_name')[:40]}’.")
    return info


def _is_off(miner: Part) -> bool:
    return _WORDS.get(miner.text("miner_status", "miner_state")) is Word.OFF


def _throttles(info: Part) -> bool:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", info.text("fw_version"))
    return found is not None and tuple(int(part) for part in found.groups()) >= _THROTTLES_FROM


def _percent(miner: Part) -> int | None:
    """Percent of its preset that it is throttled to, 100 when it is not; None when it does not say."""
    told = miner.at("miner_status", "throttled")
    percent = None if isinstance(told, bool) else miner.number("miner_status", "throttled")
    return int(percent) if percent is not None and _THROTTLE.start <= percent <= 100 else None


@dataclass(frozen=True, slots=True)
class _Perf:
    """The preset in use (None: it runs without one, or does not say), and whether it changes that by itself."""

    preset: _Preset | None = None
    switches: bool = False

    @classmethod
    def of(cls, device: RestDevice) -> _Perf:
        try:
            summary = Part(device.get("perf-summary"), device.what)
        except (NotFound, Refused):
            return cls()
        current = summary.at("current_preset")
        preset = None if current is None else _Preset.of(Part(current, device.what))
        return cls(preset, summary.flag("preset_switcher", "enabled") is True)


def _levels(device: RestDevice, info: Part, perf: _Perf) -> tuple[Level, ...]:
    """What it can be told, rising: percents of its preset, or the presets it has tuned. Raises `BadAnswer`: none."""
    current = perf.preset
    if _throttles(info):
        if current is None or current.watts is None:
            raise BadAnswer(
                f"{device.what} does not say what it takes in full. Choose a preset in its own web page, and tune it."
            )
        return tuple(Level(f"{percent}%", round(current.watts * percent / 100)) for percent in _THROTTLE)
    found = {
        preset.watts: preset.name
        for preset in _presets(device)
        if preset.watts is not None and preset.is_tuned and not preset.needs_other_supply
    }
    if not found:
        raise BadAnswer(f"{device.what} has no tuned preset. Tune the ones you want in its own web page.")
    return tuple(Level(name, watts) for watts, name in sorted(found.items()))


def _presets(device: RestDevice) -> list[_Preset]:
    answer = device.get("autotune/presets")
    listed = answer if isinstance(answer, list) else Part(answer, device.what).at("presets")
    if not isinstance(listed, list):
        raise BadAnswer(f"{device.what} lists its presets in another shape than expected.")
    return [_Preset.of(Part(one, device.what)) for one in listed]


def _told_key(device: RestDevice, summary: Part, info: Part) -> str:
    """The key of the level it is told now; empty: none, or it does not say."""
    if _throttles(info):
        return _level_key(info, _percent(summary), None)
    return str(Part(device.get("settings"), device.what).at("miner", "overclock", "preset") or "")


def _tell(device: RestDevice, info: Part, key: str) -> bool:
    """Tell it this level; whether mining has to be restarted for it. Of a preset the name alone is sent: its own tuning
    stays its own."""
    if _throttles(info):
        answer = device.send("POST", "mining/throttle", {"percent": int(key.rstrip("%"))})
    else:
        answer = device.send("POST", "settings", {"miner": {"overclock": {"preset": key}}})
    return _needs_restart(device, answer)


def _needs_restart(device: RestDevice, answer: object) -> bool:
    return answer is not None and Part(answer, device.what).flag("restart_required") is True


def _hash_rate(miner: Part, info: Part) -> float | None:
    """TH/s, by the unit it names; None without one."""
    value, scale = miner.number("hr_realtime"), _TERAHASH.get(info.text("hr_measure").lower())
    return None if value is None or scale is None or value < 0 else value * scale


def _pool_alive(miner: Part) -> bool | None:
    """Whether any of its owner's pools answers."""
    states = [pool.text("status") for pool in miner.parts("pools") if pool.text("pool_type").lower() != "devfee"]
    known = [state for state in states if state]
    return any(state in _ALIVE for state in known) if known else None
