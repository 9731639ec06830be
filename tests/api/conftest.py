"""A caller of the API with a bearer token, and a home with one of everything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from sites.services import create_api_token
from tests import factories

ROOT = "/api/v1"
SECRET = "a-token-nobody-may-see-again"


@dataclass
class Caller:
    """Speaks JSON with `/api/v1`; `raw` sends bytes as they are."""

    token: str
    client: Client

    def call(self, method: str, path: str, body: Any = None, **extra) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        return self.raw(method, path, data, **extra)

    def raw(self, method: str, path: str, data: bytes, **extra) -> Any:
        url = path if path.startswith("/api/") else f"{ROOT}{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.generic(method, url, data, content_type="application/json", headers=headers, **extra)

    def get(self, path: str, **extra):
        return self.call("GET", path, **extra)

    def post(self, path: str, body: Any = None):
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any):
        return self.call("PATCH", path, body)

    def put(self, path: str, body: Any):
        return self.call("PUT", path, body)

    def delete(self, path: str):
        return self.call("DELETE", path)


@pytest.fixture
def anna(db):
    # Without a password: hashing one takes longer than most of these tests.
    return get_user_model().objects.create_user("anna", is_staff=True)


@pytest.fixture
def api(anna) -> Caller:
    return Caller(create_api_token("tests", anna), Client(raise_request_exception=False))


@dataclass
class Home:
    """Rows of one site, all linked and with an enabled unit."""

    site: Any
    home_assistant: Any
    house: Any
    sensor: Any
    zone: Any
    period: Any
    meter: Any
    source: Any
    plug: Any
    circuit: Any
    pool: Any
    price: Any
    miner: Any
    policy: Any
    unit: Any


def furnish() -> Home:
    from miners.models import Circuit

    site = factories.site()
    sensor = factories.climate_monitor(site)
    zone = factories.zone(site, monitor=sensor)
    meter = factories.energy_monitor(site)
    plug = factories.controller(site)
    circuit = Circuit.objects.create(site=site, name="Cellar", limit_w=3000)
    miner = factories.miner(site, zones=[zone], controller=plug, circuit=circuit)
    policy = factories.policy(site)
    source = factories.energy_source(site, monitor=meter)
    return Home(
        site=site,
        home_assistant=factories.home_assistant(site, token=SECRET),
        house=factories.simulated_house(site),
        sensor=sensor,
        zone=zone,
        period=factories.target_period(site),
        meter=meter,
        source=source,
        plug=plug,
        circuit=circuit,
        pool=factories.pool(site),
        price=factories.hash_price(site),
        miner=miner,
        policy=policy,
        unit=factories.unit(site, miners=[miner], policy=policy, energy_source=source),
    )


@pytest.fixture
def furnished(db) -> Home:
    return furnish()


def problems(response) -> dict[str, str]:
    """The fields a 422 (or a 409 for a taken name) complains about, with the sentence."""
    detail = response.json()["detail"]
    assert isinstance(detail, list), detail
    return {".".join(map(str, one["loc"])): one["msg"] for one in detail}
