"""A random walk of whole passes through a house of its own physics, judged by what is true (`oracle`).

Everything may go wrong in any step (`life`): plugs, meters, machines and their timers, sensors that flap, stand still
or turn their unit, parts of the energy reading that freeze, the connection, the database, the clock, the program
itself; people ask for any watts, switch at the device, schedule in its app. The program is whole: real adapters, passes
and rows. Longer in `make fuzz`; 100,000 steps: WALK_STEPS=50000 ./run fuzz tests/walk.
"""

from __future__ import annotations

import os
import random
from collections import deque
from contextlib import nullcontext

import pytest
import time_machine

from integrations import ask
from optimization.passes import act, record
from optimization.passes import run as run_module
from optimization.passes.run import run_sites
from optimization.services import _not_seen_off
from sites import heartbeat
from tests.chance import IS_FRESH, seeds
from tests.passes import bench
from tests.passes.test_unrecorded import FULL, LOCKED, nothing_stored

from .house import PERIOD_S, House
from .life import Life, Moment
from .oracle import Oracle, must

WALKS, STEPS = 2, int(os.environ.get("WALK_STEPS", 0)) or (2500 if IS_FRESH else 600)
#: Steps told of a walk that failed.
TRACED = int(os.environ.get("WALK_TRACED", "12"))


class Killed(BaseException):
    """The process ends here."""


class Walk:
    def __init__(self, monkeypatch, seed: int) -> None:
        self.dice = random.Random(seed)
        self.house = House(monkeypatch, self.dice)
        self.life = Life(self.house, self.dice)
        self.oracle = Oracle(self.house, self.life)
        self.trace: deque[str] = deque(maxlen=TRACED)
        self.moment, self.names = Moment(), {miner.pk: name for name, miner in self.house.miners.items()}
        self._write, self._record, self._save = act._write, record.write, run_module._save
        monkeypatch.setattr(act, "_write", self.write)
        monkeypatch.setattr(act, "_concurrently", lambda tasks: [task() for task in tasks])
        monkeypatch.setattr(record, "write", self.record)
        monkeypatch.setattr(run_module, "_save", self.save)

    def dies(self, where: str) -> None:
        if self.moment.killed == where:
            raise Killed

    def write(self, one, observation):
        self.dies("before a write")
        name = self.names[one.miner.pk]
        before = self.oracle.about_to(name)
        error = self._write(one, observation)
        self.house.avalon.settle_mains()
        self.oracle.told(name, one, error, before)
        self.dies("after a write")
        return error

    def record(self, *args):
        self.dies("before the record")
        return self._record(*args)

    def save(self, *args):
        self.dies("before anything is stored")
        return self._save(*args)

    def run(self, steps: int) -> None:
        with time_machine.travel(self.house.clock.now(), tick=False) as wall:
            self.wall = wall
            for step in range(1, steps + 1):
                self.life.news = []
                try:
                    self.step()
                except AssertionError as error:
                    self.trace.append(self.in_words())
                    raise AssertionError("\n".join(["", *self.trace, f"step {step}: {error}"])) from error
                self.trace.append(self.in_words())

    def in_words(self) -> str:
        standing = [
            name for name, value in vars(self.moment).items() if value is not Moment.__dataclass_fields__[name].default
        ]
        return f"{self.house.in_words()} | {' '.join(standing)} {'; '.join(self.life.news)}"

    def step(self) -> None:
        self.moment = self.life.happen()
        for name in self.house.go(PERIOD_S):
            self.life.outside_until[name] = self.life.now + 7320
            self.life.count("timer")
        self.wall.move_to(self.house.clock.now())
        self.oracle.looks(self.moment)
        self.oracle.judge(completed=self.pass_through())

    def pass_through(self) -> bool:
        moment = self.moment
        if moment.stops_cleanly:
            return self.stop()
        if not moment.runs:
            return False
        text = FULL if self.life.store_fault == "full" else LOCKED
        try:
            with nullcontext() if moment.can_store else nothing_stored(text):
                report = run_sites([self.house.site.pk], clock=self.house.clock)
        except Killed:
            self.life.begins_again()
            return False
        must(report.completed == [self.house.site.pk], f"the pass did not complete: {report}")
        if moment.can_store:
            self.life.recorded()
        heartbeat.completed_tick(PERIOD_S)
        return True

    def stop(self) -> bool:
        """A clean stop: passes until everything is seen off, 20 s at most; what is said to be off, is."""
        wanted = frozenset(self.names)
        for _ in range(10):
            run_sites([self.house.site.pk], clock=self.house.clock, stopping=wanted)
            unseen = _not_seen_off(wanted)
            for pk in wanted - set(unseen):
                heater = self.house.heaters[self.names[pk]]
                if self.oracle._answers(heater):
                    must(not heater.is_on, f"a clean stop says that {heater.name} is off")
            if not unseen:
                break
            self.house.go(2)
            self.wall.move_to(self.house.clock.now())
        return False


@pytest.fixture
def walk(db, monkeypatch):
    made: list[Walk] = []
    bench.install()

    def begin(seed: int) -> Walk:
        made.append(Walk(monkeypatch, seed))
        return made[-1]

    yield begin
    for one in made:
        one.house.close()
    bench.remove()
    ask.forget()


@pytest.mark.long
@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(WALKS))
def test_whatever_happens_nothing_true_is_beyond_its_limit(walk, seed):
    one = walk(seed)
    one.run(STEPS)
    print(dict(one.life.counts), dict(one.oracle.counts), one.oracle.hottest)
