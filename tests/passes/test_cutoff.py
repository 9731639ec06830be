"""The plug before a miner, over whole passes: read with everything else, cut when off fails, latched until seen to."""

from dataclasses import dataclass

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.errors import Unreachable
from miners import power
from miners.models import CommandLog, Miner, MinerController
from miners.power import Level, OffBy, PowerModel
from miners.services import request_power, resume
from miners.state import MinerSnapshot, MinerStatus
from optimization.models import Decision
from optimization.watchdog import watchdog
from sites.models import Alarm
from sites.services import acknowledge_alarm
from tests import factories
from tests.servers.process import soon

from . import bench as bench_module
from .bench import Home, Plug

STEPS = PowerModel((Level("eco", 500.0), Level("full", 1000.0)), min_write_gap_seconds=0, needs_pool=False)
LEVEL = PowerModel((Level("on", 1000.0),), min_write_gap_seconds=0, off_by=OffBy.PLUG)


@dataclass
class Mains(Plug):
    """A metering plug: what it carries is what the miner behind it takes. `welded`: its contact never opens."""

    on: bool = True
    miner: Plug | None = None
    metered: bool = True
    welded: bool = False
    #: In how long it switches itself off, as it says (s; None: it does not say).
    left: float | None = None

    def read(self):
        if not self.reachable:
            raise Unreachable("It does not answer.")
        watts = self.miner.power_w if self.miner.on and self.carries else 0.0
        if not self.on and watts < 5:
            return MinerSnapshot(MinerStatus.OFF, 0.0 if self.metered else None, self.metered)
        shown = watts if self.metered else None
        return MinerSnapshot(MinerStatus.HEATING, shown, self.metered, switches_off_in_seconds=self.left)

    def write(self, power_w):
        super().write(power_w)
        if self.left is not None and power_w > 0:
            self.left = 600.0

    @property
    def carries(self) -> bool:
        return self.on or self.welded


@dataclass
class Behind(Plug):
    """A miner behind it: without current it is silent and forgets what it did. `net`: its network is up."""

    mains: Mains | None = None
    net: bool = True

    def read(self):
        self._has_current()
        return super().read()

    def write(self, power_w):
        self._has_current()
        super().write(power_w)

    def _has_current(self):
        if not self.mains.carries:
            self.on = False
        self.reachable = self.net and self.mains.carries


class Kitchen(Home):
    """The cold home, its miner behind a metering plug."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        row = factories.controller(self.site, name="Mains", adapter_type="bench")
        row.config = {"key": str(row.pk)}
        row.save()
        Miner.objects.update(cutoff=row)
        self.mains = Mains()
        self.device = Behind(mains=self.mains)
        self.mains.miner = self.device
        bench_module._bench.plugs.update({str(row.pk): self.mains, str(self.miner.controller_id): self.device})

    @property
    def cut_at(self):
        return Miner.objects.get(pk=self.miner.pk).cut_at

    def heat(self):
        self.go(3)
        assert self.device.on

    def refuse_to_stop(self):
        """It is told off and goes on."""
        self.heat()
        self.device.obeys = False
        request_power(self.miner, 0, by="Ada")

    def acknowledge(self):
        acknowledge_alarm(Alarm.objects.get(kind="cut_off", ended_at__isnull=True), by="Ada")


@pytest.fixture
def kitchen(db, bench):
    return Kitchen()


def test_it_is_no_switch_while_the_device_obeys(kitchen):
    kitchen.heat()
    kitchen.says(23.0)
    kitchen.go(20)
    assert not kitchen.device.on
    assert kitchen.mains.writes == []


def test_three_offs_and_a_minute_later_the_plug_is_cut_and_told(kitchen):
    kitchen.refuse_to_stop()
    kitchen.go(6)
    assert kitchen.mains.writes == []
    assert kitchen.cut_at is None
    kitchen.go(2)
    assert kitchen.mains.writes == [0]
    assert kitchen.device.writes.count(0) >= 3
    assert kitchen.cut_at is not None
    assert "cut_off" in kitchen.open_alarms
    kitchen.go(2)
    assert kitchen.open_alarms == ["cut_off"]
    assert "the plug before it has been off since" in kitchen.alarm_text("cut_off")
    assert kitchen.desired.confirmed_at is not None
    assert CommandLog.objects.get(origin="cut").outcome == "sent"


def test_a_cut_holds_until_it_is_acknowledged_and_the_plug_comes_on_with_the_next_start(kitchen):
    kitchen.refuse_to_stop()
    kitchen.go(10)
    kitchen.device.obeys = True
    resume(kitchen.miner, by="Ada")
    kitchen.go(20)
    kitchen.restart()
    kitchen.go(3)
    assert not kitchen.mains.on
    assert Decision.objects.order_by("-at").first().guard == "cut_off"
    kitchen.becomes(23.0)
    kitchen.acknowledge()
    kitchen.go(5)
    assert kitchen.cut_at is None
    assert kitchen.open_alarms == []
    assert not kitchen.mains.on  # nothing is to be heated
    kitchen.says(20.0)
    kitchen.go(4)
    assert kitchen.mains.on
    assert kitchen.device.on


def test_the_minimum_off_counts_from_the_cut(db, bench):
    """Its meter stands still, so it was never seen off when a person acknowledged the cut."""
    kitchen = Kitchen(min_off_seconds=600)
    kitchen.heat()
    shown = kitchen.mains.read
    stuck = MinerSnapshot(MinerStatus.UNCONFIRMED, 400.0, True, switch_is_on=False)
    kitchen.mains.read = lambda: shown() if kitchen.mains.on else stuck
    kitchen.device.net = False
    request_power(kitchen.miner, 0, by="Ada")
    while not kitchen.mains.writes:
        kitchen.go()
    cut_at = kitchen.clock.now()
    kitchen.go()
    kitchen.acknowledge()
    resume(kitchen.miner, by="Ada")
    while kitchen.mains.writes[-1] == 0:
        kitchen.go()
        assert (kitchen.clock.now() - cut_at).total_seconds() < 700
    assert (kitchen.clock.now() - cut_at).total_seconds() >= 600


@pytest.mark.parametrize(("level_w", "starts"), [(500.0, True), (1000.0, False)])
def test_what_comes_on_by_its_plug_counts_at_the_level_it_was_seen_at_until_it_is_told_another(
    db, bench, level_w, starts
):
    """Its plug is switched on and it begins at the level it has, before anything can be told to it."""
    kitchen = Kitchen()
    identity = {"power": power.to_json(STEPS)}
    MinerController.objects.filter(pk=kitchen.miner.controller_id).update(identity=identity)
    kitchen.miner.refresh_from_db()
    kitchen.heat()
    key = "eco" if level_w == 500 else "full"
    kitchen.device.shows = MinerSnapshot(MinerStatus.HEATING, level_w, True, level=key, set_power_w=level_w)
    kitchen.go(2)
    kitchen.device.shows = None
    kitchen.mains.on = False
    kitchen.go(2)
    kitchen.site.power_limit_w = 700
    kitchen.site.save()
    request_power(kitchen.miner, 500, by="Ada")
    kitchen.go(5)
    assert kitchen.mains.on is starts


def test_an_acknowledgement_before_it_is_off_releases_nothing(kitchen):
    kitchen.refuse_to_stop()
    kitchen.mains.reachable = False
    kitchen.go(10)
    assert "Switch it off at the breaker" in kitchen.alarm_text("cut_off")
    kitchen.acknowledge()
    kitchen.go(10)
    assert kitchen.cut_at is not None
    kitchen.mains.reachable = True
    kitchen.go(5)
    assert not kitchen.mains.on
    assert kitchen.cut_at is None


@pytest.mark.parametrize("why", [30.0, Unreachable("The sensor is gone.")])
def test_too_hot_or_blind_and_silent_it_is_cut_at_once(kitchen, why):
    kitchen.heat()
    kitchen.device.net = False
    kitchen.says(why)
    passes = 1 if why == 30.0 else 15  # a sensor is lost after two minutes
    kitchen.go(passes)
    assert kitchen.mains.writes == [0]
    assert kitchen.cut_at is not None


def test_what_is_silent_and_draws_nothing_is_not_cut_at_once(kitchen):
    kitchen.heat()
    kitchen.device.net, kitchen.device.power_w = False, 1.0
    kitchen.says(30.0)
    kitchen.go()
    assert kitchen.mains.writes == []


def test_a_plug_that_is_off_is_off_although_the_miner_is_silent(kitchen):
    kitchen.heat()
    kitchen.mains.on = False
    kitchen.go()
    assert kitchen.desired.seen_on is False
    assert kitchen.desired.power_w == 0  # somebody's hand: it stays off
    kitchen.go(3)
    assert not kitchen.mains.on


def test_a_plug_that_is_on_says_nothing_of_a_silent_miner(kitchen):
    kitchen.device.net = False
    kitchen.go(3)
    assert kitchen.desired.seen_on is None
    assert kitchen.desired.power_w == 0


def test_a_bare_relay_alone_proves_no_off(kitchen):
    kitchen.mains.metered = False
    kitchen.heat()
    kitchen.mains.on = False
    kitchen.go(2)
    assert kitchen.desired.seen_on is True


def test_the_meter_outranks_the_devices_word(kitchen):
    kitchen.heat()
    kitchen.device.shows = MinerSnapshot(MinerStatus.OFF, 3.0, True)
    kitchen.go()
    assert kitchen.desired.seen_on is True
    assert kitchen.desired.power_w == 1000


def test_a_silent_miner_that_came_back_heating_is_found_by_the_meter_and_cut(kitchen):
    kitchen.says(23.0)
    kitchen.go(2)
    kitchen.device.on, kitchen.device.power_w, kitchen.device.net = True, 1000.0, False
    kitchen.go(12)
    assert kitchen.cut_at is not None
    assert not kitchen.mains.on


def test_a_plug_that_does_not_answer_changes_nothing(kitchen):
    kitchen.mains.reachable = False
    kitchen.heat()
    kitchen.becomes(23.0)
    kitchen.go()
    assert not kitchen.device.on
    assert kitchen.desired.confirmed_at is not None


def test_where_the_device_has_no_off_the_plug_is_its_switch_and_nothing_latches(kitchen):
    MinerController.objects.filter(pk=kitchen.miner.controller_id).update(identity={"power": power.to_json(LEVEL)})
    kitchen.mains.on = False
    kitchen.go(2)
    assert kitchen.mains.on
    kitchen.go(2)
    assert kitchen.device.on
    kitchen.says(23.0)
    kitchen.go(3)
    assert not kitchen.mains.on
    assert kitchen.cut_at is None
    assert 0 not in kitchen.device.writes
    assert kitchen.open_alarms == []


def test_what_nothing_can_switch_off_is_not_started(db, bench):
    home = Home()
    MinerController.objects.update(identity={"power": power.to_json(LEVEL)})
    home.go(3)
    assert home.plug.writes == []
    assert Decision.objects.order_by("-at").first().guard == "lacks_off"


def test_the_watchdog_cuts_what_does_not_take_its_off_and_the_cut_latches(kitchen):
    kitchen.heat()
    kitchen.device.net = False
    (heater,) = watchdog._sites[str(kitchen.site.pk)].heaters.values()
    heater.off(soon())
    assert not kitchen.mains.on
    watchdog._fired[str(kitchen.site.pk)] = {str(kitchen.miner.pk)}
    kitchen.go()
    assert kitchen.cut_at is not None
    kitchen.go()
    assert kitchen.open_alarms == ["cut_off"]


def test_the_watchdog_leaves_the_plug_where_the_device_takes_its_off(kitchen):
    kitchen.heat()
    (heater,) = watchdog._sites[str(kitchen.site.pk)].heaters.values()
    heater.off(soon())
    assert not kitchen.device.on
    assert kitchen.mains.on


def test_a_plug_is_not_let_go_while_the_miner_may_be_on_and_is_no_other_miners_switch(kitchen):
    kitchen.heat()
    miner = Miner.objects.get()
    mains = miner.cutoff
    miner.cutoff = None
    with pytest.raises(ValidationError, match="Stop it, wait until it is off"):
        miner.full_clean()
    mains.config = {"key": "elsewhere"}
    with pytest.raises(ValidationError, match="is what can switch it off"):
        mains.full_clean()
    other = kitchen.add_miner("Bitaxe", kitchen.zone)
    for wrong in (other.controller, miner.controller, factories.controller(factories.site())):
        other.cutoff = wrong
        with pytest.raises(ValidationError) as refused:
            other.full_clean()
        assert list(refused.value.message_dict) == ["cutoff"]


def test_a_real_miner_behind_an_invented_plug_stays_off(kitchen):
    Miner.objects.update(cutoff=factories.controller(kitchen.site, name="Toy", adapter_type="dummy"))
    kitchen.go(3)
    assert Decision.objects.order_by("-at").first().guard == "reality"
    assert not kitchen.device.on


def test_the_plugs_own_timer_is_kept_from_cutting_what_runs_and_not_what_does_not_stop(kitchen, monkeypatch):
    monkeypatch.setattr(bench_module.BenchPlug, "rearm_seconds", classmethod(_timer), raising=False)
    kitchen.heat()
    kitchen.mains.writes.clear()
    kitchen.go(9, seconds=100)
    assert len(kitchen.mains.writes) == 2  # each time more than half of 600 s is over
    kitchen.device.obeys, kitchen.mains.reachable = False, False
    request_power(kitchen.miner, 0, by="Ada")
    kitchen.go(3)
    kitchen.mains.reachable = True
    kitchen.mains.writes.clear()
    kitchen.go(20)
    assert [watts for watts in kitchen.mains.writes if watts > 0] == []


def _timer(cls, config):
    return 600.0


@pytest.mark.parametrize("wanted", ["more than it reaches", "off, which it does not take"])
def test_while_anything_may_draw_its_upstream_plug_has_its_timer(kitchen, monkeypatch, wanted):
    """Also a miner that never reaches what is wanted, or does not stop, has a dead-man; and too late is as none."""
    monkeypatch.setattr(bench_module.BenchPlug, "rearm_seconds", classmethod(_timer), raising=False)
    MinerController.objects.filter(pk=kitchen.miner.controller_id).update(identity={"power": power.to_json(STEPS)})
    kitchen.device.shows = MinerSnapshot(MinerStatus.HEATING, 400.0, True, set_power_w=400.0)
    if wanted != "more than it reaches":
        kitchen.device.obeys = False
        request_power(kitchen.miner, 0, by="Ada")
    for wrong in (0.0, 28_800.0):
        kitchen.mains.left = wrong
        kitchen.mains.writes.clear()
        kitchen.go(2, seconds=5)
        assert kitchen.desired.confirmed_at is None
        assert kitchen.mains.left == 600.0
        assert len(kitchen.mains.writes) == 1


def test_reading_a_plug_costs_no_statement(kitchen):
    kitchen.heat()
    kitchen.go(2, seconds=1)
    with CaptureQueriesContext(connection) as with_plug:
        kitchen.go(seconds=1)
    Miner.objects.update(cutoff=None)
    kitchen.go(2, seconds=1)
    with CaptureQueriesContext(connection) as without:
        kitchen.go(seconds=1)
    assert len(with_plug) == len(without)
