"""A random walk over sensors that lie: leaping, unit turned, stuck at zero, filtered, silent, warm from a hand.

The house is the one of `walk.World`, whose plug and meter are well here; clocks are set, the program dies, people wish.
The oracle knows the true temperature and the true plug: a room is never heated above its high limit by a lie, gets
little heat while its sensor is in doubt, few starts from a sensor that leaps, and is warm again when it is well.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from climate import steady
from climate.pulses import MEAN_W, PULSE_WH
from climate.sensors import RETURN_AFTER
from climate.state import ClimateReading
from integrations import units
from optimization.models import Rule
from tests.chance import IS_FRESH, seeds

from .bench import Home
from .walk import HIGH_LIMIT, INERTIA_K, MIN_OFF_S, MIN_ON_S, PERIOD_S, WATTS, Fault, Program, World

WALKS, STEPS = 4, 4000
#: What nothing but a doubt answers: no room does that.
IMPOSSIBLE = ("unit turned", "zero", "jump down", "filtered")
KINDS = (*IMPOSSIBLE, "leaps", "hand", "silent", "jump up")
PERIODS = 4


@dataclass
class LyingWorld(World):
    """Its sensor lies in one way at a time; everything else is well."""

    began_celsius: float = 20.0
    began_at: int = 0
    step: int = 0
    leap_k: float = 3.0
    given_wh: float = 0.0
    history: list[float] = field(default_factory=list)

    def begin_faults(self, step: int) -> None:
        self.step = step
        self.history = [*self.history[-29:], self.house.celsius]
        if self.sensor is None and self.dice.random() < 0.003:
            longest = self.dice.choice([20, 120, 900])
            self.sensor = Fault(self.dice.choice(KINDS), step + self.dice.randint(2, longest))
            self.began_celsius, self.began_at, self.given_wh = self.house.celsius, step, 0.0
            self.leap_k = self.dice.choice([-4.0, -2.5, 2.5, 4.0])

    def go(self) -> None:
        super().go()
        self.given_wh += WATTS * self.plug_on * PERIOD_S / 3600

    def read_sensor(self, now) -> ClimateReading | None:
        kind, true = self.sensor.kind if self.sensor else "", self.house.celsius
        since_s = (self.step - self.began_at) * PERIOD_S
        match kind:
            case "silent":
                return None
            case "unit turned":
                return self._says(units.celsius(true, "°F", "it"), true, "°F", now)
            case "filtered":  # the mean of five minutes of a unit that turned
                share = min(1.0, since_s / 300)
                return self._says((1 - share) * true + share * units.celsius(true, "°F", "it"), None, "", now)
            case "zero":
                return self._says(0.0, 0.0, "°C", now)
            case "jump down" | "jump up":
                return self._says(true + (9.0 if kind == "jump up" else -9.0), None, "", now)
            case "leaps":
                return self._says(true + (self.leap_k if since_s % 300 < 60 else 0.0), None, "", now)
            case "hand":
                return self._says(true + 9.0 * 2 ** (-since_s / 240), None, "", now)
        return self._says(true, round(true, 3), "°C", now)

    def _says(self, celsius: float, number: float | None, unit: str, now) -> ClimateReading:
        return ClimateReading(celsius, None, now, number=number, unit=unit)


@pytest.fixture
def program(db, bench):
    home = Home(
        min_on_seconds=MIN_ON_S, min_off_seconds=MIN_OFF_S, max_starts_per_hour=99, max_starts_per_day=999,
        nominal_power_w=WATTS,
    )  # fmt: skip
    home.add_meter(2000)
    home.zone.high_limit_celsius = HIGH_LIMIT
    home.zone.save()
    home.site.latitude = None
    home.site.save()
    assert Rule.objects.count()
    return Program(home)


class Oracle:
    def __init__(self) -> None:
        self.well, self.cold, self.calm, self.counts = (
            0,
            0,
            0,
            dict.fromkeys((*KINDS, "pulses", "warm again", "confirmed"), 0),
        )

    def judge(self, world: LyingWorld, *, killed: bool) -> None:
        kind = world.sensor.kind if world.sensor else ""
        if kind:
            self.counts[kind] += 1
        self.well = 0 if kind or killed else self.well + 1
        self.calm = 0 if world.house.sun_w else self.calm + 1
        if self.calm > 360:
            assert world.house.celsius < HIGH_LIMIT + INERTIA_K, "heated above the high limit"
        if kind in IMPOSSIBLE:
            lasts_s = (world.step - world.began_at) * PERIOD_S
            reached_s = 300 if kind == "filtered" else 0
            most_wh = WATTS * (reached_s + 120 + PERIODS * PERIOD_S) / 3600
            most_wh += PULSE_WH + MEAN_W * lasts_s / 3600 + WATTS * PERIODS * PERIOD_S / 3600
            assert world.given_wh <= most_wh, f"{world.given_wh:.0f} Wh on a sensor in doubt, of {most_wh:.0f}"
            self.counts["pulses"] += world.plug_on and lasts_s > 600
        # A sensor that is well comes back by itself, and its room is heated as soon as it may be.
        self.cold = self.cold + 1 if world.house.celsius < 20.0 and not world.plug_on else 0
        back_s = (RETURN_AFTER + steady.AT_LATEST_AFTER).total_seconds() + MIN_OFF_S + PERIODS * PERIOD_S
        if self.well * PERIOD_S > back_s:
            self.counts["warm again"] += 1
            assert self.cold * PERIOD_S <= back_s, "a room whose sensor is well is not heated"


def person(world: LyingWorld, program: Program, oracle: Oracle) -> None:
    """Somebody reads the alarms: releases a latch that a lie brought, and after a while confirms what is right.

    A lie that was believed (a leap while nobody looked) makes the truth the doubtful value.
    """
    program.acknowledge()
    sensor = program.rows.memory.sensors.get(str(program.monitor.pk)) or {}
    if oracle.well * PERIOD_S > 1200 and "doubt_since" in sensor:
        confirmed = (program.clock.now(), world.house.celsius)
        object.__setattr__(program.monitor, "confirmed_by_hand", confirmed)  # as another plan would have it
        oracle.counts["confirmed"] += 1


@pytest.mark.long
@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(WALKS))
def test_a_walk_over_sensors_that_lie(program, seed):
    dice = random.Random(seed)
    world, oracle = LyingWorld(dice, clock=program.clock), Oracle()
    for step in range(1, STEPS + 1):
        program.clock.advance(PERIOD_S)
        world.end_faults(step)
        world.begin_faults(step)
        world.go()
        if dice.random() < 0.002:
            program.set_clock(dice.choice([-1, 1]) * dice.uniform(61, 10_000))
        if dice.random() < 0.002:
            program.wish(*dice.choice([(None,), (WATTS, "person", 1800)]))
        person(world, program, oracle)
        killed = dice.choice(["before the write", "before the record"]) if dice.random() < 0.004 else ""
        program.step(world, killed)
        try:
            oracle.judge(world, killed=bool(killed))
        except AssertionError as error:
            raise AssertionError(f"seed {seed} step {step}: {error} | {world}") from None
    assert IS_FRESH or oracle.counts["warm again"] > 50
