"""Not measured is not done: what was lowered or switched off keeps its watts in every limit until it has followed."""

from datetime import timedelta

import pytest

from energy.state import EnergySnapshot
from miners import power
from miners.models import Circuit, ManualRequest, Miner, MinerController
from miners.power import Level, PowerModel
from miners.services import request_power
from optimization.models import Decision, OptimizationUnit
from tests import factories

from . import bench as bench_module
from .bench import Home
from .true_watts import RAMP_S, Machine

LEVELS = PowerModel((Level("low", 500.0), Level("high", 900.0)), ramp_seconds=120, min_write_gap_seconds=0)


class Pair:
    """A miner of two levels at 900 W by hand, and an on-or-off heater of 700 W in another room; 1500 W for both."""

    def __init__(self, *, line: str = "circuit", **machine) -> None:
        self.home = Home(nominal_power_w=900)
        self.a = self.home.miner
        identity = {"model": "Two levels", "power": power.to_json(LEVELS)}
        MinerController.objects.filter(pk=self.a.controller_id).update(identity=identity)
        self.a.refresh_from_db()
        cold, key = self.home.add_room("Attic", 22.0)
        self.b = self.home.add_miner("Heater", cold, nominal_power_w=700)
        self.home.unit.miners.add(self.b)
        self.machine = self._machine(self.a, (500.0, 900.0), **machine)
        self.other = self._machine(self.b, (700.0,))
        self._limit(line)
        self.home.says(20.0)
        self.ask(900)
        self.home.go(30)
        assert self.machine.true_w == 900
        self.other_room = key
        bench_module._bench.rooms[key] = 20.4  # from now on the other one is to heat, in a room that is no colder

    def _machine(self, miner: Miner, levels, **kwargs) -> Machine:
        machine = Machine(self.home.clock, levels, **kwargs)
        bench_module._bench.plugs[str(miner.controller_id)] = machine
        return machine

    def _limit(self, line: str) -> None:
        self.line, self.meter = line, ""
        if line == "circuit":
            Miner.objects.update(circuit=Circuit.objects.create(site=self.home.site, name="Line", limit_w=1500))
        elif line == "home":
            type(self.home.site).objects.update(power_limit_w=1500)
        elif line == "import":
            self.meter = f"{self.home.site.pk}-meter"
            monitor = factories.energy_monitor(
                self.home.site, adapter_type="bench", config={"key": self.meter}, stale_after_seconds=3600
            )
            factories.energy_source(
                self.home.site, monitor=monitor, type="other", has_battery=False, contracted_power_w=1850
            )
            self.flow()

    def flow(self) -> None:
        """300 W of the home and its miners, as its meter shows them now."""
        if self.meter:
            flows_w = 300 + self.machine.true_w + self.other.true_w
            bench_module._bench.meters[self.meter] = EnergySnapshot(0.0, grid_w=flows_w)

    def ask(self, watts: int) -> None:
        request_power(self.a, watts, by="Ada", until=None if watts == 0 else self.home.now + timedelta(hours=12))

    def go(self, seconds: float) -> None:
        """Passes of 10 s; the true watts are within 1500 W all the time."""
        for _ in range(round(seconds / 10)):
            self.flow()
            self.home.go()
            assert self.machine.true_w + self.other.true_w <= 1500, Decision.objects.order_by("-at").first().reason

    @property
    def other_runs(self) -> bool:
        return self.other.told_w > 0


@pytest.fixture
def pair(db, bench):
    return Pair


LINES = pytest.mark.parametrize("line", ["circuit", "home"])
LOWER = pytest.mark.parametrize("lower_w", [500, 0])


@LINES
@LOWER
@pytest.mark.parametrize("how", [{}, {"tells": False}, {"hasty": False}])
def test_what_was_lowered_unmeasured_counts_with_its_watts_from_before_until_its_ramp_is_over(pair, line, lower_w, how):
    two = pair(line=line, **how)
    two.go(20)
    assert not two.other_runs
    two.ask(lower_w)
    two.go(RAMP_S)
    assert not two.other_runs
    two.go(30)
    assert two.other_runs
    assert two.machine.told_w == lower_w


def test_what_somebody_else_switched_on_counts_until_its_off_is_done(pair):
    two = pair(tells=False)
    bench_module._bench.rooms[two.other_room] = 22.0
    for watts in (500, 0):
        two.ask(watts)
        two.go(600)
    assert not two.other_runs
    two.machine.write(900)  # at the device
    bench_module._bench.rooms[two.other_room] = 20.0
    two.go(RAMP_S)
    assert (two.machine.told_w, two.other_runs) == (0, False)
    two.go(30)
    assert two.other_runs


def test_what_was_silent_may_run_at_any_level_until_it_is_told_again(pair):
    two = pair(tells=False)
    bench_module._bench.rooms[two.other_room] = 22.0
    two.ask(500)
    two.go(600)
    two.machine.reachable = False
    two.go(60)
    two.machine.told_w, two.machine.reachable = 900.0, True  # at the device, while nobody could see it
    bench_module._bench.rooms[two.other_room] = 20.0
    two.go(RAMP_S)
    assert (two.machine.told_w, two.other_runs) == (500, False)
    two.go(30)
    assert two.other_runs


@LOWER
def test_a_meter_that_shows_it_ends_the_wait(pair, lower_w):
    two = pair(is_metered=True)
    two.ask(lower_w)
    two.go(20)
    two.machine._told_at -= RAMP_S  # it followed quickly
    two.go(20)
    assert two.other_runs


@LOWER
def test_what_was_not_taken_keeps_its_watts_however_long_that_takes(pair, lower_w):
    two = pair()
    two.machine.refuses = True
    two.ask(lower_w)
    two.go(10 * RAMP_S)
    assert not two.other_runs
    two.machine.refuses = False
    two.go(60 + RAMP_S)
    assert two.machine.told_w == lower_w
    two.go(30)
    assert two.other_runs


@LOWER
@pytest.mark.parametrize("stop", ["crash", "clean"])
def test_a_restart_forgets_nothing(pair, lower_w, stop):
    two = pair()
    two.ask(lower_w)
    two.go(20)
    if stop == "clean":
        two.home.go(stopping=frozenset({two.a.pk, two.b.pk}))
        assert two.machine.told_w == 0
    two.home.restart()
    two.go(RAMP_S - 30)
    assert not two.other_runs
    two.go(60)
    assert two.other_runs


def test_a_restart_does_not_make_a_refused_write_one_that_was_taken(pair):
    two = pair()
    two.machine.refuses = True
    two.ask(0)
    two.go(30)
    two.home.restart()
    two.go(2 * RAMP_S)
    assert not two.other_runs


@LOWER
def test_what_was_lowered_is_no_room_on_the_grid_connection_before_its_meter_shows_it(pair, lower_w):
    two = pair(line="import")
    two.ask(lower_w)
    two.go(RAMP_S)
    assert not two.other_runs
    two.go(40)
    assert two.other_runs


def test_a_start_that_does_not_draw_yet_is_no_room_for_another(db, bench):
    """Unmeasured, on a grid connection for one of them: the meter shows the first only when it has ramped."""
    home = Home(nominal_power_w=1000)
    cold, _ = home.add_room("Attic", 19.0)
    second = home.add_miner("Second", cold, nominal_power_w=1000)
    home.unit.miners.add(second)
    machines = [Machine(home.clock, (1000.0,)) for _ in range(2)]
    for miner, machine in zip((home.miner, second), machines, strict=True):
        bench.plugs[str(miner.controller_id)] = machine
    bench.meters["grid"] = EnergySnapshot(0.0, grid_w=500.0)
    monitor = factories.energy_monitor(home.site, adapter_type="bench", config={"key": "grid"})
    factories.energy_source(home.site, monitor=monitor, type="other", has_battery=False, contracted_power_w=2000)
    home.says(19.0)
    for _ in range(11):  # 110 s: neither draws yet, by the meter
        home.go()
        assert sum(machine.told_w for machine in machines) <= 1000


def test_a_start_that_does_not_draw_yet_is_no_surplus_for_another(db, bench):
    """1500 W of sun: one of two unmeasured miners of 1000 W runs on it, also while the meter does not show it yet."""
    home = Home(nominal_power_w=1000)
    home.unit.policy.rules.filter(kind="start").update(
        conditions={"field": "energy_state.surplus_power", "operator": "gte", "value": 1000}
    )
    cold, _ = home.add_room("Attic", 19.0)
    second = home.add_miner("Second", cold, nominal_power_w=1000)
    home.unit.miners.add(second)
    machines = [Machine(home.clock, (1000.0,)) for _ in range(2)]
    for miner, machine in zip((home.miner, second), machines, strict=True):
        bench.plugs[str(miner.controller_id)] = machine
    bench.meters["grid"] = EnergySnapshot(None, grid_w=-900.0)
    monitor = factories.energy_monitor(home.site, adapter_type="bench", config={"key": "grid"})
    source = factories.energy_source(home.site, monitor=monitor, type="other", has_battery=False)
    OptimizationUnit.objects.update(energy_source=source, strategy="policy")
    home.says(19.0)
    home.go(3)
    assert [machine.told_w for machine in machines] == [0, 0]
    bench.meters["grid"] = EnergySnapshot(None, grid_w=-1500.0)
    ManualRequest.objects.create(miner=second, power_w=0)
    home.go()
    ManualRequest.objects.all().delete()
    assert [machine.told_w for machine in machines] == [1000, 0]
    bench.meters["grid"] = EnergySnapshot(None, grid_w=-900.0)  # it begins to draw: less is left than another needs
    home.go(5)
    assert [machine.told_w for machine in machines] == [1000, 0]


@pytest.mark.parametrize("line", ["circuit", "home"])
def test_an_on_or_off_heater_counts_its_nominal_power_whatever_was_asked(db, bench, line):
    """Two of 2000 W, each asked for 100 W in a stored row, on 2300 W."""
    home = Home(nominal_power_w=2000)
    cold, _ = home.add_room("Attic", 19.0)
    second = home.add_miner("Second", cold, nominal_power_w=2000)
    home.unit.miners.add(second)
    if line == "circuit":
        Miner.objects.update(circuit=Circuit.objects.create(site=home.site, name="Line", limit_w=2300))
    else:
        type(home.site).objects.update(power_limit_w=2300)
    machines = [Machine(home.clock, (2000.0,)) for _ in range(2)]
    for miner, machine in zip((home.miner, second), machines, strict=True):
        bench.plugs[str(miner.controller_id)] = machine
        until = home.now + timedelta(hours=2)
        ManualRequest.objects.create(miner=miner, power_w=100, until=until, created_at=home.now)
    home.says(20.0)
    for _ in range(30):
        home.go()
        assert sum(machine.true_w for machine in machines) <= 2000
    assert sum(machine.true_w for machine in machines) == 2000
    said = set(Decision.objects.values_list("reason", flat=True))
    assert any("less than the 2000 W" in reason for reason in said), said


def test_what_was_measured_to_take_more_than_its_nominal_power_counts_so_the_next_time(db, bench):
    """1000 W by its settings, 1400 W by its meter, beside another of 1000 W on 2200 W."""
    home = Home(nominal_power_w=1000, min_off_seconds=0)
    cold, key = home.add_room("Attic", 22.0)
    second = home.add_miner("Second", cold, nominal_power_w=1000)
    home.unit.miners.add(second)
    Miner.objects.update(circuit=Circuit.objects.create(site=home.site, name="Line", limit_w=2200))
    greedy, other = Machine(home.clock, (1400.0,), is_metered=True), Machine(home.clock, (1000.0,), is_metered=True)
    bench.plugs[str(home.miner.controller_id)], bench.plugs[str(second.controller_id)] = greedy, other
    home.says(20.0)
    home.go(20)
    assert (greedy.true_w, other.true_w) == (1400, 0)
    bench.rooms[key] = 19.0
    home.go(10)
    assert (greedy.true_w, other.true_w) == (1400, 0)
    home.says(22.0)
    home.go(20)
    assert (greedy.true_w, other.true_w) == (0, 1000)
    home.says(18.0)
    home.go(20)
    assert (greedy.true_w, other.true_w) == (0, 1000)
