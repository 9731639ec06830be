"""What a person does on a page becomes a wish, says so, and can be undone."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from climate.schedule import ALL_DAYS, Slot
from climate.services import plan_of, replace_schedule, set_override, start_period
from climate.targets import resolve_target
from miners.models import ManualRequest
from optimization.demo import create_demo_home
from sites.models import Alarm, Site
from tests import factories
from tests.moments import Meanwhile

HTMX = {"HTTP_HX_REQUEST": "true"}


def override(zone):
    return zone.overrides.filter(cancelled_at=None).first()


def tap(client, zone, step="up"):
    return client.post(reverse("target", args=[zone.pk]), {"step": step}, **HTMX)


def undo_fields(answer) -> dict[str, str]:
    return answer.context["toast"]["undo_fields"]


def test_a_tap_moves_the_target_half_a_degree_for_two_hours(signed_in, seen_home):
    now = Meanwhile()
    answer = tap(signed_in, seen_home.zone)
    wish = override(seen_home.zone)
    assert (wish.target_celsius, wish.by) == (21.5, "anna")
    assert wish.until - timedelta(hours=2) in now
    assert "21.5°" in answer.content.decode()
    assert "live" in answer.headers["HX-Trigger"]
    assert Site.objects.get(pk=seen_home.site.pk).next_pass_at in now


def test_a_tap_holds_until_the_schedule_changes(client, anna, seen_home):
    replace_schedule(seen_home.zone, [Slot(ALL_DAYS, time(6), time(22), 21.0)])
    with time_machine.travel("2099-01-14T17:00:00Z"):
        client.force_login(anna)
        tap(client, seen_home.zone)
        assert override(seen_home.zone).until.isoformat() == "2099-01-14T21:00:00+00:00"


def test_quick_taps_add_up_and_one_undo_takes_them_all_back(signed_in, seen_home):
    for _ in range(3):
        answer = tap(signed_in, seen_home.zone)
    assert override(seen_home.zone).target_celsius == 22.5
    signed_in.post(reverse("target-undo", args=[seen_home.zone.pk]), undo_fields(answer), **HTMX)
    assert override(seen_home.zone) is None


def test_undo_brings_an_earlier_override_back(signed_in, seen_home):
    until = timezone.now() + timedelta(hours=5)
    with time_machine.travel(timezone.now() - timedelta(minutes=10)):
        set_override(seen_home.zone, 18.0, until=until, by="anna")
    answer = tap(signed_in, seen_home.zone)
    assert override(seen_home.zone).until == until  # a step keeps the end that was chosen
    signed_in.post(reverse("target-undo", args=[seen_home.zone.pk]), undo_fields(answer), **HTMX)
    wish = override(seen_home.zone)
    assert (wish.target_celsius, wish.until) == (18.0, until)


def test_undo_does_not_bring_back_what_had_been_resumed_before(signed_in, seen_home):
    with time_machine.travel(timezone.now() - timedelta(minutes=10)):
        set_override(seen_home.zone, 18.0, until=None, by="anna")
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        seen_home.zone.overrides.update(cancelled_at=timezone.now())
    assert undo_fields(tap(signed_in, seen_home.zone)) == {"to": ""}


@pytest.mark.parametrize(("hold", "hours"), [("2h", 2), ("4h", 4), ("next", 2), ("resume", None)])
def test_a_target_can_be_held(signed_in, seen_home, hold, hours):
    now = Meanwhile()
    signed_in.post(reverse("target", args=[seen_home.zone.pk]), {"hold": hold}, **HTMX)
    wish = override(seen_home.zone)
    assert wish.target_celsius == 21.0
    if hours is None:
        assert wish.until is None
    else:
        assert wish.until - timedelta(hours=hours) in now


def test_a_target_holds_until_a_time_of_the_clock(client, anna, seen_home):
    with time_machine.travel("2099-01-14T17:00:00Z"):  # 18:00 in Zurich
        client.force_login(anna)
        client.post(reverse("target", args=[seen_home.zone.pk]), {"hold": "clock", "clock": "07:30"}, **HTMX)
        assert override(seen_home.zone).until.isoformat() == "2099-01-15T06:30:00+00:00"


@pytest.mark.parametrize(
    ("preset", "degrees"), [("comfort", "21.0°"), ("eco", "18.0°"), ("away", "15.0°"), ("frost", "7.0°")]
)
def test_a_preset_by_one_tap_its_duration_and_its_undo(signed_in, seen_home, preset, degrees):
    target = reverse("target", args=[seen_home.zone.pk])
    answer = signed_in.post(target, {"preset": preset}, **HTMX)
    assert (override(seen_home.zone).preset, override(seen_home.zone).target_celsius) == (preset, None)
    assert degrees in answer.content.decode()
    signed_in.post(target, {"hold": "resume"}, **HTMX)
    assert (override(seen_home.zone).preset, override(seen_home.zone).until) == (preset, None)
    signed_in.post(reverse("target-undo", args=[seen_home.zone.pk]), undo_fields(answer), **HTMX)
    assert override(seen_home.zone) is None


def test_a_preset_the_room_may_not_have_is_refused_in_words(signed_in, seen_home):
    type(seen_home.zone).objects.update(high_limit_celsius=22.0)
    answer = signed_in.post(reverse("target", args=[seen_home.zone.pk]), {"preset": "comfort"}, **HTMX)
    assert answer.status_code == 422
    assert "high limit" in answer.content.decode()


def test_undo_of_a_tap_while_away_brings_away_back_not_what_was_before_it(signed_in, seen_home):
    with time_machine.travel(timezone.now() - timedelta(hours=2)):
        set_override(seen_home.zone, 23.0, until=None, by="anna")
    with time_machine.travel(timezone.now() - timedelta(hours=1)):
        start_period(seen_home.site, preset="away", by="anna")
    answer = tap(signed_in, seen_home.zone)
    assert override(seen_home.zone).target_celsius == 15.5
    signed_in.post(reverse("target-undo", args=[seen_home.zone.pk]), undo_fields(answer), **HTMX)
    now = timezone.now()
    assert resolve_target(plan_of(seen_home.zone, now), now, seen_home.site.tz).effective_celsius == 15.0


def test_resume_schedule_and_its_undo(signed_in, seen_home):
    set_override(seen_home.zone, 23.0, until=None, by="anna")
    answer = signed_in.post(reverse("target-resume", args=[seen_home.zone.pk]), **HTMX)
    assert override(seen_home.zone) is None
    signed_in.post(reverse("target-undo", args=[seen_home.zone.pk]), undo_fields(answer), **HTMX)
    assert override(seen_home.zone).target_celsius == 23.0


def test_a_tap_beyond_the_limits_says_why_it_is_not_done(signed_in, seen_home):
    set_override(seen_home.zone, 26.5, until=None, by="anna")
    answer = tap(signed_in, seen_home.zone)
    assert answer.status_code == 422
    assert "high limit" in answer.content.decode()
    assert override(seen_home.zone).target_celsius == 26.5


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("target", {"step": "sideways"}, "sideways"),
        ("target", {"hold": "9y"}, "9y"),
        ("target", {}, "no duration"),
        ("target", {"preset": "tropical"}, "tropical"),
        ("target", {"hold": "clock", "clock": "25:00"}, "25:00"),
        ("target", {"hold": "clock"}, "no time of day"),
        ("target-undo", {"to": "warm"}, "warm"),
    ],
)
def test_bad_input_is_refused_in_words(signed_in, seen_home, name, data, seen):
    answer = signed_in.post(reverse(name, args=[seen_home.zone.pk]), data, **HTMX)
    assert answer.status_code == 422
    assert seen in answer.content.decode()
    assert override(seen_home.zone) is None


def test_without_javascript_the_page_comes_back_with_the_toast(signed_in, seen_home):
    page = reverse("zone", args=[seen_home.zone.pk])
    answer = signed_in.post(
        reverse("target", args=[seen_home.zone.pk]), {"step": "up"}, HTTP_REFERER=f"http://testserver{page}"
    )
    assert (answer.status_code, answer.url) == (302, page)
    assert "Living room: 21.5°" in signed_in.get(page).content.decode()
    assert "Living room: 21.5°" not in signed_in.get(page).content.decode()


def test_nobody_is_sent_to_a_foreign_page(signed_in, seen_home):
    answer = signed_in.post(
        reverse("target", args=[seen_home.zone.pk]), {"step": "up"}, HTTP_REFERER="http://evil.example/zones/"
    )
    assert answer.url == "/"


def test_actions_need_a_post_and_a_person(client, signed_in, seen_home):
    path = reverse("all-off", args=[seen_home.site.pk])
    assert signed_in.get(path).status_code == 405
    signed_in.logout()
    assert signed_in.post(path).status_code == 302
    assert not ManualRequest.objects.exists()


def test_actions_are_protected_against_forgery(seen_home, anna):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    assert client.post(reverse("all-off", args=[seen_home.site.pk])).status_code == 403
    assert not ManualRequest.objects.exists()


def test_all_off_says_what_is_confirmed_and_resumes(signed_in, seen_home):
    seen_home.publish(miner={"status": "heating", "power_w": 900.0})
    signed_in.post(reverse("all-off", args=[seen_home.site.pk]), **HTMX)
    wish = ManualRequest.objects.get(cancelled_at=None)
    assert (wish.miner, wish.power_w, wish.until) == (seen_home.miner, 0, None)
    html = signed_in.get("/").content.decode()
    assert "All miners are off by hand" in html
    assert "0 of 1 confirmed off." in html
    seen_home.publish(miner={"status": "off"})
    assert "Every one is confirmed off." in signed_in.get("/").content.decode()
    signed_in.post(reverse("resume-all", args=[seen_home.site.pk]), **HTMX)
    assert "All miners are off by hand" not in signed_in.get("/").content.decode()


def test_with_one_home_there_is_nothing_to_choose(signed_in, seen_home):
    assert "all-homes" not in signed_in.get("/").content.decode()


def test_all_off_of_the_home_shown_leaves_others_and_all_homes_takes_them_too(signed_in, seen_home):
    other = factories.miner(factories.site(name="Zermatt"))
    page = signed_in.get("/").content.decode()
    assert "All off in all 2 homes" in page
    signed_in.post(reverse("all-off", args=[seen_home.site.pk]), **HTMX)
    assert set(wished_off()) == {seen_home.miner.pk}
    toast = signed_in.post(reverse("all-homes-off"), **HTMX).content.decode()
    assert "2 miners in 2 homes" in toast
    assert set(wished_off()) == {seen_home.miner.pk, other.pk}
    assert reverse("resume-all-homes") in toast  # undo
    signed_in.post(reverse("resume-all-homes"), **HTMX)
    assert not wished_off()


def wished_off():
    return ManualRequest.objects.filter(cancelled_at=None, power_w=0).values_list("miner", flat=True)


def test_a_miner_by_hand(signed_in, seen_home):
    miner = seen_home.miner
    signed_in.post(reverse("miner-on", args=[miner.pk]), **HTMX)
    assert miner.requests.get(cancelled_at=None).power_w == miner.nominal_power_w
    signed_in.post(reverse("miner-off", args=[miner.pk]), **HTMX)
    wish = miner.requests.get(cancelled_at=None)
    assert (wish.power_w, wish.until) == (0, None)
    signed_in.post(reverse("miner-resume", args=[miner.pk]), **HTMX)
    assert not miner.requests.filter(cancelled_at=None).exists()


def test_an_alarm_is_acknowledged_and_stays(signed_in, home):
    alarm = Alarm.objects.create(site=home, kind="k", subject="site", text="Smoke.")
    signed_in.post(reverse("acknowledge", args=[alarm.pk]), **HTMX)
    alarm.refresh_from_db()
    assert (alarm.acknowledged_by, alarm.ended_at) == ("anna", None)
    html = signed_in.get("/").content.decode()
    assert "Smoke." in html
    assert reverse("acknowledge", args=[alarm.pk]) not in html


def test_one_click_makes_and_removes_the_simulated_home(signed_in, db):
    signed_in.post(reverse("look-around"))
    site = Site.objects.get(is_demo=True)
    assert "nothing here is real" in signed_in.get("/").content.decode()
    signed_in.post(reverse("remove-demo", args=[site.pk]))
    assert not Site.objects.exists()
    assert "Welcome" in signed_in.get("/").content.decode()


def test_only_a_simulated_home_can_be_removed_so(signed_in, home):
    assert signed_in.post(reverse("remove-demo", args=[home.pk])).status_code == 404
    assert Site.objects.filter(pk=home.pk).exists()


def test_looking_around_twice_makes_one_home(signed_in, db):
    create_demo_home()
    signed_in.post(reverse("look-around"))
    assert Site.objects.filter(is_demo=True).count() == 1
