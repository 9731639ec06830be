"""An Antminer with ePIC's firmware (PowerPlay): HTTP on :4028, and a web page on :80 that names it.

Sources: ePIC's own API notes (epicblockchain/epic-dashboard: summary, capabilities, every POST answers
`{"result": true, "error": null}`), and what 256foundation/asic-rs reads of it (Operating State, "Idling" when stopped,
`POST miner {"param": "Stop" | "Autostart", "password": …}`, Power Supply Stats, HBs, Fans Rpm, network).

Assumed: which states it names while starting, its standby watts, times of the rig, that a restart comes back mining.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from .base import HttpEmulator, HttpRequest
from .clock import Clock
from .rig import Nature, Phase, Rig, Setting
from .usual_ports import UsualPorts

PASSWORD = "correct horse"
PAGE = b"<!doctype html><html><head><title>Miner Web Dashboard</title></head><body></body></html>"
_STATES = {
    Phase.BOOT: "Initializing",
    Phase.SLEEP: "Idling",
    Phase.INIT: "Starting",
    Phase.WORK: "Mining",
    Phase.PROTECT: "Error",
}


class EpicEmulator(HttpEmulator):
    def __init__(self, clock: Clock) -> None:
        nature = Nature({"full": Setting(2170.0, 95.0)}, "full", standby_w=18.0, boot_seconds=60.0)
        super().__init__(Rig(nature, clock))

    def read_request(self, reader: BinaryIO) -> HttpRequest | None:
        """Libraries that look for other firmware say other things here first; it hangs up."""
        try:
            return super().read_request(reader)
        except ValueError:
            return None

    def respond(self, request: HttpRequest, act: bool) -> tuple[int, Any]:
        answers = {
            "/": lambda: PAGE,
            "/summary": self._summary,
            "/capabilities": self._capabilities,
            "/network": lambda: {"dhcp": {"mac_address": "02:00:5e:00:53:04", "ip": "192.168.1.60"}},
            "/temps": lambda: [{"Index": i, "Data": [round(self.rig.chip_celsius, 1)] * 4} for i in range(3)],
        }
        if request.method == "GET" and request.path in answers:
            return 200, answers[request.path]()
        if (request.method, request.path) == ("POST", "/miner"):
            return 200, self._command(request.json(), act)
        return 404, {"result": False, "error": "not found"}

    def _command(self, body: dict[str, Any], act: bool) -> dict[str, Any]:
        if body.get("password") != PASSWORD:
            return {"result": False, "error": "Incorrect password"}
        if act and body.get("param") == "Stop":
            self.rig.sleep()
        elif act and body.get("param") == "Autostart":
            self.rig.wake()
        return {"result": True, "error": None}

    def _summary(self) -> dict[str, Any]:
        rig = self.rig
        megahash = rig.shown_hash_rate_th_s * 1e6 / 3
        boards = [
            {
                "Index": i,
                "Temperature": round(rig.chip_celsius),
                "Hashrate": [megahash, 100.0, megahash],
                "Core Clock Avg": 500.0,
                "Input Voltage": 13.1,
            }
            for i in range(3)
        ]
        return {
            "Software": "PowerPlay BM v1.17.0",
            "Hostname": "miner-3",
            "Mining": {"Coin": "BTC", "Algorithm": "Sha256D"},
            "Status": {"Operating State": _STATES[rig.phase], "Last Command": "Autostart", "Last Command Result": ""},
            "Session": {"Uptime": int(rig.uptime_seconds), "Active HBs": 3, "Accepted": 10, "Rejected": 0},
            "Stratum": {
                "Config Id": 0,
                "Current Pool": "stratum+tcp://pool.example.com:3333",
                "Current User": "miner1",
                "IsPoolConnected": rig.has_pool,
            },
            "StratumConfigs": [{"pool": "stratum+tcp://pool.example.com:3333", "login": "miner1"}],
            "HBs": boards,
            "HBStatus": [{"Index": i, "Enabled": True} for i in range(3)],
            "Fans Rpm": {f"Fans Speed {i}": 4800 if rig.fan_works else 0 for i in (1, 2)},
            "Power Supply Stats": {"Input Power": round(rig.power_w, 2), "Input Voltage": 231.0},
            "Misc": {"Locate Miner State": False},
        }

    def _capabilities(self) -> dict[str, Any]:
        return {
            "Model": "Antminer S19j Pro",
            "Model Subtype": "",
            "Default Hashrate": 95.0,
            "Board Serial Numbers": ["A", "B", "C"],
            "Control Board Version": {"cpuHardware": "Amlogic", "cpuSerial": "0123456789"},
        }


class EpicOnUsualPorts(EpicEmulator):
    """The same where a library looks for it; needs the right to listen on port 80."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._ports = UsualPorts((80, 4028), self.port)

    @property
    def address(self) -> str:
        return self._ports.host

    def close(self) -> None:
        self._ports.close()
        super().close()
