"""A random walk over everything that goes wrong, judged by an oracle of its own (`walk.World`): 40 000 steps here,
400 000 in `make fuzz`.

Walks of 4 000 passes each. In every step some of these may begin or end: sensor unavailable, stale, NaN, −127, 85,
frozen, jumping; energy unknown; plug unreachable, refusing, lying, without power (and back on or off); its meter
standing still, slow, lost or turned round; its own timer, counted from its first “on”; somebody switching it; wishes
on, off, resumed; the unit off and on; the clock set; the program killed before a write or before its record. The
oracle knows the true temperature and the true plug.
"""

import random
from dataclasses import dataclass, field

import pytest

from optimization.models import OptimizationUnit, Rule
from tests.chance import IS_FRESH, seeds

from .bench import Home
from .walk import (
    DECEIVING,
    HIGH_LIMIT,
    INERTIA_K,
    METER_FAULTS,
    MIN_OFF_S,
    MIN_ON_S,
    PERIOD_S,
    STALE_S,
    STARTS_PER_HOUR,
    WATTS,
    Fault,
    Program,
    World,
)

#: A fresh run takes ten times as many (`make fuzz`).
WALKS, STEPS = 10, 4000
#: Periods within which something that can be done must be done.
PERIODS = 4  # three periods after the pass that can do it first
#: Guards whose off may come within a minimum on time.
SAFETY = {
    "stopping",
    "inactive",
    "high_limit",
    "high_limit_latched",
    "sensor_lost",
    "sensor_doubted",
    "device_fault",
    "device_hot",
}


@dataclass
class Since:
    """Steps for how long something has been so."""

    steps: dict[str, int] = field(default_factory=dict)

    def note(self, name: str, is_so: bool) -> int:
        self.steps[name] = self.steps.get(name, 0) + 1 if is_so else 0
        return self.steps[name]


class Oracle:
    """What must hold in every step, from the true state of house and plug."""

    def __init__(self):
        self.since = Since()
        self.last = {"on": -1e9, "off": -1e9}  # elapsed s of the plug's last true transition
        self.starts: list[float] = []
        self.was_on = False
        self.hottest = 0.0
        self.counts: dict[str, int] = {}

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def judge(self, world: World, program: Program, happened, *, killed: bool) -> None:
        elapsed = program.clock.elapsed
        if happened.lost_time:
            self.last, self.starts = {"on": -1e9, "off": -1e9}, []
        self._transitions(world, program, happened, elapsed)
        # How long nothing has stood in the way of switching the plug (a pass that dies does nothing).
        reach = self.since.note("in reach", world.obeys and not killed)
        may_be_on = reach < PERIODS
        self._heat(world, reach, may_be_on)
        self._sensor(world, may_be_on)
        self._people(world, program, reach)

    def _transitions(self, world: World, program: Program, happened, elapsed: float) -> None:
        if happened.switched == "on":
            assert elapsed - self.last["off"] >= MIN_OFF_S, "started within its minimum off time"
            self.starts = [at for at in self.starts if elapsed - at < 3600] + [elapsed]
            assert len(self.starts) <= STARTS_PER_HOUR, "started too often"
            assert world.sensor is None or world.sensor.kind in DECEIVING, f"started on {world.sensor}"
            assert not world.meter_dark_until or happened.origin in ("manual", "frost"), "started without energy data"
            assert not happened.clock_was_set, "started in the pass that found the clock set"
            self.count("starts")
        if happened.switched == "off" and elapsed - self.last["on"] < MIN_ON_S and self.was_ours:
            by_a_person = program.wished_w == 0 or not program.rows.units  # an on by hand that is over is none
            assert happened.guard in SAFETY or by_a_person, f"off too early: {happened}"
            self.count("minimum on broken by safety or a person")
        if world.plug_on is not self.was_on:
            self.was_on = world.plug_on
            self.was_ours = happened.switched == "on"
            self.last["on" if world.plug_on else "off"] = elapsed

    was_ours = False

    def _heat(self, world: World, reach: int, may_be_on: bool) -> None:
        """Above the limit nothing heats that can be switched off; what the program does never gets it there."""
        self.hottest = max(self.hottest, world.house.celsius)
        deceived = world.sensor is not None and world.sensor.kind in DECEIVING
        hot = self.since.note("hot", world.house.celsius >= HIGH_LIMIT and not deceived)
        if hot >= PERIODS:
            self.count("hot")
            assert not world.plug_on or may_be_on, f"heating at {world.house.celsius:.2f} °C"
        helped = world.house.sun_w > 0 or not world.obeys or reach < 360 or deceived
        calm = self.since.note("calm", not helped)
        if calm > 360:
            self.count("calm")
            assert world.house.celsius < HIGH_LIMIT + INERTIA_K

    def _sensor(self, world: World, may_be_on: bool) -> None:
        kind = world.sensor.kind if world.sensor else ""
        blind = self.since.note("blind", kind in ("unavailable", "nan", "-127", "85"))
        old = kind in ("frozen", "stale") and world.shown_age_s > STALE_S
        aged = self.since.note("old", old)
        if blind * PERIOD_S > 120 + PERIODS * PERIOD_S or aged >= PERIODS:
            self.count("blind")
            assert not world.plug_on or may_be_on, f"heating blind for {blind} steps"

    def _people(self, world: World, program: Program, reach: int) -> None:
        desired = program.desired
        decided = self.since.note("decided", bool(program.rows.units))
        off = self.since.note("wished off", program.wished_w == 0)
        if min(off, reach) >= PERIODS:
            self.count("wished off")
            assert not world.plug_on, "on against a person's off"
        if min(reach, decided) >= PERIODS:
            self.count("settled")
            assert world.plug_on == (desired.power_w > 0), "desired is not actual"


def happenings(world: World, program: Program, dice: random.Random) -> str:
    """What people, clocks and kills do before a pass; returns how the pass dies, if it does."""
    if dice.random() < 0.004 and world.answers:
        world.turn(not world.plug_on, dice.choice(["", "a person"]))
    if dice.random() < 0.006:
        program.wish(
            *dice.choice([(None,), (None,), (0,), (WATTS, "person", dice.randint(60, 7200)), (100, "person", 900)])
        )
    if dice.random() < 0.002:
        program.rows.units = [] if program.rows.units else program.units
    if not program.rows.units and dice.random() < 0.02:
        program.rows.units = program.units
    if dice.random() < 0.003:
        program.set_clock(dice.choice([-1, 1]) * dice.uniform(61, 10_000))
    return dice.choice(["before the write", "before the record"]) if dice.random() < 0.004 else ""


@pytest.fixture
def program(db, bench):
    home = Home(
        min_on_seconds=MIN_ON_S, min_off_seconds=MIN_OFF_S, max_starts_per_hour=STARTS_PER_HOUR,
        max_starts_per_day=200, nominal_power_w=WATTS,
    )  # fmt: skip
    home.add_meter(2000)
    home.zone.high_limit_celsius = HIGH_LIMIT
    home.zone.save()
    home.zone.monitors.update(stale_after_seconds=STALE_S)
    home.site.latitude = None  # no sun to reckon with
    home.site.save()
    policy = OptimizationUnit.objects.get().policy
    surplus = {"field": "energy_state.surplus_power", "operator": "gte", "value": 500}
    short = {"field": "energy_state.surplus_power", "operator": "lt", "value": 0, "for": "3m"}
    cold = policy.rules.get(kind="start")
    cold.conditions = {"all_of": [cold.conditions, surplus]}
    cold.save()
    Rule.objects.create(policy=policy, kind="stop", name="Short", conditions=short)
    return Program(home)


@pytest.mark.long
@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(WALKS))
def test_a_random_walk_of_4000_steps(program, seed):
    dice = random.Random(seed)
    world, oracle = World(dice, clock=program.clock), Oracle()
    # Each of them comes in some walk, whatever the dice say.
    world.meter = Fault(METER_FAULTS[seed % len(METER_FAULTS)], STEPS // 10)
    for step in range(1, STEPS + 1):
        program.clock.advance(PERIOD_S)
        if step == STEPS // 2:
            world.sensor = Fault("unavailable", step + 60)  # one that is long enough comes in every walk
        world.end_faults(step)
        world.begin_faults(step)
        world.go()
        killed = happenings(world, program, dice)
        happened = program.step(world, killed)
        try:
            oracle.judge(world, program, happened, killed=bool(killed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed} step {step}: {error} | {world} | {happened}") from None
    if not IS_FRESH:  # These walks are not idle; a fresh one may be.
        assert oracle.counts["starts"] > 5
        assert oracle.counts["settled"] > STEPS / 4
        assert oracle.counts["blind"] > 10
