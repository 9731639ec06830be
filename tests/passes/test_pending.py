"""What starts by itself later counts as “may be on” until an off has cancelled it; protection is a reason, not heat."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from miners.power import Level, PowerModel, on_or_off
from miners.services import all_off
from miners.state import MinerSnapshot, MinerStatus
from miners.status.pending import Told, known, shows_on
from optimization import services
from optimization.services import _not_seen_off
from optimization.watchdog import watchdog
from tests import factories

from . import bench as bench_module
from .bench import Home, Plug

OFF_AT_REST = MinerSnapshot(MinerStatus.OFF, 2.0, True)
TIMER = MinerSnapshot(MinerStatus.STARTING, 2.0, True, pending_start=True, starts_in_seconds=3600)
PROTECTS = MinerSnapshot(MinerStatus.PROTECT, 2.0, True, problem="It was too hot.")
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@dataclass
class Late(Plug):
    """It obeys, but shows a start only when told to: until then it says what it said before."""

    started: bool = False

    def read(self):
        return MinerSnapshot(MinerStatus.HEATING, 1000.0, True) if self.started else OFF_AT_REST


def use(home: Home, plug: Plug) -> Plug:
    bench_module._bench.plugs[str(home.miner.controller_id)] = plug
    return plug


# --- a start that was sent and is not seen yet ------------------------------------------------------------------


def test_a_clean_stop_right_after_a_start_sends_an_off_though_the_device_still_says_off(bench_home):
    plug = use(bench_home, Late())
    bench_home.go()
    assert plug.writes == [1000]
    bench_home.go(seconds=2, stopping=frozenset({bench_home.miner.pk}))
    assert plug.writes == [1000, 0]
    assert _not_seen_off([bench_home.miner.pk]) == []  # it took the off after the start


def test_an_off_that_did_not_go_out_after_a_start_leaves_it_not_seen_off(bench_home):
    plug = use(bench_home, Late())
    bench_home.go()
    plug.reachable = False
    plug.read = lambda: OFF_AT_REST  # reading works, writing does not
    bench_home.go(seconds=2, stopping=frozenset({bench_home.miner.pk}))
    assert plug.writes == [1000, 0]
    assert _not_seen_off([bench_home.miner.pk]) == [bench_home.miner.pk]
    bench_home.go(2, 10, stopping=frozenset({bench_home.miner.pk}))  # the start would have shown by now
    assert _not_seen_off([bench_home.miner.pk]) == []


def test_a_start_that_is_not_shown_is_sent_again_as_before(bench_home):
    plug = use(bench_home, Late())
    bench_home.go(3, 30)
    assert plug.writes == [1000, 1000, 1000]


# --- a start that is pending on the device ----------------------------------------------------------------------


def test_a_pending_start_is_cancelled_and_off_is_confirmed_only_then(bench_home):
    bench_home.says(23.0)
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go()
    assert bench_home.plug.writes == []
    bench_home.plug.shows = TIMER
    bench_home.go()
    assert bench_home.plug.writes == [0]
    assert "by a timer or schedule" in bench_home.activity[-1]
    assert (bench_home.desired.seen_on, bench_home.desired.confirmed_at) == (None, None)
    assert _not_seen_off([bench_home.miner.pk]) == [bench_home.miner.pk]
    bench_home.go(8, 10)
    assert bench_home.open_alarms == ["off_not_confirmed"]
    assert "a start is still pending" in bench_home.alarm_text("off_not_confirmed")
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go()
    assert (bench_home.desired.seen_on, bench_home.open_alarms) == (False, [])


def test_who_wants_it_on_does_not_wait_for_a_far_start_that_is_pending(bench_home):
    bench_home.plug.shows = OFF_AT_REST
    bench_home.says(23.0)
    bench_home.go()
    bench_home.plug.shows = TIMER
    bench_home.says(20.0)
    bench_home.go(2, 30)
    # Nothing starts before it was seen off: first its own start is cancelled.
    assert bench_home.plug.writes == [0, 0]
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go()
    assert bench_home.plug.writes == [0, 0, 1000]
    bench_home.plug.shows = TIMER
    bench_home.go(1, 30)
    assert bench_home.plug.writes == [0, 0, 1000, 1000]
    assert bench_home.desired.confirmed_at is None
    bench_home.plug.shows = None
    bench_home.go()
    assert bench_home.desired.confirmed_at is not None


def test_an_off_at_the_device_is_somebodys_though_an_app_has_a_start_scheduled(bench_home):
    bench_home.go(3)
    assert bench_home.desired.confirmed_at is not None
    bench_home.plug.shows = TIMER
    bench_home.go()
    assert bench_home.desired.power_w == 0
    assert bench_home.plug.writes == [1000, 0]  # the scheduled start is cancelled, nothing is started
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go(5, 60)
    assert bench_home.plug.writes == [1000, 0]


def _deleted(home: Home) -> list[str]:
    try:
        services.delete_safely(home.miner, seconds=0)
    except ValidationError as error:
        return error.messages
    return []


WAYS_TO_STOP = {
    "clean stop": lambda home: services.clean_stop(seconds=0),
    "unit disabled": lambda home: services.disable_unit(home.unit, seconds=0),
    "miner set aside": lambda home: services.see_off(home.miner, seconds=0),
    "miner deleted": _deleted,
}


@pytest.mark.parametrize("stop", WAYS_TO_STOP.values(), ids=WAYS_TO_STOP)
@pytest.mark.parametrize("cancels", [True, False])
def test_whatever_stops_it_is_over_only_when_no_start_is_pending(bench_home, stop, cancels):
    bench_home.says(23.0)
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go()
    bench_home.plug.shows = TIMER
    bench_home.plug.obeys = False
    bench_home.go()
    bench_home.plug.shows = OFF_AT_REST if cancels else TIMER
    told = stop(bench_home)
    assert any("was told to be off" in text for text in told) == (not cancels)
    assert 0 in bench_home.plug.writes


def test_all_off_by_hand_and_the_watchdog_reach_what_would_start_by_itself(bench_home):
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go()
    bench_home.plug.writes.clear()
    bench_home.plug.shows = TIMER
    all_off([bench_home.site], by="Ada")
    bench_home.go(2, 30)
    assert bench_home.plug.writes == [0, 0]
    (heater,) = watchdog._sites[str(bench_home.site.pk)].heaters.values()
    heater.off(0.0)
    assert bench_home.plug.writes == [0, 0, 0]
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go()
    assert watchdog._sites[str(bench_home.site.pk)].heaters == {}


# --- protection is a reason --------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["on", "off"])
def test_one_off_is_written_to_a_device_that_protects_itself_and_then_it_is_off(bench_home, wanted):
    cutoff = factories.controller(bench_home.site, name="Upstream", adapter_type="bench", config={"key": "upstream"})
    bench_module._bench.plugs["upstream"] = Plug(on=True, shows=MinerSnapshot(MinerStatus.HEATING, 2.0, True))
    type(bench_home.miner).objects.update(cutoff=cutoff)
    bench_home.says(20.0 if wanted == "on" else 23.0)
    bench_home.go()
    bench_home.plug.shows = PROTECTS
    bench_home.plug.writes.clear()
    bench_home.go(40)
    assert bench_home.plug.writes == [0]
    assert bench_home.desired.seen_on is False
    assert bench_home.open_alarms == []
    bench_home.miner.refresh_from_db()
    assert bench_home.miner.cut_at is None
    if wanted == "on":
        assert bench_home.desired.reason == "It was too hot."
    bench_home.plug.shows = None
    bench_home.go()
    assert bench_home.plug.on == (wanted == "on")


def test_a_protection_that_ends_by_itself_is_switched_off_again_and_each_gets_one_off(bench_home):
    bench_home.says(23.0)
    bench_home.plug.shows = PROTECTS
    bench_home.go(3)
    bench_home.plug.shows = OFF_AT_REST
    bench_home.go(3)
    bench_home.plug.shows = PROTECTS
    bench_home.go(3)
    assert bench_home.plug.writes == [0, 0]


def test_a_device_that_is_off_and_says_why_was_switched_off_by_nobody(bench_home):
    """Paused by its own protection: no wish of a person is made of it, and it starts when it is well again."""
    bench_home.go()
    bench_home.plug.shows = MinerSnapshot(
        MinerStatus.OFF, 2.0, True, fault="It was too hot.", problem="It was too hot."
    )
    bench_home.go(2)
    assert not bench_home.miner.requests.exists()
    assert any("stopped itself: It was too hot." in text for text in bench_home.activity)
    assert bench_home.plug.writes == [1000]
    bench_home.plug.shows, bench_home.plug.on = None, False
    bench_home.go()
    assert bench_home.plug.on


# --- as a function -----------------------------------------------------------------------------------------------

SECOND = timedelta(seconds=1)
AGO = [None, NOW - 20 * SECOND, NOW - 10 * SECOND, NOW - 5 * SECOND, NOW + 60 * SECOND]


@pytest.mark.parametrize("off_at", AGO)
@pytest.mark.parametrize("start_at", AGO)
def test_off_counts_unless_a_start_went_out_just_now_and_no_off_after_it(start_at, off_at):
    seen = known(OFF_AT_REST, Told(start_at, off_at), on_or_off(1000), NOW)
    is_recent = start_at in AGO[2:4]
    is_cancelled = off_at is not None and start_at is not None and off_at > start_at
    assert seen.status is (MinerStatus.STARTING if is_recent and not is_cancelled else MinerStatus.OFF)
    assert shows_on(seen) is (None if is_recent and not is_cancelled else False)


@pytest.mark.parametrize(
    ("power_w", "hash_rate", "latched", "took_off", "status"),
    [
        (2.0, None, False, False, MinerStatus.PROTECT),
        (2.0, None, False, True, MinerStatus.OFF),
        (2.0, None, True, False, MinerStatus.OFF),
        (None, None, True, True, MinerStatus.PROTECT),  # no watts, no hash rate: nobody knows
        (None, 0.0, False, True, MinerStatus.OFF),
        (400.0, 0.0, True, True, MinerStatus.PROTECT),
    ],
)
def test_protection_is_off_by_watts_and_an_off_that_was_taken(power_w, hash_rate, latched, took_off, status):
    model = PowerModel((Level("on", 1600.0),), standby_w=20)
    snapshot = MinerSnapshot(
        MinerStatus.PROTECT, power_w, power_w is not None, hash_rate, problem="Hot.", is_latched=latched
    )
    told = Told(off_at=NOW if took_off else None, protects_since=NOW - 30 * SECOND)
    seen = known(snapshot, told, model, NOW)
    assert seen.status is status
    assert seen.fault == ("Hot." if status is MinerStatus.OFF else "")
