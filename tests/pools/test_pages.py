"""Pools and the hash price in the API and the set-up: made, tested, shown; no secret comes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from miners.earnings.pools import braiins_pool
from miners.earnings.refresh import refresh
from miners.models import HashPriceSource, MinerEarning, PoolAccount, PoolHour
from tests import factories
from tests.pools.test_adapters import BRAIINS, TOKEN

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_a_pool_is_made_read_and_its_token_never_shown(api, home, stub, monkeypatch):
    server = stub(lambda request, wire: wire.answer(200, BRAIINS))
    monkeypatch.setattr(braiins_pool, "ADDRESS", server.url)
    body = {"site_id": str(home.pk), "name": "Braiins", "adapter_type": "braiins_pool", "config": {"api_token": TOKEN}}
    tested = api.post("/pool-trackers/test-connection", body)
    assert tested.json()["ok"] is True, tested.content
    assert "37.5 TH/s" in tested.json()["message"]
    made = api.post("/pool-trackers", body)
    assert made.status_code == 201, made.content
    assert made.json()["secrets_set"] == ["api_token"]
    assert refresh(NOW, jitter=lambda: 0.5) == 1
    state = api.get(f"/pool-trackers/{made.json()['id']}/state")
    assert state.json()["reading"]["unpaid_sat"] == 12_345
    hours = api.get(f"/pool-trackers/{made.json()['id']}/hours").json()
    assert [(one["unpaid_sat"], one["workers_ok"]) for one in hours["items"]] == [(12_345, 1)]
    assert TOKEN.encode() not in tested.content + made.content + state.content


def test_a_home_has_one_hash_price_in_its_own_money(api, home):
    body = {"site_id": str(home.pk), "name": "Price", "adapter_type": "mempool", "config": {"currency": "USD"}}
    wrong = api.post("/hash-price-sources", body)
    assert wrong.status_code == 422
    assert "USD" in str(wrong.json())
    made = api.post("/hash-price-sources", {**body, "config": {}, "electricity_currency_per_kwh": 0.31})
    assert made.status_code == 201, made.content
    assert made.json()["electricity_currency_per_kwh"] == 0.31
    again = api.post("/hash-price-sources", {**body, "config": {}})
    assert again.status_code in (409, 422)
    assert "already" in str(again.json())
    assert HashPriceSource.objects.count() == 1


def test_earnings_of_a_home_and_of_a_miner(api, home):
    miner = factories.miner(home)
    factories.hash_price(home, electricity_currency_per_kwh=0.25)
    refresh(datetime.now(UTC))
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    figures = {"earned_sat": 80.0, "earned_currency": 0.05, "electricity_currency": 0.25, "currency": home.currency}
    MinerEarning.objects.create(miner=miner, at=at, energy_wh=1000, hashed_th=1.0, **figures)
    found = api.get(f"/sites/{home.pk}/earnings").json()
    assert found["hash_value"] == {"sat_per_th_s_day": 45.0, "currency_per_btc": 60_000.0}
    assert found["month"]["net_cost_currency_per_kwh_heat"] == pytest.approx(0.20)
    assert [one["name"] for one in found["miners"]] == [miner.name]
    hours = api.get(f"/miners/{miner.pk}/earnings").json()
    assert [one["earned_sat"] for one in hours["items"]] == [80.0]


@pytest.mark.parametrize("model", [PoolAccount, HashPriceSource], ids=lambda model: model.__name__)
def test_the_list_says_what_was_said_last(client, home, model):
    factories.pool(home)
    factories.hash_price(home, electricity_currency_per_kwh=0.25)
    client.force_login(factories.user())
    address = reverse(f"admin:miners_{model._meta.model_name}_changelist")
    assert "not asked yet" in client.get(address).content.decode()
    refresh(datetime.now(UTC))
    model.objects.update(problem="The pool has a problem of its own (500).")
    shown = client.get(address).content.decode()
    assert "ago: The pool has a problem" in shown
    assert ("40.0 TH/s" if model is PoolAccount else "45\u202fsat") in shown


def test_the_form_tests_what_is_typed(client, home):
    client.force_login(factories.user())
    typed = {
        "site": str(home.pk),
        "name": "Price",
        "adapter_type": "typed",
        "typed__sat_per_th_s_day": "45",
        "typed__currency_per_btc": "60000",
    }
    answer = client.post(reverse("admin:miners_hashpricesource_probe"), typed).json()
    assert answer["ok"] is True, answer
    assert "45.0 sat a day" in answer["sentence"]


def test_history_goes_with_its_pool(home):
    row = factories.pool(home)
    refresh(NOW)
    assert PoolHour.objects.count() == 1
    row.delete()
    assert PoolHour.objects.count() == 0
