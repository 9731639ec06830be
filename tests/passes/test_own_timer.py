"""A timer that counts from its first “on” is no person's off: the room stays warm, and a person's off stays off."""

from __future__ import annotations

import pytest

from integrations.connections.entities import EntityState
from miners.models import ManualRequest, MinerController
from miners.services import resume
from miners.state import SwitchedBy
from miners.status.switched_off import Cause, Ended, Run, cause_of

from .outlet import Outlet, Street

MIN_OFF_S = 300


@pytest.fixture
def street(db, bench, monkeypatch):
    one = Street(monkeypatch, period_seconds=60)
    one.wants(40.0)  # more than it ever gets
    one.outdoor = 12.0
    return one


def wishes() -> list[tuple[int, str]]:
    return [(one.power_w, one.origin) for one in ManualRequest.objects.filter(cancelled_at__isnull=True)]


def run_counting(street: Street, outlet: Outlet, minutes: int) -> float:
    """The share of these minutes in which it heated."""
    on = 0
    for _ in range(minutes):
        street.run(1)
        on += outlet.on
    return on / minutes


def test_the_declared_timer_that_counts_from_its_first_on(street):
    outlet = street.outlet("plug", timer_seconds=1800, restarts=False)
    street.heater(outlet, auto_off_minutes=30, min_off_seconds=MIN_OFF_S)
    assert run_counting(street, outlet, 80) > 0.75
    street.restart()
    assert run_counting(street, outlet, 40) > 0.75
    assert wishes() == []
    assert street.open_alarms == ["timer_not_restarting"]
    assert "ends 30\u202fmin after its first ‘on’" in street.alarm_text("timer_not_restarting")
    assert len([text for text in street.activity if "timer" in text]) == 1, "told once"
    assert MinerController.objects.get(name="plug").settings.auto_off_minutes == 30, "nothing learned changes it"
    rests = [later - at for (at, on), (later, again) in zip(off_times(outlet), on_times(outlet)[1:], strict=False)]
    assert all(rest >= MIN_OFF_S for rest in rests)


def off_times(outlet: Outlet) -> list[tuple[float, bool]]:
    return [(at, on) for at, on in outlet.log if not on]


def on_times(outlet: Outlet) -> list[tuple[float, bool]]:
    return [(at, on) for at, on in outlet.log if on]


def test_a_timer_nobody_declared_is_known_the_third_time(street):
    outlet = street.outlet("plug", timer_seconds=1260, restarts=False)
    miner = street.heater(outlet, min_off_seconds=MIN_OFF_S)
    for _ in range(2):
        street.run(24)
        assert (outlet.on, wishes()) == (False, [(0, "outside")])
        street.restart()
        resume(miner, by="Ada")  # instead of two hours
        street.run(6)
        assert outlet.on
    street.run(20)
    assert (outlet.on, wishes()) == (False, [])
    street.run(6)
    assert outlet.on
    assert street.open_alarms == ["timer_not_restarting"]
    assert "21\u202fmin after each start" in street.alarm_text("timer_not_restarting")


def test_what_home_assistant_attributes_to_a_user_is_a_persons_also_at_the_timers_time(street):
    outlet = street.outlet("plug", timer_seconds=None)
    street.heater(outlet, auto_off_minutes=30, min_off_seconds=MIN_OFF_S)
    street.run(31)
    outlet.turn(False, user="Ann")
    street.run(1)
    assert wishes() == [(0, "outside")]
    street.run(30)
    assert not outlet.on


def test_out_of_reach_in_between_it_is_the_timer_all_the_same(street, monkeypatch):
    """Home Assistant dates a switch that comes back anew; the plug's timer goes on from its first “on”."""
    outlet = street.outlet("plug", timer_seconds=1800, restarts=False)
    street.heater(outlet, auto_off_minutes=30, min_off_seconds=MIN_OFF_S)
    street.run(8)
    gone = [EntityState(outlet.switch, "unavailable", observed_at=street.now, changed_at=street.now)]
    with monkeypatch.context() as patch:
        patch.setattr(Outlet, "states", lambda self: gone)
        street.run(2)
    outlet.changed_at = street.now
    street.run(22)
    assert (outlet.on, wishes()) == (False, [])


def test_a_second_off_soon_after_the_restart_is_a_persons(street):
    """Somebody insists, where Home Assistant cannot say who."""
    outlet = street.outlet("plug", timer_seconds=1800, restarts=False)
    street.heater(outlet, auto_off_minutes=30, min_off_seconds=MIN_OFF_S)
    street.run(38)
    assert outlet.on, "the timer was no person"
    outlet.turn(False)
    street.run(1)
    assert wishes() == [(0, "outside")]


def test_a_timer_that_ends_just_after_a_write_of_ours_is_not_taken_for_our_user(street):
    """For some seconds after a call Home Assistant attributes to its user what the device does by itself."""
    outlet = street.outlet("plug")
    street.heater(outlet, auto_off_minutes=30, min_off_seconds=MIN_OFF_S)
    street.run(31)
    street.desired.__class__.objects.update(written_at=street.now)
    outlet.turn(False, user="the program's")
    street.run(1)
    assert wishes() == []


def test_the_timer_of_an_upstream_plug(street):
    mains = street.outlet("mains", on=False, timer_seconds=1800, restarts=False, upstream=True)
    outlet = street.outlet("plug", meter=None, on=True)
    mains.__class__ = type("Mains", (Outlet,), {"true_w": property(lambda self: self.load_w if self.on else 0.0)})
    street.heater(outlet, cutoff=street.controller(mains, auto_off_minutes=30), min_off_seconds=MIN_OFF_S)
    outlet.__class__ = type("Behind", (Outlet,), {"states": lambda self: Outlet.states(self) if mains.on else []})
    assert run_counting(street, mains, 80) > 0.7
    assert wishes() == []
    assert "timer_not_restarting" in street.open_alarms


RUN = Run(1803.0)


@pytest.mark.parametrize(
    ("ended", "cause"),
    [
        (Ended(), Cause.NOT_KNOWN),
        (Ended(runs=[(RUN, None)]), Cause.NOT_KNOWN),
        (Ended(runs=[(RUN, 1800.0)]), Cause.NOT_RESTARTED),
        (Ended(runs=[(Run(1770.0), 1800.0)]), Cause.NOT_KNOWN),
        (Ended(runs=[(Run(1770.0, 30.0), 1800.0)]), Cause.NOT_RESTARTED),
        (Ended(runs=[(Run(600.0), 1800.0)], ran_out=True), Cause.RAN_OUT),
        (Ended(switched_by=SwitchedBy.TIMER), Cause.RAN_OUT),
        (Ended(switched_by=SwitchedBy.PERSON, runs=[(RUN, 1800.0)], ran_out=True), Cause.PERSON),
        (Ended(runs=[(RUN, 1800.0)], after_restart_seconds=600.0), Cause.PERSON),
        (Ended(runs=[(RUN, 1800.0)], after_restart_seconds=601.0), Cause.NOT_RESTARTED),
        (Ended(runs=[(RUN, None)], earlier=[1795.0]), Cause.NOT_KNOWN),
        (Ended(runs=[(RUN, None)], earlier=[1795.0, 1810.0]), Cause.LEARNED),
        (Ended(runs=[(RUN, None)], earlier=[1795.0, 400.0, 1810.0]), Cause.LEARNED),
        (Ended(runs=[(RUN, None)], earlier=[1780.0, 1825.0]), Cause.NOT_KNOWN),
        (Ended(runs=[(RUN, None)], earlier=[400.0, 3600.0, 60.0]), Cause.NOT_KNOWN),
    ],
)
def test_who_it_was(ended, cause):
    assert cause_of(ended) is cause
