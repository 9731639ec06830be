"""Wishes by hand in the set-up: a level or watts for a while, off until resumed, back to automatic; never edited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from integrations import ask
from miners import power
from miners.models import ManualRequest, Miner, MinerController
from miners.power import Level, PowerModel
from miners.services import all_off, request_power, resume
from sites.models import ActivityLog
from sites.words import THIN
from tests import factories
from tests.passes import bench as bench_module

LIST, ADD = "admin:miners_manualrequest_changelist", "admin:miners_manualrequest_add"
LEVELS = PowerModel((Level("0", 800.0), Level("1", 1350.0), Level("eco", 1600.4)))
SMALL = PowerModel((Level("0", 300.0), Level("tiny", 400.0)))
RANGE = PowerModel((Level("min", 500.0), Level("max", 1500.0)), step_w=50)


def stepped(miner: Miner, model: PowerModel) -> Miner:
    identity = {"model": "Avalon Q", "power": power.to_json(model)}
    MinerController.objects.filter(pk=miner.controller_id).update(identity=identity)
    return Miner.objects.get(pk=miner.pk)


def of_levels(site, name: str, model: PowerModel = LEVELS) -> Miner:
    return stepped(factories.miner(site, name, controller=factories.controller(site)), model)


@pytest.fixture
def miner(home) -> Miner:
    return of_levels(home, "Avalon")


@pytest.fixture
def ask_for(page):
    """`ask_for(miner, what, …)`: the answer; `level:key` is a level of this very miner."""

    def send(miner: Miner, what: str, /, **fields):
        what = f"{miner.pk} {what.removeprefix('level:')}" if what.startswith("level:") else what
        data = {"miner": str(miner.pk), "what": what, "watts": "", "hours": "2", **fields}
        return page.post(reverse(ADD), data, follow=True)

    return send


def problems(answer) -> dict[str, list[str]]:
    assert answer.status_code == 200
    return dict(answer.context["adminform"].form.errors)


def words(answer) -> str:
    return answer.content.decode().replace(THIN, " ")


def minutes_left(wish: ManualRequest) -> int:
    return round((wish.until - timezone.now()) / timedelta(minutes=1))


@pytest.mark.parametrize(
    ("what", "fields", "power_w", "minutes"),
    [
        ("level:1", {}, 1350, 120),
        ("level:eco", {"hours": "24"}, 1601, 1440),
        ("level:0", {"hours": ""}, 800, 120),
        ("watts", {"watts": "1500", "hours": "0.5"}, 1350, 30),
        ("watts", {"watts": "800", "hours": "3"}, 800, 180),
        ("watts", {"watts": "1601", "hours": "1"}, 1601, 60),
    ],
)
def test_a_level_or_watts_for_a_while(ask_for, miner, what, fields, power_w, minutes):
    answer = ask_for(miner, what, **fields)
    wish = ManualRequest.objects.get()
    assert (wish.miner, wish.power_w, wish.by, wish.origin) == (miner, power_w, "anna", "person")
    assert minutes_left(wish) == minutes
    assert "Avalon is asked to run at" in words(answer)
    assert ("takes the lower one: level 1, 1350 W" in words(answer)) == (fields.get("watts") == "1500")
    assert f"Avalon: on at {power_w} W by hand." in ActivityLog.objects.values_list("text", flat=True)
    miner.site.refresh_from_db()
    assert miner.site.next_pass_at <= timezone.now()


def test_off_holds_until_resumed_whatever_stands_in_hours(ask_for, miner):
    assert "stays off until you resume it" in words(ask_for(miner, "off", hours="77"))
    wish = ManualRequest.objects.get()
    assert (wish.power_w, wish.until, wish.by) == (0, None, "anna")


def test_a_step_of_a_range(ask_for, home):
    ranged = of_levels(home, "Braiins", RANGE)
    assert "is asked to run at 1250 W" in words(ask_for(ranged, "watts", watts="1270"))
    assert ManualRequest.objects.get().power_w == 1250
    assert "500 W to 1500 W" in problems(ask_for(ranged, "watts", watts="1501"))["watts"][0].replace(THIN, " ")


@pytest.mark.parametrize(
    ("what", "fields", "field", "said"),
    [
        (
            "watts",
            {"watts": "0"},
            "watts",
            "‘0’ is not a valid power. Choose from 800 W to 1601 W; its levels: 0 (800 W)",
        ),
        ("watts", {"watts": "1602"}, "watts", "1 (1350 W), eco (1600 W)"),
        ("watts", {"watts": "799"}, "watts", "from 800 W"),
        ("watts", {"watts": "-800"}, "watts", "‘-800’ is not a valid power"),
        ("watts", {"watts": "plenty"}, "watts", "‘plenty’ is not a valid power"),
        ("watts", {"watts": "nan"}, "watts", "‘nan’ is not a valid power"),
        ("watts", {"watts": "inf"}, "watts", "‘inf’ is not a valid power"),
        ("watts", {"watts": "1e999"}, "watts", "not a valid power"),
        ("watts", {"watts": ""}, "watts", "With how many watts?"),
        ("watts", {"watts": "9" * 50}, "watts", "at most 40 characters"),
        ("level:1", {"watts": "900"}, "watts", "Empty this"),
        ("off", {"watts": "900"}, "watts", "Empty this"),
        ("level:1", {"hours": "25"}, "hours", "‘25’ is no duration by hand. Choose from 0.02 (1 minute) to 24 hours"),
        ("level:1", {"hours": "-1"}, "hours", "‘-1’ is no duration"),
        ("level:1", {"hours": "0"}, "hours", "‘0’ is no duration"),
        ("level:1", {"hours": "24.01"}, "hours", "no duration"),
        ("level:1", {"hours": "nan"}, "hours", "no duration"),
        ("level:1", {"hours": "an hour"}, "hours", "‘an hour’ is no duration"),
        ("level:turbo", {}, "what", "turbo’ is none of these"),
        ("", {}, "what", "required"),
        ("off\x00", {}, "what", "none of these"),
        ("off", {"miner": ""}, "miner", "required"),
        ("off", {"miner": "x"}, "miner", "valid"),
        ("off", {"miner": "00000000-0000-0000-0000-000000000000"}, "miner", "valid"),
    ],
)
def test_garbage_is_refused_beside_its_field(ask_for, miner, what, fields, field, said):
    found = problems(ask_for(miner, what, **fields))
    assert list(found) == [field]
    assert said in found[field][0].replace(THIN, " ")
    assert not ManualRequest.objects.exists()


@pytest.mark.parametrize("key", ["tiny", "0"])
def test_a_level_of_another_miner_is_refused_also_where_it_is_called_alike(ask_for, miner, key):
    other = of_levels(miner.site, "Bitaxe", SMALL)
    found = problems(ask_for(miner, f"{other.pk} {key}"))
    assert found["what"][0].startswith("That is a level of another miner. ‘Avalon’ has: 0 (")
    assert not ManualRequest.objects.exists()


def test_what_nothing_could_switch_on_may_still_be_told_to_be_off(ask_for, home):
    bare = factories.miner(home, "Bare")
    assert "Choose in Set-up what switches it." in problems(ask_for(bare, "watts", watts="1000"))["miner"][0]
    aside = factories.miner(home, "Aside", controller=factories.controller(home), is_active=False)
    assert "Set it to active in Set-up first." in problems(ask_for(aside, "level:on"))["miner"][0]
    assert not ManualRequest.objects.exists()
    ask_for(bare, "off")
    assert ManualRequest.objects.get().miner == bare


def test_the_form_offers_every_miners_levels_and_says_what_watts_mean(page, miner):
    of_levels(miner.site, "Bitaxe", SMALL)
    form = words(page.get(reverse(ADD)))
    for part in ("Level of Avalon", "level 1, 1350 W", "Level of Bitaxe", "tiny, 400 W", "Off, until resumed"):
        assert part in form
    assert "Between two levels the lower one is taken" in form
    assert "_addanother" not in form
    chosen = page.get(reverse(ADD), {"miner": str(miner.pk)}).content.decode()
    assert f'<option value="{miner.pk}" selected>' in chosen


def test_the_form_costs_the_same_for_many_miners(page, miner, django_assert_max_num_queries):
    for number in range(20):
        of_levels(miner.site, f"Avalon {number}")
    with django_assert_max_num_queries(12):
        page.get(reverse(ADD))


def states(page) -> list[tuple[str, str]]:
    """What and state of each row, the newest first."""
    changelist = page.get(reverse(LIST)).context["cl"]
    admin = changelist.model_admin
    return [(admin.what_is_wanted(row).replace(THIN, " "), admin.state(row)) for row in changelist.result_list]


def test_the_list_tells_what_holds_what_is_over_resumed_and_replaced(page, miner):
    now = timezone.now()
    past = {"miner": miner, "power_w": 1350, "created_at": now - timedelta(hours=5)}
    ManualRequest.objects.create(**past, until=now - timedelta(hours=3))
    assert states(page) == [("1350 W (level 1)", "over")]
    request_power(miner, 1350, by="anna")
    ManualRequest.objects.filter(cancelled_at=None, until__gt=now).update(power_w=1500)
    assert states(page) == [("1500 W (runs at level 1, 1350 W)", "holds"), ("1350 W (level 1)", "over")]
    resume(miner, by="ben")
    assert states(page)[0][1] == "resumed"
    request_power(miner, 1601, by="anna")
    request_power(miner, 0, by="anna")
    assert states(page)[:2] == [("off", "holds"), ("1601 W (eco)", "replaced")]
    all_off([miner.site], by="anna")
    assert states(page)[:2] == [("off", "holds"), ("off", "replaced")]


def test_a_wish_of_a_clock_that_was_set_back_does_not_hold(page, miner):
    later = timezone.now() + timedelta(days=2)
    ManualRequest.objects.create(miner=miner, power_w=800, created_at=later, until=later + timedelta(hours=2))
    assert states(page) == [("800 W (level 0)", "over")]


def test_only_those_of_one_miner(page, miner):
    other = of_levels(miner.site, "Bitaxe", SMALL)
    request_power(miner, 800, by="anna")
    request_power(other, 0, by="anna")
    content = page.get(reverse(LIST), {"miner__id__exact": str(other.pk)}).context["cl"].result_list
    assert [row.miner for row in content] == [other]


@pytest.fixture
def tick(page):
    """`tick(*wishes)`: the words after “Back to automatic”."""

    def send(*rows: ManualRequest):
        data = {"action": "back_to_automatic", "_selected_action": [str(row.pk) for row in rows]}
        return words(page.post(reverse(LIST), data, follow=True))

    return send


def test_back_to_automatic(tick, miner):
    wish = request_power(miner, 0, by="ben")
    assert "‘Avalon’: automatic again." in tick(wish)
    wish.refresh_from_db()
    assert wish.cancelled_at is not None
    assert ActivityLog.objects.filter(text="Avalon: back to automatic.", actor="anna").exists()


def test_an_old_wish_does_not_end_the_one_that_holds(tick, miner):
    old = request_power(miner, 0, by="ben")
    holding = request_power(miner, 800, by="ben")
    assert "does not hold any more, so nothing was changed" in tick(old)
    holding.refresh_from_db()
    assert holding.cancelled_at is None


def test_a_row_is_never_edited_or_deleted(page, miner):
    wish = request_power(miner, 800, by="ben")
    change = reverse("admin:miners_manualrequest_change", args=[wish.pk])
    shown = words(page.get(change))
    assert "800 W (level 0)" in shown
    assert 'name="_save"' not in shown
    assert page.post(change, {"miner": str(miner.pk), "what": "off"}).status_code == 403
    delete = reverse("admin:miners_manualrequest_delete", args=[wish.pk])
    assert page.post(delete, {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [str(wish.pk)], "post": "yes"}
    page.post(reverse(LIST), data)
    wish.refresh_from_db()
    assert (wish.power_w, wish.cancelled_at) == (800, None)


@pytest.fixture
def viewer(client, db):
    """A staff member who may only look."""
    user = factories.user("vera")
    user.is_superuser = False
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_manualrequest"))
    client.force_login(user)
    return client


def test_who_may_only_look_can_neither_ask_nor_resume(viewer, miner):
    wish = request_power(miner, 0, by="ben")
    listed = viewer.get(reverse(LIST))
    assert "Avalon" in words(listed)
    assert reverse(ADD) not in words(listed)
    assert viewer.get(reverse(ADD)).status_code == 403
    data = {"miner": str(miner.pk), "what": "watts", "watts": "800", "hours": "2"}
    assert viewer.post(reverse(ADD), data).status_code == 403
    viewer.post(reverse(LIST), {"action": "back_to_automatic", "_selected_action": [str(wish.pk)]})
    assert list(ManualRequest.objects.filter(cancelled_at=None)) == [wish]


def test_who_is_no_staff_sees_nothing(client, miner):
    client.force_login(factories.user("tom", staff=False))
    assert client.get(reverse(LIST)).status_code == 302
    client.post(reverse(ADD), {"miner": str(miner.pk), "what": "off"})
    assert not ManualRequest.objects.exists()


def test_it_stands_in_the_menu_and_is_called_by_its_name(page, miner):
    assert reverse(LIST) in words(page.get("/admin/"))
    assert "Wishes by hand" in words(page.get(reverse(LIST)))
    assert "Add wish by hand" in words(page.get(reverse(ADD)))


@pytest.fixture
def bench_home(db):
    bench_module.install()
    home = bench_module.Home(nominal_power_w=1600)
    home.miner = stepped(home.miner, LEVELS)
    home.says(21.0)
    yield home
    bench_module.remove()
    ask.forget()


def test_the_next_pass_runs_the_level_and_resuming_ends_it(ask_for, tick, bench_home):
    home = bench_home
    home.go()
    assert not home.plug.on
    ask_for(home.miner, "watts", watts="1500")
    assert not home.plug.on  # a wish is written here, never the device
    home.go()
    assert home.plug.power_w == 1350
    home.go()
    assert home.desired.confirmed_at is not None
    assert home.desired.origin == "manual"
    tick(ManualRequest.objects.get())
    home.go()
    assert home.desired.origin != "manual"


def test_a_guard_holds_against_a_wish_from_here(ask_for, bench_home):
    home = bench_home
    home.site.power_limit_w = 1000
    home.site.save()
    ask_for(home.miner, "level:1")
    home.go(2)
    assert home.plug.power_w == 800
