"""Something the program needs is not there: reading goes on, everything else is 503 with the reason."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from dashboard.urls import urlpatterns
from sites import faults, recording, store
from sites.faults import StoreUnavailable, fault_of
from sites.models import ApiToken, HistoryMark, Site
from tests import factories
from tests.admin.conftest import filled, page, staff  # noqa: F401
from tests.admin.test_pages import REGISTERED, row_of, url_of
from tests.api.addresses import ids_of, operations
from tests.api.conftest import anna, api, furnished  # noqa: F401
from tests.api.test_fuzz import Maker, _body

HTMX = {"HTTP_HX_REQUEST": "true"}


@contextmanager
def nothing_can_be_written():
    """As on a disk that is full or was mounted read-only: SQLite refuses every write of this connection."""
    connection.ensure_connection()
    connection.connection.execute("PRAGMA query_only = ON")
    try:
        yield
    finally:
        connection.connection.execute("PRAGMA query_only = OFF")


# --- what an error means ----------------------------------------------------------------------------


def caught(do) -> BaseException:
    """What Django makes of a driver's error."""
    with pytest.raises(DatabaseError) as raised, connection.wrap_database_errors:
        do()
    return raised.value


def test_a_full_disk_is_told_from_other_errors(tmp_path):
    with closing(sqlite3.connect(tmp_path / "d")) as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("PRAGMA max_page_count = 3")
        error = caught(lambda: [database.execute("INSERT INTO t VALUES (zeroblob(9000))") for _ in range(9)])
    assert fault_of(error) is faults.FULL
    assert fault_of(OSError(28, "No space left on device")) is faults.FULL


def test_a_locked_and_a_read_only_database(tmp_path):
    with closing(sqlite3.connect(tmp_path / "d", isolation_level=None)) as one:
        one.execute("CREATE TABLE t (x)")
        one.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(tmp_path / "d", timeout=0)) as other:
            assert fault_of(caught(lambda: other.execute("INSERT INTO t VALUES (1)"))) is faults.LOCKED
        one.execute("ROLLBACK")
        one.execute("PRAGMA query_only = ON")
        assert fault_of(caught(lambda: one.execute("INSERT INTO t VALUES (1)"))) is faults.READ_ONLY


def test_a_database_that_is_none(tmp_path):
    (tmp_path / "d").write_bytes(b"garbage" * 1000)
    with closing(sqlite3.connect(tmp_path / "d")) as database:
        assert fault_of(caught(lambda: database.execute("SELECT * FROM t"))) is faults.DAMAGED


NO_FAULTS = [
    IntegrityError("UNIQUE constraint failed"),
    DataError("out of range"),
    DatabaseError("Forced update did not affect any rows."),
    ValueError("x"),
    OSError(2, "No such file"),
    None,
]


@pytest.mark.parametrize("error", NO_FAULTS, ids=repr)
def test_an_error_of_a_row_or_of_ours_is_no_fault(error):
    assert fault_of(error) is None


def test_a_disk_that_fails_is_full_when_nothing_is_left(monkeypatch):
    error = OperationalError("disk I/O error")
    assert fault_of(error) is faults.DISK
    monkeypatch.setattr(faults, "is_full", lambda: True)
    assert fault_of(error) is faults.FULL


# --- reading needs no write -------------------------------------------------------------------------


def pages_of(filled) -> list[str]:  # noqa: F811
    fixed = [f"/{one.pattern}" for one in urlpatterns if "<" not in str(one.pattern)]
    fixed += [reverse("zone", args=[filled.zone.pk]), reverse("miner", args=[filled.miner.pk])]
    fixed += [reverse("week", args=[filled.zone.pk]), reverse("pulse", args=[filled.zone.site.pk])]
    fixed += [reverse(f"{name}-chart", args=[row.pk]) for name, row in (("zone", filled.zone), ("miner", filled.miner))]
    for model in REGISTERED:
        fixed.append(url_of(model, "changelist"))
        if model._meta.label != "auth.User":
            fixed.append(url_of(model, "change", row_of(filled, model).pk))
    return fixed


def test_every_page_can_be_read_while_nothing_can_be_written(page, filled):  # noqa: F811
    paths = pages_of(filled)
    before = {path: page.get(path).status_code for path in paths}
    with nothing_can_be_written():
        after = {path: page.get(path).status_code for path in paths}
    assert after == before
    assert list(before.values()).count(200) > 50


def test_every_reading_of_the_api_answers_while_nothing_can_be_written(api, furnished):  # noqa: F811
    """With a token that was never used: that it is used now is noted later."""
    reading = [one.address(ids_of(furnished)) for one in operations() if one.method == "GET"]
    with nothing_can_be_written():
        refused = {path: api.get(path).status_code for path in reading}
    assert not [path for path, status in refused.items() if status >= 500]
    assert list(refused.values()).count(200) > 40
    assert ApiToken.objects.get().last_used_at is None
    api.get("/sites")
    assert ApiToken.objects.get().last_used_at is not None


def test_one_can_sign_in_look_around_and_sign_out_while_nothing_can_be_written(client, home):
    ben = factories.user("ben")
    ben.set_password("a password of ben")
    ben.save()
    second = factories.site()
    with nothing_can_be_written():
        answer = client.post("/sign-in/", {"username": "ben", "password": "a password of ben"})
        assert answer.status_code == 302
        assert client.get(reverse("show-site", args=[second.pk])).status_code == 302
        assert second.name in client.get("/").content.decode()
    assert not Session.objects.exists()
    assert client.get("/").status_code == 200
    client.get(reverse("show-site", args=[home.pk]))  # the next change of the session is stored
    assert Session.objects.count() == 1
    with nothing_can_be_written():
        assert client.post(reverse("sign-out")).status_code == 302
        assert client.get("/").status_code == 302


def test_a_session_ended_while_it_could_not_be_deleted_stays_ended(client, home):
    client.force_login(factories.user("ben"))
    key = client.session.session_key
    with nothing_can_be_written():
        client.post(reverse("sign-out"))
    client.cookies["sessionid"] = key
    assert client.get("/").status_code == 302


# --- what cannot be done is 503 with the reason -----------------------------------------------------


def is_told(answer) -> bool:
    return answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0


def test_no_request_breaks_an_operation_while_nothing_can_be_written(api, furnished, monkeypatch):  # noqa: F811
    monkeypatch.setattr("integrations.probe.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("miners.discovery.scan.search", lambda *args: None)
    monkeypatch.setattr("miners.discovery.scan.open_ports", lambda ip, ports, deadline: [])
    ids, maker, told = ids_of(furnished), Maker(1, furnished), 0
    with nothing_can_be_written():
        for operation in operations():
            with transaction.atomic():
                answer = api.raw(operation.method, operation.address(ids), _body(operation, maker))
                transaction.set_rollback(True)
            assert answer.status_code < 500 or is_told(answer), (operation, answer.content[:300])
            if answer.status_code == 503:
                assert "read-only" in answer.json()["detail"]
                told += 1
    assert told > 10


def test_a_page_says_why_it_cannot(page, filled):  # noqa: F811
    path = reverse("target", args=[filled.zone.pk])
    form = {
        "name": "X",
        "time_zone": "UTC",
        "currency": "EUR",
        "temperature_unit": "C",
        "control_period_seconds": 10,
        "is_active": "on",
    }
    with nothing_can_be_written():
        toast = page.post(path, {"step": "up"}, **HTMX)
        whole = page.post(path, {"step": "up"}, headers={"accept": "text/html"})
        admin = page.post(url_of(Site, "change", filled.zone.site.pk), form, headers={"accept": "text/html"})
    for answer in (toast, whole, admin):
        assert is_told(answer)
        assert "The database cannot be written: it is read-only. Check the disk" in " ".join(
            answer.content.decode().replace("</strong>", "").split()
        )
    assert 'class="toast alarm"' in toast.content.decode()
    assert "<h1>That was not done</h1>" in whole.content.decode()


@pytest.fixture
def no_redis(monkeypatch):
    """The store of a fleet whose Redis is gone (with a real one: tests/faults/test_fleet_faults.py)."""

    class Gone:
        def __getattr__(self, name):
            def refuse(*args, **kwargs):
                raise StoreUnavailable("Redis does not answer: Connection refused")

            return refuse

    monkeypatch.setattr(store, "store", lambda: Gone())
    for name in ("sites.live.store", "sites.heartbeat.store", "dashboard.bars.store"):
        monkeypatch.setattr(name, lambda: Gone())


@pytest.mark.parametrize(
    ("path", "extra"),
    [("/", {}), ("/", HTMX), ("/healthz", {}), ("/api/v1/sites", {}), ("/miners/", {"HTTP_ACCEPT": "text/html"})],
)
def test_without_redis_what_needs_it_says_so(page, filled, no_redis, path, extra):  # noqa: F811
    answer = page.get(path, **extra)
    if path == "/api/v1/sites":
        assert answer.status_code == 200  # it needs only the database
        return
    assert is_told(answer)
    assert "Redis does not answer." in answer.content.decode()


def test_what_middleware_meets_is_told_too(page, filled, monkeypatch):  # noqa: F811
    """A session that cannot be read is met before any view."""
    monkeypatch.setattr(Client, "raise_request_exception", False, raising=False)
    page.raise_request_exception = False

    def gone(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr("sites.sessions.SessionStore.load", gone)
    monkeypatch.setattr("edgemining.hosts.is_home_host", gone)
    page.handler._middleware_chain = None
    assert is_told(page.get("/", headers={"accept": "text/html"}))
    assert is_told(page.get("/api/v1/sites"))


# --- /healthz finds out by writing ------------------------------------------------------------------


@pytest.fixture
def on_time(monkeypatch):
    from sites import heartbeat

    heartbeat.completed_tick(10)


@pytest.mark.django_db
def test_healthz_finds_out_by_trying_a_write_and_rarely(client, on_time, monkeypatch, time_machine):
    now = [1000.0]
    monkeypatch.setattr(recording.time, "monotonic", lambda: now[0])
    assert client.get("/healthz").status_code == 200
    with nothing_can_be_written():
        assert client.get("/healthz").status_code == 200  # one was written a moment ago
        now[0] += recording.FRESH_SECONDS
        answer = client.get("/healthz")
        assert is_told(answer)
        assert answer.json()["reasons"] == [
            "Nothing can be stored. The database cannot be written: it is read-only. "
            "Check the disk and the rights of the data folder."
        ]
    assert client.get("/healthz").status_code == 503  # not tried again yet
    now[0] += recording.FAILED_SECONDS
    assert client.get("/healthz").status_code == 200
    assert HistoryMark.objects.filter(series="probe").count() == 1


@pytest.mark.django_db
def test_healthz_writes_nothing_where_passes_do(client, on_time):
    recording.committed(None)
    assert client.get("/healthz").status_code == 200
    assert not HistoryMark.objects.exists()


@pytest.mark.django_db
def test_so_little_that_finds_room_does_not_end_what_a_pass_could_not_store(client, on_time, monkeypatch):
    recording.failed(OperationalError("database or disk is full"))
    monkeypatch.setattr(recording, "_last_failure", float("-inf"))
    assert "The disk is full." in client.get("/healthz").json()["reasons"][0]
    recording.committed(recording.state())
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_healthz_says_that_the_disk_is_full_before_anything_fails(client, on_time, monkeypatch):
    monkeypatch.setattr("edgemining.health.is_full", lambda: True)
    assert client.get("/healthz").json()["reasons"] == ["The disk is full. Free some space where the data lie."]


@pytest.mark.django_db
def test_since_when_is_kept_and_shared_with_other_processes(time_machine):
    time_machine.move_to("2026-01-01T12:00Z")
    recording.failed(OperationalError("database is locked"))
    time_machine.move_to("2026-01-01T12:05Z")
    recording.failed(OperationalError("database or disk is full"))
    recording._own = None  # as another process with the same store sees it
    told = recording.state()
    assert (told.since.isoformat(), told.key) == ("2026-01-01T12:00:00+00:00", "full")
    recording.committed(told)
    assert recording.state() is None
