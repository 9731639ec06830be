"""Whatever lowers heat is done at once where it cannot be stored, says what happened, and is stored later."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from climate.models import TargetOverride, TargetPeriod
from climate.services import set_override, start_period
from edgemining import without_database
from miners.models import ManualRequest, Miner
from miners.services import all_off
from optimization import at_once, tasks
from optimization.models import OptimizationUnit
from optimization.passes import last_resort
from optimization.watchdog import Watchdog
from sites import heartbeat, held, recording, store
from sites.faults import StoreUnavailable
from sites.lowering import DoneAtOnce
from sites.models import ActivityLog, Site
from sites.services import create_api_token
from tests import factories
from tests.passes import bench as bench_module
from tests.passes.conftest import bench, bench_home  # noqa: F401
from tests.passes.test_levels import AVALON, by_hand, stepped  # noqa: F401
from tests.passes.test_unrecorded import FULL, LOCKED, nothing_stored

HTMX = {"HTTP_HX_REQUEST": "true"}


@dataclass
class Asked:
    """A home that heats, and somebody who asks for less."""

    home: bench_module.Home
    client: Client
    token: str

    def page(self, name: str, *args: object, **fields: Any) -> str:
        answer = self.client.post(reverse(name, args=args), fields, **HTMX)
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    def api(self, method: str, path: str, body: Any = None) -> str:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.client.generic(
            method, f"/api/v1{path}", "" if body is None else json.dumps(body), "application/json", headers=headers
        )
        assert answer.status_code == 202, answer.content
        assert answer.json()["stored"] is False
        return answer.json()["message"]

    def admin(self, row, *without: str) -> str:
        """The form of a row in the set-up, sent back as it is shown but for unticked boxes."""
        meta = row._meta
        path = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
        form = self.client.get(path).context["adminform"].form
        fields = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        sent = {
            name: one for name, one in fields.items() if name not in without and one is not None and one is not False
        }
        inlines = {f"{name}-{part}": 0 for name in ("slots",) for part in ("TOTAL_FORMS", "INITIAL_FORMS")}
        answer = self.client.post(path, {**plain(sent), **inlines}, follow=True)
        assert answer.status_code == 200
        assert "adminform" not in (answer.context or {}) or not answer.context["adminform"].form.errors
        return " ".join(str(one) for one in answer.context["messages"])


def plain(fields: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends of these initial values."""
    return {
        name: [one.pk if hasattr(one, "pk") else one for one in value] if isinstance(value, list) else value
        for name, value in fields.items()
    }


@pytest.fixture
def watchdog(monkeypatch):
    """The memory of this process, on the clock of the home."""
    made = Watchdog(lambda: 0.0)
    monkeypatch.setattr(last_resort, "watchdog", made)
    monkeypatch.setattr(at_once, "watchdog", made)
    return made


@pytest.fixture
def asked(bench_home, client, watchdog, monkeypatch):  # noqa: F811
    for adapter in bench_module.ADAPTERS:
        monkeypatch.setattr(adapter, "is_real", True)
    anna = factories.user("anna")
    client.force_login(anna)
    bench_home.go(3)
    assert bench_home.plug.on
    return Asked(bench_home, client, create_api_token("tests", anna))


REQUESTS = {
    "all off": lambda one: one.page("all-off", one.home.site.pk),
    "all homes off": lambda one: one.page("all-homes-off"),
    "all off, API": lambda one: one.api("POST", "/all-off"),
    "off by hand": lambda one: one.page("miner-off", one.home.miner.pk),
    "off by hand, API": lambda one: one.api("POST", f"/miners/{one.home.miner.pk}/stop"),
    "miner deactivated, API": lambda one: one.api("PATCH", f"/miners/{one.home.miner.pk}", {"is_active": False}),
    "miner deactivated, set-up": lambda one: one.admin(one.home.miner, "is_active"),
    "home deactivated, API": lambda one: one.api("PATCH", f"/sites/{one.home.site.pk}", {"is_active": False}),
    "home deactivated, set-up": lambda one: one.admin(one.home.site, "is_active"),
    "unit disabled, API": lambda one: one.api("POST", f"/optimization-units/{one.home.unit.pk}/disable"),
    "unit disabled, set-up": lambda one: one.admin(one.home.unit, "is_enabled"),
}


def is_stored(home: bench_module.Home) -> bool:
    return (
        ManualRequest.objects.filter(miner=home.miner, power_w=0, cancelled_at=None, until=None).exists()
        or not Miner.objects.get(pk=home.miner.pk).is_active
        or not Site.objects.get(pk=home.site.pk).is_active
        or not OptimizationUnit.objects.get(pk=home.unit.pk).is_enabled
    )


@pytest.mark.parametrize("text", [FULL, LOCKED])
@pytest.mark.parametrize("request_", REQUESTS)
def test_it_is_off_before_the_answer_and_stays_off_and_is_stored_later(asked, request_, text):
    home = asked.home
    with nothing_stored(text):
        said = REQUESTS[request_](asked)
        assert not home.plug.on
        assert "1 of 1 miner seen off." in said
        assert "It is not stored yet: it is in force from memory" in said
        assert ("The disk is full." if text == FULL else "The database is locked") in said
        page = asked.client.get("/").content.decode()
        assert "It is in force from memory, and stored as soon as it can be." in page
        assert "1 of 1 miner seen off." in page
        home.go(8)
        assert home.plug.writes == [1000, 0]
        tasks.held_orders.store_all()
        assert not is_stored(home)
    home.go(3)
    assert home.plug.writes == [1000, 0]  # in force also before it is stored
    tasks.tick()
    assert is_stored(home)
    assert not [one for one in held.orders() if one.do]
    assert "in force from memory" not in asked.client.get("/").content.decode()
    home.go(5)
    assert home.plug.writes == [1000, 0]
    assert not [one for one in home.activity if "at the device" in one]
    assert ActivityLog.objects.filter(actor="anna").exists()


LOWER_TARGETS = {
    "target": lambda one: [one.page("target", one.home.zone.pk, step="down") for _ in range(8)],
    "target, API": lambda one: one.api("PUT", f"/climate-zones/{one.home.zone.pk}/override", {"target_celsius": 17.0}),
    "away": lambda one: one.page("away-start", one.home.site.pk, preset="away"),
    "away, API": lambda one: one.api("POST", "/target-periods", {"site_id": str(one.home.site.pk), "preset": "away"}),
}


@pytest.mark.parametrize("request_", LOWER_TARGETS)
def test_a_lower_target_is_in_force_with_the_next_pass_and_stored_later(asked, request_):
    home = asked.home
    with nothing_stored():
        LOWER_TARGETS[request_](asked)
        assert "It is in force from memory" in asked.client.get("/").content.decode()
        home.go()
        assert not home.plug.on
    home.go(2)
    tasks.held_orders.store_all()
    assert TargetOverride.objects.exists() or TargetPeriod.objects.exists()
    tasks.held_orders.let_go([home.site.pk])
    assert held.orders() == []
    home.go(3)
    assert home.plug.writes == [1000, 0]


def test_back_to_a_cooler_schedule_and_the_end_of_a_warm_period_are_lower_targets_too(asked):
    home = asked.home
    period = start_period(home.site, target_celsius=24.0, name="guests", by="Ada")
    with nothing_stored():
        assert "guests over" in asked.page("away-end", period.pk)
        assert [order.targets[str(home.zone.pk)] for order in held.orders()] == [21.0]
    tasks.held_orders.store_all()
    assert TargetPeriod.objects.get().cancelled_at is not None
    set_override(home.zone, 23.0, until=None, by="Ada")
    with nothing_stored():
        assert "back to the schedule" in asked.page("target-resume", home.zone.pk)
        assert [order.targets[str(home.zone.pk)] for order in held.orders() if order.do] == [21.0]
    tasks.held_orders.store_all()
    assert TargetOverride.objects.get().cancelled_at is not None


def test_a_lower_level_by_hand_is_taken_in_the_next_pass(stepped, client, watchdog):  # noqa: F811
    home = stepped(AVALON)
    home.says(21.0)
    by_hand(home, 1600)
    home.go(2 + AVALON.min_write_gap_seconds // 10)
    with nothing_stored():
        with pytest.raises(DoneAtOnce, match="on at 800 W: The next control pass acts on it"):
            by_hand(home, 800)
        home.go(2)
        assert home.plug.writes[-1] == 800


@pytest.mark.parametrize("request_", ["target up", "on", "resume"])
def test_what_asks_for_more_heat_is_refused_with_the_reason(asked, request_):
    home = asked.home
    home.says(22.0)
    home.go(2)
    if request_ == "resume":
        all_off([home.site], by="Ada")
    path, fields = {
        "target up": (reverse("target", args=[home.zone.pk]), {"step": "up"}),
        "on": (reverse("miner-on", args=[home.miner.pk]), {}),
        "resume": (reverse("resume-all", args=[home.site.pk]), {}),
    }[request_]
    with nothing_stored():
        answer = asked.client.post(path, fields, **HTMX)
        assert answer.status_code == 503
        assert "The disk is full. Free some space" in answer.content.decode()
        home.go(5)
    assert not home.plug.on
    assert held.orders() == []


@pytest.mark.parametrize("way", ["resume", "take it back"])
def test_what_was_asked_from_memory_can_be_taken_back(asked, way):
    home = asked.home
    with nothing_stored():
        asked.page("all-off", home.site.pk)
        if way == "resume":
            asked.page("resume-all", home.site.pk)
        else:
            asked.page("withdraw", held.orders()[0].id)
            assert "taken back already" in asked.page("withdraw", "0123")
        assert "in force from memory" not in asked.client.get("/").content.decode()
    tasks.held_orders.store_all()
    tasks.held_orders.let_go(home.go(3).completed)
    assert held.orders() == []
    assert home.plug.on
    assert not ManualRequest.objects.exists()


def test_a_lower_target_from_memory_can_be_taken_back_by_the_schedule_or_another_one(asked):
    home = asked.home
    with nothing_stored():
        asked.page("target", home.zone.pk, step="down")
        asked.page("target", home.zone.pk, step="down")
        assert "20.0" in asked.client.get("/").content.decode()
        asked.page("target-resume", home.zone.pk)
        assert [one for one in held.orders() if one.do] == []
        asked.page("away-start", home.site.pk, preset="away")
    set_override(home.zone, 22.0, until=None, by="Ada")
    tasks.held_orders.store_all()
    assert TargetOverride.objects.get().target_celsius == 22.0
    assert not TargetPeriod.objects.exists()


def test_a_later_request_that_could_be_stored_is_not_undone_by_the_earlier_one(asked):
    home = asked.home
    with nothing_stored():
        asked.page("all-off", home.site.pk)
    asked.page("miner-on", home.miner.pk)
    tasks.held_orders.store_all()
    assert not [one for one in held.orders() if one.do]
    assert ManualRequest.objects.get(cancelled_at=None).power_w == 1000
    home.go(3)
    assert home.plug.on


def test_what_is_over_or_gone_by_then_is_told_and_let_go(asked, time_machine):
    home = asked.home
    with nothing_stored():
        until = timezone.now() + timedelta(minutes=5)
        with pytest.raises(DoneAtOnce):
            set_override(home.zone, 17.0, until=until, by="Ada")
        asked.api("PATCH", f"/miners/{home.miner.pk}", {"is_active": False})
    time_machine.move_to(timezone.now() + timedelta(minutes=6))
    home.miner.delete()
    tasks.held_orders.store_all()
    told = list(ActivityLog.objects.filter(text__contains="was let go").values_list("text", flat=True))
    assert len(told) == 2
    assert any("it has ended since" in one for one in told)
    assert any("deleted since" in one for one in told)


# --- what is said -----------------------------------------------------------------------------------


def test_a_device_that_does_not_obey_or_answer_is_named(asked):
    home = asked.home
    home.plug.obeys = False
    with nothing_stored():
        said = asked.page("all-off", home.site.pk)
        assert "0 of 1 miner seen off." in said
        assert "‘Avalon’ took the command and was not seen off yet." in said
        assert "In doubt switch the plug or the breaker off by hand." in said
        home.plug.reachable = False
        assert "Avalon could not be told: It does not answer." in asked.page("all-off", home.site.pk)


def test_each_home_is_told_though_another_cannot_be_reached(asked):
    home, other = asked.home, bench_module.Home(asked.home.clock)
    other.go(3)
    home.plug.reachable = False
    with nothing_stored():
        said = asked.page("all-homes-off")
    assert not other.plug.on
    assert f"All miners of {other.site.name} off: 1 of 1 miner seen off." in said
    assert f"All miners of {home.site.name} off: 0 of 1 miner seen off." in said
    assert len(held.orders()) == 2


def test_what_rests_already_is_counted_and_not_told(asked):
    home = asked.home
    cold = home.add_miner("Bitaxe", home.zone)
    home.go()
    with nothing_stored():
        assert "2 of 2 miners seen off." in asked.page("all-off", home.site.pk)
    assert home.plug_of(cold).writes == []


def test_a_process_that_controls_nothing_reads_the_devices_from_the_database(asked, watchdog):
    """As the web server of a fleet: its memory holds no heaters."""
    home = asked.home
    watchdog.keep_only(())
    with nothing_stored():
        assert "1 of 1 miner seen off." in asked.page("all-off", home.site.pk)
    assert not home.plug.on


def test_without_a_pass_that_would_act_on_it_it_is_done_directly_too(asked, monkeypatch):
    home = asked.home
    monkeypatch.setattr(heartbeat, "is_late", lambda: True)
    said = asked.page("all-off", home.site.pk)
    assert "1 of 1 miner seen off. Control is late, so this was not left to it." in said
    assert is_stored(home)
    assert "No control pass has looked since." in asked.client.get("/").content.decode()
    tasks.held_orders.store_all()
    assert held.orders() != []
    tasks.held_orders.let_go(home.go(2).completed)
    assert held.orders() == []
    assert ManualRequest.objects.get().until is None


def test_without_redis_it_is_stored_and_done_directly(asked, monkeypatch, watchdog):
    home = asked.home
    watchdog.keep_only(())

    class Gone:
        def __getattr__(self, name):
            def refuse(*args, **kwargs):
                raise StoreUnavailable("Redis does not answer: connection refused")

            return refuse

    gone = Gone()
    for name in ("sites.store.store", "sites.held.store", "sites.heartbeat.store", "optimization.passes.due.store"):
        monkeypatch.setattr(name, lambda: gone)
    said = asked.page("all-off", home.site.pk)
    assert not home.plug.on
    assert "1 of 1 miner seen off. It is stored. Redis does not answer." in said
    assert is_stored(home)


# --- nothing can be read ----------------------------------------------------------------------------


@contextmanager
def nothing_read():
    def refuse(execute, sql, params, many, context):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        yield


@pytest.fixture
def both_watchdogs(watchdog, monkeypatch):
    monkeypatch.setattr(without_database, "watchdog", watchdog)


def test_all_off_works_while_the_database_cannot_even_be_read_for_those_who_were_let_in(asked, both_watchdogs):
    home = asked.home
    asked.client.get("/")
    headers = {"Authorization": f"Bearer {asked.token}"}
    assert asked.client.get("/api/v1/sites", headers=headers).status_code == 200
    with nothing_read():
        said = asked.page("all-off", home.site.pk)
        assert "All miners off: 1 of 1 miner seen off. The database does not answer." in said
        assert not home.plug.on
        assert asked.api("POST", "/all-off").startswith("All miners off: ")
        page = asked.client.post(reverse("all-homes-off"), headers={"accept": "text/html"})
        assert page.status_code == 503
        assert "1 of 1 miner seen off." in page.content.decode()
    home.go(3)
    tasks.held_orders.store_all()
    assert is_stored(home)
    assert home.plug.writes == [1000, 0, 0, 0]


def test_nobody_else_and_nothing_else_goes_without_the_database(asked, both_watchdogs):
    home, stranger = asked.home, Client()
    stranger.cookies["sessionid"] = "somebody"
    asked.client.get("/")
    with nothing_read():
        for client, path in (
            (stranger, reverse("all-off", args=[home.site.pk])),
            (asked.client, reverse("miner-on", args=[home.miner.pk])),
            (asked.client, reverse("all-off", args=[home.miner.pk])),  # no home of this id is known
        ):
            assert client.post(path, headers={"accept": "text/html"}).status_code == 503
        checking = Client(enforce_csrf_checks=True)
        checking.cookies["sessionid"] = asked.client.cookies["sessionid"].value
        assert checking.post(reverse("all-off", args=[home.site.pk])).status_code == 403
    assert home.plug.on
    asked.client.post(reverse("sign-out"))
    asked.client.cookies["sessionid"] = checking.cookies["sessionid"].value
    with nothing_read():
        assert asked.client.post(reverse("all-homes-off")).status_code == 503
    assert home.plug.on


# --- kept -------------------------------------------------------------------------------------------


def test_a_restart_finds_it_again_in_a_file_that_needed_no_room(asked, tmp_path, monkeypatch):
    home, file = asked.home, tmp_path / "held-requests"
    held.keep_in(file)
    size = file.stat().st_size
    with nothing_stored():
        said = asked.page("all-off", home.site.pk)
        assert "A restart of the program would forget it." not in said
        assert (file.stat().st_size, file.stat().st_mode & 0o777) == (size, 0o600)
        home.restart()
        held.forget()
        recording.forget()
        assert held.orders() == []
        held.keep_in(file)
        assert [one.what for one in held.orders(home.site.pk)] == [f"All miners of {home.site.name} off"]
    home.go(3)
    tasks.held_orders.store_all()
    tasks.held_orders.let_go([home.site.pk])
    held.forget()
    store.store.cache_clear()
    held.keep_in(file)
    assert held.orders() == []
    assert is_stored(home)


@pytest.mark.parametrize("raw", [b"", b"   ", b"not json", b"[1]", b'{"a": 1}', b"\xff\xfe"])
def test_a_damaged_file_holds_nothing(tmp_path, raw):
    (tmp_path / "held").write_bytes(raw)
    held.keep_in(tmp_path / "held")
    assert held.orders() == []


def test_what_was_kept_while_the_store_did_not_answer_is_shared_when_it_does(monkeypatch):
    shared = store.MemoryStore()
    shared.set("held", [])

    class Gone:
        def set(self, *args):
            raise StoreUnavailable("Redis does not answer")

        get = set

    monkeypatch.setattr(held, "store", lambda: Gone())
    held.keep(held.Order("1", "All off"))
    assert [one.what for one in held.orders()] == ["All off"]
    monkeypatch.setattr(held, "store", lambda: shared)
    assert [one.what for one in held.orders()] == ["All off"]
    assert [one["what"] for one in shared.get("held")] == ["All off"]
    shared.set("held", [])  # another process has stored it
    assert held.orders() == []


def test_the_devices_of_another_home_are_not_touched(asked):
    other = bench_module.Home(asked.home.clock)
    other.go(3)
    with nothing_stored():
        asked.page("all-off", asked.home.site.pk)
    assert other.plug.on
