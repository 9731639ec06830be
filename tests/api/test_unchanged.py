"""Lists of configuration: 304 while nothing moved, a new answer after any change, nothing kept that is state."""

from uuid import uuid4

import pytest
from django.db import connection

from climate.api import ClimateMonitorOut, ZoneOut
from climate.models import ClimateMonitor, ClimateZone
from edgemining import api_unchanged
from energy.api import EnergyMonitorOut, SourceOut
from energy.models import EnergyMonitor, EnergySource
from miners.api import CircuitOut
from miners.models import Circuit
from optimization.site_plan.classification import Kind, kind_of
from tests import factories

#: What each list answers, and of which rows.
SHAPES = {
    "climate-zones": (ZoneOut, ClimateZone),
    "climate-monitors": (ClimateMonitorOut, ClimateMonitor),
    "energy-sources": (SourceOut, EnergySource),
    "energy-monitors": (EnergyMonitorOut, EnergyMonitor),
    "circuits": (CircuitOut, Circuit),
}
#: Fields that are worked out, from configuration alone.
DERIVED = {"climate_monitor_ids", "energy_monitor_id", "external_service_id", "secrets_set", "is_real", "site_id"}


def get(api, path, tag=None):
    extra = {} if tag is None else {"HTTP_IF_NONE_MATCH": tag}
    return api.get(path, **extra)


@pytest.mark.parametrize("route", sorted(api_unchanged.LISTS))
def test_a_list_is_304_until_its_configuration_moves(api, furnished, route):
    first = get(api, f"/{route}")
    assert first.status_code == 200
    tag = first["ETag"]
    assert first["Cache-Control"] == "private, no-cache"
    again = get(api, f"/{route}")
    assert (again.json(), again["ETag"]) == (first.json(), tag)
    same = get(api, f"/{route}", tag)
    assert (same.status_code, same.content) == (304, b"")
    model = SHAPES[route][1]
    model.objects.update(name="Renamed by another program")
    changed = get(api, f"/{route}", tag)
    assert changed.status_code == 200
    assert {one["name"] for one in changed.json()["items"]} == {"Renamed by another program"}


@pytest.mark.parametrize("route", sorted(api_unchanged.LISTS))
def test_such_a_list_holds_nothing_that_changes_by_itself(route):
    schema, model = SHAPES[route]
    fields = {field.name: field for field in model._meta.get_fields() if hasattr(field, "attname")}
    for name in schema.model_fields:
        if name not in DERIVED:
            assert name == "id" or kind_of(model, fields[name]) is Kind.CONFIGURATION, name


def test_every_question_has_its_own_answer(api, furnished):
    site, other = furnished.site, factories.site()
    zone = factories.zone(other, "Attic")
    tags = {get(api, f"/climate-zones{asked}")["ETag"] for asked in ("", "?limit=1", f"?site_id={other.pk}")}
    assert len(tags) == 3
    here = get(api, f"/climate-zones?site_id={site.pk}")
    zone.name = "Loft"
    zone.save()
    assert get(api, f"/climate-zones?site_id={site.pk}", here["ETag"]).status_code == 304
    assert get(api, f"/climate-zones?site_id={uuid4()}").json()["items"] == []
    assert get(api, "/climate-zones?site_id=nonsense").status_code == 422


def test_a_link_that_moves_is_a_change(api, furnished):
    zone = ClimateZone.objects.get()
    tag = get(api, "/climate-zones")["ETag"]
    zone.monitors.clear()
    assert get(api, "/climate-zones", tag).json()["items"][0]["climate_monitor_ids"] == []


def test_without_its_triggers_nothing_is_kept(api, furnished):
    get(api, "/climate-zones")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'climate_climatezone'")
        cursor.execute(f'DROP TRIGGER "{cursor.fetchone()[0]}"')
    response = get(api, "/climate-zones")
    assert "ETag" not in response
    assert response["Cache-Control"] == "no-store"


def test_who_may_not_come_in_gets_no_list(api, furnished, client):
    tag = get(api, "/climate-zones")["ETag"]
    assert client.get("/api/v1/climate-zones", HTTP_IF_NONE_MATCH=tag).status_code == 401
