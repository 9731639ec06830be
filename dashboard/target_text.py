"""The target of a room in words: how warm it shall be now, which preset that is, why, and until when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from climate.state import Lowered, Target, TargetSource
from climate.targets import Preset

from . import formats
from .facts import Moment, ZoneFacts


@dataclass(frozen=True, slots=True)
class Aim:
    """What a room is kept at (°C and in words); `name`: “eco”, “by hand”; `lowered`: what keeps it below what was
    asked for; `resting`: in which words nobody needs it warm, if so; `is_news`: no pass has seen this wish yet."""

    celsius: float
    words: str
    name: str
    until: str
    following: str
    lowered: str
    resting: str
    is_news: bool


def aim_of(zone: ZoneFacts, at: Moment) -> Aim:
    """The aim of one zone."""
    celsius, lowered = _effective(zone)
    until, following = _until(zone, at)
    return Aim(
        celsius=celsius,
        words=formats.degrees(celsius),
        name=_name(zone.target),
        until=until,
        following=following,
        lowered=lowered,
        resting=_resting(zone.target),
        is_news=bool(zone.live) and not _is_of(zone.target, zone.live),
    )


def _name(target: Target) -> str:
    """Which preset, and whether a hand or a period chose it: “comfort by hand”, “holiday, eco”."""
    preset = Preset(target.preset).label if target.preset else ""
    if target.source is TargetSource.HAND:
        return f"{preset} by hand".strip()
    if target.source is TargetSource.PERIOD:
        return target.reason if preset in ("", target.reason) else f"{target.reason}, {preset}"
    return preset


def _resting(target: Target) -> str:
    if target.source is TargetSource.PERIOD and target.preset in ("", Preset.AWAY, Preset.FROST):
        return target.reason
    return Preset(target.preset).label if target.preset in (Preset.AWAY, Preset.FROST) else ""


def _until(zone: ZoneFacts, at: Moment) -> tuple[str, str]:
    """When the target changes, and to what."""
    target = zone.target
    if target.until is None:
        open_ended = {TargetSource.HAND: "until you resume the schedule", TargetSource.PERIOD: "until you end it"}
        return open_ended.get(target.source, ""), ""
    following = f"then {formats.degrees(target.next_celsius)}" if target.next_celsius is not None else ""
    return f"until {formats.moment(target.until, at.now, at.tz)}", following


def _effective(zone: ZoneFacts) -> tuple[float, str]:
    """The target that counts (°C) and, where something in the house lowers it, what.

    The rows are newer than the snapshot just after a tap: the snapshot counts only while it
    speaks of the same wish.
    """
    planned, live = zone.target.effective_celsius, zone.live
    seen = live.get("target_celsius")
    if seen is None or not _is_of(zone.target, live) or seen > planned - 0.05:
        return planned, ""
    return seen, _lowered(planned, live)


def _is_of(target: Target, live: Mapping[str, Any]) -> bool:
    """The snapshot was taken of this very wish."""
    return (
        live.get("requested_celsius") == target.requested_celsius
        and live.get("target_source", target.source) == target.source
        and live.get("target_preset", target.preset) == target.preset
    )


def _lowered(planned: float, live: Mapping[str, Any]) -> str:
    asked = formats.celsius(planned)
    if live.get("lowered") == Lowered.WINDOW and live.get("window_by_slope"):
        return f"Paused: the temperature falls as if a window were open. Back to {asked} when it no longer does."
    sentences = {
        Lowered.ABSENCE: f"Lowered from {asked}: nobody is there.",
        Lowered.WINDOW: f"Paused: the window is open. Back to {asked} when it is closed.",
        Lowered.HIGH_LIMIT: f"Lowered from {asked}: that is too close to the high limit of the room.",
    }
    return sentences.get(live.get("lowered")) or f"{asked} asked for: {live.get('target_reason') or 'limited'}"
