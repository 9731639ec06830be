"""Which evidence outranks which: a switch, a meter and a device's own word as witnesses, each with its own age. Pure.

The one place for it; `docs/evidence.md` is the same as a table (`manage.py evidence_table`). In short:

1. Watts outrank words. Off needs both: the word and watts of next to nothing.
2. A meter outranks the device's own figure, and the plug upstream of it outranks both, while it is *fresh*.
3. A meter that contradicts a switch must have reported after the switch changed: older watts prove nothing. One that
   never reports again stands still, or sits behind a welded contact and reports only changes. Nobody can tell, so the
   result is *unconfirmed*, never off: its last watts count in every limit, off is repeated, and a room that warms
   nevertheless is evidence of heating.
4. A lost meter (unavailable, another unit, no number) is no witness: a switch's own word counts, as without a meter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from miners.power import OffBy, PowerModel, PowerSource
from miners.state import MinerSnapshot, MinerStatus

from . import upstream_plug as plugs
from .inference import Word, judge
from .upstream_plug import NOTHING_BELOW_W, is_metered

#: From here on what hangs on a plug heats, whatever its switch says (W).
HEATS_FROM_W = 50.0
#: A report this close to a switch's change may still be of the watts before it.
SETTLES = timedelta(seconds=15)
#: A meter of something that heats moves. Reporting nothing for so long, and for so many of its usual gaps, it stands.
STANDS_AFTER, STANDS_GAPS = timedelta(minutes=10), 3
#: A meter that needs longer than this between two reports is not waited for (s).
LONGEST_GAP_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What switch and meter show together. `power_w`: as measured now (W); `last_power_w`: proves nothing now."""

    status: MinerStatus
    power_w: float | None = None
    last_power_w: float | None = None

    @property
    def is_old(self) -> bool:
        """There are watts, but from before the switch changed, or of a meter that stands still."""
        return self.last_power_w is not None


def of_switch(
    is_on: bool,
    power_w: float | None,
    *,
    switched_at: datetime | None = None,
    power_at: datetime | None = None,
    stands: bool = False,
) -> Shown:
    """A switch's word and the watts (None: no meter, or a lost one) of the meter beside it.

    Times by the clock of their source; None: of the moment they were asked. `stands`: the meter reports nothing any
    more.
    """
    if power_w is None:
        return Shown(MinerStatus.HEATING if is_on else MinerStatus.OFF)
    proven = _is_proof(is_on, power_w, switched_at, power_at, stands)
    return Shown(_relay(is_on, power_w, proven), power_w if proven else None, None if proven else power_w)


def _is_proof(
    is_on: bool, power_w: float, switched_at: datetime | None, power_at: datetime | None, stands: bool
) -> bool:
    """Whether watts say anything of a switch's present state. What agrees with it may be a little older."""
    agrees = power_w >= HEATS_FROM_W if is_on else power_w < NOTHING_BELOW_W
    if power_at is None:
        return True
    if agrees:
        return switched_at is None or power_at >= switched_at - SETTLES
    return not stands and (switched_at is None or power_at > switched_at + SETTLES)


def _relay(is_on: bool, power_w: float, proven: bool) -> MinerStatus:
    if is_on:
        return MinerStatus.HEATING if power_w >= HEATS_FROM_W else MinerStatus.STARTING
    if power_w < NOTHING_BELOW_W:
        return MinerStatus.OFF
    if not proven:
        return MinerStatus.UNCONFIRMED
    return MinerStatus.HEATING if power_w >= HEATS_FROM_W else MinerStatus.STOPPING


def with_standing_meter(name: str, seen: MinerSnapshot) -> MinerSnapshot:
    """The reading of a switch whose meter has reported nothing for long: what contradicts the switch is no proof."""
    if seen.switch_is_on is None or seen.power_w is None or not seen.power_is_measured:
        return seen
    shown = of_switch(
        seen.switch_is_on, seen.power_w, switched_at=seen.switched_at, power_at=seen.power_at, stands=True
    )
    if not shown.is_old:
        return seen
    word = "on" if seen.switch_is_on else "off"
    problem = f"{name} is switched {word}, and its meter has reported nothing new since it showed {seen.power_w:.0f} W."
    return replace(
        seen,
        status=shown.status,
        power_w=None,
        power_is_measured=False,
        power_source=PowerSource.NONE,
        last_power_w=shown.last_power_w,
        problem=problem,
    )


# -- a device and the plug upstream of it ------------------------------------------------------------------------------

_WORDS = {
    MinerStatus.UNREACHABLE: Word.NONE,
    MinerStatus.UNKNOWN: Word.NONE,
    MinerStatus.OFF: Word.OFF,
    MinerStatus.UNCONFIRMED: Word.OFF,
    MinerStatus.STARTING: Word.STARTING,
    MinerStatus.HEATING: Word.ON,
    MinerStatus.NO_POOL: Word.NO_POOL,
    MinerStatus.PROTECT: Word.PROTECT,
}


def joined(
    name: str, device: MinerSnapshot, plug: MinerSnapshot | None, model: PowerModel, *, meter_is_old: bool = False
) -> MinerSnapshot:
    """What a device and its upstream plug (None: there is none, or it does not answer) show together.

    `meter_is_old`: the plug's meter has reported nothing since the device's own word changed, or it stands still.
    """
    if plug is None or not plug.status.is_known:
        return device
    if plug.pending_start and (device.status is MinerStatus.OFF or not device.status.is_known):
        return _before_a_plug_that_will_close(name, device, plug)
    if plugs.says_off(plug):
        return _behind_an_open_plug(name, device, plug, model)
    if not is_metered(plug):
        return device
    seen = _metered(name, device, plug.power_w, model)
    if meter_is_old and (seen.status is not device.status or device.status not in _WORDS):
        return _beside_an_old_meter(name, device, plug.power_w, model)
    return seen


def _behind_an_open_plug(name: str, device: MinerSnapshot, plug: MinerSnapshot, model: PowerModel) -> MinerSnapshot:
    """Off, when it is silent too: what answers has power from somewhere else. A bare relay may be welded."""
    is_doubtful = device.status is MinerStatus.UNCONFIRMED and is_metered(plug)
    if device.status.is_known and not is_doubtful:
        text = f"{name} answers although its upstream plug is off. Check that it is plugged in there."
        return device if device.status.says_off else replace(device, problem=text)
    if plug.status is MinerStatus.UNCONFIRMED:
        return MinerSnapshot(
            MinerStatus.UNCONFIRMED,
            observed_at=plug.observed_at,
            last_power_w=plug.last_power_w,
            problem=f"The upstream plug of {name} is off, but its meter does not confirm it. {plug.problem}".rstrip(),
        )
    if is_metered(plug) or plug.last_power_w is not None:
        return MinerSnapshot(
            MinerStatus.OFF,
            plug.power_w,
            plug.power_is_measured,
            observed_at=plug.observed_at,
            power_source=PowerSource.METER if plug.power_is_measured else PowerSource.NONE,
        )
    if model.off_by is OffBy.PLUG:
        return MinerSnapshot(MinerStatus.OFF, observed_at=plug.observed_at)
    text = (
        f"{name} does not answer. Its upstream plug says it is off but measures nothing, so it is not known whether it "
        "heats. If it may run again, switch the plug on by hand."
    )
    return replace(device, problem=text)


def _before_a_plug_that_will_close(name: str, device: MinerSnapshot, plug: MinerSnapshot) -> MinerSnapshot:
    """A timer in the plug switches it on: the device behind it starts, as after a power cut."""
    return replace(
        device,
        status=MinerStatus.STARTING,
        pending_start=True,
        starts_in_seconds=plug.starts_in_seconds,
        problem=f"The upstream plug of {name} is off, but a timer in it will switch it on.",
    )


def _beside_an_old_meter(name: str, device: MinerSnapshot, power_w: float, model: PowerModel) -> MinerSnapshot:
    """The device alone; but an off that old watts contradict is not confirmed."""
    seen = replace(device, last_power_w=power_w)
    if device.status is not MinerStatus.OFF or _by_watts(Word.OFF, device, power_w, model) is MinerStatus.OFF:
        return seen
    text = f"{name} says it is off, but the meter of its upstream plug has stood at {power_w:.0f} W since before that."
    return replace(seen, status=MinerStatus.UNCONFIRMED, problem=text)


def _metered(name: str, device: MinerSnapshot, power_w: float, model: PowerModel) -> MinerSnapshot:
    """The device with the watts of the meter, and what they say against its word."""
    seen = replace(device, power_w=power_w, power_is_measured=True, power_source=PowerSource.METER, last_power_w=None)
    word = _WORDS.get(device.status)
    if word is None:  # ramping, stopping: its own word says more
        return seen
    status = _by_watts(word, device, power_w, model)
    if status is MinerStatus.UNKNOWN:
        return seen  # no word, and no watts that would be one
    if word is Word.NONE:
        told = f"{name} does not answer, but its upstream plug measures {power_w:.0f} W."
        return replace(seen, status=status, problem=told)
    if word is Word.OFF and status is not MinerStatus.OFF:
        told = f"{name} says it is off, but its upstream plug measures {power_w:.0f} W."
        return replace(seen, status=status, problem=told)
    is_settled = device.status is MinerStatus.UNCONFIRMED
    return replace(seen, status=status, problem="" if is_settled else seen.problem)


def _by_watts(word: Word, device: MinerSnapshot, power_w: float, model: PowerModel) -> MinerStatus:
    return judge(word, power_w, full_w=model.max_w, level_w=_level_w(device, model), standby_w=model.standby_w)


def _level_w(device: MinerSnapshot, model: PowerModel) -> float:
    """The watts of the level it says it is at; it does not say: of its lowest."""
    named_w = model.watts_of(device.level)
    return (device.set_power_w or model.min_w) if named_w is None else named_w
