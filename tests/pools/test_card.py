"""The card of earnings on the miners' page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from miners.earnings.refresh import refresh
from miners.models import MinerEarning
from tests import factories


@pytest.fixture
def shown(client, home):
    """The words of the miners' page."""
    client.force_login(factories.user())
    factories.miner(home)  # of which no pass has seen anything

    def words() -> str:
        return client.get(reverse("miners")).content.decode().replace("\u202f", " ")

    return words


def test_without_a_hash_price_it_says_where_to_enter_it(shown):
    assert "What hashing earns is not known." in shown()
    assert reverse("admin:miners_hashpricesource_changelist") in shown()


def test_the_price_of_heat_of_recorded_hours(shown, home):
    factories.hash_price(home, electricity_currency_per_kwh=0.25)
    refresh(datetime.now(UTC))
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)
    figures = {"earned_sat": 83.0, "earned_currency": 0.05, "electricity_currency": 0.25, "currency": home.currency}
    MinerEarning.objects.create(miner=home.miners.get(), at=at, energy_wh=1000, **figures)
    said = shown()
    assert "Over 30 days a kWh of heat cost 0.2000 EUR instead of the 0.2500 EUR of its electricity." in said
    assert "83 sat · 0.05 EUR" in said
    assert "What it draws is not known." in said
