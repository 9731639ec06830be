"""The API on the simulated home after real passes: what it answers is what the passes publish and do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from miners.models import DesiredState
from optimization import services
from optimization.demo import create_demo_home, ensure_shipped_policies
from optimization.passes.run import run_sites
from tests.api.addresses import operations

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def demo(api):
    ensure_shipped_policies()
    site = create_demo_home()
    assert run_sites([site.pk]).completed == [site.pk]
    return site


def test_readings_states_and_reasons_are_there(api, demo):
    zone, miner, source = demo.zones.first(), demo.miners.first(), demo.energy_sources.first()
    reading = api.get(f"/climate-zones/{zone.pk}/reading").json()
    assert reading["sensor"] == "ok"
    assert 5 < reading["temperature_celsius"] < 35
    assert reading["observed_at"]
    status = api.get(f"/miners/{miner.pk}/status").json()
    assert status["status"] != "unknown"
    assert status["reason"]
    assert api.get(f"/energy-sources/{source.pk}/state").json()["battery_soc_percent"] is not None
    house = demo.simulated_houses.get()
    assert api.get(f"/external-services/{house.pk}/status").json()["ok"] is True
    decisions = api.get(f"/decisions?site_id={demo.pk}").json()["items"]
    assert {one["miner_id"] for one in decisions} == {str(one.pk) for one in demo.miners.all()}
    unit = demo.units.first()
    context = api.get(f"/optimization-units/{unit.pk}/decisional-context").json()
    assert all(one["saw"] for one in context)
    for kind, row in (("climate-monitors", zone.monitors.first()), ("miner-controllers", miner.controller)):
        assert api.post(f"/{kind}/{row.pk}/check").json()["ok"] is True


def test_a_wish_reaches_the_miner_and_a_deleted_miner_is_off_first(api, demo, monkeypatch):
    miner = demo.miners.first()
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    api.post(f"/miners/{miner.pk}/start", {"power_w": miner.nominal_power_w, "until": until})
    run_sites([demo.pk])
    assert DesiredState.objects.get(miner=miner).power_w > 0

    seen_off, switch_off = [], services.switch_off

    def noting(miners, **how):
        seen_off.extend(miners)
        return switch_off(miners, **how)

    monkeypatch.setattr(services, "switch_off", noting)
    for unit in demo.units.all():
        others = [str(one.pk) for one in unit.miners.exclude(pk=miner.pk)]
        assert api.patch(f"/optimization-units/{unit.pk}", {"miner_ids": others}).status_code == 200
    assert api.delete(f"/miners/{miner.pk}").status_code == 204
    assert [one.pk for one in seen_off] == [miner.pk]
    assert api.get(f"/miners/{miner.pk}").status_code == 404


def test_every_list_of_the_home_answers(api, demo):
    lists = [one for one in operations() if one.method == "GET" and "{" not in one.path]
    assert len(lists) > 15
    for operation in lists:
        assert api.get(operation.path).status_code == 200, operation
