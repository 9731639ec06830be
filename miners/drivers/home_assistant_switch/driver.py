"""A miner behind a smart plug (or anything that Home Assistant can switch), with or without a power sensor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from integrations import units
from integrations.connections.entities import EntityState, entity, entity_field, entity_type, measured
from integrations.connections.home_assistant import HomeAssistantSession, turn
from integrations.errors import AdapterError
from integrations.registry import AdapterConfig, ConnectionKind, Kind, Switched, register
from miners.drivers.auto_off import AutoOff, auto_off_field
from miners.state import MinerSnapshot, MinerStatus, SwitchedBy
from miners.status.evidence import Shown, of_switch

_SWITCH_DOMAINS = ("switch", "input_boolean", "light", "fan")
_POWER_DOMAINS = ("sensor", "input_number", "number")
_WORDS = {"on": True, "off": False}


@register
class HomeAssistantSwitch(AutoOff):
    kind = Kind.MINER_CONTROLLER
    key = "home_assistant_switch"
    label = "Home Assistant switch"
    description = (
        "A smart plug, switch, light or fan in Home Assistant: on and off, and watts where a sensor shows them. A "
        "start by an automation, schedule or timer cannot be seen in advance: it is switched off again."
    )
    connection = ConnectionKind.HOME_ASSISTANT
    only_read = frozenset({"entity_power"})
    dead_man = None
    dead_man_help = (
        "A plug stays on when this program and Home Assistant are gone. Set the plug’s own auto-off timer, 30 minutes "
        "for example, and enter it here: while it heats, ‘on’ is then sent again in time. Best is a timer that starts "
        "again at every ‘on’; where it counts from the first one, the miner rests when it ends and is started again. "
        "Shelly: Timers → Auto OFF. "
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
            "The timer you set in the plug itself. Empty: it has none.",
        )

    @classmethod
    def switched(cls, config: Config) -> Switched:
        return Switched(config.entity_switch)

    @classmethod
    def wants(cls, config: Config) -> tuple[str, ...]:
        return tuple(filter(None, (config.entity_switch, config.entity_power)))

    @classmethod
    def fills(cls, config: Config) -> set[str]:
        return {"power_w"} if config.entity_power else set()

    @classmethod
    def read(cls, config: Config, answers: Mapping[str, Any]) -> MinerSnapshot:
        """Status, W (None: not measured), and switch and sensor each with its own time. `NotFound` without the switch.

        `observed_at` is the newer of the two.
        """
        switch = entity(answers, config.entity_switch)
        power_w, power_at, power_problem = _power(config, answers)
        shown, problem = _judge(switch, power_w, power_at, config.entity_power)
        return MinerSnapshot(
            status=shown.status,
            power_w=shown.power_w,
            power_is_measured=shown.power_w is not None,
            observed_at=max(filter(None, (switch.observed_at, power_at)), default=None),
            problem=problem or power_problem,
            power_at=power_at,
            last_power_w=shown.last_power_w,
            switch_is_on=_WORDS.get(switch.state),
            switched_at=switch.changed_at,
            switched_by=SwitchedBy.PERSON if switch.user_id else SwitchedBy.NOT_SAID,
        )

    @classmethod
    def write(cls, config: Config, session: HomeAssistantSession, power_w: float, deadline: float) -> None:
        turn(session, config.entity_switch, on=power_w > 0, deadline=deadline)


def _power(config: HomeAssistantSwitch.Config, answers: Mapping[str, Any]) -> tuple[float | None, datetime | None, str]:
    """Measured watts, their time, and why they are missing; a lost meter does not hide the switch.

    The sign only tells which way round the meter is wired.
    """
    if not config.entity_power:
        return None, None, ""
    try:
        power_w, at = measured(answers, config.entity_power, units.watts)
    except AdapterError as error:
        return None, None, str(error)
    return abs(power_w), at, ""


def _judge(switch: EntityState, power_w: float | None, power_at: datetime | None, sensor: str) -> tuple[Shown, str]:
    """What switch and watts show together, and what is wrong with it."""
    name = f"‘{switch.entity_id}’"
    watts = "" if power_w is None else f"‘{sensor}’ shows {power_w:.0f} W"
    is_on = _WORDS.get(switch.state)
    if is_on is not None:
        shown = of_switch(is_on, power_w, switched_at=switch.changed_at, power_at=power_at)
        agrees = shown.status is (MinerStatus.HEATING if is_on else MinerStatus.OFF)
        return shown, "" if agrees else f"{name} is {switch.state}, but {_seen(shown, sensor)}."
    if switch.state == "unavailable":
        still = f" {watts[0].upper()}{watts[1:]}." if watts else ""
        problem = f"{name} is unavailable in Home Assistant: it cannot be switched.{still}"
        return Shown(MinerStatus.UNREACHABLE, power_w), problem
    if switch.state == "unknown":
        problem = f"Home Assistant does not know whether {name} is on."
    else:
        problem = f"{name} says ‘{switch.state[:40]}’; on or off is needed."
    return Shown(MinerStatus.UNKNOWN, power_w), problem


def _seen(shown: Shown, sensor: str) -> str:
    if shown.is_old:
        return f"‘{sensor}’ shows {shown.last_power_w:.0f} W and has reported nothing since"
    return f"‘{sensor}’ shows {shown.power_w:.0f} W"
