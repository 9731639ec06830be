"""Every page of the set-up answers, with nothing there and with everything there, in few statements."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from tests import factories

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = [model for model in REGISTERED if model._meta.app_label not in ("auth",)]


def url_of(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def row_of(filled, model):
    return next(row for row in vars(filled).values() if isinstance(row, model))


def test_everything_a_person_sets_up_is_registered():
    names = {model._meta.label for model in REGISTERED}
    assert names == {
        "auth.User",
        "climate.ClimateMonitor",
        "climate.ClimateZone",
        "climate.TargetPeriod",
        "energy.EnergyMonitor",
        "energy.EnergySource",
        "integrations.HomeAssistant",
        "integrations.MqttBroker",
        "integrations.SimulatedHouse",
        "miners.Circuit",
        "miners.CommandLog",
        "miners.HashPriceSource",
        "miners.ManualRequest",
        "miners.Miner",
        "miners.MinerController",
        "miners.PoolAccount",
        "optimization.Decision",
        "optimization.OptimizationUnit",
        "optimization.Policy",
        "sites.ActivityLog",
        "sites.Alarm",
        "sites.ApiToken",
        "sites.Site",
    }


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_empty_pages(page, model):
    assert page.get(url_of(model, "changelist")).status_code == 200
    may_add = admin.site._registry[model].has_add_permission(_request_of(page))
    assert page.get(url_of(model, "add")).status_code == (200 if may_add else 403)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_filled_pages(page, filled, model):
    """Each with a way back to the dashboard."""
    row = row_of(filled, model)
    listed = page.get(url_of(model, "changelist"))
    assert listed.status_code == 200
    assert str(row.pk) in listed.content.decode()
    changed = page.get(url_of(model, "change", row.pk))
    for answer in (listed, changed, page.get("/admin/")):
        assert answer.content.decode().count('class="to-dashboard"><a href="/">') == 1
    may_delete = admin.site._registry[model].has_delete_permission(_request_of(page), row)
    assert page.get(url_of(model, "delete", row.pk)).status_code == (200 if may_delete else 403)


def _request_of(page):
    return page.get("/admin/").wsgi_request


@pytest.mark.parametrize(
    "model", [m for m in OURS if m._meta.label != "optimization.Policy"], ids=lambda m: m._meta.label
)
def test_lists_cost_the_same_for_many_rows(page, filled, model, django_assert_max_num_queries):
    """Two sites, so that every list also shows the site: the dearest case."""
    factories.site()
    with django_assert_max_num_queries(22):
        page.get(url_of(model, "changelist"))


def test_index_and_sidebar_in_the_order_of_setting_up(page):
    content = page.get("/admin/").content.decode()
    places = [
        content.index(title)
        for title in ("1 · Site", "2 · Conn", "3 · Zones", "4 · Min", "5 · Ener", "6 · Pol", "7 · Un")
    ]
    assert places == sorted(places)


def test_sidebar_hides_what_one_may_not_see(client, db):
    user = factories.user("ben")
    user.is_superuser = False
    user.save()
    client.force_login(user)
    assert "3 · Zones" not in client.get("/admin/").content.decode()


def test_pages_load_nothing_from_elsewhere(page, filled):
    for url in (
        "/admin/",
        url_of(type(filled.zone), "change", filled.zone.pk),
        url_of(type(filled.miner), "changelist"),
    ):
        content = page.get(url).content.decode()
        for attribute in ('src="http', "src='http", 'src="//', 'href="//', "url(http", 'rel="stylesheet" href="http'):
            assert attribute not in content


def test_lists_show_state(page, filled):
    zones = page.get(url_of(type(filled.zone), "changelist")).content.decode()
    assert "20.4" in zones
    assert "heating" in zones
    miners = page.get(url_of(type(filled.miner), "changelist")).content.decode()
    assert "812" in miners
    units = page.get(url_of(type(filled.unit), "changelist")).content.decode()
    assert filled.decision.reason in units
    assert "It does not answer." in page.get(url_of(type(filled.assistant), "changelist")).content.decode()


def test_a_decision_is_readable(page, filled):
    content = page.get(url_of(type(filled.decision), "change", filled.decision.pk)).content.decode()
    assert filled.decision.reason in content
    assert "temperature 20.4 °C is below the lower bound 20.5 °C" in content
    assert "unknown" in content


@pytest.mark.parametrize("name", ["decision", "activity", "alarm", "command", "wish"])
def test_records_cannot_be_changed(page, filled, name):
    row = getattr(filled, name)
    before = str(row)
    assert page.post(url_of(type(row), "change", row.pk), {"reason": "x", "text": "x"}).status_code == 403
    row.refresh_from_db()
    assert str(row) == before
