"""The home that the real Home Assistant of the tests controls: configuration, users and tokens.

Every sensor of `SENSORS` is a template over two helpers: `input_number.<id>` is its value,
`input_select.<id>` one of ok, unavailable, unknown. `binary_sensor.living_room_window` follows
`input_boolean.window_open`. `switch.miner_plug` puts its watts into
`sensor.miner_power`; `input_boolean.miner_plug_available` takes it out of reach. `switch.second_plug` is another plug.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODES = ("ok", "unavailable", "unknown")
MINER_PLUG_W = 3250


@dataclass(frozen=True)
class Sensor:
    id: str
    unit: str
    device_class: str | None
    low: float
    high: float
    initial: float

    @property
    def name(self) -> str:
        return self.id.replace("_", " ").capitalize()


SENSORS = (
    Sensor("living_room_temperature", "°C", "temperature", -60, 120, 20.5),
    Sensor("bedroom_temperature", "°C", "temperature", -60, 120, 18.0),
    Sensor("outdoor_temperature", "°C", "temperature", -60, 120, 4.0),
    # With its class Home Assistant converts to its own unit; without, the °F stays.
    Sensor("garage_temperature_f", "°F", "temperature", -76, 248, 50.0),
    Sensor("attic_temperature_raw_f", "°F", None, -76, 248, 68.0),
    Sensor("living_room_humidity", "%", "humidity", 0, 100, 45.0),
    Sensor("pv_power", "W", "power", 0, 30_000, 3200.0),
    Sensor("pv_power_kw", "kW", "power", 0, 30, 3.2),
    Sensor("grid_power", "W", "power", -30_000, 30_000, -1500.0),
    Sensor("battery_soc", "%", "battery", 0, 100, 62.0),
    Sensor("battery_power", "W", "power", -15_000, 15_000, 800.0),
    Sensor("battery_remaining", "kWh", "energy", 0, 100, 6.2),
    Sensor("house_load", "W", "power", 0, 30_000, 900.0),
    Sensor("miner_power", "W", "power", 0, 10_000, 0.0),
)


def write_config(
    folder: Path, port: int, units: str, admin: Account, guest: Account, ban_after: int | None = None
) -> None:
    """Everything `hass -c folder` needs to come up without a person: settings, users, onboarding done."""
    # JSON is YAML.
    (folder / "configuration.yaml").write_text(json.dumps(_configuration(port, units, ban_after), indent=1))
    storage = folder / ".storage"
    storage.mkdir(exist_ok=True)
    steps = ["user", "core_config", "integration", "analytics"]
    _store(storage, "onboarding", {"done": steps}, version=4)
    _store(storage, "auth", _auth([admin, guest]), version=1)


@dataclass(frozen=True)
class Account:
    """A user of Home Assistant with one long-lived token."""

    id: str
    name: str
    group: str
    key: str

    @property
    def token(self) -> str:
        """The token: a JWT over the id of the stored refresh token, signed with that one's key."""
        now = int(time.time())
        claims = {"iss": self.id, "iat": now, "exp": now + 10 * 365 * 86400}
        signed = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
        digest = hmac.new(self.key.encode(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_base64(digest)}"


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _store(storage: Path, key: str, data: dict[str, Any], version: int) -> None:
    text = json.dumps({"version": version, "minor_version": 1, "key": key, "data": data})
    (storage / key).write_text(text)


def _auth(accounts: list[Account]) -> dict[str, Any]:
    groups = {"system-admin": "Administrators", "system-users": "Users", "system-read-only": "Read Only"}
    return {
        "users": [
            {
                "id": account.id,
                "group_ids": [account.group],
                "is_owner": account.group == "system-admin",
                "is_active": True,
                "name": account.name,
                "system_generated": False,
                "local_only": False,
            }
            for account in accounts
        ],
        "groups": [{"id": id_, "name": name} for id_, name in groups.items()],
        "credentials": [],
        "refresh_tokens": [
            {
                "id": account.id,
                "user_id": account.id,
                "client_id": None,
                "client_name": account.name,
                "client_icon": None,
                "token_type": "long_lived_access_token",
                "created_at": "2024-01-01T00:00:00+00:00",
                "access_token_expiration": 10 * 365 * 86400.0,
                "token": account.id * 2,
                "jwt_key": account.key,
                "last_used_at": None,
                "last_used_ip": None,
                "credential_id": None,
                "version": "2024.3.3",
            }
            for account in accounts
        ],
    }


def _configuration(port: int, units: str, ban_after: int | None) -> dict[str, Any]:
    bans = {} if ban_after is None else {"ip_ban_enabled": True, "login_attempts_threshold": ban_after}
    return {
        "homeassistant": {
            "name": "Test Home",
            "latitude": 47.37,
            "longitude": 8.54,
            "elevation": 408,
            "unit_system": units,
            "currency": "EUR",
            "country": "CH",
            "language": "en",
            "time_zone": "Europe/Zurich",
        },
        "http": {"server_host": "127.0.0.1", "server_port": port, **bans},
        "api": None,
        "config": None,
        # Without it Home Assistant comes up in recovery mode.
        "frontend": None,
        "logger": {"default": "warning"},
        "input_number": {sensor.id: _value_helper(sensor) for sensor in SENSORS},
        "input_select": {sensor.id: {"options": list(MODES), "initial": "ok"} for sensor in SENSORS},
        "input_boolean": {
            "miner_plug": {"initial": False},
            "miner_plug_available": {"initial": True},
            "second_plug": {"initial": False},
            "heater_relay": {"initial": False},
            "window_open": {"initial": False},
        },
        "template": [
            {"sensor": [_template_sensor(sensor) for sensor in SENSORS]},
            {"binary_sensor": [_WINDOW]},
            _NOTIFICATIONS,
        ],
        "switch": [{"platform": "template", "switches": {"miner_plug": _miner_plug(), "second_plug": _SECOND_PLUG}}],
        "climate": [
            {
                "platform": "generic_thermostat",
                "name": "Bedroom",
                "heater": "input_boolean.heater_relay",
                "target_sensor": "sensor.bedroom_temperature",
                "initial_hvac_mode": "off",
                "precision": 0.1,
            }
        ],
    }


_WINDOW = {
    "name": "Living room window",
    "unique_id": "living_room_window",
    "device_class": "window",
    "state": "{{ is_state('input_boolean.window_open', 'on') }}",
}


#: What a person finds under Home Assistant's notifications shows nowhere else over REST: added or removed, and which.
_NOTIFICATIONS = {
    "trigger": [{"platform": "persistent_notification", "update_type": ["added", "removed"]}],
    "sensor": [
        {
            "name": "Last notification",
            "unique_id": "last_notification",
            "state": "{{ trigger.update_type }}: {{ trigger.notification.title }}",
            "attributes": {
                "message": "{{ trigger.notification.message }}",
                "notification_id": "{{ trigger.notification.notification_id }}",
            },
        }
    ],
}


def _value_helper(sensor: Sensor) -> dict[str, Any]:
    limits = {"min": sensor.low, "max": sensor.high, "step": 0.001, "initial": sensor.initial}
    return {**limits, "mode": "box", "unit_of_measurement": sensor.unit}


def _template_sensor(sensor: Sensor) -> dict[str, Any]:
    unknown = f"is_state('input_select.{sensor.id}', 'unknown')"
    template = {
        "name": sensor.name,
        "unique_id": sensor.id,
        "unit_of_measurement": sensor.unit,
        "state_class": "measurement" if sensor.device_class != "energy" else "total",
        "availability": f"{{{{ not is_state('input_select.{sensor.id}', 'unavailable') }}}}",
        "state": f"{{{{ none if {unknown} else states('input_number.{sensor.id}') | float }}}}",
    }
    if sensor.device_class:
        template["device_class"] = sensor.device_class
    return template


#: A plug that measures nothing and is always in reach.
_SECOND_PLUG = {
    "friendly_name": "Second plug",
    "value_template": "{{ is_state('input_boolean.second_plug', 'on') }}",
    "turn_on": {"service": "input_boolean.turn_on", "target": {"entity_id": "input_boolean.second_plug"}},
    "turn_off": {"service": "input_boolean.turn_off", "target": {"entity_id": "input_boolean.second_plug"}},
}


def _miner_plug() -> dict[str, Any]:
    def turn(service: str, watts: int) -> list[dict[str, Any]]:
        return [
            {"service": f"input_boolean.{service}", "target": {"entity_id": "input_boolean.miner_plug"}},
            {
                "service": "input_number.set_value",
                "target": {"entity_id": "input_number.miner_power"},
                "data": {"value": watts},
            },
        ]

    return {
        "friendly_name": "Miner plug",
        "availability_template": "{{ is_state('input_boolean.miner_plug_available', 'on') }}",
        "value_template": "{{ is_state('input_boolean.miner_plug', 'on') }}",
        "turn_on": turn("turn_on", MINER_PLUG_W),
        "turn_off": turn("turn_off", 0),
    }
