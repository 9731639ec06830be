"""Pools and price services: recorded answers, odd figures, and every fault of a server, within the deadline."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from integrations.errors import AdapterError, BadAnswer, NotFound, RateLimited, Refused, Unauthorized, Unreachable
from miners.earnings.hash_price import mempool
from miners.earnings.hash_price.braiins_pool import BraiinsPoolHashPrice
from miners.earnings.hash_price.mempool import MempoolHashPrice
from miners.earnings.hash_price.reading import HashPriceReading
from miners.earnings.hash_price.typed import TypedHashPrice
from miners.earnings.pools import braiins_pool, ocean, simulated
from miners.earnings.pools.braiins_pool import BraiinsPoolTracker
from miners.earnings.pools.ocean import OceanTracker
from miners.earnings.pools.reading import PoolReading, PoolWorker, from_json, to_json
from miners.earnings.pools.simulated import SimulatedPoolTracker
from tests.adapters.faults import EXCHANGE, Fault
from tests.servers.process import soon

TOKEN = "the-token-of-a-test"
ADDRESS = "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh"

# Recorded answers.
OCEAN = {
    "result": {
        "snap_type": "user",
        "snap_ts": "1700000000",
        "shares_60s": "0",
        "shares_300s": "0",
        "hashrate_60s": "0",
        "hashrate_300s": "2000000000000",
        "lastest_share_ts": "1700000000",
        "shares_in_tides": "262144",
        "estimated_earn_next_block": "0.00015",
        "estimated_bonus_earn_next_block": "0",
        "estimated_total_earn_next_block": "0.00015",
        "estimated_payout_next_block": "0.0002",
        "unpaid": "0.001",
    }
}
OCEAN_ERROR = {"error": "No such user or user has no active workers"}
BRAIINS = {
    "username": "u",
    "btc": {
        "current_balance": "0.00012345",
        "today_reward": "0.00000321",
        "estimated_reward": "0.00000642",
        "all_time_reward": "0.01234567",
        "hash_rate_unit": "Gh/s",
        "hash_rate_5m": 37500.0,
        "hash_rate_60m": 37100.0,
        "hash_rate_24h": 36800.0,
        "hash_rate_yesterday": 36900.0,
        "low_workers": 0,
        "off_workers": 0,
        "ok_workers": 1,
        "dis_workers": 0,
    },
}
BRAIINS_WORKERS = {
    "btc": {
        "workers": {
            "user.rig01": {
                "state": "ok",
                "last_share": 1700000000,
                "hash_rate_unit": "Gh/s",
                "hash_rate_5m": 37500,
                "hash_rate_60m": 37100,
                "hash_rate_24h": 36800,
            }
        }
    }
}
MEMPOOL = {
    "/api/v1/mining/hashrate/3d": {
        "hashrates": [{"timestamp": 1652659200, "avgHashrate": 189877203506913000000}],
        "difficulty": [{"timestamp": 1652468330, "difficulty": 31251101365711.12, "height": 736249}],
        "currentHashrate": 252033247355212300000,
        "currentDifficulty": 31251101365711.12,
    },
    "/api/v1/mining/reward-stats/144": {
        "startBlock": 736556,
        "endBlock": 736655,
        "totalReward": "63811748254",
        "totalFee": "1311748254",
        "totalTx": "164216",
    },
    "/api/v1/prices": {"time": 1703252411, "USD": 43753, "EUR": 40545, "GBP": 37528, "CHF": 37438},
}
# Constructed: the shape as two public readers of that address have it.
OCEAN_WORKERS = {
    "result": {
        "snap_ts": "1700000000",
        "workers": {
            f"{ADDRESS}.attic": [{"hashrate_60s": "0", "hashrate_300s": "1500000000000"}],
            f"{ADDRESS}.bath": [{"hashrate_60s": "0", "hashrate_300s": "0"}],
        },
    }
}


@pytest.fixture
def answering(stub, monkeypatch):
    """`answering(body or behaviour)`: every pool and service is this server."""

    def serve(said):
        server = stub(said if callable(said) else lambda request, wire: wire.answer(200, said))
        monkeypatch.setattr(ocean, "ADDRESS", server.url)
        monkeypatch.setattr(braiins_pool, "ADDRESS", server.url)
        return server

    return serve


def by_path(answers):
    return lambda request, wire: wire.answer(200, answers[request.path])


def ocean_config():
    return OceanTracker.Config(bitcoin_address=ADDRESS)


def braiins_config():
    return BraiinsPoolTracker.Config(api_token=TOKEN)


def recent_mempool(**changes):
    prices = {**MEMPOOL["/api/v1/prices"], "time": int(time.time()) - 300}
    return {**MEMPOOL, "/api/v1/prices": prices, **changes}


def test_ocean_as_recorded(answering):
    server = answering(OCEAN)
    reading = OceanTracker.read_alone(ocean_config(), soon())
    assert server.requests[0].path == f"/v1/statsnap/{ADDRESS}"
    assert reading == PoolReading(
        hash_rate_th_s=2.0,
        unpaid_sat=100_000,
        next_payout_sat=20_000,
        payout_frequency="per_block",
        observed_at=datetime.fromtimestamp(1700000000, UTC),
    )


def test_ocean_does_not_know_the_address(answering):
    answering(OCEAN_ERROR)
    with pytest.raises(NotFound, match="bitcoin address"):
        OceanTracker.read_alone(ocean_config(), soon())


def test_ocean_lists_its_machines(answering):
    answering(OCEAN_WORKERS)
    workers = OceanTracker.read_workers(ocean_config(), soon())
    assert [(one.hash_rate_th_s, one.is_ok) for one in workers] == [(1.5, True), (0.0, False)]


def test_braiins_pool_as_recorded(answering):
    server = answering(BRAIINS)
    reading = BraiinsPoolTracker.read_alone(braiins_config(), soon())
    assert server.requests[0].path == "/accounts/profile/json/btc"
    assert server.requests[0].headers["pool-auth-token"] == TOKEN
    assert reading == PoolReading(
        hash_rate_th_s=37.5,
        hash_rate_1h_th_s=37.1,
        hash_rate_24h_th_s=36.8,
        unpaid_sat=12_345,
        rewards_today_sat=321,
        rewards_ever_sat=1_234_567,
        workers_ok=1,
        workers_off=0,
        payout_frequency="threshold",
    )


def test_one_look_is_one_request(answering):
    """Pools ban who asks twice in a row."""
    server = answering(BRAIINS)
    BraiinsPoolTracker.read_alone(braiins_config(), soon())
    assert len(server.requests) == 1


def test_braiins_workers_as_recorded(answering):
    answering(BRAIINS_WORKERS)
    assert BraiinsPoolTracker.read_workers(braiins_config(), soon()) == (
        PoolWorker("user.rig01", 37.5, "2023-11-14T22:13:20+00:00", True),
    )


def test_mempool_as_recorded(answering):
    server = answering(by_path(recent_mempool()))
    config = MempoolHashPrice.Config(address=server.url, currency="CHF", fee_percent=0)
    reading = MempoolHashPrice.read_alone(config, soon())
    assert reading.block_reward_sat == pytest.approx(638_117_482.54)
    # 86400·10¹² / (31.25 T · 2³²) blocks a day × 6.38 BTC
    assert reading.sat_per_th_s_day == pytest.approx(410.75, rel=1e-3)
    assert (reading.currency_per_btc, reading.currency) == (37438, "CHF")
    assert reading.difficulty == 31251101365711.12


def test_an_old_price_is_no_price(answering):
    """The recorded one is of 2023: what a TH/s earns stands, what that is worth does not."""
    server = answering(by_path(MEMPOOL))
    reading = MempoolHashPrice.read_alone(MempoolHashPrice.Config(address=server.url), soon())
    assert reading.currency_per_btc is None
    assert reading.sat_per_th_s_day > 0


def test_the_fee_of_the_pool_is_taken_off(answering):
    server = answering(by_path(recent_mempool()))
    bare, net = (
        MempoolHashPrice.read_alone(MempoolHashPrice.Config(address=server.url, fee_percent=fee), soon())
        for fee in (0, 2)
    )
    assert net.sat_per_th_s_day == pytest.approx(bare.sat_per_th_s_day * 0.98)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (mempool._PATHS[0], {"currentDifficulty": None}),
        (mempool._PATHS[0], {"currentDifficulty": 0}),
        (mempool._PATHS[0], {"currentDifficulty": -3}),
        (mempool._PATHS[0], {"currentDifficulty": 1e-308}),
        (mempool._PATHS[0], {"currentDifficulty": 2.0}),
        (mempool._PATHS[0], {"currentDifficulty": "many"}),
        (mempool._PATHS[1], {"totalReward": None}),
        (mempool._PATHS[1], {"totalReward": "63811748254000"}),
        (mempool._PATHS[1], {"endBlock": 1}),
        (mempool._PATHS[2], {"EUR": -1}),
        (mempool._PATHS[2], {"EUR": True}),
    ],
)
def test_mempool_figures_that_cannot_be(answering, path, change):
    said = recent_mempool()
    server = answering(by_path({**said, path: {**said[path], **change}}))
    with pytest.raises(BadAnswer):
        MempoolHashPrice.read_alone(MempoolHashPrice.Config(address=server.url), soon())


def test_the_hash_value_as_the_pool_pays_it(answering):
    answering(BRAIINS)
    config = BraiinsPoolHashPrice.Config(api_token=TOKEN, currency_per_btc=60_000)
    reading = BraiinsPoolHashPrice.read_alone(config, soon())
    assert reading == HashPriceReading(pytest.approx(642 / 36.8), 60_000)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"hash_rate_24h": 0}, "no hash rate"),
        ({"hash_rate_24h": 1e-300}, "no hash rate"),
        ({"hash_rate_24h": 1.0, "estimated_reward": "20000000"}, "which cannot be"),
    ],
)
def test_without_hashing_a_pool_tells_no_hash_value(answering, said, words):
    answering({"btc": {**BRAIINS["btc"], **said}})
    with pytest.raises(BadAnswer, match=words):
        BraiinsPoolHashPrice.read_alone(BraiinsPoolHashPrice.Config(api_token=TOKEN), soon())


def test_typed_in():
    config = TypedHashPrice.Config(sat_per_th_s_day=45, currency_per_btc=60_000)
    assert TypedHashPrice.read_alone(config, soon()).value_in("EUR").currency_per_btc == 60_000


def test_a_price_in_other_money_is_not_taken_for_the_homes():
    reading = HashPriceReading(45.0, 60_000, "USD")
    assert reading.value_in("USD").currency_per_btc == 60_000
    assert reading.value_in("EUR").currency_per_btc is None
    assert reading.value_in("EUR").sat_per_th_s_day == 45.0


@pytest.mark.parametrize(
    ("adapter", "config"),
    [
        (OceanTracker, {"bitcoin_address": "../../pool_stat"}),
        (OceanTracker, {"bitcoin_address": "bc1q?x=1"}),
        (BraiinsPoolTracker, {"api_token": "two\r\nX-Header: lines"}),
        (BraiinsPoolTracker, {"api_token": ""}),
        (MempoolHashPrice, {"address": "file:///etc/passwd"}),
        (MempoolHashPrice, {"address": "https://user:pass@mempool.space"}),
        (MempoolHashPrice, {"address": "http://[::1"}),
        (MempoolHashPrice, {"currency": "XXX"}),
        (MempoolHashPrice, {"fee_percent": 90}),
        (TypedHashPrice, {"sat_per_th_s_day": 0}),
    ],
)
def test_what_cannot_be_set(adapter, config):
    with pytest.raises(ValidationError):
        adapter.Config.model_validate(config)


READS = {
    "ocean": lambda deadline: OceanTracker.read_alone(ocean_config(), deadline),
    "ocean workers": lambda deadline: OceanTracker.read_workers(ocean_config(), deadline),
    "braiins": lambda deadline: BraiinsPoolTracker.read_alone(braiins_config(), deadline),
    "braiins workers": lambda deadline: BraiinsPoolTracker.read_workers(braiins_config(), deadline),
    "mempool": lambda deadline: MempoolHashPrice.read_alone(MempoolHashPrice.Config(address=ocean.ADDRESS), deadline),
}


@pytest.mark.parametrize("fault", EXCHANGE, ids=str)
def test_faults_of_the_exchange(answering, fault: Fault):
    """What is shared by all readers (`miners.protocols.web_service`): once per fault."""
    answering(fault.behave)
    with pytest.raises(fault.error, match=fault.word):
        READS["braiins"](fault.deadline())


ODD = [
    b"[]",
    b"7",
    b"null",
    b"{}",
    b'{"result": 5, "btc": []}',
    b'{"result": {"workers": 7}, "btc": {"workers": [1]}}',
    b'{"result": {"workers": {"a": 1}}, "btc": {"workers": {"a": null}}}',
    b'{"error": {"deep": 1}}',
    b"<html>",
    b'{"btc": {"hash_rate_unit": "bananas", "hash_rate_5m": 3}}',
    b'{"result": {"hashrate_300s": "-5"}}',
]


@pytest.mark.parametrize("name", READS)
def test_odd_answers_are_errors_or_unknown(answering, name):
    """Nothing but an `AdapterError` comes out, and no figure out of nothing."""
    said = iter(())
    answering(lambda request, wire: wire.answer(200, body))
    for body in ODD:
        try:
            said = READS[name](soon())
        except AdapterError:
            continue
        figures = said if isinstance(said, tuple) else [said]
        assert all(getattr(one, "hash_rate_th_s", None) is None for one in figures), body


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Unauthorized),
        (404, NotFound),
        (429, RateLimited),
        (500, Unreachable),
        (503, Unreachable),
        (204, BadAnswer),
    ],
)
def test_every_status_has_a_meaning_and_no_secret_in_it(answering, name, status, error):
    answering(lambda request, wire: wire.answer(status, {"error": TOKEN}))
    with pytest.raises(error) as caught:
        READS[name](soon())
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("999999999999", 86_400, 86_400),
        ("in an hour", 3000, 3600),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0, 0),
    ],
)
def test_how_long_a_service_wants_to_be_left_alone(answering, header, least, most):
    if header == "in an hour":  # said here: two test processes must agree on the names of their tests
        header = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    answering(lambda request, wire: wire.answer(429, {}, headers={"Retry-After": header}))
    with pytest.raises(RateLimited) as caught:
        READS["ocean"](soon())
    assert least <= caught.value.retry_after_seconds <= most


@pytest.mark.parametrize("header", ["soon", "-5", "1e3", "٣"])
def test_a_wait_that_is_none(answering, header):
    answering(
        lambda request, wire: wire.sock.sendall(
            b"HTTP/1.1 429 X\r\nContent-Length: 0\r\nRetry-After: " + header.encode() + b"\r\n\r\n"
        )
    )
    with pytest.raises(RateLimited) as caught:
        READS["ocean"](soon())
    assert caught.value.retry_after_seconds is None


@given(st.floats(0, 1e5), st.floats(0, 1e4), st.integers(1, 10**8), st.integers(0, 4 * 10**9))
def test_the_simulated_pool_pays_out_at_its_threshold(rate, sat, threshold, seconds):
    config = SimulatedPoolTracker.Config(hash_rate_th_s=rate, sat_per_th_s_day=sat, payout_threshold_sat=threshold)
    reading = simulated.at(config, datetime.fromtimestamp(seconds, UTC))
    assert 0 <= reading.unpaid_sat < threshold
    assert reading.hash_rate_th_s == rate
    if reading.next_payout_at is not None:
        assert reading.next_payout_at.timestamp() >= seconds - 1  # floats of a century
        before, after = (reading.next_payout_at + timedelta(seconds=s) for s in (-1, 1))
        assert simulated.at(config, before).rewards_ever_sat // threshold <= reading.rewards_ever_sat // threshold
        assert simulated.at(config, after).rewards_ever_sat // threshold > reading.rewards_ever_sat // threshold
    assert reading == from_json(json.loads(json.dumps(to_json(reading))))


@given(
    st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["hash_rate_th_s", "observed_at", "next_payout_at"]),
        st.none() | st.integers() | st.text(),
    )
)
def test_what_is_stored_is_read_or_nothing(stored):
    assert isinstance(from_json(stored), PoolReading | None)
