"""A miner and the plug before it, seen together: the plug's meter is believed first. Pure.

A plug that is off proves that nothing heats; one that is on says nothing of the miner but its watts.
"""

from __future__ import annotations

from dataclasses import replace

from .judging import Word, judge
from .power import OffBy, PowerModel, PowerSource
from .state import MinerSnapshot, MinerStatus

#: Through a plug that is off, less than this is its meter's own error (W).
NOTHING_BELOW_W = 5.0

_WORDS = {
    MinerStatus.UNREACHABLE: Word.NONE,
    MinerStatus.UNKNOWN: Word.NONE,
    MinerStatus.OFF: Word.OFF,
    MinerStatus.STARTING: Word.STARTING,
    MinerStatus.HEATING: Word.ON,
    MinerStatus.NO_POOL: Word.NO_POOL,
}


def is_switch(model: PowerModel) -> bool:
    """The device has no off of its own: the plug before it is its switch."""
    return model.off_by is OffBy.PLUG


def is_off(plug: MinerSnapshot | None) -> bool:
    """The plug says so, and its meter (where it has one) shows no more than its error."""
    if plug is None or plug.status is not MinerStatus.OFF:
        return False
    return not _is_metered(plug) or plug.power_w < NOTHING_BELOW_W


def carries_nothing(plug: MinerSnapshot | None) -> bool:
    """Its meter shows that nothing flows, on or off."""
    return plug is not None and _is_metered(plug) and plug.power_w < NOTHING_BELOW_W


def joined(name: str, device: MinerSnapshot, plug: MinerSnapshot | None, model: PowerModel) -> MinerSnapshot:
    """What device and plug (None: there is none, or it does not answer) show together."""
    if plug is None or not plug.status.is_known:
        return device
    if is_off(plug):
        return _behind_an_open_plug(name, device, plug, model)
    return _metered(name, device, plug.power_w, model) if _is_metered(plug) else device


def _is_metered(plug: MinerSnapshot) -> bool:
    return plug.power_is_measured and plug.power_w is not None


def _behind_an_open_plug(name: str, device: MinerSnapshot, plug: MinerSnapshot, model: PowerModel) -> MinerSnapshot:
    """Off, when it is silent too: what answers has power from somewhere else. A bare relay may be welded."""
    if device.status.is_known:
        text = f"{name} answers although the plug before it is off. Check that it is plugged in there."
        return device if device.status is MinerStatus.OFF else replace(device, problem=text)
    if _is_metered(plug):
        return MinerSnapshot(
            MinerStatus.OFF, plug.power_w, True, observed_at=plug.observed_at, power_source=PowerSource.METER
        )
    if is_switch(model):
        return MinerSnapshot(MinerStatus.OFF, observed_at=plug.observed_at)
    text = (
        f"{name} does not answer. The plug before it says it is off but measures nothing, so nobody knows. "
        "If it may run again, switch the plug on by hand."
    )
    return replace(device, problem=text)


def _metered(name: str, device: MinerSnapshot, power_w: float, model: PowerModel) -> MinerSnapshot:
    """The device with the watts of the meter, and what they say against its word."""
    seen = replace(device, power_w=power_w, power_is_measured=True, power_source=PowerSource.METER)
    word = _WORDS.get(device.status)
    if word is None:  # ramping, stopping, protecting itself: its own word says more
        return seen
    status = judge(word, power_w, full_w=model.max_w, level_w=_level_w(device, model), standby_w=model.standby_w)
    if status is MinerStatus.UNKNOWN:
        return seen  # no word, and no watts that would be one
    if word is Word.NONE:
        told = f"{name} does not answer, but the plug before it measures {power_w:.0f} W."
        return replace(seen, status=status, problem=told)
    if word is Word.OFF and status is not MinerStatus.OFF:
        told = f"{name} says it is off, but the plug before it measures {power_w:.0f} W."
        return replace(seen, status=status, problem=told)
    return replace(seen, status=status)


def _level_w(device: MinerSnapshot, model: PowerModel) -> float:
    """The watts of the level it says it is at; it does not say: of its lowest."""
    named_w = model.watts_of(device.level)
    return (device.set_power_w or model.min_w) if named_w is None else named_w
