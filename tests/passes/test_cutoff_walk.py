"""10 000 steps of random faults over two stepped miners behind metering plugs, on one line with a limit.

What may happen in a step: a device silent, refusing, stuck (it takes a command and does nothing), without power and
back on by itself; its plug silent, or the plug's meter standing still; a plug's own timer that counts from its first
“on”; wishes of any level; the program killed before it writes or before it records, so
that only what it had committed is left. The limit is the line's in one walk and the home's in the next. The oracle
knows the true watts. The passes' own code decides and writes; only the wire is played here.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from climate.state import ClimateReading
from integrations.errors import AdapterError
from miners import desired_state, power
from miners.models import Circuit, Miner, MinerController
from miners.power import Level, PowerModel
from miners.requests.in_force import Request
from miners.state import MinerSnapshot, MinerStatus
from miners.status import evidence
from optimization.control.memory import Memory
from optimization.passes import act, run
from optimization.passes.load import load
from optimization.passes.observe import Observation
from sites.clock import ManualClock
from sites.models import Alarm
from tests import factories
from tests.chance import IS_FRESH, seeds

from .bench import Home

WALKS, STEPS, PERIOD_S = 4, 2500, 10.0
assert WALKS * STEPS >= 10_000
MIN_ON_S, MIN_OFF_S, STARTS_PER_HOUR, GAP_S, LIMIT_W = 300, 200, 4, 600, 2400
MODEL = PowerModel(
    (Level("eco", 800.0), Level("standard", 1300.0), Level("super", 1600.0)),
    ramp_seconds=60,
    min_write_gap_seconds=GAP_S,
    wears_flash=True,
    needs_pool=False,
)
#: Passes after a fault in which what is wanted must have come true: pauses between tries reach three of them.
REACHED_AFTER = 12
AT_LEVEL_AFTER = REACHED_AFTER + int(GAP_S / PERIOD_S)
FAULTS = ("silent", "refuses", "stuck", "stuck", "no power")
#: Guards that may lower a level within the write gap, and whose off may come within a minimum on time.
MAY_LOWER = {"power_limit"}
SAFETY = {"power_limit", "cut_off", "sensor_lost", "high_limit", "high_limit_latched"}


@dataclass
class Machine:
    """A miner and the plug before it, as they truly are."""

    watts: float = 0.0
    plug_on: bool = True
    fault: str = ""
    fault_until: int = 0
    plug_silent_until: int = 0
    meter_stands_until: int = 0
    shown_w: float = 0.0
    shown_at: datetime | None = None
    plug_switched_at: datetime | None = None
    plug_timer_s: float | None = None
    plug_on_for_s: float = 0.0
    comes_back_w: float = 0.0
    calm: int = 0
    level_writes: list[tuple[float, float, str]] = field(default_factory=list)  # elapsed s, W, guard
    starts: list[float] = field(default_factory=list)
    on_at: float = -1e9
    off_at: float = -1e9

    def happen(self, step: int, dice: random.Random) -> None:
        if self.fault and step >= self.fault_until:
            if self.fault == "no power" and self.plug_on:
                self.watts = self.comes_back_w
            self.fault = ""
        if not self.fault and dice.random() < 0.012:
            self.fault, self.fault_until = dice.choice(FAULTS), step + dice.randint(1, dice.choice([5, 40]))
            if self.fault == "no power":
                self.comes_back_w, self.watts = dice.choice([0.0, self.watts]), 0.0
        if dice.random() < 0.003:
            self.plug_silent_until = step + dice.randint(1, 15)
        if dice.random() < 0.003:
            self.meter_stands_until = step + dice.randint(1, dice.choice([20, 150]))
        if dice.random() < 0.001:
            self.plug_timer_s = dice.choice([None, 2400.0])
        self.plug_on_for_s = self.plug_on_for_s + PERIOD_S if self.plug_on else 0.0
        if self.plug_timer_s is not None and self.plug_on_for_s >= self.plug_timer_s:
            self.switch_plug(False)
        well = not self.fault and step >= self.plug_silent_until
        self.calm = self.calm + 1 if well else 0

    @property
    def has_power(self) -> bool:
        return self.plug_on and self.fault != "no power"

    def read(self) -> MinerSnapshot | None:
        if self.fault == "silent" or not self.has_power:
            return None
        if not self.watts:
            return MinerSnapshot(MinerStatus.OFF, 0.0, True)
        return MinerSnapshot(MinerStatus.HEATING, self.watts, True, set_power_w=self.watts)

    def read_plug(self, step: int, now: datetime) -> MinerSnapshot | None:
        if step < self.plug_silent_until or self.fault == "no power":
            return None
        if step >= self.meter_stands_until or self.shown_at is None:
            self.shown_w, self.shown_at = self.watts, now
        self.plug_switched_at = self.plug_switched_at or now
        times = {"switched_at": self.plug_switched_at, "power_at": self.shown_at}
        shown = evidence.of_switch(self.plug_on, self.shown_w, **times)
        return MinerSnapshot(
            shown.status, shown.power_w, shown.power_w is not None, last_power_w=shown.last_power_w,
            switch_is_on=self.plug_on, **times,
        )  # fmt: skip

    def switch_plug(self, on: bool) -> None:
        if on is not self.plug_on:
            self.plug_on, self.plug_switched_at, self.plug_on_for_s = on, None, 0.0
        if not on:
            self.watts = 0.0

    def write(self, watts: float) -> AdapterError | None:
        if self.fault == "silent" or not self.has_power:
            return AdapterError("It does not answer.")
        if self.fault == "refuses":
            return AdapterError("It refuses.")
        if self.fault != "stuck":
            self.watts = watts
        return None

    def write_plug(self, watts: float, step: int) -> AdapterError | None:
        if step < self.plug_silent_until or self.fault == "no power":
            return AdapterError("It does not answer.")
        self.switch_plug(watts > 0)
        return None


class Held:
    def holds(self) -> bool:
        return True


class Walk:
    """The program on rows in memory, the machines, and the oracle between them."""

    def __init__(self, home: Home, seed: int, monkeypatch):
        self.clock, self.dice, self.step_no = home.clock, random.Random(seed), 0
        self.rows = load([home.site.pk])[0]
        self.machines = {pk: Machine() for pk in self.rows.miners}
        self.celsius, self.counts, self.commands = 20.0, Counter(), {}
        (self.zone,) = self.rows.zones.values()
        (self.monitor,) = self.zone.monitors
        monkeypatch.setattr(act, "_write", self.write)
        monkeypatch.setattr(act, "read_rows", lambda *args: self.observe())
        monkeypatch.setattr(act, "_concurrently", lambda tasks: [task() for task in tasks])

    def observe(self) -> Observation:
        seen = Observation(readings={self.monitor.pk: ClimateReading(self.celsius, None, self.clock.now())})
        for pk, machine in self.machines.items():
            miner = self.rows.miners[pk]
            for row_id, reading in (
                (miner.controller_id, machine.read()),
                (miner.cutoff_id, machine.read_plug(self.step_no, self.clock.now())),
            ):
                if reading is None:
                    seen.errors[row_id] = "cannot be read: it does not answer"
                else:
                    seen.readings[row_id] = reading
        return seen

    def write(self, one: act._Write, _observation) -> AdapterError | None:
        """A write arrives at device or plug: judged by what was true before."""
        machine, now = self.machines[one.miner.pk], self.clock.elapsed
        before, watts = machine.watts, one.told_w
        if one.by_plug:
            if watts > 0 and not machine.plug_on:
                assert one.miner.pk not in self.rows.cut_at, "a cut plug was switched on before anybody acknowledged it"
            was_on = machine.plug_on
            error = machine.write_plug(watts, self.step_no)
            self.counts["cuts"] += was_on and not machine.plug_on
        else:
            error = machine.write(watts)
            if before and watts and not error and watts != before:
                self.judge_level(machine, one, now)
        if not before and machine.watts:
            machine.on_at = now
            self.judge_start(machine, one, now)
        if before and not machine.watts:
            self.judge_stop(machine, one, now)
        return error

    def judge_level(self, machine: Machine, one: act._Write, now: float) -> None:
        guard = one.command.guard
        if machine.level_writes and guard not in MAY_LOWER:
            since = now - machine.level_writes[-1][0]
            assert since >= GAP_S, f"another level after {since:.0f} s ({guard or one.command.code})"
        machine.level_writes.append((now, one.told_w, guard))
        self.counts["levels"] += 1

    def judge_start(self, machine: Machine, one: act._Write, now: float) -> None:
        assert now - machine.off_at >= MIN_OFF_S, "started within its minimum off time"
        machine.starts = [at for at in machine.starts if now - at < 3600] + [now]
        # A start counts from its decision; a fault may have kept it waiting, so that one more falls into this hour.
        decided = [at for at in self.rows.desired[one.miner.pk].starts if self.is_of_last_hour(at)]
        assert len(decided) <= STARTS_PER_HOUR, "started too often"
        assert len(machine.starts) <= STARTS_PER_HOUR + 1, "started too often"
        self.counts["starts"] += 1

    def is_of_last_hour(self, text: str) -> bool:
        return self.clock.now() - datetime.fromisoformat(text) < timedelta(hours=1)

    def judge_stop(self, machine: Machine, one: act._Write, now: float) -> None:
        command = one.command
        if now - machine.on_at < MIN_ON_S and not one.cuts:
            assert command.guard in SAFETY or command.intent.origin in ("manual", "outside"), command
        self.counts["stops"] += 1

    def people(self) -> None:
        if self.dice.random() < 0.03:
            pk = self.dice.choice(list(self.rows.miners))
            self.rows.requests.pop(pk, None)
            watts = self.dice.choice([None, 0, 800, 800, 1300, 1600, 1600])
            machine = self.machines[pk]
            if watts and not machine.fault and self.dice.random() < 0.3:  # just what it is told now comes to nothing
                machine.fault, machine.fault_until = self.dice.choice(("stuck", "refuses")), self.step_no + 3
            if watts is not None:
                now = self.clock.now()
                until = now + timedelta(seconds=self.dice.randint(60, 4000)) if watts else None
                self.rows.requests[pk] = [Request(watts, until, now)]
        self.rows.alarms = []
        for pk in self.rows.miners:
            if pk in self.rows.cut_at and self.dice.random() < 0.05:
                self.rows.alarms.append(Alarm(kind="cut_off", subject=f"miner:{pk}", acknowledged_at=self.clock.now()))

    def go(self) -> None:
        self.step_no += 1
        self.clock.advance(PERIOD_S)
        watts_before = {pk: machine.watts for pk, machine in self.machines.items()}
        for machine in self.machines.values():
            machine.happen(self.step_no, self.dice)
        self.people()
        heat = sum(machine.watts for machine in self.machines.values()) / 2400 - 0.4
        self.celsius = min(23.0, max(17.0, self.celsius + 0.02 * heat + self.dice.gauss(0, 0.02)))
        now, observation = self.clock.now(), self.observe()
        work = run.decide_site(self.rows, Held(), observation, self.clock, now, frozenset())
        for miner in work.seen.outside_off:
            self.rows.requests[miner.pk] = [Request(0, now + timedelta(hours=2), now, origin="outside")]
        saved = {pk: copy.copy(desired) for pk, desired in self.rows.desired.items()}
        for desired in work.acted.changed.values():
            desired_state.committed(desired)
        dies = self.dice.choice(["before the write", "before the record"]) if self.dice.random() < 0.006 else ""
        if dies != "before the write":
            act.write_all([(self.rows, work.seen, work.acted, work.commands, work.lease)], observation, now)
        if dies:
            self.killed(saved)
        else:
            self.rows.memory = work.seen.memory
            self.committed = json.dumps(work.seen.memory.to_json())
        for pk, machine in self.machines.items():
            if watts_before[pk] and not machine.watts:
                machine.off_at = self.clock.elapsed
        self.judge()

    committed = "{}"

    def killed(self, saved: dict) -> None:
        """Only what was committed is left: what is wanted as before the write, memory as the last pass recorded it."""
        self.rows.desired = saved
        self.rows.memory = Memory.from_json(json.loads(self.committed))
        self.clock.boot_name += "'"
        self.counts["restarts"] += 1

    def judge(self) -> None:
        self.counts["stands"] += any(one.meter_stands_until > self.step_no for one in self.machines.values())
        total = sum(machine.watts for machine in self.machines.values())
        if min(machine.calm for machine in self.machines.values()) >= REACHED_AFTER:
            assert total <= LIMIT_W, f"{total:.0f} W on a line of {LIMIT_W} W"
            self.counts["full" if total > 1600 else "calm"] += 1
        for pk, machine in self.machines.items():
            desired = self.rows.desired.get(pk)
            # After a cut the plug comes on first and the device is told by a later pass.
            wanted_for = self.clock.now() - desired.changed_at if desired is not None else timedelta(0)
            if machine.calm >= REACHED_AFTER and wanted_for > timedelta(seconds=4 * PERIOD_S):
                assert (machine.watts > 0) == (desired.power_w > 0), f"wanted {desired.power_w} W, is {machine.watts} W"
                self.counts["reached"] += 1
            # A level waits for the write gap: after a try that failed, or another level before.
            if machine.calm >= AT_LEVEL_AFTER and wanted_for > timedelta(seconds=AT_LEVEL_AFTER * PERIOD_S):
                assert machine.watts == desired.power_w, f"wanted {desired.power_w} W, is {machine.watts} W"
                self.counts["at its level"] += 1
            if pk in self.rows.cut_at and machine.calm >= REACHED_AFTER:
                assert not machine.plug_on
                self.counts["latched"] += 1


def a_home(limit: str) -> Home:
    """The same in every run, ids and time included: a walk that fails can be walked again.

    `limit`: whose it is, the "line" of both miners or the "home".
    """
    Miner.objects.all().delete()
    kinds = {"min_on_seconds": MIN_ON_S, "min_off_seconds": MIN_OFF_S, "nominal_power_w": 1600, "ramp_seconds": 60,
             "max_starts_per_hour": STARTS_PER_HOUR, "max_starts_per_day": 200}  # fmt: skip
    home = Home(ManualClock(datetime(2026, 1, 15, tzinfo=UTC)), id=UUID(int=1), **kinds)
    home.unit.miners.add(home.add_miner("Second", home.zone, id=UUID(int=2), **kinds))
    home.site.latitude = None
    home.site.power_limit_w = LIMIT_W if limit == "home" else None
    home.site.save()
    circuit = Circuit.objects.create(site=home.site, name="Kitchen", limit_w=LIMIT_W) if limit == "line" else None
    MinerController.objects.update(identity={"power": power.to_json(MODEL)})
    for miner in Miner.objects.all():
        miner.circuit = circuit
        miner.cutoff = factories.controller(home.site, name=f"Mains of {miner.name}", adapter_type="bench",
                                            config={"key": "unused"})  # fmt: skip
        miner.save()
    return home


@pytest.mark.long
@pytest.mark.random
def test_random_faults(db, bench, monkeypatch):
    counts = Counter()
    for seed in seeds(WALKS):
        walk = Walk(a_home("home" if seed % 2 else "line"), seed, monkeypatch)
        for _ in range(STEPS):
            try:
                walk.go()
            except AssertionError as error:
                raise AssertionError(f"seed {seed} step {walk.step_no}: {error} | {walk.machines}") from None
        counts += walk.counts
    if not IS_FRESH:  # These walks are not idle; fresh ones may be.
        assert counts["starts"] > 40
        assert counts["levels"] > 20
        assert counts["cuts"] > 1
        assert counts["latched"] > 5
        assert counts["stands"] > WALKS * 50
        assert counts["restarts"] > WALKS * 5
        assert counts["at its level"] > WALKS * 50
        assert counts["reached"] > WALKS * STEPS / 2
