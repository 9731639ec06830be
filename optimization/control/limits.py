"""Circuit and site power limits: which miners give way when together they would take too much.

What runs and may stay is served first; levels are lowered before anything is switched off, and for a
clearly colder room that waits; the zone nearest its target gives way first, and every comfort to frost
protection; a start waits until it fits, and a minute after another one.
What counts is what a miner would really take, whatever was asked for, and until a change has been followed the
higher of before and after (docs/limits.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from sites.figures import watts_apart

from .situation import Ceiling, MinerSituation

#: Two starts on one line are so far apart: what is switched on at once draws its inrush at once.
STARTS_APART = timedelta(seconds=60)
#: Two that share a line too small for both do not change places for less than this: every change is a write to each.
KEEPS_K = 0.3
#: Of what the grid connection leaves, more is taken only with this share of a miner's power to spare: kettles, clouds.
SPARE = 0.1


@dataclass(frozen=True, slots=True)
class Asking:
    """A miner that wants `power_w`."""

    miner: MinerSituation
    power_w: int
    #: Frost protection asks: comfort gives way to it.
    is_frost: bool = False

    @property
    def is_running(self) -> bool:
        if self.miner.is_still_to_start:
            return False
        return self.miner.is_wanted_on or self.miner.snapshot.status.is_on

    @property
    def takes_w(self) -> float:
        """What it takes or will take; what it draws on its way there, and what it begins with, too."""
        return max(self.power_w + self.miner.more_w, self.miner.at_most_w, self.begins_w)

    @property
    def begins_w(self) -> float:
        """What it takes at first, where it takes a level only once it works (else 0)."""
        return 0.0 if self.is_running else self.miner.snapshot.starts_at_power_w or 0.0

    @property
    def lowest_w(self) -> int:
        """The least it can be told instead of being switched off."""
        return min(self.power_w, self.miner.fitting(self.miner.least_w))

    @property
    def least_w(self) -> float:
        """What it takes at the least, without being switched off."""
        if not self.miner.is_stepped:
            return self.takes_w
        watts = self.lowest_w + self.miner.more_w
        return watts if self.is_running else max(watts, self.miner.at_most_w, self.begins_w)

    @property
    def adds_w(self) -> float:
        """What a start adds at the least to what counts of it already."""
        return max(0.0, self.least_w - self.miner.at_most_w)

    @property
    def deficit_k(self) -> float:
        """How far its coldest zone is below target (K); unknown counts as none."""
        return max(
            (
                zone.target.effective_celsius - zone.temperature_celsius
                for zone in self.miner.zones
                if zone.temperature_celsius is not None
            ),
            default=0.0,
        )

    @property
    def claim_k(self) -> float:
        """Its place in turn: what has all it asks for keeps it until another room is colder by a margin."""
        return self.deficit_k + (KEEPS_K if self.miner.is_wanted_on and self.miner.desired_w >= self.power_w else 0.0)


def shed(
    asking: Sequence[Asking],
    others: Sequence[MinerSituation],
    site_limit_w: int | None,
    now: datetime,
    import_limit_w: float | None = None,
    import_unsure_w: float = 0.0,
) -> dict[str, Ceiling]:
    """Ceilings by miner id so that no limit is exceeded. `others`: miners told off that still draw.

    `import_limit_w`: what the miners may take so that the home imports no more than is contracted; `import_unsure_w`:
    how much of it no start and no higher level may take yet.
    """
    lines = _Lines([ask.miner for ask in asking] + list(others), site_limit_w, import_limit_w)
    if not lines.limits:
        return {}
    lines.keep_free("import", import_unsure_w)
    for miner in others:
        lines.take(miner, miner.at_most_w)
    ceilings: dict[str, Ceiling] = {}
    turns = sorted(
        asking, key=lambda one: (not one.is_frost, not one.miner.is_wanted_on, -one.claim_k, one.miner.miner_id)
    )
    waiting = [ask for ask in turns if not ask.is_running]
    for ask in waiting:  # not confirmed, or told off a moment ago: that counts, whether it may start or not
        lines.take(ask.miner, ask.miner.at_most_w)
    freezing = [
        ask for ask in waiting if ask.is_frost and lines.too_full(ask.miner, ask.adds_w, is_start=False) is None
    ]
    for ask in freezing:  # room is kept for them, though what heats for comfort be switched off for it
        lines.take(ask.miner, ask.adds_w)
    _serve_what_runs(lines, [ask for ask in turns if ask.is_running], waiting, ceilings)
    for ask in freezing:
        lines.take(ask.miner, -ask.adds_w)
    for ask in waiting:
        lines.take(ask.miner, -ask.miner.at_most_w)
        if (full := lines.too_full(ask.miner, ask.least_w, is_start=True)) is not None:
            ceilings[ask.miner.miner_id] = _no_room(full, ask)
        elif (line := lines.just_started(ask.miner, now)) is not None:
            ceilings[ask.miner.miner_id] = _too_soon(line, ask)
        else:
            _serve(lines, ask, ceilings)
            lines.note_start(ask.miner, now)
            continue
        lines.take(ask.miner, ask.miner.at_most_w)
    return ceilings


def _serve_what_runs(
    lines: _Lines, turns: Sequence[Asking], waiting: Sequence[Asking], ceilings: dict[str, Ceiling]
) -> None:
    """First the least power of as many as there is room for; what is left over goes to the first in turn."""
    kept = []
    for ask in turns:
        full = lines.too_full(ask.miner, ask.least_w, is_start=False)
        if full is None:
            kept.append(ask)
            lines.take(ask.miner, ask.least_w)
        else:
            ceilings[ask.miner.miner_id] = _no_room(full, ask)
            lines.leave(ask.miner, ask.miner.at_most_w)
    promised = _promise(lines, kept, waiting)
    served = []
    for ask in kept:
        lines.take(ask.miner, -ask.least_w)
        served.append((ask, _serve(lines, ask, ceilings)))
    for ask, watts in served:
        _hold_back(lines, ask, watts, ceilings)
    for ask in promised:
        lines.take(ask.miner, -ask.adds_w)


def _promise(lines: _Lines, kept: Sequence[Asking], waiting: Sequence[Asking]) -> list[Asking]:
    """Those in clearly colder rooms that could start if what runs came down to its least: room is kept for them."""
    may_give = [ask.claim_k for ask in kept if ask.least_w < ask.takes_w]
    promised = []
    for ask in waiting:
        if ask.is_frost:
            continue  # room was kept for it already
        colder = bool(may_give) and ask.deficit_k > min(may_give)
        if colder and lines.too_full(ask.miner, ask.adds_w, is_start=False) is None:
            lines.take(ask.miner, ask.adds_w)
            promised.append(ask)
    return promised


def _hold_back(lines: _Lines, ask: Asking, watts: float, ceilings: dict[str, Ceiling]) -> None:
    """A higher level waits until what gives way to it has come down, and for what is to be spared."""
    miner = ask.miner
    if not miner.is_stepped or watts <= miner.at_most_w:
        return
    line, room_w = lines.room(miner, is_start=True)
    if room_w >= 0:
        return
    held_w = miner.fitting(max(miner.at_most_w, watts + room_w) - miner.more_w)
    ceilings[miner.miner_id] = Ceiling("power_limit", held_w, _comes_down(line, ask), is_safety=True)
    lines.take(miner, held_w + miner.more_w - watts)


def _comes_down(line: _Line, ask: Asking) -> str:
    return f"{ask.miner.name} may take more when others take less and {line.in_words} has reserve for it."


def _serve(lines: _Lines, ask: Asking, ceilings: dict[str, Ceiling]) -> float:
    """What it takes with as much as it asks, or with the highest level there is room for (W)."""
    line, room_w = lines.room(ask.miner, is_start=not ask.is_running)
    takes_w, more_w = ask.takes_w, ask.miner.more_w
    if takes_w > room_w:
        level_w = max(ask.lowest_w, min(ask.power_w, ask.miner.fitting(room_w - more_w)))
        ceilings[ask.miner.miner_id] = _lowered(line, ask, level_w)
        takes_w = level_w + more_w
        if ask.is_running:
            lines.leave(ask.miner, max(0.0, ask.miner.at_most_w - takes_w))
        else:
            takes_w = max(takes_w, ask.miner.at_most_w, ask.begins_w)
    lines.take(ask.miner, takes_w)
    return takes_w


def _no_room(full: tuple[_Line, float], ask: Asking) -> Ceiling:
    line, room_w = full
    left, needed = watts_apart(max(0.0, room_w), ask.least_w)
    what = f"the {needed} {'that' if ask.miner.is_stepped else 'of'} {ask.miner.name}"
    if ask.begins_w >= ask.least_w:
        what = f"the {needed} at which {ask.miner.name} starts"
    elif ask.miner.is_stepped:
        what = f"{what} takes at least"
    return Ceiling("power_limit", 0, f"{line} leaves {left}, less than {what}.", is_safety=True)


def _lowered(line: _Line, ask: Asking, watts: int) -> Ceiling:
    text = f"{line} leaves room for {watts} of the {ask.power_w} W of {ask.miner.name}."
    return Ceiling("power_limit", watts, text, is_safety=True)


def _too_soon(line: _Line, ask: Asking) -> Ceiling:
    seconds = int(STARTS_APART.total_seconds())
    text = f"Another miner has just started. {ask.miner.name} follows {seconds} s after it, to spare {line.in_words}."
    return Ceiling("stagger", 0, text)


@dataclass(frozen=True, slots=True)
class _Line:
    """Something with a limit (W)."""

    name: str
    limit_w: float
    in_words: str
    #: It changes with what the home takes: more is taken of it only with this share of a miner's power to spare.
    spare: float = 0.0

    def __str__(self) -> str:
        return f"{self.name} ({self.limit_w:.0f} W)"


class _Lines:
    """What every line carries already (W), by key."""

    def __init__(
        self, miners: Sequence[MinerSituation], site_limit_w: int | None, import_limit_w: float | None
    ) -> None:
        self.limits = _limits(miners, site_limit_w, import_limit_w)
        self._used: dict[str, float] = defaultdict(float)
        self._leaving: dict[str, float] = defaultdict(float)  # told to be less just now: it draws on for a while
        #: By line: of each miner when it started last.
        self._started: dict[str, dict[str, datetime]] = defaultdict(dict)
        for miner in miners:
            for at in miner.starts[-1:]:
                self.note_start(miner, at)

    def keep_free(self, key: str, watts: float) -> None:
        self._leaving[key] += watts

    def take(self, miner: MinerSituation, watts: float) -> None:
        for key in _keys(miner):
            self._used[key] += watts

    def leave(self, miner: MinerSituation, watts: float) -> None:
        for key in _keys(miner):
            self._leaving[key] += watts

    def room(self, miner: MinerSituation, *, is_start: bool) -> tuple[_Line, float]:
        """The line with the least room for it, and that room (W). A start, or more power, waits for what is leaving."""
        rooms = [
            (
                line,
                line.limit_w - self._used[key] - (self._leaving[key] + line.spare * miner.most_w if is_start else 0.0),
            )
            for key in _keys(miner)
            if (line := self.limits.get(key)) is not None
        ]
        return min(rooms, key=lambda one: one[1], default=(_Line("", inf, ""), inf))

    def too_full(self, miner: MinerSituation, watts: float, *, is_start: bool) -> tuple[_Line, float] | None:
        """The line that has no room for so many watts, and what it has (W)."""
        line, room_w = self.room(miner, is_start=is_start)
        return (line, room_w) if watts > room_w else None

    def note_start(self, miner: MinerSituation, at: datetime) -> None:
        for key in _keys(miner):
            started = self._started[key]
            started[miner.miner_id] = max(at, started.get(miner.miner_id, at))

    def just_started(self, miner: MinerSituation, now: datetime) -> _Line | None:
        """A limited line on which another start was less than a minute ago."""
        for key in _keys(miner):
            others = (at for pk, at in self._started[key].items() if pk != miner.miner_id)
            if key in self.limits and any(timedelta(0) <= now - at < STARTS_APART for at in others):
                return self.limits[key]
        return None


def _limits(
    miners: Sequence[MinerSituation], site_limit_w: int | None, import_limit_w: float | None
) -> dict[str, _Line]:
    """The lines that have a limit, by key."""
    limits: dict[str, _Line] = {}
    if site_limit_w is not None:
        limits["site"] = _Line("This home's power limit", float(site_limit_w), "this home's power limit")
    if import_limit_w is not None:
        limits["import"] = _Line(
            "What the grid connection has left for miners", max(0.0, import_limit_w), "the grid connection", SPARE
        )
    for miner in miners:
        if miner.circuit is not None:
            key, name, limit_w = miner.circuit
            limits[key] = _Line(f"The circuit ‘{name}’", float(limit_w), f"the circuit ‘{name}’")
    return limits


def _keys(miner: MinerSituation) -> tuple[str, ...]:
    return ("site", "import") if miner.circuit is None else ("site", "import", miner.circuit[0])
