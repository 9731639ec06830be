"""What a decision looks at and what it answers: frozen, complete, replayable.

Powers are electrical watts, which a miner turns into heat one to one. Times are aware UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from climate.state import ZoneState
from miners.power import PowerModel, most_w, taken_w
from miners.state import MinerSnapshot, MinerStatus
from miners.status import draw
from optimization.rules import CompiledPolicy, Context

from .quiet import Quiet

#: It draws little, and heats as soon as it is up, a pool answers it, or its protection ends.
_MAY_START = (MinerStatus.STARTING, MinerStatus.NO_POOL, MinerStatus.PROTECT)
#: The code of an intent to heat against frost on a sensor in doubt.
FROST_PULSE = "frost_pulse"
#: The code of an intent that a thermostat is to dose, and of what it then wants.
PERMITTED, THERMOSTAT_HEAT, THERMOSTAT_OFF = "permitted", "thermostat_heat", "thermostat_off"


@dataclass(frozen=True, slots=True)
class ClockWait:
    """After the clock was set: the names of a miner's inputs that have not been read well since, and until when
    it waits for them at most."""

    names: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked of a miner by hand: 0 W or more, until a time (None: until resumed)."""

    power_w: int
    until: datetime | None
    by: str = ""
    origin: str = "person"


@dataclass(frozen=True, slots=True)
class MinerSituation:
    """One miner: its settings, what it showed, what was wanted of it, what a person wishes."""

    miner_id: str
    name: str
    nominal_power_w: int
    zones: tuple[ZoneState, ...]
    heats_no_room: bool
    snapshot: MinerSnapshot
    desired_w: int = 0
    desired_origin: str = ""
    desired_confirmed: bool = False
    switched_on_at: datetime | None = None
    switched_off_at: datetime | None = None
    #: What it showed last: off, so that its silence hides nothing but a switch at the device.
    was_seen_off: bool = False
    starts: tuple[datetime, ...] = ()
    wish: Wish | None = None
    min_on_seconds: int = 600
    min_off_seconds: int = 600
    max_starts_per_hour: int = 3
    max_starts_per_day: int = 40
    circuit: tuple[str, str, int] | None = None  # id, name, limit W
    is_active: bool = True
    is_cut: bool = False  # its plug was cut and nobody has acknowledged it
    lacks_off: bool = False  # only a plug switches it off, and there is none before it
    is_stopping: bool = False  # the program, its unit or its site is being stopped
    #: What it waits for after the clock was set.
    clock_wait: ClockWait | None = None
    setup_problem: str = ""  # its settings, or those of what belongs to it, cannot be used, in one sentence
    reality_problem: str = ""  # a real controller on a simulated sensor, in one sentence
    doubled: str = ""  # what switches it belongs to another miner, too, in one sentence
    contexts: tuple[Context, ...] = ()
    #: Its levels; None: only on or off, at its nominal power.
    power: PowerModel | None = None
    #: The quiet hours that hold now.
    quiet: Quiet | None = None
    #: Since when it is wanted at its present watts.
    level_since: datetime | None = None
    #: At full power, as its maker says; and what a start wears, in the home's currency.
    noise_db: int | None = None
    start_cost: float = 0.0
    #: What a person lets its chips and boards have (°C); None: what its kind bears (`heat_limits_celsius`).
    max_chip_celsius: float | None = None
    max_board_celsius: float | None = None
    #: What it may have drawn before it was last told something else (W).
    before_w: int = 0
    #: It takes what it was told last, by a meter or because its ramp is over (`draw.has_followed`).
    has_followed: bool = True
    #: The device took a write since what is wanted of it changed (`readback.was_told`).
    was_told: bool = True
    #: It was silent at the last look and answers again.
    came_back: bool = False
    #: The last change is longer ago than its ramp (`draw.had_its_time`).
    had_its_time: bool = True
    #: How much more than it was told it was measured to take when it last ran (W).
    took_more_w: int = 0
    #: It does not answer and cannot be told to stay on: its own timer, or its upstream plug's, switches it off then.
    goes_off_at: datetime | None = None

    def complete(self, **later: Any) -> None:
        """Fields that are known only when every miner is there; for whoever builds it, before anybody else has it."""
        for name, value in later.items():
            if value is not None:
                object.__setattr__(self, name, value)

    @property
    def is_wanted_on(self) -> bool:
        return self.desired_w > 0

    @property
    def is_stepped(self) -> bool:
        """It can heat with more than one power."""
        return self.power is not None and self.power.is_stepped

    @property
    def is_measured(self) -> bool:
        return draw.is_measured(self.snapshot)

    def fitting(self, power_w: float) -> int:
        """What it really takes when it is asked for so many watts."""
        return taken_w(self.power, self.nominal_power_w, power_w)

    @property
    def full_w(self) -> int:
        """What it takes at its usual power."""
        return self.fitting(self.nominal_power_w)

    @property
    def runs_at_w(self) -> int:
        """What it takes for what is wanted of it."""
        return self.fitting(self.desired_w)

    @property
    def least_w(self) -> float:
        """The least it can heat with."""
        return self.power.min_w if self.is_stepped else float(self.full_w)

    @property
    def most_w(self) -> int:
        """The most it may take when nobody sees it."""
        return most_w(self.power, self.nominal_power_w)

    @property
    def draws_w(self) -> float:
        """What it draws now as far as anybody can tell: measured, else what was asked while it is or may be on."""
        if self.is_measured:
            return max(self.snapshot.power_w, 0.0)
        on = self.snapshot.status.is_on if self.snapshot.status.is_known else self.is_wanted_on
        return draw.unmeasured_w(self.snapshot, self.power, self.nominal_power_w, self.desired_w) if on else 0.0

    @property
    def at_most_w(self) -> float:
        """What it may draw now, or any moment: of before and after a change the higher, until it has followed."""
        # Old watts of a meter prove nothing, and count.
        watts = max(self.draws_w, 0 if self.has_followed else self.before_w, self.snapshot.last_power_w or 0.0)
        if self.is_on_by_others:
            watts = max(watts, float(self.most_w))
        if self.is_wanted_on:
            begins_w = 0 if self.has_followed else self.snapshot.starts_at_power_w or 0
            return max(watts, float(self.runs_at_w), begins_w)
        if self.snapshot.pending_start or self.snapshot.status in _MAY_START:
            return max(watts, float(self.most_w))
        if self.is_measured or self.snapshot.status is MinerStatus.OFF:
            return watts
        if not self.snapshot.status.is_known:
            return watts if self.was_seen_off else float(self.most_w)
        return watts if self.desired_confirmed else watts or float(self.before_w)  # coming down: not seen off yet

    @property
    def is_on_by_others(self) -> bool:
        """It was off or silent, nobody here told it to be on since, and it tells neither watts nor its level."""
        if not self.snapshot.status.is_on or self.is_measured or draw.set_w(self.snapshot, self.power) is not None:
            return False
        if not self.is_wanted_on:
            return self.desired_confirmed
        return self.came_back or not (self.was_told or self.before_w)

    @property
    def is_still_to_start(self) -> bool:
        """Wanted on, but the device took no start and rests: the start that is sent again is a start like any other."""
        rests = self.snapshot.status is MinerStatus.OFF or (
            self.snapshot.status is MinerStatus.STARTING and self.snapshot.pending_start
        )
        return self.is_wanted_on and not self.was_told and rests

    @property
    def more_w(self) -> float:
        """How much more it takes than what is asked of it: its nominal power is wrong, or it does not obey."""
        if not self.is_wanted_on or not self.had_its_time:
            return float(self.took_more_w)
        more_w = max(0.0, max(self.draws_w, 0 if self.has_followed else self.before_w) - self.runs_at_w)
        return more_w if self.is_measured else max(more_w, float(self.took_more_w))

    @property
    def metered_w(self) -> float:
        """Its part of what a meter of the home shows now, at most."""
        if self.is_measured or not self.snapshot.status.is_known or self.has_followed:
            return self.draws_w
        return max(self.draws_w, float(self.before_w))

    @property
    def unsure_w(self) -> float:
        """How much of `metered_w` it may not draw yet: nothing starts on the strength of it."""
        if self.is_measured:
            return 0.0
        if not self.snapshot.status.is_known:
            return self.draws_w
        return 0.0 if self.has_followed else max(0.0, self.draws_w - self.before_w)


@dataclass(frozen=True, slots=True)
class UnitSituation:
    """Miners decided together by one strategy (`optimization.models.Strategy`)."""

    unit_id: str
    name: str
    policy: CompiledPolicy | None
    policy_problem: str
    miners: tuple[MinerSituation, ...]
    strategy: str = "policy_need"
    #: What the unit could use without importing (W), its own miners counted back in; None: nobody knows.
    surplus_w: float | None = None
    #: How much of that is not sure, because it counts what its own miners may not draw yet (W).
    unsure_w: float = 0.0
    #: Its rooms are to be kept above this whatever the sun gives (°C); None: no such temperature is set.
    never_below_celsius: float | None = None


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Nothing can be stored, since when and why (a sentence)."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class SiteSituation:
    """Everything one decision of a site may look at."""

    now: datetime
    units: tuple[UnitSituation, ...]
    #: Miners in no enabled unit: guarded and open to wishes, else left alone.
    loose: tuple[MinerSituation, ...] = ()
    power_limit_w: int | None = None
    #: What all miners together may take so that the home imports no more than is contracted; None: nothing measured.
    import_limit_w: float | None = None
    #: How much of that is not sure, because it counts what miners may not draw yet (W): no start takes it.
    import_unsure_w: float = 0.0
    #: A wall-clock step was found in this pass.
    clock_stepped: bool = False
    is_stopped: bool = False  # the site is deactivated
    unrecorded: Unrecorded | None = None

    @property
    def miners(self) -> list[MinerSituation]:
        return [miner for unit in self.units for miner in unit.miners] + list(self.loose)


@dataclass(frozen=True, slots=True)
class Intent:
    """What a strategy (or a manual request) wants of one miner, and why.

    `reason` is a sentence; or, where `is_clause`, what a sentence about what is done begins with (`sentences.so`).
    """

    power_w: int
    origin: str  # "policy" | "manual" | "frost" | "outside" | "none"
    code: str
    reason: str
    rule_id: str = ""
    rule_name: str = ""
    #: The tree behind the reason, made when it is asked for.
    explains: Callable[[], dict[str, Any]] = field(default=dict, compare=False)
    #: Nothing is to be commanded: the miner is nobody's, its owner switches it.
    leave_alone: bool = False
    is_clause: bool = False
    #: A sentence that follows the reason, whatever is done.
    then: str = ""
    #: It is less than the miner could give: all that is needed or available, or among so many miners its share.
    sharers: int = 0

    @property
    def explanation(self) -> dict[str, Any]:
        return self.explains()


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A guard's limit: at most `power_w`, why (as an intent's reason), and whether it may break a minimum on time."""

    guard: str
    power_w: int
    reason: str
    is_safety: bool = False
    is_clause: bool = False
    then: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be done with one miner: watts, the intent behind it and the guard that bound, if any."""

    miner_id: str
    unit_id: str
    power_w: int
    action: str  # "start" | "stop" | "level" | "hold" | "keep_off" | "leave"
    intent: Intent
    reason: str
    code: str
    guard: str = ""
    broke_min_on: bool = False
    next_allowed_at: datetime | None = None
    #: A safety guard bound it, or asks for the same.
    is_safety: bool = False
