"""Units on and off, deleting, the clean stop: what heats is seen off first; and miners of nobody are guarded."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.errors import Unreachable
from integrations.models import HomeAssistant
from miners.models import DesiredState, ManualRequest, Miner
from miners.services import all_off, request_power, resume, resume_all
from miners.state import MinerSnapshot, MinerStatus
from optimization import services
from optimization.models import Decision, OptimizationUnit
from optimization.passes import record
from optimization.passes.due import due_sites
from sites.lease import acquire
from sites.models import Site
from tests import factories

from .bench import BenchPlug, Home
from .test_order import Killed, killed


def problems_of(unit):
    with pytest.raises(ValidationError) as caught:
        services.enable_unit(unit)
    unit.refresh_from_db()
    assert unit.is_enabled is False
    return caught.value.message_dict


@pytest.fixture
def idle(bench_home):
    """The home with its unit not yet enabled."""
    OptimizationUnit.objects.update(is_enabled=False)
    bench_home.unit.refresh_from_db()
    return bench_home


# --- enabling ---------------------------------------------------------------------------------------------------


def test_a_complete_unit_is_enabled_and_decides_at_once(idle):
    Site.objects.update(next_pass_at=None)
    services.enable_unit(idle.unit, by="Ada")
    assert idle.unit.is_enabled
    assert idle.fresh().next_pass_at is not None
    idle.go()
    assert idle.plug.on


def test_everything_that_stands_against_it_is_said_at_once(idle):
    idle.unit.policy = None
    idle.unit.save()
    Miner.objects.update(controller=None)
    idle.miner.zones.clear()
    assert problems_of(idle.unit) == {
        "policy": ["Choose a policy first."],
        "miners": [
            "Avalon has no controller. Choose one first.",
            "Say which rooms Avalon heats, or that it heats none.",
        ],
    }


def test_a_unit_without_miners_is_not_enabled(idle):
    idle.unit.miners.clear()
    assert problems_of(idle.unit) == {"miners": ["Add at least one miner first."]}


def test_a_miner_is_in_one_enabled_unit_at_most(idle):
    factories.unit(idle.site, name="Other", miners=[idle.miner], policy=factories.policy())
    assert problems_of(idle.unit) == {
        "miners": ["Avalon is in the enabled unit ‘Other’. Take it out there first."]
    }  # fmt: skip


def test_a_miner_of_another_site_is_refused(idle, bench):
    idle.unit.miners.set([Home().miner])
    OptimizationUnit.objects.update(is_enabled=False)
    assert problems_of(idle.unit) == {"miners": ["Avalon belongs to another site."]}


def test_a_real_heater_on_an_invented_sensor_is_refused(idle):
    idle.zone.monitors.set([factories.climate_monitor(idle.site, name="Toy", adapter_type="dummy")])
    (problem,) = problems_of(idle.unit)["miners"]
    assert "switches a real device, but Hall is read by" in problem


def test_a_policy_with_a_wrong_rule_is_refused(idle):
    idle.unit.policy.rules.filter(kind="start").update(conditions={"field": "climate.nowhere", "operator": "eq"})
    assert "policy" in problems_of(idle.unit)


# --- disabling, deleting, stopping ------------------------------------------------------------------------------


def test_a_disabled_unit_switches_off_first_within_its_minimum_on(db, bench):
    home = Home(min_on_seconds=600)
    home.go()
    assert services.disable_unit(home.unit, by="Ada", seconds=0) == []
    assert not home.plug.on
    assert home.desired.seen_on is False
    home.go(3)
    assert home.plug.writes == [1000, 0]


def test_disabling_says_what_could_not_be_switched_off_and_goes_on_trying(bench_home):
    bench_home.go()
    bench_home.plug.obeys = False
    assert services.disable_unit(bench_home.unit, seconds=0) == [
        "Avalon was told to be off, but nobody has seen it off. Look at the device."
    ]
    bench_home.go(10)
    assert bench_home.open_alarms == ["off_not_confirmed"]
    bench_home.plug.obeys = True
    bench_home.go(4)
    assert not bench_home.plug.on
    assert bench_home.open_alarms == []


DELETABLE = {
    "miner": lambda home: home.miner,
    "controller": lambda home: home.miner.controller,
    "zone": lambda home: home.zone,
    "sensor": lambda home: home.zone.monitors.get(),
    "unit": lambda home: home.unit,
    "site": lambda home: home.site,
}


@pytest.mark.parametrize("what", DELETABLE)
def test_what_heats_is_switched_off_before_it_is_deleted(bench_home, what):
    bench_home.go()
    plug, obj = bench_home.plug, DELETABLE[what](bench_home)
    services.delete_safely(obj, by="Ada", seconds=0)
    assert not plug.on
    assert not type(obj).objects.filter(pk=obj.pk).exists()


@pytest.mark.parametrize("what", DELETABLE)
@pytest.mark.parametrize("misbehaves", ["unreachable", "ignores"])
def test_what_may_still_heat_is_not_deleted(bench_home, what, misbehaves):
    bench_home.go()
    bench_home.plug.reachable, bench_home.plug.obeys = misbehaves != "unreachable", misbehaves != "ignores"
    obj = DELETABLE[what](bench_home)
    with pytest.raises(ValidationError, match="nobody has seen it off"):
        services.delete_safely(obj, seconds=0)
    assert type(obj).objects.filter(pk=obj.pk).exists()


def fallen_silent_while_starting(home, monkeypatch):
    """Told on, killed before anybody recorded that it was done, silent since; no longer wanted on."""
    with monkeypatch.context() as patch:
        patch.setattr(record, "write", killed)
        with pytest.raises(Killed):
            home.go()
    home.restart()
    home.plug.reachable = False
    home.says(22.0)
    home.go()
    assert home.desired.power_w == 0


def test_what_fell_silent_while_it_was_started_is_not_deleted(bench_home, monkeypatch):
    fallen_silent_while_starting(bench_home, monkeypatch)
    with pytest.raises(ValidationError, match="nobody has seen it off"):
        services.delete_safely(bench_home.miner, seconds=0)


def test_what_fell_silent_while_it_was_started_is_told_by_a_clean_stop(bench_home, monkeypatch):
    fallen_silent_while_starting(bench_home, monkeypatch)
    assert len(services.clean_stop(seconds=0)) == 1
    bench_home.plug.reachable = True
    assert services.clean_stop(seconds=0) == []
    assert not bench_home.plug.on


def test_a_miner_never_switched_is_deleted_even_when_silent(bench_home):
    bench_home.plug.reachable = False
    bench_home.says(22.0)
    bench_home.go()
    services.delete_safely(bench_home.miner, seconds=0)
    assert not Miner.objects.exists()


def test_a_clean_stop_switches_off_every_home_but_what_says_leave_on(db, bench):
    first = Home()
    second, stays = Home(first.clock), Home(first.clock, leave_on=True)
    for home in (first, second, stays):
        home.go()
    assert services.clean_stop(seconds=0) == []
    assert [home.plug.on for home in (first, second, stays)] == [False, False, True]


def test_a_clean_stop_says_what_it_could_not_switch_off(bench_home):
    bench_home.go()
    bench_home.plug.reachable = False
    assert services.clean_stop(seconds=0) == [
        "Avalon was told to be off, but nobody has seen it off. Look at the device."
    ]


def test_a_clean_stop_waits_until_it_is_seen_off(bench_home, monkeypatch):
    """The plug obeys at the second look: the stop waits for it, and only as long as needed."""
    bench_home.go()
    plug = bench_home.plug
    plug.obeys = False
    looks = []

    def look(seconds):
        looks.append(seconds)
        plug.on = False

    monkeypatch.setattr(services.time, "sleep", look)
    assert services.clean_stop(seconds=20) == []
    assert len(looks) == 1


@pytest.mark.parametrize("is_real", [True, False])
def test_a_clean_stop_takes_over_from_a_worker_that_died(bench_home, monkeypatch, is_real):
    """What it left behind, the lease, holds for longer than a stop may wait; pretended heaters are stopped, too."""
    bench_home.go()
    monkeypatch.setattr(BenchPlug, "is_real", is_real)
    monkeypatch.setattr(services, "_LOOK_EVERY_SECONDS", 0.01)
    left_behind = acquire(bench_home.site.pk)
    assert services.clean_stop(seconds=0.2) == []
    assert not bench_home.plug.on
    assert bench_home.desired.power_w == 0
    assert not left_behind.holds()


def test_a_clean_stop_waits_for_who_is_at_work(bench_home, monkeypatch):
    """He is given half of the time to end his pass."""
    bench_home.go()
    at_work = acquire(bench_home.site.pk)
    monkeypatch.setattr(services.time, "sleep", lambda seconds: at_work.release())
    assert services.clean_stop(seconds=20) == []
    assert not bench_home.plug.on


def test_after_a_clean_stop_a_cold_room_is_heated_again(bench_home):
    bench_home.go()
    services.clean_stop(seconds=0)
    bench_home.restart()
    bench_home.go(2)
    assert bench_home.plug.on


@pytest.mark.parametrize(
    ("what", "words"), [("miner", "switched off in its settings"), ("site", "switched off in its settings")]
)
def test_deactivated_means_off_at_once(db, bench, what, words):
    home = Home(min_on_seconds=600)
    home.go()
    (Miner if what == "miner" else Site).objects.update(is_active=False)
    home.go()
    assert not home.plug.on
    assert words in home.desired.reason
    home.go(10)
    assert home.plug.writes == [1000, 0]


@pytest.mark.parametrize("what", ["miner", "site"])
def test_deactivating_waits_until_it_is_seen_off(bench_home, what):
    bench_home.go()
    assert bench_home.plug.on
    row = getattr(bench_home, what)
    type(row).objects.update(is_active=False)
    assert services.see_off(row, by="Ada", seconds=0) == []
    assert not bench_home.plug.on
    assert bench_home.desired.seen_on is False
    assert f"Set aside: {row._meta.verbose_name} {row}." in bench_home.activity


def test_deactivating_says_what_could_not_be_switched_off_and_goes_on_trying(bench_home):
    bench_home.go()
    bench_home.plug.obeys = False
    Miner.objects.update(is_active=False)
    [sentence] = services.see_off(bench_home.miner, seconds=0)
    assert "nobody has seen it off" in sentence
    bench_home.plug.obeys = True
    bench_home.go(4)
    assert not bench_home.plug.on


@pytest.mark.parametrize("is_on", [True, False])
def test_what_can_switch_off_is_not_given_another_address_while_it_must(db, is_on):
    site = factories.site()
    home_assistant = HomeAssistant.objects.create(site=site, url="http://home.local:8123")
    plug = factories.controller(
        site, adapter_type="home_assistant_switch", config={"entity_switch": "switch.a"}, home_assistant=home_assistant
    )
    DesiredState.objects.create(miner=factories.miner(site, controller=plug), power_w=1000 if is_on else 0)
    home_assistant.token = "another"
    home_assistant.clean()  # a revoked token is replaced whatever runs
    home_assistant.url = "http://elsewhere.local:8123"
    if not is_on:
        home_assistant.clean()
        return
    with pytest.raises(ValidationError, match="may be on, and this is what can switch it off") as refused:
        home_assistant.clean()
    assert list(refused.value.message_dict) == ["url"]


# --- wishes -----------------------------------------------------------------------------------------------------


def test_a_wish_wakes_the_site_and_the_pass_clears_it(bench_home):
    assert due_sites(bench_home.now, 2).now == [bench_home.site.pk]  # and claims its period
    Site.objects.update(next_pass_at=None)
    assert due_sites(bench_home.now, 2).now == []
    request_power(bench_home.miner, 0, by="Ada")
    asked = bench_home.fresh().next_pass_at
    assert due_sites(asked, 2).now == [bench_home.site.pk]
    bench_home.go()
    assert bench_home.fresh().next_pass_at is None
    assert due_sites(asked, 2).now == []


def test_a_wish_written_during_a_pass_keeps_its_pass(bench_home, monkeypatch):
    bench_home.site.wake()
    original = record.write

    def meanwhile(batch, now):
        request_power(bench_home.miner, 0, by="Ada")
        original(batch, now)

    with monkeypatch.context() as patch:
        patch.setattr(record, "write", meanwhile)
        bench_home.go()
    assert bench_home.fresh().next_pass_at is not None
    bench_home.go()
    assert not bench_home.plug.on


@pytest.mark.parametrize(("ahead_seconds", "is_due"), [(-5, True), (30, False), (61, True)])
def test_a_wake_time_far_ahead_comes_from_a_wrong_clock_and_is_due(bench_home, ahead_seconds, is_due):
    due_sites(bench_home.now, 2)
    Site.objects.update(next_pass_at=bench_home.now + timedelta(seconds=ahead_seconds))
    assert (bench_home.site.pk in due_sites(bench_home.now, 2).now) is is_due


def test_off_by_hand_holds_until_resumed_and_breaks_minimum_on(db, bench):
    home = Home(min_on_seconds=600)
    home.go()
    request_power(home.miner, 0, by="Ada")
    home.go()
    assert not home.plug.on
    home.go(30)
    assert not home.plug.on
    assert resume(home.miner, by="Ada") is True
    home.go()
    assert home.plug.on
    assert resume(home.miner, by="Ada") is False


def test_on_by_hand_ends_by_itself_and_obeys_the_guards(bench_home):
    bench_home.says(21.0)
    request_power(bench_home.miner, None, by="Ada")
    bench_home.go()
    assert bench_home.plug.writes == [1000]
    bench_home.says(21.5)
    bench_home.go()
    assert not bench_home.plug.on
    bench_home.says(21.0)
    bench_home.go()
    assert bench_home.plug.on
    bench_home.says(22.0)
    bench_home.go(seconds=7800)  # two hours of the wish, and however slow this machine is
    bench_home.says(21.0)
    bench_home.go()
    assert not bench_home.plug.on


@pytest.mark.parametrize("power_w", [-1, 100, 999, 1001, float("nan")])
def test_watts_a_miner_does_not_have_are_refused(bench_home, power_w):
    with pytest.raises(ValidationError, match="only switched on and off and takes 1000"):
        request_power(bench_home.miner, power_w, by="Ada")
    assert not ManualRequest.objects.exists()


def test_on_by_hand_for_more_than_a_day_is_refused(bench_home):
    for until in (timezone.now() + timedelta(hours=24, minutes=1), timezone.now() - timedelta(seconds=1)):
        with pytest.raises(ValidationError, match="at most 24 hours"):
            request_power(bench_home.miner, 1000, by="Ada", until=until)


def test_all_off_is_off_everywhere_until_resumed(db, bench):
    first = Home()
    second = Home(first.clock)
    spare = first.add_miner("Spare", first.zone)
    first.plug_of(spare).on = True  # in no unit, switched on by its owner
    for home in (first, second):
        home.go()
    assert all_off(Site.objects.all(), by="Ada") == 3
    for home in (first, second):
        home.go()
    assert not any((first.plug.on, second.plug.on, first.plug_of(spare).on))
    first.go(30)
    assert not first.plug.on
    assert resume_all(Site.objects.all(), by="Ada") == 3
    first.go()
    assert first.plug.on


# --- miners in no enabled unit ----------------------------------------------------------------------------------


@pytest.fixture
def nobodys(idle):
    """Its miner is in no enabled unit; its owner switched it on."""
    idle.plug.on, idle.plug.power_w = True, 1000
    return idle


def test_a_miner_of_nobody_is_left_alone(nobodys):
    nobodys.go(5)
    nobodys.plug.on = False
    nobodys.go(5)
    nobodys.plug.on = True
    nobodys.go(5)
    assert nobodys.plug.writes == []
    assert nobodys.activity == []
    assert not DesiredState.objects.exists()


@pytest.mark.parametrize(
    ("says", "guard"), [(28.5, "high_limit"), (Unreachable("It is off."), "sensor_lost"), (22.0, "zones_warm")]
)
def test_a_miner_of_nobody_is_guarded(nobodys, says, guard):
    nobodys.says(says)
    nobodys.go(14)
    assert nobodys.plug.writes == [0]
    assert Decision.objects.get(command_w=0, guard__gt="").guard == guard


def test_a_miner_of_nobody_that_is_silent_or_protects_itself_gets_no_command(nobodys):
    nobodys.plug.reachable = False
    nobodys.go(3)
    nobodys.plug.reachable, nobodys.plug.shows = True, MinerSnapshot(MinerStatus.UNKNOWN)
    nobodys.go(3)
    assert nobodys.plug.writes == []
