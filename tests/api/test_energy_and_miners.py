"""Energy sources, circuits, miners, and wishes for their power."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from energy.models import EnergyReading
from miners.models import CommandLog, DesiredState, ManualRequest, Miner, MinerController, MinerReading
from miners.power import Level, PowerModel, to_json
from sites import hooks, live
from sites.models import Site
from tests import factories
from tests.api.conftest import problems
from tests.moments import Meanwhile

pytestmark = pytest.mark.django_db


def test_an_energy_source_is_made_changed_and_removed(api, home):
    meter = factories.energy_monitor(home)
    body = {"site_id": str(home.pk), "name": "Roof", "nominal_power_w": 8000, "energy_monitor_id": str(meter.pk)}
    made = api.post("/energy-sources", body)
    assert made.status_code == 201, made.content
    assert (made.json()["type"], made.json()["energy_monitor_id"]) == ("solar", str(meter.pk))
    cleared = api.patch(made["Location"], {"energy_monitor_id": None, "nominal_power_w": None, "type": "grid"})
    assert (cleared.json()["energy_monitor_id"], cleared.json()["nominal_power_w"]) == (None, None)
    assert api.delete(made["Location"]).status_code == 204
    assert "solar" in api.get("/energy-sources/types").json()


@pytest.mark.parametrize(
    "change", [{"type": "nuclear"}, {"nominal_power_w": -1}, {"nominal_power_w": 10**20}, {"has_grid": None}], ids=str
)
def test_a_bad_source_is_refused_by_place(api, home, change):
    response = api.post("/energy-sources", {"site_id": str(home.pk), "name": "Roof", **change})
    assert response.status_code == 422
    assert list(problems(response)) == [f"body.{next(iter(change))}"]


def test_a_source_in_use_stays(api, furnished):
    response = api.delete(f"/energy-sources/{furnished.source.pk}")
    assert response.status_code == 409
    assert response.json()["in_use_by"][0]["type"] == "optimization-units"


def test_the_state_and_history_of_a_source(api, furnished):
    address = f"/energy-sources/{furnished.source.pk}"
    assert "No control pass" in api.get(f"{address}/state").json()["problem"]
    live.publish(furnished.site.pk, {"energy": {str(furnished.source.pk): {"surplus_w": 1200.0, "has_grid": True}}})
    assert api.get(f"{address}/state").json()["surplus_w"] == 1200.0
    EnergyReading.objects.create(source=furnished.source, at=timezone.now(), production_w=900)
    assert api.get(f"{address}/readings").json()["items"][0]["production_w"] == 900


def test_a_circuit_stays_while_miners_hang_on_it(api, furnished):
    made = api.post("/circuits", {"site_id": str(furnished.site.pk), "name": "Attic", "limit_w": 2000})
    assert made.status_code == 201
    assert api.patch(made["Location"], {"limit_w": 2500}).json()["limit_w"] == 2500
    assert api.patch(made["Location"], {"limit_w": 0}).status_code == 422
    assert api.delete(made["Location"]).status_code == 204
    assert api.delete(f"/circuits/{furnished.circuit.pk}").status_code == 409


def test_a_miner_is_made_linked_changed_and_removed(api, home):
    zone, plug = factories.zone(home), factories.controller(home)
    body = {"site_id": str(home.pk), "name": "Avalon", "climate_zone_ids": [str(zone.pk)], "nominal_power_w": 800}
    made = api.post("/miners", {**body, "controller_id": str(plug.pk)})
    assert made.status_code == 201, made.content
    assert (made.json()["controller_id"], made.json()["climate_zone_ids"]) == (str(plug.pk), [str(zone.pk)])
    assert (made.json()["min_on_seconds"], made.json()["is_active"]) == (600, True)
    changed = api.patch(made["Location"], {"climate_zone_ids": [], "heats_no_room": True, "controller_id": None})
    assert (changed.json()["controller_id"], changed.json()["climate_zone_ids"]) == (None, [])
    assert api.delete(made["Location"]).status_code == 204
    assert not Miner.objects.exists()


def test_one_controller_drives_one_miner(api, furnished):
    body = {"site_id": str(furnished.site.pk), "name": "Second", "controller_id": str(furnished.plug.pk)}
    response = api.post("/miners", body)
    assert response.status_code == 409
    assert list(problems(response)) == ["body.controller_id"]


@pytest.mark.parametrize("link", ["controller_id", "circuit_id", "climate_zone_ids"])
def test_links_to_another_site_are_refused(api, home, link):
    from miners.models import Circuit

    foreign = factories.site()
    rows = {
        "controller_id": factories.controller(foreign),
        "circuit_id": Circuit.objects.create(site=foreign, name="Cellar", limit_w=1),
        "climate_zone_ids": factories.zone(foreign),
    }
    pk = str(rows[link].pk)
    miner = factories.miner(home)
    response = api.patch(f"/miners/{miner.pk}", {link: [pk] if link.endswith("s") else pk})
    assert response.status_code == 422
    assert "belongs to another site" in next(iter(problems(response).values()))


def test_a_real_controller_gets_no_invented_sensor(api, home):
    plug = factories.controller(
        home, adapter_type="home_assistant_switch", home_assistant=factories.home_assistant(home)
    )
    zone = factories.zone(home, monitor=factories.climate_monitor(home))
    body = {"site_id": str(home.pk), "name": "Avalon", "climate_zone_ids": [str(zone.pk)]}
    response = api.post("/miners", {**body, "controller_id": str(plug.pk)})
    assert response.status_code == 422
    assert "measures nothing real" in problems(response)["body.controller_id"]
    assert not Miner.objects.exists()


def test_the_controller_stays_while_the_miner_is_on(api, furnished):
    DesiredState.objects.create(miner=furnished.miner, seen_on=True)
    address = f"/miners/{furnished.miner.pk}"
    response = api.patch(address, {"controller_id": None})
    assert response.status_code == 409
    assert "Stop it" in response.json()["detail"]
    assert api.patch(address, {"controller_id": str(furnished.plug.pk), "name": "Nova"}).status_code == 200


def test_a_miner_of_a_unit_stays(api, furnished):
    response = api.delete(f"/miners/{furnished.miner.pk}")
    assert response.status_code == 409
    assert response.json()["in_use_by"][0]["id"] == str(furnished.unit.pk)


def test_a_miner_nobody_saw_off_is_not_deleted(api, home):
    miner = factories.miner(home)
    with hooks.delete_safely.filled_with(refuse_to_delete):
        response = api.delete(f"/miners/{miner.pk}")
    assert response.status_code == 409
    assert "Nothing was deleted" in response.json()["detail"]
    assert Miner.objects.filter(pk=miner.pk).exists()


def refuse_to_delete(row, *, by):
    from django.core.exceptions import ValidationError

    assert by == "anna"
    raise ValidationError(["It was not seen off.", "Nothing was deleted."])


def test_a_start_is_a_wish_with_an_end(api, furnished):
    now = Meanwhile()
    response = api.post(f"/miners/{furnished.miner.pk}/start", {"power_w": 1000})
    assert response.status_code == 202
    wish = ManualRequest.objects.get()
    assert (wish.power_w, wish.by, wish.origin) == (1000, "anna", "person")
    assert wish.until - timedelta(hours=2) in now
    assert response.json()["wish"]["power_w"] == 1000
    assert "within 10 s" in response.json()["message"]
    assert Site.objects.get().next_pass_at is not None
    assert api.get(f"/miners/{furnished.miner.pk}/status").json()["wish"]["by"] == "anna"


def test_a_start_without_a_body_is_at_nominal_power(api, furnished):
    assert api.post(f"/miners/{furnished.miner.pk}/start").json()["wish"]["power_w"] == 1000


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"power_w": 0}, "body.power_w"),
        ({"power_w": 100}, "body.power_w"),
        ({"power_w": 1001}, "body.power_w"),
        ({"power_w": -5}, "body.power_w"),
        ({"power_w": 10**30}, "body.power_w"),
        ({"until": "2099-01-01T00:00:00Z"}, "body.until"),
        ({"until": "2020-01-01T00:00:00Z"}, "body.until"),
        ({"minutes": 5}, "body.minutes"),
    ],
)
def test_an_impossible_start_is_refused(api, furnished, body, place):
    response = api.post(f"/miners/{furnished.miner.pk}/start", body)
    assert response.status_code == 422
    assert list(problems(response)) == [place]
    assert not ManualRequest.objects.exists()


@pytest.fixture
def levels(furnished):
    """The miner has two levels, as its device said."""
    model = PowerModel((Level("eco", 600.0, 30.0), Level("super", 1000.0)))
    MinerController.objects.filter(pk=furnished.miner.controller_id).update(identity={"power": to_json(model)})


def test_a_start_at_a_level_for_a_while(api, furnished, levels):
    now = Meanwhile()
    response = api.post(f"/miners/{furnished.miner.pk}/start", {"level": "eco", "duration_minutes": 90})
    assert response.status_code == 202
    wish = ManualRequest.objects.get()
    assert wish.power_w == 600
    assert wish.until - timedelta(minutes=90) in now


def test_watts_between_two_levels_are_the_lower_one_and_it_is_said(api, furnished, levels):
    answer = api.post(f"/miners/{furnished.miner.pk}/start", {"power_w": 750}).json()
    assert answer["wish"]["power_w"] == ManualRequest.objects.get().power_w == 600
    said = answer["message"].replace("\u202f", " ")
    assert "is to run at eco, 600 W until" in said
    assert "750 W is between two of its levels, so it takes the lower one: eco, 600 W." in said


def test_the_levels_there_are(api, furnished, levels):
    told = api.get(f"/miners/{furnished.miner.pk}").json()
    assert [(one["key"], one["power_w"], one["hash_rate_th_s"]) for one in told["levels"]] == [
        ("eco", 600.0, 30.0),
        ("super", 1000.0, None),
    ]
    assert told["level_step_w"] is None


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ({"power_w": 599}, "body.power_w", "eco (600"),
        ({"power_w": 1001}, "body.power_w", "super (1000"),
        ({"level": "turbo"}, "body.level", "eco (600"),
        ({"level": ""}, "body.level", "super (1000"),
        ({"level": "eco", "power_w": 600}, "body.level", "not both"),
        ({"level": 5}, "body.level", "string"),
        ({"duration_minutes": 0}, "body.duration_minutes", "1440 (24 hours)"),
        ({"duration_minutes": -1}, "body.duration_minutes", "1440 (24 hours)"),
        ({"duration_minutes": 10**9}, "body.duration_minutes", "1440 (24 hours)"),
        ({"duration_minutes": "soon"}, "body.duration_minutes", "integer"),
        ({"duration_minutes": 5, "until": "2099-01-01T00:00:00Z"}, "body.duration_minutes", "not both"),
    ],
)
def test_a_level_or_a_duration_that_cannot_be_is_refused_by_name(api, furnished, levels, body, place, words):
    response = api.post(f"/miners/{furnished.miner.pk}/start", body)
    assert response.status_code == 422
    assert list(problems(response)) == [place]
    assert words in problems(response)[place]
    assert not ManualRequest.objects.exists()


def test_the_status_tells_what_the_snapshot_carries(api, furnished):
    told = {
        "status": "heating", "power_source": "meter", "drawn_w": 812.0, "level": "eco", "set_power_w": 800.0,
        "board_temperature_celsius": 61.0, "inlet_temperature_celsius": 21.0, "outlet_temperature_celsius": 45.5,
        "fan_rpm": 3100.0, "uptime_seconds": 7200.0, "pool_alive": True,
    }  # fmt: skip
    live.publish(furnished.site.pk, {"miners": {str(furnished.miner.pk): told}})
    answer = api.get(f"/miners/{furnished.miner.pk}/status").json()
    assert {name: answer[name] for name in told} == told


def test_stop_holds_until_resumed(api, furnished):
    address = f"/miners/{furnished.miner.pk}"
    assert api.post(f"{address}/stop").status_code == 202
    wish = ManualRequest.objects.get()
    assert (wish.power_w, wish.until) == (0, None)
    resumed = api.post(f"{address}/resume")
    assert (resumed.status_code, resumed.json()["wish"]) == (202, None)
    assert "automatic again" in resumed.json()["message"]
    assert "already" in api.post(f"{address}/resume").json()["message"]
    assert [one["power_w"] for one in api.get(f"{address}/requests").json()["items"]] == [0]
    assert api.get(f"{address}/status").json()["wish"] is None


def said_off(row, *, by):
    return [f"{row} was told by {by} and not seen off."]


@pytest.mark.parametrize("how", ["patch", "deactivate"])
def test_deactivating_says_what_nobody_has_seen_off(api, furnished, monkeypatch, how):
    monkeypatch.setattr(hooks.see_off, "_function", said_off)
    address = f"/miners/{furnished.miner.pk}"
    off = {"is_active": False}
    answer = api.patch(address, off) if how == "patch" else api.post(f"{address}/deactivate")
    [sentence] = answer.json()["not_seen_off"]
    assert furnished.miner.name in sentence
    # What is inactive already is not waited for again.
    assert api.patch(address, off).json()["not_seen_off"] == []


def test_the_plug_before_a_miner_and_its_quiet_hours(api, furnished):
    plug = factories.controller(furnished.site, name="Plug before it")
    address = f"/miners/{furnished.miner.pk}"
    changed = api.patch(address, {"cutoff_id": str(plug.pk), "quiet_from": "22:00", "quiet_until": "07:00"})
    assert changed.status_code == 200
    stored = api.get(address).json()
    assert (stored["cutoff_id"], stored["quiet_from"], stored["cut_at"]) == (str(plug.pk), "22:00:00", None)
    half = api.patch(address, {"quiet_until": None})
    assert half.status_code == 422
    wrong = api.patch(address, {"level_watts": {"turbo": 900}})
    assert "no power of a level" in problems(wrong)["body.level_watts"]


def test_starts_by_default_are_those_of_every_other_way_in(api, furnished):
    made = api.post("/miners", {"site_id": str(furnished.site.pk), "name": "Second"}).json()
    plain = Miner()
    assert made["max_starts_per_hour"] == plain.max_starts_per_hour
    assert made["max_starts_per_day"] == plain.max_starts_per_day


def test_an_inactive_miner_does_not_start(api, furnished):
    address = f"/miners/{furnished.miner.pk}"
    assert api.post(f"{address}/deactivate").json()["is_active"] is False
    assert api.get("/miners?is_active=true").json()["count"] == 0
    assert api.post(f"{address}/start").status_code == 409
    assert api.post(f"{address}/activate").json()["is_active"] is True
    assert api.post(f"{address}/start").status_code == 202


def test_the_status_is_what_the_last_pass_saw(api, furnished):
    address = f"/miners/{furnished.miner.pk}/status"
    before = api.get(address).json()
    assert (before["status"], before["power_w"]) == ("unknown", None)
    assert "No control pass" in before["problem"]
    seen = {"status": "heating", "power_w": 812.0, "power_is_measured": True, "desired_w": 800, "reason": "Cold."}
    live.publish(furnished.site.pk, {"miners": {str(furnished.miner.pk): seen}})
    assert api.get(address).json().items() >= seen.items()


def test_commands_and_history_are_lists(api, furnished):
    address = f"/miners/{furnished.miner.pk}"
    CommandLog.objects.create(miner=furnished.miner, power_w=800, outcome="failed", error="No answer.")
    assert api.get(f"{address}/commands").json()["items"][0]["error"] == "No answer."
    MinerReading.objects.create(miner=furnished.miner, at=datetime(2026, 1, 1, tzinfo=UTC), status="heating")
    assert api.get(f"{address}/readings?since=2026-01-01T00:00:00Z").json()["count"] == 1
    assert api.get(f"{address}/readings?since=2026-01-02T00:00:00Z").json()["count"] == 0


def test_all_off_and_resume_all_reach_every_site_or_those_named(api, furnished):
    other = factories.miner(factories.site())
    assert api.post("/all-off").json()["miners"] == 2
    assert ManualRequest.objects.filter(power_w=0, cancelled_at=None).count() == 2
    some = api.post("/resume-all", {"site_ids": [str(other.site_id)]})
    assert (some.status_code, some.json()["miners"]) == (202, 1)
    assert ManualRequest.objects.filter(cancelled_at=None).get().miner == furnished.miner
    unknown = api.post("/all-off", {"site_ids": [str(furnished.site.pk), str(other.pk)]})
    assert "no site with this id" in problems(unknown)["body.site_ids.1"]
