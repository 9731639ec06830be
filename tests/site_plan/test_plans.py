"""The plan of a site is compiled once for each version of its settings, and an outdated one is never acted on."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from climate.models import ClimateMonitor, ClimateZone, TemperatureSlot
from miners.models import CommandLog, DesiredState, Miner
from miners.state import MinerStatus
from optimization.passes import load as loading
from optimization.passes import run
from optimization.site_plan import cache, triggers
from sites.alarms import KINDS
from sites.models import Alarm, Site
from tests import factories
from tests.passes import bench as bench_module

CONFIGURED = (
    "climate_climatezone",
    "climate_temperatureslot",
    "climate_climatemonitor",
    "integrations_",
    "miners_circuit",
)


@pytest.fixture
def bench():
    yield bench_module.install()
    bench_module.remove()


@pytest.fixture
def bench_home(db, bench):
    return bench_module.Home()


def plan_of(home):
    (now,) = cache.current([home.site.pk])
    return now.plan


def queries(home) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        run.run_sites([home.site.pk], clock=home.clock)
    return [query["sql"] for query in captured.captured_queries if query["sql"].startswith("SELECT")]


def test_a_pass_reads_no_settings_while_they_are_as_they_were(bench_home):
    bench_home.add_meter(2000)
    bench_home.go(2)
    bench_home.clock.advance(10)
    selects = queries(bench_home)
    assert len(selects) <= 8
    assert [sql for sql in selects if any(f'FROM "{table}' in sql for table in CONFIGURED)] == []


def test_no_row_of_settings_is_built_in_a_quiet_pass(bench_home, monkeypatch):
    bench_home.go(2)
    built: list[str] = []
    original = models.Model.__init__
    monkeypatch.setattr(
        models.Model,
        "__init__",
        lambda self, *args, **how: built.append(type(self).__name__) or original(self, *args, **how),
    )
    bench_home.clock.advance(10)
    run.run_sites([bench_home.site.pk], clock=bench_home.clock)
    assert set(built) <= {"DesiredState"}


def test_the_plan_is_the_same_object_until_something_is_saved(bench_home):
    first = plan_of(bench_home)
    assert plan_of(bench_home) is first
    ClimateZone.objects.filter(pk=bench_home.zone.pk).update(default_target_celsius=19.5)
    second = plan_of(bench_home)
    assert second is not first
    assert second.zones[bench_home.zone.pk].default_target_celsius == 19.5
    assert first.zones[bench_home.zone.pk].default_target_celsius != 19.5
    with pytest.raises((FrozenInstanceError, TypeError)):
        second.zones[bench_home.zone.pk].default_target_celsius = 30.0


def test_state_that_changes_compiles_nothing_again(bench_home):
    bench_home.go()
    before = plan_of(bench_home)
    bench_home.go(20)
    assert CommandLog.objects.exists()
    assert plan_of(bench_home) is before


def test_without_its_triggers_nothing_kept_is_believed(bench_home, caplog):
    before = plan_of(bench_home)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TRIGGER "{triggers.prefix("sqlite")}climate_climatezone_upd"')
    ClimateZone.objects.filter(pk=bench_home.zone.pk).update(default_target_celsius=19.5)
    again = plan_of(bench_home)
    assert (again.version, again.zones[bench_home.zone.pk].default_target_celsius) == (before.version, 19.5)
    assert plan_of(bench_home) is not again
    assert "restart" in caplog.text
    triggers.ensure()
    assert plan_of(bench_home) is plan_of(bench_home)


def test_a_restored_backup_brings_no_number_back_that_means_something_else(home):
    zone = factories.zone(home)
    stored = Site.objects.values_list("config_version", flat=True).get(pk=home.pk)

    def change(celsius: float) -> int:
        Site.objects.filter(pk=home.pk).update(config_version=stored)  # as the backup has it
        ClimateZone.objects.filter(pk=zone.pk).update(default_target_celsius=celsius)
        return Site.objects.values_list("config_version", flat=True).get(pk=home.pk)

    assert len({change(15.0 + step / 2) for step in range(10)}) == 10


def about_to_start(home) -> None:
    """The next pass switches its miner on."""
    home.says(21.0)
    home.go()
    assert not home.plug.on
    home.says(20.3)
    home.clock.advance(10)


def change_during_the_pass(monkeypatch, change, times: int) -> None:
    """`change` is made by somebody else, between a pass's reading of its settings and its commit."""
    left, original = [times], run._save

    def saving(work, now):
        if left[0]:
            left[0] -= 1
            change()
        original(work, now)

    monkeypatch.setattr(run, "_save", saving)


def test_settings_that_change_while_a_pass_decides_are_decided_by_again(bench_home, monkeypatch):
    about_to_start(bench_home)
    miners = Miner.objects.filter(pk=bench_home.miner.pk)
    change_during_the_pass(monkeypatch, lambda: miners.update(is_active=False), times=1)
    report = run.run_sites([bench_home.site.pk], clock=bench_home.clock)
    assert report.completed == [bench_home.site.pk]
    assert not bench_home.plug.on
    assert DesiredState.objects.get(miner=bench_home.miner).power_w == 0


def test_where_they_keep_changing_nothing_is_written_and_the_site_is_due_again(bench_home, monkeypatch):
    about_to_start(bench_home)
    desired = list(DesiredState.objects.values())
    targets = iter(range(100))

    def change():
        ClimateZone.objects.filter(pk=bench_home.zone.pk).update(position=next(targets) + 1)

    change_during_the_pass(monkeypatch, change, times=99)
    report = run.run_sites([bench_home.site.pk], clock=bench_home.clock)
    assert (report.completed, report.busy) == ([], [bench_home.site.pk])
    assert not bench_home.plug.on
    assert list(DesiredState.objects.values()) == desired


@pytest.mark.parametrize("table", ["slot", "levels", "time zone"])
def test_what_cannot_be_compiled_is_off_and_named_and_the_neighbour_heats(bench_home, table):
    neighbour = bench_module.Home(bench_home.clock)
    TemperatureSlot.objects.create(zone=bench_home.zone, preset="comfort", start_time="00:00", end_time="23:59")
    run.run_sites([bench_home.site.pk, neighbour.site.pk], clock=bench_home.clock)
    assert bench_home.plug.on
    assert neighbour.plug.on
    match table:
        case "slot":
            TemperatureSlot.objects.update(preset="tropical")
        case "levels":
            Miner.objects.filter(pk=bench_home.miner.pk).update(level_watts=7)
        case "time zone":
            Site.objects.filter(pk=bench_home.site.pk).update(time_zone="Mars/Olympus")
    bench_home.clock.advance(10)
    report = run.run_sites([bench_home.site.pk, neighbour.site.pk], clock=bench_home.clock)
    assert report.failed == []
    assert not bench_home.plug.on
    assert neighbour.plug.on
    (alarm,) = Alarm.objects.filter(kind="settings_unusable", ended_at=None)
    assert bench_home.miner.name in alarm.text
    assert alarm.remedy == KINDS["settings_unusable"].remedy


def test_a_sensor_whose_settings_do_not_fit_is_named_and_read_by_nobody(bench_home):
    ClimateMonitor.objects.filter(site=bench_home.site).update(config={"nonsense": 1})
    plan = plan_of(bench_home)
    (monitor,) = plan.zones[bench_home.zone.pk].monitors
    assert monitor.problem.startswith("is not set up correctly: ")
    assert monitor.checked is None


def test_a_removed_controller_stays_with_the_watchdog_until_its_miner_is_seen_off(bench_home, monkeypatch):
    """What a plan of before holds is enough to switch off: the rows of it may be gone."""
    from optimization.passes import last_resort

    handed = []
    monkeypatch.setattr(
        last_resort.watchdog, "completed", lambda site, period, heaters, resting: handed.append(heaters)
    )
    bench_home.go()
    (heater,) = handed[-1]
    Miner.objects.filter(pk=bench_home.miner.pk).update(controller=None)
    bench_home.miner.controller.delete()
    heater.off(1e9)
    assert not bench_home.plug.on
    assert heater.is_off is not None
    assert bench_home.plug.read().status is MinerStatus.OFF


def test_memory_is_kept_by_the_rows_a_pass_was_given(bench_home):
    bench_home.go()
    (rows,) = loading.load([bench_home.site.pk])
    assert rows.site is plan_of(bench_home)
    assert rows.zones is rows.site.zones
