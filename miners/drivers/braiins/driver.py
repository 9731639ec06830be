"""Antminers with Braiins OS, through its public REST API (25.07 and later; port 80).

Facts: the vendor's OpenAPI document and the enumerations of its protocol; `docs/miners.md` has what is unsure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from integrations.errors import BadAnswer, NotFound, Refused
from integrations.registry import Adapter, AdapterConfig, Kind, Session, register
from miners.drivers.level_before_start import set_before_start
from miners.power import Identity, Level, PowerModel
from miners.protocols.address import DeviceAddress, http_device
from miners.protocols.json_answer import Part, ToldWatts, celsius
from miners.protocols.json_http import NO_DEAD_MAN_HELP, UNSEEN_SCHEDULES, RestDevice, surely
from miners.state import MinerSnapshot
from miners.status.device_report import Seen, snapshot_of
from miners.status.inference import Word

_NAME = "The miner"
#: A machine that says nothing of its target is judged as one of the smallest of its kind (W).
_SMALLEST_W = 800.0
_STANDBY_W = 30.0
#: Any whole watt is a target; steps a person and the log can follow (W).
_STEP_W = 50
#: A service that does not run this long after the system started was stopped; before, it is starting (s).
_BOOTS_WITHIN_SECONDS = 300.0
_TUNING, _TUNER_ERROR = 3, 4
_SCALES = (
    "Its dynamic performance scaling (DPS) is on: when hot it lowers its power by itself, and may pause and go on by "
    "itself. Switch DPS off in its own web page to let rooms choose."
)
#: MinerStatus of the API.
_STATUS_WORDS = {2: Word.ON, 3: Word.OFF, 4: Word.NO_POOL, 5: Word.PROTECT}
#: Reasons of `detailed_status.stopped`.
_STOP_WORDS = {
    "user_pause": Word.OFF,
    "dead_pools": Word.NO_POOL,
    "unsupported_hardware": Word.PROTECT,
    "missing_license": Word.PROTECT,
    "thermal_pause": Word.PROTECT,
    "dps_cooldown": Word.PROTECT,
    "tuner_error": Word.PROTECT,
    "hardware_error": Word.PROTECT,
}
_STOP_SENTENCES = {
    "unsupported_hardware": "It does not recognise its hash boards.",
    "missing_license": "It has no valid licence.",
    "thermal_pause": "It paused itself: too hot, or a fan fails.",
    "dps_cooldown": "It is cooling down (dynamic performance scaling) and goes on by itself.",
    "tuner_error": "Its tuner failed.",
    "hardware_error": "Its hardware failed.",
    "dead_pools": "None of its pools answers.",
}
#: Nothing of these ends by itself.
_LATCHED = (_STOP_SENTENCES["unsupported_hardware"], _STOP_SENTENCES["missing_license"])


@register
class Braiins(Adapter):
    kind = Kind.MINER_CONTROLLER
    key = "braiins"
    usual_ports = (80,)
    label = "Braiins OS"
    description = "An Antminer with Braiins OS 25.07 or later: pause, resume and a power target in watts."
    dead_man = None
    dead_man_help = NO_DEAD_MAN_HELP

    class Config(AdapterConfig):
        place_settings = ("address",)

        address: DeviceAddress
        user: str = Field("root", min_length=1, max_length=80, description="The user of its own web page.")
        password: str = Field(
            "", max_length=200, description="The password of its own web page.", json_schema_extra={"secret": True}
        )

    @classmethod
    def recognise(cls, config: Config, deadline: float) -> str:
        """“Braiins OS”, by its version or by how its API refuses who has not logged in. Raises `AdapterError`."""
        http = http_device(config.address, _NAME)
        try:
            answer = http.request("GET", "/api/v1/version/", deadline=deadline)
        finally:
            http.close()
        # Its refusal is JSON with a message; web pages with a password answer with a page and a challenge.
        said = Part(answer.json(), http.place) if answer.status in (200, 401) and not answer.challenge else None
        if said is None or not (said.text("message") if answer.status == 401 else said.number("major")):
            raise BadAnswer(f"What answers at {http.place} is not Braiins OS. Check the address.")
        return "Braiins OS"

    @classmethod
    def identify(cls, config: Config, deadline: float) -> Identity:
        """Make, version and limits. Raises `AdapterError`; `BadAnswer` where there is no power target to steer by."""
        with _device(config, deadline) as device:
            details = _details(device)
            least_w, most_w = _limits(device)
            scales = _Target.of(device, _tuner(device)).scales
        return Identity(
            model=details.text("miner_identity", "miner_model") or details.text("miner_identity", "name") or "Antminer",
            firmware="Braiins OS",
            version=details.text("bos_version", "current") or "unknown",
            serial=details.text("mac_address") or details.text("serial_number"),
            power=PowerModel(
                levels=(Level(f"{least_w} W", least_w), Level(f"{most_w} W", most_w)),
                step_w=_STEP_W,
                standby_w=_STANDBY_W,
                ramp_seconds=600,
                device_class="antminer",
            ),
            limits=(
                "Its watts are the firmware’s own approximation; a metering plug knows better.",
                "A new power target may be tuned for a long time, and some versions restart for it.",
                *((_SCALES,) if scales else ()),
                UNSEEN_SCHEDULES,
            ),
        )

    @classmethod
    def read_alone(cls, config: Config, deadline: float) -> MinerSnapshot:
        with _device(config, deadline) as device:
            return _snapshot(device)

    @classmethod
    def write(cls, config: Config, session: Session | None, power_w: float, deadline: float) -> None:
        """Pause, or set the target (only where it differs) and then resume: it never starts at another power."""
        with _device(config, deadline) as device:
            if power_w <= 0:
                if not surely(lambda: _word(_details(device))[0] is Word.OFF):
                    device.tell("PUT", "actions/pause")
                return
            details = _details(device)
            least_w, most_w = _limits(device)
            model = PowerModel(levels=(Level("", least_w), Level("", most_w)), step_w=_STEP_W)
            wanted_w, is_off = int(model.fitting(power_w)), _word(details)[0] is Word.OFF
            set_w = _Target.of(device, _tuner(device)).set_w
            if set_w != wanted_w:
                told = {"watt": wanted_w}
                set_before_start(
                    lambda: device.send("PUT", "performance/power-target", told),
                    is_off=is_off,
                    set_w=set_w,
                    wanted_w=wanted_w,
                )
            if _is_service_stopped(details):
                device.tell("PUT", "actions/start")
            elif is_off:
                device.tell("PUT", "actions/resume")


def _device(config: Braiins.Config, deadline: float) -> RestDevice:
    def login(device: RestDevice) -> str:
        body = {"username": config.user, "password": config.password}
        token = Part(device.plain("POST", "auth/login", body), device.what).text("token")
        if not token:
            raise BadAnswer(f"{device.what} took the password but gave no token.")
        return token

    secret = f"{config.user}\0{config.password}"
    return RestDevice(config.address, deadline, name=_NAME, base="/api/v1", login=login, secret=secret)


def _snapshot(device: RestDevice) -> MinerSnapshot:
    details = _details(device)
    stats = _optional(device, "miner/stats")
    tuner, cooling = _tuner(device), _optional(device, "cooling/state")
    word, sentence = _word(details)
    pool_alive = _pool_alive(device)
    is_latched = sentence in _LATCHED
    if word is Word.NO_POOL and pool_alive:
        word, sentence = Word.NONE, "It suspended itself although a pool answers."
    target = _Target.of(device, tuner)
    if word is Word.ON and target.is_scaled:
        sentence = f"Its own power scaling (DPS) holds it at {target.present_w} W instead of {target.set_w} W."
    gigahash = stats and stats.number("miner_stats", "real_hashrate", "last_5s", "gigahash_per_second")
    if stats is None and _is_service_stopped(details):
        gigahash = 0.0  # an uptime of 0 is its word that nothing hashes; statistics are refused then
    draws = ToldWatts(None) if stats is None else stats.told_watts("power_stats", "approximated_consumption", "watt")
    seen = Seen(
        word=word,
        sentence=sentence,
        power_w=draws.power_w,
        power_problem=draws.problem,
        level_w=target.present_w or _SMALLEST_W,
        knows_level=target.present_w is not None,
        standby_w=_STANDBY_W,
        hash_rate_th_s=None if gigahash is None else gigahash / 1000.0,
        is_latched=is_latched,
        is_stopping=details.at("detailed_status", "status", "stopping") is not None,
        is_tuning=tuner is not None and tuner.number("overall_tuner_state") == _TUNING,
    )
    fans = [rpm for fan in cooling.parts("fans") if (rpm := fan.number("rpm")) is not None] if cooling else []
    return snapshot_of(
        seen,
        name=_NAME,
        chip_temperature_celsius=cooling and celsius(cooling, "highest_temperature", "temperature", "degree_c"),
        fan_rpm=max(fans, default=None),
        uptime_seconds=details.number("system_uptime_s"),
        blocks_found=stats and stats.count("miner_stats", "found_blocks"),
        pool_alive=pool_alive,
        level="" if target.set_w is None else f"{target.set_w} W",
        set_power_w=None if target.set_w is None else float(target.set_w),
        observed_at=datetime.now(UTC),
    )


def _details(device: RestDevice) -> Part:
    return Part(device.get("miner/details"), device.what)


def _word(details: Part) -> tuple[Word, str]:
    """What it says it does, and why. The detailed status of newer versions is believed before the old number."""
    if _is_service_stopped(details):
        return Word.OFF, ""
    arms = details.at("detailed_status", "status")
    if not isinstance(arms, dict):
        return _STATUS_WORDS.get(_status(details), Word.STARTING if _status(details) == 1 else Word.NONE), ""
    if "running" in arms:
        return Word.ON, ""
    if "starting" in arms:
        return Word.STARTING, ""
    for arm in ("stopped", "stopping"):
        reason = details.at("detailed_status", "status", arm, "reason")
        if isinstance(reason, dict):
            key = next(iter(reason), "")
            return _STOP_WORDS.get(key, _STATUS_WORDS.get(_status(details), Word.NONE)), _STOP_SENTENCES.get(key, "")
    return Word.NONE, ""


def _status(details: Part) -> int:
    return int(details.number("status") or 0)


def _is_service_stopped(details: Part) -> bool:
    """The mining service was stopped by somebody; a machine that is only booting has not started it yet."""
    uptime = details.number("system_uptime_s")
    return (
        _status(details) == 1
        and details.number("bosminer_uptime_s") == 0
        and uptime is not None
        and uptime > _BOOTS_WITHIN_SECONDS
    )


def _limits(device: RestDevice) -> tuple[int, int]:
    """The least and the most power target (W)."""
    constraints = Part(device.get("configuration/constraints"), device.what)
    least_w, most_w = (constraints.watts("tuner_constraints", "power_target", end, "watt") for end in ("min", "max"))
    if not least_w or not most_w or least_w >= most_w:
        raise BadAnswer(
            f"{device.what} lists no range of power targets. Choose a power target in its tuner, or update Braiins OS."
        )
    return int(least_w), int(most_w)


def _tuner(device: RestDevice) -> Part | None:
    return _optional(device, "performance/tuner-state")


@dataclass(frozen=True, slots=True)
class _Target:
    """The power target in W (None: not told): `set_w` as configured, `present_w` as its own scaling (DPS) leaves it."""

    set_w: int | None
    present_w: int | None
    scales: bool

    @classmethod
    def of(cls, device: RestDevice, tuner: Part | None) -> _Target:
        """What is configured is believed to be set; where a version does not tell it, the present target is."""
        present_w = tuner and tuner.watts("mode_state", "powertargetmodestate", "current_target", "watt")
        configured = _optional(device, "configuration/miner")
        scales = configured is not None and configured.flag("dps", "enabled") is True
        set_w = configured and configured.watts("tuner", "power_target", "watt")
        if not set_w:
            mode = _optional(device, "performance/mode")
            set_w = mode and mode.watts("tunermode", "target", "powertarget", "power_target", "watt")
        if not set_w and not scales:
            set_w = present_w
        return cls(int(set_w) if set_w else None, int(present_w or set_w or 0) or None, scales)

    @property
    def is_scaled(self) -> bool:
        return self.set_w is not None and self.present_w is not None and self.present_w < self.set_w - 1


def _pool_alive(device: RestDevice) -> bool | None:
    """Whether any pool in use answers; None when it does not say."""
    groups = _optional_json(device, "pools/")
    if not isinstance(groups, list):
        return None
    pools = [pool for group in groups for pool in Part(group, device.what).parts("pools")]
    alive = [pool.flag("alive") for pool in pools if pool.flag("enabled") is not False]
    return None if not alive or None in alive else any(alive)


def _optional(device: RestDevice, path: str) -> Part | None:
    found = _optional_json(device, path)
    return None if found is None else Part(found, device.what)


def _optional_json(device: RestDevice, path: str) -> Any:
    """What older versions, or a service that does not run, do not tell."""
    try:
        return device.get(path)
    except (NotFound, Refused):
        return None
