"""A miner behind a smart plug (or anything that Home Assistant can switch), with or without a power sensor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from integrations import units
from integrations.connections.entities import EntityState, entity, entity_field, entity_type, measured
from integrations.connections.home_assistant import HomeAssistantSession, turn
from integrations.errors import AdapterError
from integrations.registry import AdapterConfig, ConnectionKind, Kind, register
from miners.controllers.auto_off import AutoOff, auto_off_field
from miners.state import MinerSnapshot, MinerStatus

_SWITCH_DOMAINS = ("switch", "input_boolean", "light", "fan")
_POWER_DOMAINS = ("sensor", "input_number", "number")
#: From here on a plug heats whatever its switch says (W); below the other, it draws nothing but its own error.
_HEATS_FROM_W = 50.0
_NOTHING_BELOW_W = 5.0


@register
class HomeAssistantSwitch(AutoOff):
    kind = Kind.MINER_CONTROLLER
    key = "home_assistant_switch"
    label = "Home Assistant switch"
    description = (
        "A smart plug, switch, light or fan in Home Assistant: on and off, and watts where a sensor shows them."
    )
    connection = ConnectionKind.HOME_ASSISTANT
    dead_man = None
    dead_man_help = (
        "A plug stays on when this program and Home Assistant are gone. Set the plug’s own auto-off timer, 30 minutes "
        "for example, and enter it here: while it heats, ‘on’ is then sent again in time (the timer must start anew at "
        "every ‘on’, also when it is on already: try it once). Shelly: Timers → Auto OFF. "
        "Tasmota: PulseTime, the seconds plus 100 (1900 for 30 minutes). A plug without a timer: an automation in "
        "Home Assistant that switches it off when its room is too warm or the room’s sensor is silent for 10 minutes."
    )

    class Config(AdapterConfig):
        entity_switch: Annotated[str, entity_type(*_SWITCH_DOMAINS)] = entity_field(
            "What switches the miner.", *_SWITCH_DOMAINS
        )
        entity_power: Annotated[str, entity_type(*_POWER_DOMAINS, optional=True)] = entity_field(
            "What measures the miner's power. Without it, only the switch's own word shows that it is off.",
            *_POWER_DOMAINS,
            default="",
        )
        auto_off_minutes: int | None = auto_off_field(
            None,
            "Plug’s own auto-off timer",
            "The timer you set in the plug itself. Empty: none, or it does not start anew at every ‘on’.",
        )

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return tuple(filter(None, (config.entity_switch, config.entity_power)))

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> MinerSnapshot:
        """Status, W (None: not measured) and the newer time of switch and sensor. `NotFound` without the switch."""
        switch = entity(answers, config.entity_switch)
        power_w, power_at, power_problem = _power(config, answers)
        status, problem = _judge(switch, power_w, config.entity_power)
        return MinerSnapshot(
            status=status,
            power_w=power_w,
            power_is_measured=power_w is not None,
            observed_at=max(filter(None, (switch.observed_at, power_at)), default=None),
            problem=problem or power_problem,
        )

    @classmethod
    def write(cls, config: Config, session: HomeAssistantSession, power_w: float, deadline: float) -> None:
        turn(session, config.entity_switch, on=power_w > 0, deadline=deadline)


def _power(config: HomeAssistantSwitch.Config, answers: Mapping[str, Any]) -> tuple[float | None, datetime | None, str]:
    """Measured watts, their time, and why they are missing; a lost meter does not hide the switch."""
    if not config.entity_power:
        return None, None, ""
    try:
        power_w, at = measured(answers, config.entity_power, units.watts)
    except AdapterError as error:
        return None, None, str(error)
    return max(0.0, power_w), at, ""


def _judge(switch: EntityState, power_w: float | None, sensor: str) -> tuple[MinerStatus, str]:
    """The status that switch and watts show together, and what is wrong with it; watts outrank the switch's word."""
    name = f"‘{switch.entity_id}’"
    shown = "" if power_w is None else f"‘{sensor}’ shows {power_w:.0f} W"
    match switch.state:
        case "on":
            if power_w is None or power_w >= _HEATS_FROM_W:
                return MinerStatus.HEATING, ""
            return MinerStatus.STARTING, f"{name} is on, but {shown}."
        case "off":
            if power_w is None or power_w < _NOTHING_BELOW_W:
                return MinerStatus.OFF, ""
            status = MinerStatus.HEATING if power_w >= _HEATS_FROM_W else MinerStatus.STOPPING
            return status, f"{name} is off, but {shown}."
        case "unavailable":
            still = f" {shown[0].upper()}{shown[1:]}." if power_w is not None else ""
            return MinerStatus.UNREACHABLE, f"{name} is unavailable in Home Assistant: it cannot be switched.{still}"
        case "unknown":
            return MinerStatus.UNKNOWN, f"Home Assistant does not know whether {name} is on."
    return MinerStatus.UNKNOWN, f"{name} says ‘{switch.state[:40]}’; on or off is needed."
