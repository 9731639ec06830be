"""What a device does, from its own word and its watts together. Pure; used by every driver.

A word alone is not believed: firmware says "idle" while boards still draw, and "mining" while they
do not. Watts outrank words towards *on*; only both together are *off*.
"""

from __future__ import annotations

from enum import StrEnum

from miners.state import MinerStatus

#: Above this share of its full power a device heats, whatever it says.
HEATS_FROM = 0.25
#: Off is standby and at most this share of full power more (meters err, fans run on).
OFF_UP_TO = 0.10
#: From this share of what its level takes it is there, and no longer ramping.
THERE_FROM = 0.85


class Word(StrEnum):
    """What the device itself says it does."""

    OFF = "off"
    STARTING = "starting"
    ON = "on"
    PROTECT = "protect"  # it stopped itself; whether it stays so is the driver's to say
    NO_POOL = "no_pool"
    NONE = "none"  # nothing that could be understood


def judge(word: Word, power_w: float | None, *, full_w: float, level_w: float, standby_w: float) -> MinerStatus:
    """The status that word and watts (None: not said) show together.

    `full_w`: at its highest level; `level_w`: at the level it is set to.
    """
    if word is Word.NONE:
        return MinerStatus.HEATING if _heats(power_w, full_w) else MinerStatus.UNKNOWN
    if word is Word.OFF:
        if power_w is None:
            return MinerStatus.UNKNOWN
        if _heats(power_w, full_w):
            return MinerStatus.HEATING
        return MinerStatus.OFF if draws_nothing(power_w, full_w, standby_w) else MinerStatus.STOPPING
    if word is Word.PROTECT:
        return MinerStatus.HEATING if _heats(power_w, full_w) else MinerStatus.PROTECT
    if word is Word.NO_POOL:
        return MinerStatus.HEATING if _heats(power_w, full_w) else MinerStatus.NO_POOL
    if power_w is None:
        return MinerStatus.STARTING
    if power_w >= THERE_FROM * level_w:
        return MinerStatus.HEATING
    if word is Word.STARTING or not _heats(power_w, full_w):
        return MinerStatus.STARTING
    return MinerStatus.RAMPING


def settled(status: MinerStatus, hash_rate: float | None, level_hash_rate: float | None) -> MinerStatus:
    """`ramping` is over when it hashes as its level should: a device may draw less than its table says.

    Both in the same unit; None: not known.
    """
    if status is MinerStatus.RAMPING and hash_rate and level_hash_rate and hash_rate >= THERE_FROM * level_hash_rate:
        return MinerStatus.HEATING
    return status


def contradiction(word: Word, power_w: float | None, full_w: float, name: str) -> str:
    """A sentence when word and watts do not go together, or one of them is missing; else empty."""
    if word is Word.OFF and power_w is None:
        return f"{name} says it is off but not what it draws, so nobody knows."
    if power_w is None:
        return f"{name} does not say what it draws."
    if word is Word.OFF and _heats(power_w, full_w):
        return f"{name} says it is off but draws {power_w:.0f} W."
    if word is Word.PROTECT and _heats(power_w, full_w):
        return f"{name} says it protects itself but draws {power_w:.0f} W."
    return ""


def draws_nothing(power_w: float, full_w: float, standby_w: float) -> bool:
    """No more than standby and what meters err: no heat."""
    return power_w <= standby_w + OFF_UP_TO * full_w


def _heats(power_w: float | None, full_w: float) -> bool:
    return power_w is not None and power_w >= HEATS_FROM * full_w
