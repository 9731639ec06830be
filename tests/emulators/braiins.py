"""An Antminer with Braiins OS: its public REST API on :80.

Sources: the vendor's OpenAPI document 1.7.0 (developer.braiins-os.com: paths, shapes, examples), the enumerations
of braiins/bos-plus-api (miner.proto, tuner.proto), recorded replies read by 256foundation/asic-rs (v25_07: the
Authorization header is the bare token; pools have `alive` and `active`).

Assumed: what a refused target answers (400), that a stopped service refuses its figures as it refuses the efficiency
profile (412), that a paused machine’s approximated consumption is its standby, that a restart comes back mining, all
times of the rig.
"""

from __future__ import annotations

from typing import Any

from .base import HttpEmulator, HttpRequest
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting

PASSWORD = "correct horse"
LEAST_W, USUAL_W, MOST_W = 780, 2760, 3180
_JOULE_PER_TERAHASH = 23.0


class AnyWatts(dict[str, Setting]):
    """The settings of a machine that takes every power target: the key is the watts."""

    def __missing__(self, key: str) -> Setting:
        return Setting(float(key), float(key) / _JOULE_PER_TERAHASH)


def _settings() -> AnyWatts:
    settings = AnyWatts()
    settings.update({str(watts): settings[str(watts)] for watts in (LEAST_W, MOST_W)})
    return settings


class BraiinsEmulator(HttpEmulator):
    """`detailed`: it says why it is in its state (API 1.7); else only the older status number.

    `says_power_at_rest`: a paused machine still says what it draws; `tuner`: it steers by a power target.
    """

    def __init__(
        self, clock: Clock, *, detailed: bool = True, says_power_at_rest: bool = True, tuner: bool = True
    ) -> None:
        nature = Nature(_settings(), str(MOST_W), standby_w=21.0, boot_seconds=60.0, init_seconds=20.0)
        self.detailed, self.says_power_at_rest, self.tuner = detailed, says_power_at_rest, tuner
        self.tuner_state = 2  # TUNER_STATE_STABLE
        self.service_stopped = False
        #: Its own scaling (DPS): on, and the target it leaves of the one that is configured (None: all of it).
        self.scales = False
        self.configured_w: int | None = None
        self.tells_configuration = True
        self.refuses_target_at_rest = False
        self.tokens: set[str] = set()
        self.logins = 0
        super().__init__(Rig(nature, clock))

    def lost_power(self) -> None:
        self.tokens.clear()
        self.service_stopped = False

    def is_write(self, request: HttpRequest) -> bool:
        return request.method != "GET" and request.headers.get("authorization") in self.tokens

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        path = request.path.removeprefix("/api/v1/")
        if (request.method, path) == ("POST", "auth/login"):
            return self._login(request.json())
        if request.headers.get("authorization") not in self.tokens:
            return 401, {"message": "unauthenticated"}
        answers = {
            "GET version/": lambda: {"major": 1, "minor": 7, "patch": 0},
            "GET miner/details": self._details,
            "GET miner/stats": self._stats,
            "GET performance/tuner-state": self._tuner_state,
            "GET configuration/constraints": self._constraints,
            "GET configuration/miner": self._configuration,
            "GET performance/mode": self._mode,
            "GET cooling/state": self._cooling,
            "GET pools/": self._pools,
            "PUT actions/pause": lambda: self._pause(act),
            "PUT actions/resume": lambda: self._resume(act),
            "PUT actions/start": lambda: self._start(act),
        }
        if self.service_stopped and path in ("miner/stats", "performance/tuner-state"):
            return 412, {"message": "BOSminer is not running"}
        answer = answers.get(f"{request.method} {path}")
        if path == "configuration/miner" and not self.tells_configuration:
            return 404, b""
        if answer is not None:
            return 200, answer()
        if (request.method, path) == ("PUT", "performance/power-target"):
            return self._target(request.json(), act)
        return 404, b""

    def _login(self, body: Any) -> tuple[int, Any]:
        if body != {"username": "root", "password": PASSWORD}:
            return 401, {"message": "invalid credentials"}
        self.logins += 1
        token = f"token{self.logins}"
        self.tokens.add(token)
        return 200, {"token": token, "timeout_s": 3600}

    def _state(self) -> tuple[int, dict[str, Any]]:
        """MinerStatus and the arm of MinerDetailedStatus."""
        if self.service_stopped:
            return 1, {"stopped": {"reason": {"application_unavailable": {}}}}
        match self.rig.phase:
            case Phase.SLEEP:
                return 3, {"stopped": {"reason": {"user_pause": {}}}}
            case Phase.PROTECT:
                why = {"reason": "THERMAL_PAUSE_REASON_DANGEROUS_TEMPERATURE"}
                return 4, {"stopped": {"reason": {"thermal_pause": why}}}
            case Phase.WORK if self.rig.has_pool:
                return 2, {"running": {"reason": {"normal": {}}}}
            case Phase.WORK:
                return 4, {"stopped": {"reason": {"dead_pools": {}}}}
        return 1, {"starting": {"reason": {"none": {}}}}

    def _details(self) -> dict[str, Any]:
        status, arm = self._state()
        uptime = int(self.rig.uptime_seconds)
        detailed = {
            "detailed_status": {
                "status": arm,
                "status_since": {"seconds": 1741260910, "nanos": 0},
                "status_until": None,
            }
        }
        return {
            "uid": "HMlCkoxiKpZ5FPPT",
            "miner_identity": {"brand": 1, "model": 0, "name": "Antminer S19k Pro", "miner_model": "Antminer S19k Pro"},
            "platform": 3,
            "bos_mode": 4,
            "bos_version": {"current": "2026-08-25-0-1f2e3d4c-26.08.1-plus", "major": "1", "bos_plus": True},
            "hostname": "miner-1",
            "mac_address": "02:00:5e:00:53:01",
            "system_uptime": uptime,
            "sticker_hashrate": {"gigahash_per_second": 120000.0},
            "bosminer_uptime_s": 0 if self.service_stopped or self.rig.phase is Phase.BOOT else uptime,
            "system_uptime_s": uptime,
            "status": status,
            "kernel_version": "4.19.0",
            "psu_info": None,
            "control_board_soc_family": 2,
            "serial_number": "YNAHAABBBJAAA0001",
            **(detailed if self.detailed else {}),
        }

    def _stats(self) -> dict[str, Any]:
        rig = self.rig
        asleep = rig.phase is Phase.SLEEP and not self.says_power_at_rest
        shown = {"gigahash_per_second": rig.shown_hash_rate_th_s * 1000}
        return {
            "pool_stats": {"accepted_shares": 1000, "rejected_shares": 10, "stale_shares": 5, "last_difficulty": 8192},
            "miner_stats": {
                "real_hashrate": {"last_5s": shown, "last_15s": shown, "last_1m": shown, "last_24h": shown},
                "nominal_hashrate": {"gigahash_per_second": 120000.0},
                "found_blocks": self.blocks_found,
                "best_share": 1,
            },
            "power_stats": {
                "approximated_consumption": None if asleep else {"watt": round(rig.power_w)},
                "efficiency": {"joule_per_terahash": _JOULE_PER_TERAHASH},
            },
        }

    def _tuner_state(self) -> dict[str, Any]:
        if not self.tuner:
            return {"overall_tuner_state": 1, "mode_state": None}
        target = {"watt": int(self.rig.setting)}
        profile = {
            "created": {"nanos": 0, "seconds": 1744000000},
            "estimated_power_consumption": target,
            "measured_hashrate": {"gigahash_per_second": 12345.0},
            "target": target,
        }
        mode = {"powertargetmodestate": {"current_target": target, "profile": profile}}
        return {"mode_state": mode, "overall_tuner_state": self.tuner_state}

    @property
    def _set_w(self) -> int:
        return self.configured_w or int(self.rig.setting)

    def scale_to(self, watts: int) -> None:
        """It is too hot: it lowers its power by itself; what is configured stays."""
        self.configured_w, self.scales = self._set_w, True
        self.rig.choose(str(watts))

    def _configuration(self) -> dict[str, Any]:
        target = {"enabled": True, "tuner_mode": 1, "power_target": {"watt": self._set_w}, "hashrate_target": None}
        dps = {"enabled": self.scales, "power_step": {"watt": 300}, "min_power_target": {"watt": LEAST_W}}
        return {"tuner": target if self.tuner else {"enabled": False}, "dps": {**dps, "shutdown_enabled": False}}

    def _mode(self) -> dict[str, Any]:
        return {"tunermode": {"target": {"powertarget": {"power_target": {"watt": self._set_w}}}}}

    def _constraints(self) -> dict[str, Any]:
        limits = {"default": {"watt": USUAL_W}, "min": {"watt": LEAST_W}, "max": {"watt": MOST_W}}
        return {
            "tuner_constraints": {
                "enabled": {"default": True},
                "default_mode": 1,
                "power_target": limits if self.tuner else None,
                "hashrate_target": None,
            },
            "dps_constraints": {"mode": 1},
            "hashboards_constraints": {"hashboard_ids": ["1", "2", "3"]},
            "cooling_constraints": {"default_cooling_mode": 1},
        }

    def _cooling(self) -> dict[str, Any]:
        rpm = 3200 if self.rig.fan_works else 0
        hottest = {"id": 0, "location": 1, "temperature": {"degree_c": round(self.rig.chip_celsius, 1)}}
        return {
            "fans": [{"position": 0, "rpm": rpm, "target_speed_ratio": 0.5}, {"position": 1, "rpm": rpm}],
            "highest_temperature": hottest,
        }

    def _pools(self) -> list[dict[str, Any]]:
        alive = self.rig.has_pool
        pool = {"uid": "pool1", "url": "stratum+tcp://pool.example.com:3333", "user": "miner1", "enabled": True}
        return [{"name": "Default", "uid": "group1", "pools": [{**pool, "alive": alive, "active": alive}]}]

    def _pause(self, act: bool) -> bool:
        was = self.rig.phase is Phase.SLEEP
        if act:
            self.rig.sleep()
        return was

    def _resume(self, act: bool) -> bool:
        was = self.rig.phase is Phase.WORK
        if act and not self.service_stopped:
            self.rig.wake()
        return was

    def _start(self, act: bool) -> bool:
        was = not self.service_stopped
        if act and self.service_stopped:
            self.service_stopped = False
            self.rig.wake()
        return was

    def stop_service(self) -> None:
        """Somebody stopped mining altogether (`actions/stop`)."""
        self.service_stopped = True
        self.rig.sleep()

    def _target(self, body: Any, act: bool) -> tuple[int, Any]:
        watts = body.get("watt") if isinstance(body, dict) else None
        if not isinstance(watts, int) or not LEAST_W <= watts <= MOST_W:
            return 400, {"message": "power target out of range"}
        if self.refuses_target_at_rest and self.rig.phase is Phase.SLEEP:
            return 409, {"message": "not while paused"}
        if act:
            self.configured_w = None
            self.rig.choose(str(watts))
        return 200, {"watt": watts}
