"""Two miners on one device from before that was refused: both stay off, both homes say why, until one is mended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from integrations import registry
from integrations.registry import Switched
from miners.models import Miner, MinerController
from optimization.passes.run import run_sites
from sites.models import Alarm
from tests import factories
from tests.passes import bench as benches
from tests.passes.bench import BenchPlug, Home

pytestmark = pytest.mark.django_db


class RealPlug(BenchPlug):
    """A plug of the bench that can be given twice: its key is what is switched."""

    key = "bench_plug"

    @classmethod
    def switched(cls, config):
        return Switched(config.key.partition("+")[0], "192.168.1.40")


@pytest.fixture
def bench():
    yield benches.install()
    benches.remove()
    registry._adapters.pop(registry._Key(RealPlug.kind, RealPlug.key), None)


def on_one_plug(bench, homes, names=("plug", "plug+")) -> list[MinerController]:
    """Each home's miner gets a controller of its own for the same physical plug."""
    registry.register(RealPlug)
    plug, rows = benches.Plug(), []
    for home, key in zip(homes, names, strict=True):
        bench.plugs[key] = plug
        row = factories.controller(home.site, name=f"Plug {key}", adapter_type="bench_plug", config={"key": key})
        home.miner.controller = row
        home.miner.save()
        rows.append(row)
    return rows


@pytest.fixture
def two(bench):
    """Two cold homes on one plug, which is on."""
    homes = [Home(), Home()]
    rows = on_one_plug(bench, homes)
    bench.plugs["plug"].on, bench.plugs["plug"].power_w = True, 1000.0
    return SimpleNamespace(homes=homes, rows=rows, plug=bench.plugs["plug"])


def test_both_are_off_told_once_and_one_heats_when_the_other_is_gone(two):
    first, second = two.homes
    for _ in range(3):
        first.go()
        second.go()
    assert not two.plug.on
    assert two.plug.writes.count(0.0) <= 2
    assert all(power == 0 for power in two.plug.writes)
    for home, other in ((first, second), (second, first)):
        assert home.open_alarms == ["doubled"]
        text = home.alarm_text("doubled")
        assert text == f"192.168.1.40 (output plug) is set up for ‘Avalon’ and for ‘Avalon’ in {other.site}."
        assert Alarm.objects.filter(site=home.site, kind="doubled").count() == 1
        assert home.desired.power_w == 0
    second.miner.delete()
    first.go(2)
    assert first.open_alarms == []
    assert two.plug.on


def test_by_hand_and_in_frost_it_stays_off(two):
    from miners import services

    first, _ = two.homes
    services.request_power(first.miner, 1000, by="anna")
    first.says(2.0)
    first.go(2)
    assert not two.plug.on
    assert first.open_alarms == ["doubled", "frost_not_protected"]


def test_another_device_for_one_of_them_mends_it(two):
    first, second = two.homes
    first.go(2)
    two.rows[1].config = {"key": "spare"}
    benches._bench.plugs["spare"] = benches.Plug()
    two.rows[1].full_clean()
    two.rows[1].save()
    first.go(2)
    second.go(2)
    assert first.open_alarms == second.open_alarms == []


def test_an_upstream_plug_that_drives_another_miner(bench):
    """The same row, which no form allows any more."""
    home = Home()
    other = home.add_miner("Nano", home.zone)
    Miner.objects.filter(pk=other.pk).update(cutoff=home.miner.controller)
    home.go(2)
    assert home.open_alarms == ["doubled"]
    names = [home.miner.name, other.name]
    assert all(f"‘{name}’" in home.alarm_text("doubled") for name in names)
    assert (home.desired.power_w, home.plug_of(other).writes) == (0, [])


def test_a_controller_without_a_miner_doubles_nothing(bench):
    home = Home()
    on_one_plug(bench, [home], ["plug"])
    factories.controller(home.site, name="Spare", adapter_type="bench_plug", config={"key": "plug+"})
    home.go(2)
    assert home.open_alarms == []
    assert home.desired.power_w == 1000


def test_it_costs_no_statement(bench, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    homes = [Home(), Home()]
    on_one_plug(bench, homes, ["plug", "other"])
    counts = []
    for _ in range(2):
        for home in homes:
            home.go(2)
        homes[0].clock.advance(10)
        with CaptureQueriesContext(connection) as asked:
            run_sites([home.site.pk for home in homes], clock=homes[0].clock)
        counts.append(sum("SELECT" in one["sql"][:6] for one in asked))
        on_one_plug(bench, homes)
    assert counts[0] == counts[1]
