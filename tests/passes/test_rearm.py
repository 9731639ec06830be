"""A plug with an auto-off timer of its own is told "on" again in time, and may switch off when nobody can."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from miners.drivers.dummy.driver import DummyMiner
from miners.drivers.home_assistant_switch.driver import HomeAssistantSwitch
from miners.models import CommandLog, DesiredState, ManualRequest
from miners.status import readback
from optimization.passes.run import run_sites
from sites.clock import ManualClock
from sites.models import ActivityLog
from sites.store import store
from tests import factories

TIMER_S = 1800.0
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


class TimedPlug:
    """A home with one heated room; its dummy plug really switches off by itself on the clock of the passes."""

    def __init__(self, monkeypatch) -> None:
        self.clock = ManualClock(datetime.now(UTC))
        self.on_writes: list[datetime] = []
        self.refuses = False
        self.site = factories.site()
        sensor = factories.climate_monitor(self.site, config={"temperature_celsius": 18.0})
        zone = factories.zone(self.site, monitor=sensor)
        self.miner = factories.miner(
            self.site, zones=[zone], controller=factories.controller(self.site, config={"device": "plug"})
        )
        factories.unit(self.site, miners=[self.miner], policy=factories.policy())
        send = DummyMiner.write.__func__

        def write(cls, config, session, power_w, deadline):
            if self.refuses:
                config = config.model_copy(update={"fail_write": "refused"})
            send(cls, config, session, power_w, deadline)
            if power_w > 0:
                self.on_writes.append(self.clock.now())

        monkeypatch.setattr(DummyMiner, "rearm_seconds", classmethod(lambda cls, config: TIMER_S))
        monkeypatch.setattr(DummyMiner, "write", classmethod(write))

    def passes(self, minutes: float, every_seconds: float = 60) -> None:
        """Passes over this long; the plug's timer runs meanwhile."""
        for _ in range(round(minutes * 60 / every_seconds)):
            self.clock.advance(every_seconds)
            self.time_passes()
            run_sites([self.site.pk], clock=self.clock)

    def time_passes(self) -> None:
        if self.on_writes and (self.clock.now() - self.on_writes[-1]).total_seconds() >= TIMER_S:
            self.unplug()

    def unplug(self) -> None:
        store().set("dummy-miner:plug", 0)

    @property
    def is_on(self) -> bool:
        return bool(store().get("dummy-miner:plug"))

    @property
    def desired(self) -> DesiredState:
        return DesiredState.objects.get(miner=self.miner)


@pytest.fixture
def plug(db, monkeypatch) -> TimedPlug:
    return TimedPlug(monkeypatch)


def test_it_heats_through_its_timer_and_is_told_again_no_more_often_than_needed(plug):
    plug.passes(50)
    assert plug.is_on
    gaps = [(b - a).total_seconds() for a, b in pairwise(plug.on_writes)]
    assert len(gaps) == 3
    assert all(TIMER_S / 2 < gap < TIMER_S for gap in gaps)


def test_telling_it_again_is_no_start_and_restarts_no_minimum_time(plug):
    plug.passes(2)
    before = plug.desired
    plug.passes(40)
    after = plug.desired
    assert len(plug.on_writes) > 1
    assert after.starts == before.starts
    assert after.switched_on_at == before.switched_on_at
    assert after.confirmed_at == before.confirmed_at
    assert (after.attempts, after.next_attempt_at) == (0, None)
    assert after.written_at == plug.on_writes[-1]


def test_every_such_write_is_in_the_log_with_its_reason(plug):
    plug.passes(20)
    first, again = CommandLog.objects.order_by("at", "id")
    assert first.origin == "policy"
    assert again.origin == "rearm"
    assert "timer" in again.reason
    assert again.outcome == "sent"


def test_a_refused_one_is_tried_again_before_the_timer_ends(plug):
    plug.passes(14)
    plug.refuses = True
    plug.passes(5, every_seconds=10)
    assert len(plug.on_writes) == 1
    assert CommandLog.objects.filter(outcome="failed").count() == 1  # told once, not every pass
    plug.refuses = False
    plug.passes(1, every_seconds=10)
    assert len(plug.on_writes) == 2
    assert plug.is_on


def test_a_device_without_a_timer_is_told_once(plug, monkeypatch):
    monkeypatch.setattr(DummyMiner, "rearm_seconds", classmethod(lambda cls, config: None))
    plug.passes(25)
    assert len(plug.on_writes) == 1


def test_what_is_to_be_off_is_never_told_on_again(plug):
    plug.passes(2)
    ManualRequest.objects.create(miner=plug.miner, power_w=0)
    plug.passes(40)
    assert len(plug.on_writes) == 1
    assert not plug.is_on


def test_off_by_its_timer_is_no_persons_wish_and_heating_resumes(plug):
    """The program was gone for 40 minutes: the plug did what it is there for."""
    plug.passes(2)
    plug.clock.advance(2400)
    plug.time_passes()
    assert not plug.is_on
    plug.passes(1)
    assert not ManualRequest.objects.exists()
    assert ActivityLog.objects.filter(text__contains="by its own timer").count() == 1
    assert not plug.is_on  # its minimum off time counts from now
    plug.passes(15)
    assert plug.is_on


def test_switched_off_by_hand_before_its_timer_ended_is_a_wish(plug):
    plug.passes(5)
    plug.unplug()
    plug.passes(1)
    assert ManualRequest.objects.get().origin == "outside"


def test_a_clock_that_was_set_back_is_told_rather_than_trusted():
    assert readback.needs_rearm(TIMER_S, NOON + timedelta(seconds=1), NOON)
    assert readback.needs_rearm(TIMER_S, None, NOON)
    assert not readback.needs_rearm(TIMER_S, NOON - timedelta(seconds=TIMER_S / 2), NOON)
    assert readback.needs_rearm(TIMER_S, NOON - timedelta(seconds=TIMER_S / 2 + 1), NOON)
    assert not readback.needs_rearm(None, None, NOON)


def test_a_plugs_dead_man_is_what_its_settings_say():
    plain = HomeAssistantSwitch.Config(entity_switch="switch.plug")
    timed = HomeAssistantSwitch.Config(entity_switch="switch.plug", auto_off_minutes=30)
    assert HomeAssistantSwitch.dead_man_of(plain) is None
    assert HomeAssistantSwitch.rearm_seconds(plain) is None
    assert "30 min" in HomeAssistantSwitch.dead_man_of(timed)
    assert HomeAssistantSwitch.rearm_seconds(timed) == TIMER_S
    with pytest.raises(ValueError, match="auto_off_minutes"):
        HomeAssistantSwitch.Config(entity_switch="switch.plug", auto_off_minutes=5)


@pytest.mark.parametrize(
    ("left_s", "written_ago_s", "due"),
    [(1000, 1700, False), (899, 61, True), (0, 61, True), (0, 59, False), (0, None, True)],
)
def test_a_device_that_says_what_is_left_of_its_timer_is_believed(left_s, written_ago_s, due):
    """Another write, of a level say, may have left its timer as it was: the last write says little."""
    written_at = None if written_ago_s is None else NOON - timedelta(seconds=written_ago_s)
    assert readback.needs_rearm(TIMER_S, written_at, NOON, left_s) is due


def test_what_went_off_when_its_timer_may_have_ended_is_nobodys_wish():
    """A write that found more than half of it left may have left it as it was."""
    assert not readback.ran_out(TIMER_S, NOON - timedelta(seconds=TIMER_S / 2 + 59), NOON)
    assert readback.ran_out(TIMER_S, NOON - timedelta(seconds=TIMER_S / 2 + 60), NOON)
    assert not readback.ran_out(TIMER_S, None, NOON)
