"""Asking what is due, and keeping it: back-off, stale-while-error, claims, new settings, the clock set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ask import call_all
from miners import tasks
from miners.earnings import backoff
from miners.earnings import refresh as module
from miners.earnings.hash_price.reading import HashPriceReading
from miners.earnings.pools import braiins_pool, ocean
from miners.earnings.refresh import refresh
from miners.models import HashPriceHour, HashPriceSource, PoolAccount, PoolHour
from tests.pools.test_adapters import ADDRESS, BRAIINS, BRAIINS_WORKERS, OCEAN, OCEAN_WORKERS, TOKEN

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


SAID = {"profile": BRAIINS, "/workers/": BRAIINS_WORKERS, "user_hashrate_full": OCEAN_WORKERS, "statsnap": OCEAN}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def ask(now: datetime = NOW) -> int:
    return refresh(now, jitter=lambda: 0.5, seconds=3.0)


@pytest.fixture
def server(stub, monkeypatch):
    """Every pool; `server.status` and `server.headers` may be set."""

    def behave(request, wire):
        if made.status != 200:
            return wire.answer(made.status, {}, headers=made.headers)
        return wire.answer(200, next(said for part, said in SAID.items() if part in request.path))

    made = stub(behave)
    made.status, made.headers = 200, {}
    monkeypatch.setattr(ocean, "ADDRESS", made.url)
    monkeypatch.setattr(braiins_pool, "ADDRESS", made.url)
    return made


def pool(home, **kwargs) -> PoolAccount:
    defaults = {"name": "Pool", "adapter_type": "braiins_pool", "config": {"api_token": TOKEN}}
    return PoolAccount.objects.create(site=home, **{**defaults, **kwargs})


def typed(home, **kwargs) -> HashPriceSource:
    config = {"sat_per_th_s_day": 45, "currency_per_btc": 60_000}
    return HashPriceSource.objects.create(
        site=home, name="Price", **{"adapter_type": "typed", "config": config, **kwargs}
    )


def paths(server) -> list[str]:
    return [request.path.split("/")[2] for request in server.requests]


def test_the_account_then_its_machines_a_minute_later(home, server):
    row = pool(home)
    assert ask() == 1
    assert ask(at(59)) == 0
    assert ask(at(61)) == 1
    assert paths(server) == ["profile", "workers"]
    row.refresh_from_db()
    assert row.last.unpaid_sat == 12_345
    assert row.read_at == NOW
    assert row.workers == [
        {"name": "user.rig01", "hash_rate_th_s": 37.5, "last_share_at": "2023-11-14T22:13:20+00:00", "is_ok": True}
    ]
    assert ask(at(61 + 899)) == 0
    assert ask(at(61 + 901)) == 1
    assert paths(server)[2:] == ["profile"]


def test_a_failing_pool_keeps_its_last_answer_and_is_asked_ever_more_rarely(home, server):
    row = pool(home, adapter_type="ocean", config={"bitcoin_address": ADDRESS})
    ask()
    server.status = 500
    now, waits = NOW, []
    for _ in range(4):
        row.refresh_from_db()
        waits.append((row.next_read_at - now).total_seconds())
        now = row.next_read_at
        ask(now)
    # The list of machines fails first: the account is asked next, in its usual time.
    assert waits == pytest.approx([60, 660, 132, 264])
    row.refresh_from_db()
    assert row.failures == 4
    assert paths(server) == ["statsnap", "user_hashrate_full", "statsnap", "statsnap", "statsnap"]
    assert "problem of its own (500)" in row.problem
    assert (row.last.hash_rate_th_s, row.read_at) == (2.0, NOW)
    server.status = 200
    ask(row.next_read_at)
    row.refresh_from_db()
    assert (row.failures, row.problem) == (0, "")


@pytest.mark.parametrize(("header", "least"), [("7200", 7200), ("", 900), ("junk", 900)])
def test_too_often_is_left_alone_as_long_as_it_says(home, server, header, least):
    row = pool(home)
    server.status, server.headers = 429, {"Retry-After": header}
    ask()
    row.refresh_from_db()
    assert least <= (row.next_read_at - NOW).total_seconds() <= least * 1.2
    assert "too often" in row.problem
    assert row.last is None


def test_the_token_is_in_no_stored_word(home, server):
    row = pool(home)
    server.status = 401
    ask()
    row.refresh_from_db()
    assert "access token" in row.problem
    assert TOKEN not in row.problem


def test_new_settings_forget_what_the_old_service_said(home, server):
    row = pool(home)
    ask()
    row.refresh_from_db()
    row.config = {"api_token": "another-token"}
    row.save()
    row.refresh_from_db()
    assert (row.reading, row.read_at, row.next_read_at) == ({}, None, None)


def test_an_answer_that_comes_after_the_settings_changed_is_dropped(home, monkeypatch):
    row = typed(home)

    def all_at_once(calls, *args, **kwargs):
        """The settings change while the service is being asked."""
        outcomes = call_all(calls, *args, **kwargs)
        changed = HashPriceSource.objects.get(pk=row.pk)
        changed.config = {"sat_per_th_s_day": 1}
        changed.save()
        return outcomes

    monkeypatch.setattr(module, "call_all", all_at_once)
    ask()
    row.refresh_from_db()
    assert row.last is None
    assert row.next_read_at is None
    assert not HashPriceHour.objects.exists()


def test_a_row_is_asked_by_one_worker_only(home, server):
    row = pool(home)
    same = PoolAccount.objects.get(pk=row.pk)
    assert module._claim(row, NOW) is True
    assert module._claim(same, NOW) is False


def test_a_clock_set_back_stops_no_asking(home, server):
    row = pool(home)
    PoolAccount.objects.filter(pk=row.pk).update(next_read_at=NOW + timedelta(days=400))
    assert ask() == 1


def test_settings_that_no_longer_fit_are_told_and_asked_no_one(home, server):
    pool(home, name="Gone", adapter_type="telepathy", config={})
    pool(home, name="Empty", config={})
    assert ask() == 0
    assert {bool(row.problem) for row in PoolAccount.objects.all()} == {True}
    assert server.requests == []


def test_history_has_one_row_an_hour(home, server):
    source, account = typed(home), pool(home, adapter_type="ocean", config={"bitcoin_address": ADDRESS})
    for seconds in (0, 1200, 2400):
        HashPriceSource.objects.update(next_read_at=None)
        PoolAccount.objects.update(next_read_at=None, asks_workers_next=False)
        ask(at(seconds))
    assert list(HashPriceHour.objects.values_list("source", "at", "sat_per_th_s_day", "currency_per_btc")) == [
        (source.pk, at(-1800), 45.0, 60_000.0),
        (source.pk, at(1800), 45.0, 60_000.0),
    ]
    assert [(row.account_id, row.unpaid_sat) for row in PoolHour.objects.all()] == [(account.pk, 100_000)] * 2
    source.refresh_from_db()
    assert source.last == HashPriceReading(45.0, 60_000.0)


def test_the_beat_asks_in_the_background(home, settings):
    typed(home)
    tasks.refresh_value()
    assert HashPriceSource.objects.get().last.sat_per_th_s_day == 45.0
    for name in ("pools-and-prices", "earnings"):
        entry = settings.CELERY_BEAT_SCHEDULE[name]
        assert entry["options"]["expires"] <= entry["schedule"]
        assert "queue" not in entry["options"]
        assert entry["task"].startswith("miners.tasks.")


@given(st.integers(0, 40_000), st.floats(60, 1e5), st.floats(0, 1), st.none() | st.floats(0, 86_400))
def test_waits_are_bounded_and_never_shorter_than_asked_for(failures, refresh_seconds, jitter, asked_for):
    wait = backoff.after_failure(failures, refresh_seconds, jitter, asked_for)
    assert max(60.0, asked_for or 0) <= wait <= 1.2 * max(6 * 3600, refresh_seconds, asked_for or 0)
    assert wait <= backoff.after_failure(failures + 1, refresh_seconds, jitter, asked_for)
    usual = backoff.after_success(refresh_seconds, jitter)
    assert 0.9 * refresh_seconds <= usual <= 1.1 * refresh_seconds * (1 + 1e-9)
