"""A real Home Assistant Core 2024.3.3 (the last release for Python 3.11), in a virtual environment of its own.

    python -m tests.servers.homeassistant install

installs it into the user's cache folder, where it stays between runs (2–3 minutes once).
"""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
import venv
from functools import lru_cache
from pathlib import Path
from typing import Any

import requests

from .homeassistant_config import SENSORS, Account, write_config
from .process import PATIENT_SECONDS, Server, in_ci, missing, wait_until

VERSION = "2024.3.3"
_REQUIREMENTS = Path(__file__).with_name("homeassistant-requirements.txt")


def _environment() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "edgemining-ha" / "venv"


def install() -> Path:
    """Install what is not there yet; returns the path of `hass`."""
    folder = _environment()
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "-r", _REQUIREMENTS]
    subprocess.run(list(map(str, pip)), check=True)
    return folder / "bin" / "hass"


@lru_cache(maxsize=1)
def _hass() -> Path | None:
    path = _environment() / "bin" / "hass"
    if path.exists():
        return path
    return install() if in_ci() or os.environ.get("EDGEMINING_INSTALL_HA") else None


class HomeAssistantServer(Server):
    """One running Home Assistant: `url`, `token` (administrator), `guest_token` (may not render templates).

    `ban_after`: so many refused tokens ban an address.
    """

    def __init__(self, units: str = "metric", ban_after: int | None = None) -> None:
        hass = _hass()
        if hass is None:
            missing("Home Assistant", "python -m tests.servers.homeassistant install")
        super().__init__("homeassistant")
        admin = Account(uuid.uuid4().hex, "Tester", "system-admin", uuid.uuid4().hex * 2)
        guest = Account(uuid.uuid4().hex, "Guest", "system-users", uuid.uuid4().hex * 2)
        self.token, self.guest_token = admin.token, guest.token
        write_config(self.folder, self.port, units, admin, guest, ban_after)
        self._command = [hass, "-c", self.folder, "--skip-pip", "--log-no-color"]
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {self.token}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def boot(self, *, wait: bool = True) -> None:
        """Start it (again) and wait until it says it is running; without `wait` only until it is on its way."""
        self.start(self._command, self._is_up if wait else lambda: True)

    def _is_up(self) -> bool:
        try:
            answer = self._http.get(f"{self.url}/api/config", timeout=5)
        except requests.RequestException:
            return False
        return answer.ok and answer.json()["state"] == "RUNNING"

    def wait_until_up(self) -> None:
        wait_until(self._is_up, "Home Assistant running")

    def call(self, domain: str, service: str, entity_id: str, **data: Any) -> None:
        """Call a service, as somebody else than the program under test."""
        self._post(f"/api/services/{domain}/{service}", {"entity_id": entity_id, **data})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._http.post(self.url + path, json=body, timeout=PATIENT_SECONDS).raise_for_status()

    def set(self, sensor: str, value: float) -> None:
        """Let `sensor.<sensor>` show a value."""
        self.call("input_number", "set_value", f"input_number.{sensor}", value=value)

    def mode(self, sensor: str, mode: str) -> None:
        """Let `sensor.<sensor>` be ok, unavailable or unknown."""
        self.call("input_select", "select_option", f"input_select.{sensor}", option=mode)

    def switch(self, entity_id: str, on: bool) -> None:
        """Switch something from outside."""
        self.call(entity_id.partition(".")[0], "turn_on" if on else "turn_off", entity_id)

    def state(self, entity_id: str) -> dict[str, Any]:
        """Its state as the REST API tells it."""
        answer = self._http.get(f"{self.url}/api/states/{entity_id}", timeout=PATIENT_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def put_state(self, entity_id: str, state: str, **attributes: Any) -> None:
        """Invent an entity (gone after a restart): any state text, unit and attributes."""
        self._post(f"/api/states/{entity_id}", {"state": state, "attributes": attributes})

    def reset(self) -> None:
        """Everything as at the first start: running, values, plug off and in reach."""
        if self.is_running:
            self.thaw()
        else:
            self.boot()
        self.wait_until_up()
        self.switch("input_boolean.miner_plug_available", True)
        self.switch("switch.miner_plug", False)
        self.switch("switch.second_plug", False)
        self.switch("input_boolean.heater_relay", False)
        self.switch("input_boolean.window_open", False)
        for sensor in SENSORS:
            self.set(sensor.id, sensor.initial)
            self.mode(sensor.id, "ok")


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit("usage: python -m tests.servers.homeassistant install")
    print(install())
