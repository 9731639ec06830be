"""A house, a plug and a sensor of their own, and everything that goes wrong with them: the oracle of the random walk.

Nothing here is shared with `simulation`. The walk runs the passes' own deciding and bookkeeping on rows in memory;
writing, reading and recording are played here, so that a crash can come between any two of them.
"""

from __future__ import annotations

import copy
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from climate.state import ClimateReading
from energy.state import EnergySnapshot
from integrations.connections.entities import EntityAnswers, EntityState
from miners.drivers.home_assistant_switch.driver import HomeAssistantSwitch
from miners.models import DesiredState
from miners.requests.in_force import Request
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.memory import Memory
from optimization.passes import act, run
from optimization.passes.load import SiteRows, load
from optimization.passes.observe import Observation
from sites.clock import ManualClock
from sites.models import Alarm

from .bench import Home

PERIOD_S = 10.0
WATTS = 2500
#: Longer than the room takes through its band, so that they bind; fewer starts than they would allow.
MIN_ON_S, MIN_OFF_S = 400, 400
STARTS_PER_HOUR = 4
HIGH_LIMIT = 23.0
STALE_S = 1200
#: What the room rises above the limit after the plug is off: the heater's own warmth, the sensor's lag, one period.
INERTIA_K = 0.3

SENSOR_FAULTS = ("unavailable", "stale", "nan", "-127", "85", "frozen", "jump")
#: Faults in which the sensor's word cannot be told from a good one for a while.
DECEIVING = ("frozen", "stale", "jump")
PLUG_FAULTS = ("unreachable", "refuses", "lies", "power cut")
METER_FAULTS = ("stuck", "stuck when off", "slow", "lost", "turned round")
#: Auto-off timers of the plug that nobody declared: they count from its first “on”.
TIMERS_S = (1500.0, 2400.0)
PLUG, PLUG_W = "switch.plug", "sensor.plug_power"
CONFIG = HomeAssistantSwitch.Config(entity_switch=PLUG, entity_power=PLUG_W)


@dataclass
class House:
    """The truth: air 400 kJ/K, 80 W/K to the outside, a heater with 100 s of inertia, sun at times."""

    celsius: float = 20.0
    outdoor: float = 5.0
    sun_w: float = 0.0
    heat_w: float = 0.0

    def go(self, seconds: float, plug_on: bool) -> None:
        self.heat_w += ((WATTS if plug_on else 0.0) - self.heat_w) * min(1.0, seconds / 100)
        flow_w = self.heat_w + self.sun_w - 80.0 * (self.celsius - self.outdoor)
        self.celsius += flow_w * seconds / 400e3


@dataclass
class Fault:
    kind: str
    until: int  # step


@dataclass
class World:
    """House, plug, sensor, meter and people, each with its fault (None: well), by steps."""

    dice: random.Random
    house: House = field(default_factory=House)
    plug_on: bool = False
    comes_back_on: bool = False
    surplus_w: float = 2000.0
    sensor: Fault | None = None
    plug: Fault | None = None
    meter_dark_until: int = 0  # step; 0: it answers
    #: The plug as Home Assistant shows it, by the clock of the home; `on_at`, `timer_s`: its own timer.
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime(2026, 1, 15, tzinfo=UTC)))
    meter: Fault | None = None
    shown_w: float = 0.0
    shown_at: datetime | None = None
    said_on: bool = False
    switched_at: datetime | None = None
    switched_by: str = ""
    on_at: float = 0.0
    timer_s: float | None = None
    shown: float = 20.0
    shown_age_s: float = 0.0
    jump_k: float = 0.0

    def begin_faults(self, step: int) -> None:
        chance, dice = self.dice.random, self.dice
        if self.sensor is None and chance() < 0.005:
            kind = dice.choice(SENSOR_FAULTS)
            # Mostly short; a jump that stays ten minutes would be a change.
            longest = 50 if kind == "jump" else dice.choice([15, 15, 15, 240])
            self.sensor = Fault(kind, step + dice.randint(1, longest))
            self.shown, self.shown_age_s = self.house.celsius, STALE_S + 1.0 if kind == "stale" else 0.0
            self.jump_k = dice.choice([-8.0, 8.0])
        if self.plug is None and chance() < 0.005:
            self.plug = Fault(dice.choice(PLUG_FAULTS), step + dice.randint(1, dice.choice([6, 6, 60])))
            if self.plug.kind == "power cut":
                self.plug_on, self.comes_back_on = False, self.plug_on and chance() < 0.5
        if self.meter is None and chance() < 0.004:
            self.meter = Fault(dice.choice(METER_FAULTS), step + dice.randint(1, dice.choice([20, 200, 1000])))
        if chance() < 0.002:
            self.timer_s = dice.choice([None, *TIMERS_S])
        if not self.meter_dark_until and chance() < 0.002:
            self.meter_dark_until = step + dice.randint(1, 150)

    def end_faults(self, step: int) -> None:
        if self.sensor is not None and step >= self.sensor.until:
            self.sensor = None
        if self.plug is not None and step >= self.plug.until:
            if self.plug.kind == "power cut":
                self.plug_on = self.comes_back_on
            self.plug = None
        if self.meter is not None and step >= self.meter.until:
            self.meter = None
        if step >= self.meter_dark_until:
            self.meter_dark_until = 0

    def go(self) -> None:
        dice = self.dice
        self.house.outdoor = min(8.0, max(-10.0, self.house.outdoor + dice.gauss(0, 0.05)))
        if dice.random() < 0.02:
            self.house.sun_w = dice.choice([0.0] * 8 + [800.0, 2500.0])
        self.surplus_w = min(4000.0, max(-2000.0, self.surplus_w + dice.gauss(0, 150)))
        if self.plug_on and self.timer_s is not None and self.clock.elapsed - self.on_at >= self.timer_s:
            self.plug_on, self.switched_by = False, ""
        self.house.go(PERIOD_S, self.plug_on)
        self.shown_age_s += PERIOD_S

    def read_sensor(self, now) -> ClimateReading | None:
        kind = self.sensor.kind if self.sensor else ""
        match kind:
            case "unavailable":
                return None
            case "nan" | "-127" | "85":
                return ClimateReading(float(kind))
            case "frozen" | "stale":
                return ClimateReading(self.shown, None, now - timedelta(seconds=self.shown_age_s))
            case "jump":
                return ClimateReading(self.house.celsius + self.jump_k, None, now)
        return ClimateReading(self.house.celsius, None, now)

    @property
    def answers(self) -> bool:
        return self.plug is None or self.plug.kind not in ("unreachable", "power cut")

    @property
    def obeys(self) -> bool:
        return self.plug is None

    def read_plug(self) -> MinerSnapshot:
        if not self.answers:
            return MinerSnapshot(MinerStatus.UNREACHABLE, problem="It does not answer.")
        return HomeAssistantSwitch.read(CONFIG, self.plug_states())

    def plug_states(self) -> EntityAnswers:
        """Switch and power sensor as Home Assistant has them, each with its own time."""
        now, kind = self.clock.now(), self.meter.kind if self.meter else ""
        if self.plug_on is not self.said_on or self.switched_at is None:
            self.said_on, self.switched_at = self.plug_on, now
        stands = kind == "stuck" or (kind == "stuck when off" and not self.plug_on)
        if kind == "slow" and self.shown_at is not None:
            stands = timedelta(0) <= now - self.shown_at < timedelta(minutes=5)
        if not stands or self.shown_at is None:
            self.shown_w, self.shown_at = WATTS * self.plug_on + self.dice.random(), now
        watts = "unavailable" if kind == "lost" else f"{-self.shown_w if kind == 'turned round' else self.shown_w:.1f}"
        return EntityAnswers({
            PLUG: EntityState(PLUG, "on" if self.plug_on else "off", observed_at=now, changed_at=self.switched_at,
                              user_id=self.switched_by),
            PLUG_W: EntityState(PLUG_W, watts, "W", observed_at=self.shown_at),
        })  # fmt: skip

    def turn(self, on: bool, by: str) -> None:
        """A command or a hand; a repeated “on” does not start the timer again."""
        if on is not self.plug_on:
            self.plug_on, self.switched_by = on, by
            self.on_at = self.clock.elapsed

    def write_plug(self, power_w: int) -> str | None:
        if not self.answers:
            return "It does not answer."
        if self.plug is not None:
            return "It refuses." if self.plug.kind == "refuses" else None
        self.turn(power_w > 0, "the program's user")
        return None


@dataclass
class Happened:
    """What one step did, for the oracle."""

    switched: str = ""  # "on" | "off" by the program
    guard: str = ""
    origin: str = ""
    clock_was_set: bool = False
    #: The machine began anew and its clock was set before anything was recorded: nobody knows how long it was away.
    lost_time: bool = False


class Program:
    """The pass's own code on rows in memory: what is committed survives a kill, everything else does not."""

    def __init__(self, home: Home):
        self.clock = home.clock
        self.rows: SiteRows = load([home.site.pk])[0]
        (self.miner,) = self.rows.miners.values()
        (self.zone,) = self.rows.zones.values()
        (self.monitor,) = self.zone.monitors
        (self.source,) = self.rows.sources.values()
        self.units = self.rows.units
        self.committed = "{}"
        self.clock_was_set = False
        #: Since the last record.
        self._set_since, self._killed_since = False, False

    @property
    def desired(self) -> DesiredState | None:
        return self.rows.desired.get(self.miner.pk)

    def wish(self, power_w: int | None, origin: str = "person", seconds: float | None = None) -> None:
        """None: resumed."""
        self.rows.requests.clear()
        if power_w is not None:
            now = self.clock.now()
            until = None if seconds is None else now + timedelta(seconds=seconds)
            self.rows.requests[self.miner.pk] = [Request(power_w, until, now, origin=origin)]

    @property
    def wished_w(self) -> int | None:
        if not self.rows.requests[self.miner.pk]:
            return None
        (request,) = self.rows.requests[self.miner.pk]
        now = self.clock.now()
        # One with an end that was made while the clock was ahead is over.
        is_over = request.until is not None and (
            now >= request.until or request.created_at > now + timedelta(minutes=1)
        )
        return None if is_over else request.power_w

    def acknowledge(self) -> None:
        """A person releases the latch of the high limit, if it holds."""
        trip = self.rows.memory.trips.get(str(self.zone.pk))
        if trip is not None and trip.latched:
            self.rows.alarms = [
                Alarm(kind="high_limit_latched", subject=f"zone:{self.zone.pk}", acknowledged_at=self.clock.now())
            ]

    def observe(self, world: World) -> Observation:
        seen = Observation(readings={self.miner.controller_id: world.read_plug()})
        reading = world.read_sensor(self.clock.now())
        if reading is None:
            seen.errors[self.monitor.pk] = "is unavailable"
        else:
            seen.readings[self.monitor.pk] = reading
        if world.meter_dark_until:
            seen.errors[self.source.monitor_id] = "is off"
        else:
            seen.readings[self.source.monitor_id] = EnergySnapshot(world.surplus_w, 0.0)
        return seen

    def kill(self) -> None:
        """Only what was committed is left, read back as JSON; the clock's boot may be another."""
        self.rows.memory = Memory.from_json(json.loads(self.committed))
        self.clock.boot_name = str(self.clock.elapsed)
        self._killed_since = True

    def set_clock(self, seconds: float) -> None:
        self.clock.step_wall(seconds)
        self.clock_was_set = self._set_since = True

    def step(self, world: World, killed: str) -> Happened:
        """A pass. `killed`: "" | "before the write" | "before the record"."""
        clock_was_set, self.clock_was_set = self.clock_was_set, False
        now = self.clock.now()
        observation = self.observe(world)
        work = run.decide_site(self.rows, None, observation, self.clock, now, frozenset())
        self.rows.alarms = []
        (command,) = work.commands
        lost_time = self._set_since and self._killed_since
        happened = Happened("", command.guard, command.intent.origin, clock_was_set, lost_time)
        if work.seen.outside_off:
            self.wish(0, "outside", 7200)  # saved with what is wanted, before any write
        if killed == "before the write":
            self.kill()
            return happened
        saved = copy.copy(self.desired)
        for due in act.due_writes(self.rows, work.commands, work.seen, now):
            was_on = world.plug_on
            write = act._Write(self.miner, due, None, work.seen.snapshots[self.miner.pk].status.is_on, rearms=False)
            error = world.write_plug(due.power_w)
            if world.plug_on is not was_on:
                happened.switched = "on" if world.plug_on else "off"
            act.note_write(self.rows, work.acted, write, error, now)
            act.note_seen(self.rows, {self.miner.pk: world.read_plug()}, work.acted, now)
        if killed == "before the record":
            if saved is not None:
                self.rows.desired[self.miner.pk] = saved
            self.kill()
            return happened
        self.rows.memory = work.seen.memory
        self.committed = json.dumps(work.seen.memory.to_json())
        self._set_since = self._killed_since = False
        return happened
