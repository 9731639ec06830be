"""`docs/evidence.md`: which evidence outranks which, as the code answers it. Every cell is asked of the code itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from miners.power import Level, PowerModel
from miners.state import MinerSnapshot, MinerStatus
from miners.status import evidence, readback
from miners.status.evidence import HEATS_FROM_W, SETTLES, STANDS_AFTER, STANDS_GAPS
from miners.status.inference import HEATS_FROM, OFF_UP_TO, THERE_FROM, Word, judge
from miners.status.upstream_plug import NOTHING_BELOW_W
from optimization.passes import rise
from sites.words import duration

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_FULL_W, _STANDBY_W = 1000.0, 10.0
_MODEL = PowerModel((Level("on", _FULL_W),), standby_w=_STANDBY_W)
_WORDS = {
    MinerStatus.OFF: "off",
    MinerStatus.UNCONFIRMED: "**unconfirmed**",
    MinerStatus.UNREACHABLE: "does not answer",
    MinerStatus.UNKNOWN: "not known",
    MinerStatus.NO_POOL: "on, no pool",
    MinerStatus.PROTECT: "protects itself",
}
_HEAD = """\
# Which evidence outranks which

A miner is off, or heats, by what several witnesses say together: the word of a switch, the watts of a meter, the word
and the figures of the device itself, and the plug upstream of it. Each has its own age. `miners/status/evidence.py`
weighs them, this page is made from it (`./run manage evidence_table`), and a test compares the two.

1. **Watts outrank words.** Off needs both: a word, and watts of next to nothing.
2. **A meter outranks the device's own figure, and the upstream plug's meter outranks both**, while it is fresh.
3. **Old watts prove nothing.** A meter that contradicts its switch must have reported more than {settles} after the
   switch changed. One that has reported nothing for {stands} (and for {gaps} of its usual gaps) stands still.
4. **A lost meter is no witness**: unavailable, in another unit, no number. The switch's own word counts, its power is
   not measured, and the page says so.
5. The sign of a meter only tells which way round it is wired.

*Unconfirmed* is never *off*: the meter may stand still, or the contact may be welded and the meter report changes only.
It is told once, not at each off again. The last watts count in every limit. Off is repeated after growing pauses, up to
{retry}. An upstream plug is cut by the usual rule, later only where the meter is known to report more rarely; where the
device itself is off by word and watts and only the plug's own meter stands, not before a room warms. A room that warms
by {rise} although its miner is told to be off is an alarm of its own. A cold room may start the miner again, for frost
protection too: that adds nothing to what is counted already.
"""


def markdown() -> str:
    """The whole page."""
    head = _HEAD.format(
        settles=duration(SETTLES.total_seconds()),
        stands=duration(STANDS_AFTER.total_seconds()),
        gaps=STANDS_GAPS,
        retry=duration(readback.UNCONFIRMED_RETRY_MAX.total_seconds()),
        rise=f"{rise.RISE_K:g} K",
    )
    return "\n".join([head, *_switches(), *_devices(), *_joined()])


def _switches() -> list[str]:
    shown = (("none, or lost", None), (f"below {NOTHING_BELOW_W:g} W", 1.0), ("between", 20.0))
    shown += ((f"{HEATS_FROM_W:g} W or more", 1000.0),)
    rows = []
    for word, is_on in (("off", False), ("on", True)):
        for label, watts in shown:
            fresh, old = (
                evidence.of_switch(is_on, watts, switched_at=_AT, power_at=_AT + timedelta(hours=hours))
                for hours in (1, -1)
            )
            rows.append((word, label, _seen(fresh), "–" if watts is None else _seen(old)))
    title = (
        "## A switch and the meter beside it\nHome Assistant switches; a Shelly plug, whose watts are always fresh.\n"
    )
    return [title, *_table(("Switch says", "Meter shows", "fresh", "old, or stands still"), rows)]


def _seen(shown: evidence.Shown) -> str:
    measured = "measured" if shown.power_w is not None else "not measured"
    counted = f", {shown.last_power_w:g} W count" if shown.last_power_w and not shown.power_w else ""
    return f"{_words(shown.status)} ({measured}{counted})"


def _devices() -> list[str]:
    watts = (None, _STANDBY_W, 200.0, 500.0, _FULL_W)
    heads = (
        "Device says", "no watts", f"standby and {OFF_UP_TO:.0%} more", "between", f"{HEATS_FROM:.0%} or more",
        f"{THERE_FROM:.0%} of its level",
    )  # fmt: skip
    rows = [
        (
            str(word).replace("_", " ").replace("none", "nothing"),
            *(_words(judge(word, one, full_w=_FULL_W, level_w=_FULL_W, standby_w=_STANDBY_W)) for one in watts),
        )
        for word in Word
    ]
    note = "Where a device tells a hash rate and no watts, a rate of none is the second witness of its off.\n"
    return ["\n## A device's word and its own watts\n", *_table(heads, rows), "", note]


def _joined() -> list[str]:
    devices = (
        ("off, 10 W", MinerSnapshot(MinerStatus.OFF, 10.0, True)),
        ("heats, 1000 W", MinerSnapshot(MinerStatus.HEATING, 1000.0, True)),
        ("unconfirmed", MinerSnapshot(MinerStatus.UNCONFIRMED, last_power_w=1000.0)),
        ("does not answer", MinerSnapshot(MinerStatus.UNREACHABLE)),
    )
    plugs = (
        ("on, 1000 W, fresh", MinerSnapshot(MinerStatus.HEATING, 1000.0, True), False),
        ("on, 1000 W, old", MinerSnapshot(MinerStatus.HEATING, 1000.0, True), True),
        ("on, 2 W, fresh", MinerSnapshot(MinerStatus.STARTING, 2.0, True), False),
        ("on, 2 W, old", MinerSnapshot(MinerStatus.STARTING, 2.0, True), True),
        ("on, no meter", MinerSnapshot(MinerStatus.HEATING), False),
        ("off, 0 W", MinerSnapshot(MinerStatus.OFF, 0.0, True), False),
        ("off, unconfirmed", MinerSnapshot(MinerStatus.UNCONFIRMED, last_power_w=1000.0), False),
        ("off, no meter", MinerSnapshot(MinerStatus.OFF), False),
    )
    rows = [
        (
            label,
            *(_words(evidence.joined("It", one, plug, _MODEL, meter_is_old=is_old).status) for _, one in devices),
        )
        for label, plug, is_old in plugs
    ]
    title = (
        "## A device and its upstream plug\nThe plug's meter is old as long as it has not reported since the device's "
        "own word changed.\n"
    )
    return [title, *_table(("Plug shows", *(f"Device {label}" for label, _ in devices)), rows), ""]


def _words(status: MinerStatus) -> str:
    return _WORDS.get(status, str(status))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]
