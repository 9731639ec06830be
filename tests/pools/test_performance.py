"""`mining_performance.*` in rules: what pools told, stored; absent without a pool, unknown when it is silent."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from integrations.registry import Kind, adapters
from miners.earnings.pools.performance import OLDEST, Account, performance
from miners.earnings.pools.reading import PoolReading, to_json
from optimization.control import context
from optimization.passes.load import load
from optimization.rules.catalogue import STANDARD_FIELDS
from optimization.rules.context import clean
from tests import factories
from tests.passes.conftest import bench, bench_home  # noqa: F401

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
FIELDS = {one.path: one for one in STANDARD_FIELDS}
EVERYTHING = frozenset(one.name for one in fields(PoolReading))


def account(read_at=NOW, tells=EVERYTHING, **reading) -> Account:
    return Account(frozenset(tells), PoolReading(**reading), read_at)


def values(*accounts):
    return context.mining_performance(performance(accounts, NOW), UTC)


def test_a_home_without_a_pool_has_none_of_it():
    assert values() == {}


def test_public_names_and_units():
    found = values(account(hash_rate_th_s=37.5, unpaid_sat=12_345, payout_frequency="threshold"))
    assert found["mining_performance.current_hashrate.value"] == 37.5
    assert found["mining_performance.pool_stats.current_hashrate.unit"] == "TH/s"
    assert found["mining_performance.pool_stats.unpaid_balance"] == 12_345
    assert found["mining_performance.payout_schedule.frequency"] == "threshold"
    assert found["mining_performance.pool_stats.average_hashrate_7d.value"] is None


def test_what_a_pool_never_tells_is_absent_and_no_part_of_a_sum():
    one = account(tells={"hash_rate_th_s"}, hash_rate_th_s=1.0)
    other = account(tells={"hash_rate_th_s", "unpaid_sat"}, hash_rate_th_s=2.0, unpaid_sat=5)
    assert performance([one, other], NOW) == {"hash_rate_th_s": 3.0, "unpaid_sat": 5}


@pytest.mark.parametrize(
    "read_at", [None, NOW - OLDEST - timedelta(seconds=1), NOW + timedelta(minutes=5)], ids=["never", "old", "ahead"]
)
def test_a_silent_pool_makes_the_sum_unknown(read_at):
    found = performance([account(unpaid_sat=1), account(read_at, unpaid_sat=2)], NOW)
    assert found["unpaid_sat"] is None
    assert found["hash_rate_th_s"] is None


def test_the_soonest_payout_counts_and_one_that_is_over_is_not_the_next():
    soon, later, over = NOW + timedelta(hours=1), NOW + timedelta(days=2), NOW - timedelta(seconds=1)
    assert performance([account(next_payout_at=later), account(next_payout_at=soon)], NOW)["next_payout_at"] == soon
    for unknown in (over, None, soon.replace(tzinfo=None)):
        found = performance([account(next_payout_at=soon), account(next_payout_at=unknown)], NOW)
        assert found["next_payout_at"] is None
    assert "next_payout_at" not in performance([account(tells={"unpaid_sat"}, unpaid_sat=1)], NOW)


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers())


@given(st.lists(st.tuples(st.sampled_from(sorted(EVERYTHING - {"observed_at"})), anything), max_size=8))
def test_damaged_rows_become_unknown_and_every_path_is_a_known_field(parts):
    found = values(*(account(**{name: value}) for name, value in parts))
    for path, value in found.items():
        assert clean(value, FIELDS[path].type) == value


def test_every_tracker_tells_fields_there_are():
    trackers = adapters(Kind.POOL_TRACKER)
    assert {"ocean", "braiins_pool", "simulated"} <= set(trackers)
    for tracker in trackers.values():
        assert tracker.tells <= EVERYTHING


def test_loading_costs_one_statement_whatever_there_is(home):
    other = factories.site()
    load([home.pk, other.pk])  # the plans are compiled
    with CaptureQueriesContext(connection) as without:
        load([home.pk, other.pk])
    for site in (home, home, other):
        factories.pool(site)
    load([home.pk, other.pk])
    with CaptureQueriesContext(connection) as seen:
        rows = load([home.pk, other.pk])
    assert len(seen) == len(without)
    assert sum("miners_poolaccount" in query["sql"] for query in seen.captured_queries) == 1
    assert [len(one.pools) for one in rows] == [2, 1]
    with CaptureQueriesContext(connection) as later:
        assert [one.read_at for one in rows[0].pools] == [None, None]
    assert len(later) == 0


def test_a_rule_may_wait_for_the_pool(bench_home):  # noqa: F811
    """Through a whole pass: unknown until the pool has answered, then true."""
    bench_home.unit.policy = factories.policy(
        bench_home.site,
        [("start", {"field": "mining_performance.pool_stats.unpaid_balance", "operator": "lt", "value": 50_000})],
    )
    bench_home.unit.save()
    pool = factories.pool(bench_home.site)
    bench_home.go(2)
    assert not bench_home.plug.on
    pool.reading, pool.read_at = to_json(PoolReading(unpaid_sat=100)), bench_home.clock.at
    pool.save()
    bench_home.go(2)
    assert bench_home.plug.on
