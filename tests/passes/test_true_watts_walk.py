"""A random walk of four machines on two circuits of one home: their true watts never exceed a line, whatever happens.

Stored requests of any watts, machines nothing measures, machines that refuse, do not answer or are slow to follow,
rooms that come and go, programs killed before a write and before its record. The oracle knows what each truly draws.
"""

import copy
import json
import random

import pytest

from climate.state import ClimateReading
from integrations.errors import AdapterError
from miners import power
from miners.models import Circuit, Miner, MinerController
from miners.power import Level, PowerModel
from miners.requests.in_force import Request
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.memory import Memory
from optimization.passes import act, run
from optimization.passes.load import load
from optimization.passes.observe import Observation
from tests.chance import seeds

from .bench import Home
from .true_watts import RAMP_S, Machine

PERIOD_S, STEPS = 10.0, 800
SITE_LIMIT_W = 3000
CIRCUITS = {"first": 1900, "second": 1700}
#: Name, circuit, levels, how it tells of itself.
MACHINES = (
    ("heater", "first", (1000.0,), {}),
    ("silent", "first", (500.0, 900.0, 1300.0), {"tells": False}),
    ("slow", "second", (600.0, 1200.0), {"hasty": False}),
    ("metered", "second", (400.0, 800.0), {"is_metered": True}),
)


class House:
    """The home in memory: what is committed survives a kill, everything else does not."""

    def __init__(self, dice: random.Random):
        self.dice, self.home, self.machines = dice, Home(), {}
        type(self.home.site).objects.update(power_limit_w=SITE_LIMIT_W)
        circuits = {
            name: Circuit.objects.create(site=self.home.site, name=name, limit_w=limit_w)
            for name, limit_w in CIRCUITS.items()
        }
        Miner.objects.all().delete()
        for name, circuit, levels, how in MACHINES:
            room, _ = self.home.add_room(name, 18.0)
            miner = self.home.add_miner(
                name, room, nominal_power_w=round(levels[-1]), circuit=circuits[circuit], max_starts_per_day=10_000,
                ramp_seconds=round(RAMP_S),
            )  # fmt: skip
            self.home.unit.miners.add(miner)
            if len(levels) > 1:
                model = PowerModel(
                    tuple(Level(f"l{n}", watts) for n, watts in enumerate(levels)),
                    min_write_gap_seconds=dice.choice([0, 60]),
                )
                MinerController.objects.filter(pk=miner.controller_id).update(identity={"power": power.to_json(model)})
            self.machines[miner.pk] = Machine(self.home.clock, levels, **how)
        self.rows = load([self.home.site.pk])[0]
        self.celsius = {zone.pk: 18.0 for zone in self.rows.zones.values()}
        self.committed = "{}"
        self.starts = self.refused = 0

    def happens(self) -> str:
        """What people, rooms and machines do before a pass; how the pass dies, if it does."""
        dice, chance = self.dice, self.dice.random
        for pk, miner in self.rows.miners.items():
            machine = self.machines[pk]
            if chance() < 0.03:
                self._ask(miner, dice.choice([None, None, 0, dice.randint(1, 5000), dice.randint(300, 1400)]))
            if chance() < 0.01:
                machine.refuses = not machine.refuses and chance() < 0.5
            if chance() < 0.01:
                machine.reachable = not machine.reachable or chance() < 0.7
        for pk in self.celsius:
            if chance() < 0.01:
                self.celsius[pk] = dice.choice([15.0, 18.0, 20.3, 21.0, 22.0])
        return dice.choice(["before the write", "before the record"]) if chance() < 0.01 else ""

    def _ask(self, miner: Miner, power_w: int | None) -> None:
        self.rows.requests.pop(miner.pk, None)
        if power_w is not None:
            now = self.home.now
            until = None if power_w == 0 else now.replace(year=now.year + 1)
            self.rows.requests[miner.pk] = [Request(power_w, until, now)]

    def observe(self) -> Observation:
        now = self.home.now
        seen = Observation(at=now)
        for zone in self.rows.zones.values():
            for monitor in zone.monitors:
                seen.readings[monitor.pk] = ClimateReading(
                    self.celsius[zone.pk] + self.dice.uniform(0, 0.01), None, now
                )
        for pk, miner in self.rows.miners.items():
            self._read(seen, miner, self.machines[pk])
        return seen

    @staticmethod
    def _read(seen: Observation, miner: Miner, machine: Machine) -> None:
        try:
            seen.readings[miner.controller_id] = machine.read()
        except AdapterError as error:
            seen.errors[miner.controller_id] = str(error)

    def step(self, killed: str) -> None:
        now, rows = self.home.now, self.rows
        work = run.decide_site(rows, None, self.observe(), self.home.clock, now, frozenset())
        if killed != "before the write":
            saved = {pk: copy.copy(desired) for pk, desired in rows.desired.items()}
            for write in act.device_writes(rows, work.commands, work.seen, None, now):
                self._write(work, write, now)
            if killed == "before the record":
                rows.desired.update(saved)
        if killed:
            rows.memory = Memory.from_json(json.loads(self.committed))
            self.home.clock.boot_name += "'"
        else:
            rows.memory = work.seen.memory
            self.committed = json.dumps(work.seen.memory.to_json())

    def _write(self, work, write, now) -> None:
        machine, error = self.machines[write.miner.pk], None
        was_w = machine.told_w
        try:
            machine.write(write.told_w)
        except AdapterError as refused:
            error, self.refused = str(refused), self.refused + 1
        self.starts += was_w == 0 < machine.told_w
        act.note_write(self.rows, work.acted, write, error, now)
        seen = machine.read() if machine.reachable else MinerSnapshot(MinerStatus.UNREACHABLE)
        act.note_seen(self.rows, {write.miner.pk: seen}, work.acted, now)

    def true_w(self) -> dict[str, float]:
        """What each line carries."""
        found = dict.fromkeys(("home", *CIRCUITS), 0.0)
        for pk, machine in self.machines.items():
            for line in ("home", self.rows.miners[pk].circuit.name):
                found[line] += machine.true_w
        return found


@pytest.mark.random
@pytest.mark.parametrize("seed", seeds(2))
def test_true_watts_never_exceed_a_line(db, bench, seed):
    house, limits = House(random.Random(seed)), {"home": SITE_LIMIT_W, **CIRCUITS}
    highest = dict.fromkeys(limits, 0.0)
    for step in range(STEPS):
        house.home.clock.advance(PERIOD_S)
        house.step(house.happens())
        for line, watts in house.true_w().items():
            highest[line] = max(highest[line], watts)
            assert watts <= limits[line], f"seed {seed} step {step}: {line} carries {watts:.0f} W: {house.machines}"
    # It was no idle walk.
    assert house.starts > 8
    assert house.refused > 5
    assert all(watts > 0.7 * limits[line] for line, watts in highest.items()), highest
