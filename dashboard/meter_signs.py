"""In which direction each meter counts, asked with what it shows now: “−1500 W: are you selling 1.5 kW now?” Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connections.entities import EntityState
from sites.words import watts

from .offers import FLOWS_FROM_W, power_w, value_now


@dataclass(frozen=True)
class Line:
    """A meter: what it shows, and what that would mean as it is set now.

    `key`: what `turned` takes; `is_open`: nothing flows, so nobody can see it now.
    """

    key: str
    label: str
    shows: str
    question: str
    is_open: bool = False


@dataclass(frozen=True)
class _Meter:
    """A meter with a sign: the setting that turns it, whether that is on by default, and its two directions."""

    entity: str
    label: str
    setting: str
    #: The value of the setting with which a positive value means `plus`.
    plus_when: bool
    plus: str
    minus: str
    #: The two directions in a word or two.
    positive: str
    negative: str


_SIGNED = {
    "production": _Meter(
        "entity_production", "Solar production", "production_is_negative", False,
        "Is your roof producing {} now?", "Is your roof taking {} now?", "production", "a negative production",
    ),
    "consumption": _Meter(
        "entity_consumption", "What the home takes", "consumption_is_negative", False,
        "Is the home taking {} now?", "Is the home giving {} now?", "consumption", "a negative consumption",
    ),
    "grid": _Meter(
        "entity_grid", "Grid", "grid_positive_export", False,
        "Are you buying {} from the grid now?", "Are you selling {} to the grid now?", "buying", "selling",
    ),
    "battery": _Meter(
        "entity_battery_power", "Battery", "battery_positive_charge", True,
        "Is the battery charging with {} now?", "Is the battery giving {} now?", "charging", "giving",
    ),
}  # fmt: skip
#: Two sensors, each of one direction; they may be the wrong way round.
_PAIRS = {
    "grid_pair": (
        "Grid", "entity_grid_import", "entity_grid_export", "Are you buying {} and selling {} now?",
    ),
    "battery_pair": (
        "Battery", "entity_battery_charge", "entity_battery_discharge", "Is the battery taking {} and giving {} now?",
    ),
}  # fmt: skip
_SETTINGS = {meter.entity: meter.setting for meter in _SIGNED.values()}


def lines(config: Mapping[str, Any], entities: Mapping[str, EntityState]) -> list[Line]:
    """A question for each meter that is chosen."""
    found = [
        _line(key, meter, config, entities.get(config[meter.entity]))
        for key, meter in _SIGNED.items()
        if config.get(meter.entity)
    ]
    for key, (label, plus, minus, words) in _PAIRS.items():
        if config.get(plus):
            found.append(_pair(key, label, words, entities.get(config[plus]), entities.get(config[minus])))
    return found


def _line(key: str, meter: _Meter, config: Mapping[str, Any], entity: EntityState | None) -> Line:
    shown, shows = _shown(entity, config[meter.entity])
    sign = 1 if config.get(meter.setting, meter.plus_when) == meter.plus_when else -1
    amount = watts(abs(shown or 0))
    if shown is None or abs(shown) < FLOWS_FROM_W:
        taken_as = meter.positive if sign > 0 else meter.negative
        question = f"Nothing flows now that would show its sign. A positive value is taken as {taken_as}."
        return Line(key, meter.label, shows, question, is_open=True)
    now = meter.plus if sign * shown > 0 else meter.minus
    return Line(key, meter.label, shows, now.format(amount))


def _pair(key: str, label: str, words: str, plus: EntityState | None, minus: EntityState | None) -> Line:
    (plus_w, plus_shows), (minus_w, minus_shows) = _shown(plus, "?"), _shown(minus, "?")
    shows = f"{plus_shows}; {minus_shows}"
    if plus_w is None or minus_w is None or max(abs(plus_w), abs(minus_w)) < FLOWS_FROM_W:
        return Line(key, label, shows, "Nothing flows now that would show which is which.", is_open=True)
    return Line(key, label, shows, words.format(watts(plus_w), watts(minus_w)))


def _shown(entity: EntityState | None, entity_id: str) -> tuple[float | None, str]:
    if entity is None:
        return None, f"{entity_id} is not in Home Assistant now"
    shown = power_w(entity)
    return shown, f"{entity.name} shows {value_now(entity) if shown is None else watts(shown)}"


def turned(config: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The settings with this meter the other way round; as they are where there is no such meter."""
    if key in _SIGNED:
        meter = _SIGNED[key]
        return {**config, meter.setting: not config.get(meter.setting, meter.plus_when)}
    if key in _PAIRS:
        _, plus, minus, _ = _PAIRS[key]
        return {**config, plus: config.get(minus, ""), minus: config.get(plus, "")}
    return dict(config)


def kept(before: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with the directions that were said before, where the meter is still the same."""
    same = {
        setting: before[setting]
        for entity, setting in _SETTINGS.items()
        if setting in before and before.get(entity) == config.get(entity)
    }
    return {**config, **same}
