"""Avalon Q, Mini 3 and Nano 3S: cgminer's protocol with Canaan's one long string of `KEY[value]`.

The string's keys and order are from recorded lines of each model (reference notes, section 2, and
public recordings of `estats`); PS[6] is wall power, PS[5] a voltage that looks like watts when
idle. `softoff` and `softon` act at the Unix time given, by the device's own clock. Assumed: that a
new `softoff` replaces the one before (`keeps_all_schedules` is the other case), boot and ramp
times, that schedules are gone after a power cut, the Mini 3's eco watts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import LineEmulator
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting


@dataclass(frozen=True)
class Model:
    """A model: what `version` says, its settings by `workmode` (W at the wall, TH/s, MPO), and what it can."""

    product: str
    model: str
    version: str
    settings: dict[str, tuple[float, float, int]]
    first: str
    standby_w: float
    soft_off: bool
    fans: int


Q = Model(
    "Avalon Q",
    "Q",
    "25052801_14a19a2",
    {"0": (836.0, 51.0, 800), "1": (1348.0, 75.0, 1300), "2": (1659.0, 89.0, 1600)},
    "2",
    17.0,
    True,
    4,
)
MINI_3 = Model("Avalon Mini3", "Mini3", "25021401_56abae7", {"0": (808.0, 37.0, 800)}, "0", 12.0, soft_off=True, fans=1)
NANO_3S = Model(
    "Avalon Nano3s",
    "Nano3s",
    "25021401_56abae7",
    {"0": (70.0, 3.2, 70), "1": (101.0, 5.0, 100), "2": (133.0, 6.6, 133)},
    "2",
    6.0,
    soft_off=False,
    fans=1,
)


def _nature(model: Model) -> Nature:
    return Nature(
        {key: Setting(watts, hash_rate) for key, (watts, hash_rate, _) in model.settings.items()},
        model.first,
        model.standby_w,
        boot_seconds=40,
        init_seconds=60,
        ramp_seconds=60,
        fall_seconds=5,
        average_seconds=5,
        hot_celsius=85,
    )


class Avalon(LineEmulator):
    """`calibrates`: refuses every switch meanwhile. `mute_softon`: obeys a softon and closes without a word.

    `clock_is_set` False: it never heard the time, and counts from its start. `has_one_slot`: it keeps one time for on
    and off together, so that a later command replaces an earlier one of either kind.
    """

    writes = frozenset({"ascset"})

    def __init__(self, clock: Clock, model: Model = Q) -> None:
        self.model = model
        self.calibrates = False
        self.mute_softon = False
        self.keeps_all_schedules = False
        #: It refuses a work mode while it is in standby.
        self.keeps_mode_at_rest = False
        self.has_one_slot = False
        self.clock_is_set = True
        self.schedules: list[tuple[float, str]] = []
        self.soft_off_time = self.soft_on_time = 0
        super().__init__(Rig(_nature(model), clock))

    def device_now(self) -> float:
        return self.clock.now() if self.clock_is_set else self.rig.uptime_seconds

    def lost_power(self) -> None:
        self.schedules.clear()
        self.soft_off_time = self.soft_on_time = 0

    def settle(self) -> Rig:
        while self.schedules and min(self.schedules)[0] <= self.clock.now():
            at, what = min(self.schedules)
            self.schedules.remove((at, what))
            if what == "softoff":
                self.rig.sleep(at)
            else:
                self.rig.wake(at)
        return self.rig.settle()

    def answer(self, request: tuple[str, str], act: bool) -> bytes:
        reply = super().answer(request, act)
        return b"" if self.mute_softon and "softon" in request[1] else reply

    def status(self, status: str, code: int, message: str) -> dict[str, Any]:
        said = super().status(status, code, message)
        said["STATUS"][0]["When"] = int(self.device_now())
        return said

    def reply(self, command: str, parameter: str, act: bool) -> dict[str, Any]:
        match command:
            case "version":
                return self.status("S", 22, "CGMiner versions") | {"VERSION": [self._version()]}
            case "estats" | "litestats":
                row = {"STATS": 0, "ID": "AVALON0", "Elapsed": int(self.rig.uptime_seconds), "MM ID0": self._stats()}
                return self.status("S", 70, "CGMiner stats") | {"STATS": [row]}
            case "pools":
                alive = "Alive" if self.rig.has_pool else "Dead"
                pool = {"POOL": 0, "URL": "stratum+tcp://pool.invalid:3333", "Status": alive, "User": "worker"}
                return self.status("S", 7, "1 Pool(s)") | {"POOLS": [pool]}
            case "ascset":
                return self._set(parameter, act)
        return self.status("E", 14, "Invalid command")

    def _set(self, parameter: str, act: bool) -> dict[str, Any]:
        device, _, rest = parameter.partition(",")
        what, _, value = rest.partition(",")
        if device != "0":
            return self.status("E", 105, "Missing device id parameter")
        if what in ("softoff", "softon") and self.model.soft_off:
            flag, _, when = value.partition(":")
            if flag != "1" or not when.isdigit():
                return self.status("E", 45, f"ASC 0 set failed: bad {what}")
            if self.calibrates:
                return self.status("E", 45, "ASC 0 set failed: is caling Don't permit switch mode")
            if act:
                self._schedule(what, int(when))
            return self.status("I", 118, f"ASC 0 set info: success {what}:{when}")
        if what == "workmode" and value.startswith("set,") and value[4:] in self.model.settings:
            if self.calibrates:
                return self.status("E", 45, "ASC 0 set failed: is caling Don't permit switch mode")
            if self.keeps_mode_at_rest and self.rig.phase is Phase.SLEEP:
                return self.status("E", 45, "ASC 0 set failed: workmode: not in work")
            if act:
                self.rig.choose(value[4:])
            return self.status("S", 119, "ASC 0 set OK")
        return self.status("E", 45, f"ASC 0 set failed: Unknown option: {what}")

    def _schedule(self, what: str, when: int) -> None:
        ahead = when - self.device_now()
        if self.has_one_slot:
            self.schedules = []
            self.soft_off_time = self.soft_on_time = 0
        elif not self.keeps_all_schedules:
            self.schedules = [one for one in self.schedules if one[1] != what]
        self.schedules.append((self.clock.now() + ahead, what))
        if what == "softoff":
            self.soft_off_time = when
        else:
            self.soft_on_time = when
        self.settle()

    def _version(self) -> dict[str, Any]:
        model = self.model
        return {
            "CGMiner": "4.11.1",
            "API": "3.7",
            "PROD": model.product,
            "MODEL": model.model,
            "HWTYPE": f"{model.model}_X1",
            "LVERSION": model.version,
            "BVERSION": model.version,
            "DNA": "0201000012345678",
            "MAC": "e0e1a9000001",
            "UPAPI": "2",
        }

    def _stats(self) -> str:
        rig, model = self.rig, self.model
        watts, _, mpo = model.settings[rig.setting]
        works = rig.phase is Phase.WORK
        work = {Phase.WORK: "In Work", Phase.SLEEP: "In Idle", Phase.PROTECT: "In Fault"}.get(rig.phase, "In Init")
        direct = int(rig.power_w * mpo / watts) if works else 0
        volts = 2495 if works else 2243
        hot = int(rig.chip_celsius) if works else 0
        fan = 1520 if works and rig.fan_works else 0
        fans = " ".join(f"Fan{i + 1}[{fan}]" for i in range(model.fans))
        soft = f"SoftOffTime[{self.soft_off_time}] SoftOnTime[{self.soft_on_time}] " if model.soft_off else ""
        return (
            f"Ver[{model.model}-{model.version}] LVer[{model.version}] FW[Release] DNA[0201000012345678] "
            f"MEMFREE[67892] NETFAIL[0 0 0 0 0 0 0 0] SYSTEMSTATU[Work: {work}, Hash Board: 1] "
            f"Elapsed[{int(rig.uptime_seconds)}] BOOTBY[0x01.00000000] LW[7753951] MH[0] DHW[0] HW[0] DH[2.374%] "
            f"ITemp[{int(rig.nature.room_celsius) if model.soft_off else -273}] HBITemp[27] "
            f"HBOTemp[{max(27, hot - 20)}] TMax[{hot}] TAvg[{max(0, hot - 5)}] TarT[65] "
            f"{fans} FanR[{33 if fan else 0}%] "
            f"{soft}FanErr[{0 if rig.fan_works else 1}] "
            f"PS[0 1223 {volts if works else 1} {direct // 25} {direct} {volts} {int(rig.power_w)}] PCOMM_E[0] "
            f"GHSspd[{rig.shown_hash_rate_th_s * 1000:.2f}] DHspd[2.374%] GHSmm[55032.79] GHSavg[44499.41] "
            f"WU[621649.53] Freq[282.86] MGHS[44499.41] TA[160] Core[A3197S] PING[17] SoftOFF[4] ECHU[0] ECMM[0] "
            f"LcdOnoff[1] WORKMODE[{rig.setting}] WORKLEVEL[0] MPO[{mpo}] CALIALL[7] ADJ[1] Nonce Mask[25]"
        )
