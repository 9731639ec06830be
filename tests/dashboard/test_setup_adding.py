"""Rooms and miners of a home that is there, and nothing that was typed is lost: the same steps as the first set-up."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.urls import reverse

from miners import tasks
from optimization.setup import create_home
from sites.models import ActivityLog, Site
from tests import factories
from tests.adapters.fake_home import LIVING_ROOM, PLUG, TOKEN, FakeHome
from tests.plans import home_plan, plug

from .test_setup import AVALON, LIVING, MINER, ROOM, ROOMS, UNUSED, connect, draft, sensor, walk_to

SECOND_PLUG = {**PLUG, "entity_id": "switch.second", "attributes": {"friendly_name": "Second plug"}}
LIGHT = {**PLUG, "entity_id": "light.kitchen", "attributes": {"friendly_name": "Kitchen light"}}
ENTITIES = (
    LIVING_ROOM, PLUG, SECOND_PLUG, LIGHT,
    sensor("sensor.bedroom", "Bedroom Temperature", "18.0", "°C"),
    sensor("sensor.outdoor", "Outdoor Temperature", "4.0", "°C"),
    sensor("sensor.plug_power", "Plug Power", "0", "W"),
    sensor("sensor.pv", "PV Power", "3200", "W"),
    sensor("sensor.grid", "Grid", "-1500", "W"),
)  # fmt: skip
BEDROOM = {"sensor.bedroom-use": "on", "sensor.bedroom-name": "Bedroom", "sensor.bedroom-target": "19"}
SECOND = MINER | {"name": "Second", "switch": "switch.second", "power": ""}


@pytest.fixture
def fake(stub):
    return stub(FakeHome(*ENTITIES))


@pytest.fixture
def ours(signed_in, fake):
    """A home of one room and one miner, as the wizard made it."""
    site = create_home(home_plan(fake.url, TOKEN, [ROOM], [AVALON], name="Ours"))
    signed_in.get(reverse("show-site", args=[site.pk]))
    return SimpleNamespace(
        site=site, client=signed_in, zone=site.zones.get(), miner=site.miners.get(), unit=site.units.get()
    )


def text(answer) -> str:
    return answer.content.decode()


# --- a second home on the same plug ---------------------------------------------------------------


def test_the_wizard_opened_again_leads_to_the_home_that_is_there(ours):
    html = text(ours.client.get(reverse("setup")))
    assert "‘Ours’ is set up already." in html
    for name in ("add-room", "add-miner"):
        assert reverse(name) in html
        assert reverse(name) in text(ours.client.get("/"))


def test_no_second_home_gets_the_same_plug(ours, fake):
    walk_to(ours.client, fake, "setup-miners")
    html = text(ours.client.get(reverse("setup-miners")))
    assert "it drives ‘Avalon’ in Ours" in html  # in the list, not to be chosen
    answer = ours.client.post(reverse("setup-miners"), MINER)
    said = answer.context["forms"].switch.errors["switch"][0]
    assert said == "switch.miner_plug is set up already: it drives ‘Avalon’ in Ours. Choose another one."
    assert ours.client.post(reverse("setup-miners"), SECOND).status_code == 302
    assert Site.objects.count() == 1


def test_not_by_another_address_either(ours, fake, stub):
    """The same Home Assistant, by its name instead of its number, say."""
    alias = stub(fake.behave)
    fake.behave.states["switch.miner_plug"] = {**PLUG, "context": {"id": "01M81ZCRB2SKMG01XJTY5TB2AN"}}
    walk_to(ours.client, alias, "setup-miners")
    answer = ours.client.post(reverse("setup-miners"), MINER)
    assert "it drives ‘Avalon’ in Ours" in answer.context["forms"].switch.errors["switch"][0]


def test_nor_a_plug_that_is_driven_directly(ours, fake):
    """The very Shelly that another miner has as its upstream plug, by its MAC."""
    config, identity = {"address": "192.168.1.41"}, {"serial": "AABBCC001122"}
    row = factories.controller(ours.site, adapter_type="shelly_plug", config=config, identity=identity)
    factories.miner(ours.site, "Nano", cutoff=row, heats_no_room=True)
    fake.behave.registries = {
        "config/area_registry/list": [],
        "config/device_registry/list": [{"id": "plug", "connections": [["mac", "aa:bb:cc:00:11:22"]]}],
        "config/entity_registry/list": [{"entity_id": "switch.second", "device_id": "plug", "platform": "shelly"}],
    }
    ours.client.get(reverse("add-miner"))
    answer = ours.client.post(reverse("add-miner"), SECOND | {"rooms": [str(ours.zone.pk)]})
    assert "it is the upstream plug of ‘Nano’ here" in answer.context["forms"].switch.errors["switch"][0]


def test_nor_a_plug_that_another_person_took_meanwhile(ours, fake):
    walk_to(ours.client, fake, "setup-miners")
    ours.client.post(reverse("setup-miners"), SECOND)
    create_home(home_plan(fake.url, TOKEN, [], [plug("Faster", "switch.second")], name="Theirs"))
    ours.client.post(reverse("setup-energy"), {"skip": "1"})
    answer = ours.client.post(reverse("setup-finish"), {"name": "Second", "policy": "keep_the_room_warm"})
    assert "it drives ‘Faster’ in Theirs" in text(answer)
    assert not Site.objects.filter(name="Second").exists()


# --- adding ---------------------------------------------------------------------------------------


def test_a_room_that_a_miner_heats_too(ours):
    assert ours.client.get(reverse("add-room")).url == reverse("setup-rooms")
    html = text(ours.client.get(reverse("setup-rooms")))
    assert "It reads ‘Living room’ already." in html
    assert ours.client.post(reverse("setup-rooms"), BEDROOM).url == reverse("setup-miners")
    html = text(ours.client.get(reverse("setup-miners")))
    assert "Avalon (1.0\u202fkW, heats Living room)" in html
    answer = ours.client.post(reverse("setup-miners"), {"next": "1"})
    assert "Nothing heats ‘Bedroom’ yet." in text(answer)
    answer = ours.client.post(reverse("setup-miners"), {"next": "1", "heaters-sensor.bedroom": str(ours.miner.pk)})
    assert answer.url == reverse("setup-finish")
    assert not ours.site.zones.filter(name="Bedroom").exists()
    assert ours.client.post(reverse("setup-finish")).url.startswith(f"{reverse('home')}#zone-")
    zone = ours.site.zones.get(name="Bedroom")
    assert (zone.default_target_celsius, list(zone.miners.all())) == (19.0, [ours.miner])
    assert zone.monitors.get().settings.entity_temperature == "sensor.bedroom"
    assert ActivityLog.objects.filter(site=ours.site, text__contains="‘Bedroom’ was added").exists()
    assert ours.site.home_assistants.count() == 1


def test_a_room_and_the_miner_for_it(ours):
    ours.client.get(reverse("add-room"))
    ours.client.post(reverse("setup-rooms"), BEDROOM)
    html = text(ours.client.get(reverse("setup-miners")))
    assert 'value="Bedroom" id="id_rooms_1" checked' in html  # what one came for
    answer = ours.client.post(
        reverse("setup-miners"), SECOND | {"rooms": ["Bedroom"], "unit": str(ours.unit.pk), "next": "1"}
    )
    assert answer.status_code == 302
    ours.client.post(reverse("setup-finish"))
    miner = ours.site.miners.get(name="Second")
    assert [zone.name for zone in miner.zones.all()] == ["Bedroom"]
    assert ours.unit in miner.units.all()


def test_a_second_miner_behind_a_plug(ours):
    assert ours.client.get(reverse("add-miner")).status_code == 200
    data = SECOND | {"rooms": [str(ours.zone.pk)], "unit": str(ours.unit.pk), "watts": "800"}
    assert ours.client.post(reverse("add-miner"), data).url == reverse("setup-finish")
    html = text(ours.client.get(reverse("setup-finish")))
    assert "switch.second, 800\u202fW" in html
    answer = ours.client.post(reverse("setup-finish"))
    miner = ours.site.miners.get(name="Second")
    assert answer.url == f"{reverse('miners')}#miner-{miner.pk}"
    assert (miner.nominal_power_w, list(miner.zones.all())) == (800, [ours.zone])
    assert miner.controller.settings.entity_switch == "switch.second"
    assert list(ours.unit.miners.order_by("name")) == [ours.miner, miner]
    again = ours.client.post(reverse("add-miner"), data | {"name": "Third"})
    assert "it drives ‘Second’ here" in again.context["forms"].switch.errors["switch"][0]


def test_a_name_that_is_taken_is_said_beside_it(ours):
    ours.client.get(reverse("add-miner"))
    answer = ours.client.post(reverse("add-miner"), SECOND | {"rooms": [str(ours.zone.pk)], "name": "avalon"})
    assert "There is a miner ‘avalon’" in answer.context["form"].errors["name"][0]
    ours.client.get(reverse("add-room"))
    ours.client.post(reverse("setup-rooms"), BEDROOM | {"sensor.bedroom-name": "living ROOM"})
    ours.client.post(reverse("setup-miners"), {"next": "1", "later": "1"})
    assert "There is a room ‘living ROOM’" in text(ours.client.post(reverse("setup-finish")))


def test_a_home_without_a_home_assistant_gets_one_first(signed_in, home, fake):
    signed_in.get(reverse("show-site", args=[home.pk]))
    assert signed_in.get(reverse("add-room")).url == reverse("setup-connection")
    answer = signed_in.post(reverse("setup-connection"), {"url": fake.url, "token": TOKEN})
    assert answer.url == reverse("setup-rooms")
    signed_in.post(reverse("setup-rooms"), BEDROOM)
    signed_in.post(reverse("setup-miners"), {"later": "1"})
    signed_in.post(reverse("setup-finish"))
    assert home.home_assistants.get().url == fake.url
    assert home.zones.get().name == "Bedroom"


def test_in_the_simulated_home_it_is_said_first(signed_in, db):
    from optimization.demo import create_demo_home

    create_demo_home()
    for way in ("add-miner", "add-room"):
        page = text(signed_in.get(reverse(way), follow=True))
        assert "a real miner cannot heat its pretended rooms" in page
        assert f'href="{reverse("home")}">Back to the dashboard' in page
    assert reverse("setup") in text(signed_in.get("/"))


def test_a_home_that_is_gone_ends_its_draft(ours):
    ours.client.get(reverse("add-room"))
    ours.site.units.all().delete()
    ours.site.minercontrollers.all().delete()
    ours.site.climatemonitors.all().delete()
    ours.site.delete()
    assert ours.client.get(reverse("setup-rooms")).url == reverse("home")
    assert ours.client.get(reverse("setup-rooms")).url == reverse("setup")


# --- nothing typed is dropped ---------------------------------------------------------------------


def test_go_on_takes_a_second_miner_that_is_filled_in(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    filled = {name: value for name, value in SECOND.items() if name != "add"} | {"next": "1"}
    assert signed_in.post(reverse("setup-miners"), filled).url == reverse("setup-energy")
    assert [miner["name"] for miner in draft(signed_in)["miners"]] == ["Avalon", "Second"]


def test_go_on_says_what_is_missing_in_it(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    for button in ("next", "enter"):
        half = {name: value for name, value in SECOND.items() if name not in ("add", "switch")} | {button: "1"}
        answer = signed_in.post(reverse("setup-miners"), half)
        assert answer.context["forms"].switch.errors["switch"]
        assert "‘Second’ is filled in, but something is missing: see below. Or leave it out?" in text(answer)
        assert 'value="Second"' in text(answer)
    assert signed_in.post(reverse("setup-miners"), half | {"drop": "1"}).url == reverse("setup-energy")
    assert len(draft(signed_in)["miners"]) == 1


def test_going_on_without_it_is_asked(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    filled = {name: value for name, value in MINER.items() if name != "add"} | {"later": "1"}
    answer = signed_in.post(reverse("setup-miners"), filled)
    assert "You filled in ‘Avalon’. Add it, or leave it out?" in text(answer)
    assert 'value="Avalon"' in text(answer)
    assert signed_in.post(reverse("setup-miners"), filled | {"drop": "1"}).url == reverse("setup-energy")


def test_other_buttons_keep_what_stands_in_the_form(signed_in, fake, monkeypatch):
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: None)
    walk_to(signed_in, fake, "setup-energy")
    filled = {name: value for name, value in SECOND.items() if name != "add"}
    for button in ({"forget": "Avalon"}, {"look": "1", "addresses": "127.0.0.1"}):
        assert signed_in.post(reverse("setup-miners"), filled | button).status_code == 302
        html = text(signed_in.get(reverse("setup-miners")))
        assert 'value="Second"' in html
        assert re.search(r'<option value="switch.second"[^>]* selected', html)


def test_an_address_that_was_typed_is_looked_at(signed_in, fake, monkeypatch):
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: None)
    walk_to(signed_in, fake, "setup-energy")
    answer = signed_in.post(reverse("setup-miners"), {"addresses": "http://127.0.0.1/", "next": "1"})
    assert answer.url == reverse("add-miner-found")
    # Once it was looked at, it holds nobody up.
    answer = signed_in.post(reverse("setup-miners"), {"addresses": "http://127.0.0.1/", "next": "1"})
    assert answer.url == reverse("setup-energy")


def test_a_miner_of_the_draft_is_changed_in_its_place(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    signed_in.post(reverse("setup-miners"), SECOND)
    signed_in.post(reverse("setup-miners"), {"change": "Avalon"})
    html = text(signed_in.get(reverse("setup-miners")))
    assert "Change ‘Avalon’" in html
    assert 'value="3250"' in html
    signed_in.post(reverse("setup-miners"), MINER | {"watts": "900"})
    assert [(miner["name"], miner["watts"]) for miner in draft(signed_in)["miners"]] == [
        ("Avalon", 900),
        ("Second", 3250),
    ]


def test_a_room_that_is_filled_in_but_not_ticked_is_asked_about(signed_in, fake):
    connect(signed_in, fake)
    half = ROOMS | {"sensor.bedroom-name": "Nursery", "sensor.bedroom-target": "20"}
    answer = signed_in.post(reverse("setup-rooms"), half)
    assert "You filled in ‘Bedroom Temperature’, but did not tick it as a room." in text(answer)
    assert 'value="Nursery"' in text(answer)
    assert signed_in.post(reverse("setup-rooms"), half | {"without": "1"}).url == reverse("setup-miners")


def test_a_room_taken_out_is_not_taken_from_its_miner_in_silence(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    signed_in.post(reverse("setup-rooms"), UNUSED | BEDROOM)
    said = "Avalon was to heat ‘Living room’, which you have taken out."
    assert said in text(signed_in.get(reverse("setup-miners")))
    assert said in text(signed_in.post(reverse("setup-miners"), {"next": "1", "later": "1"}))


def test_a_chosen_sensor_that_home_assistant_lost_stays(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    del fake.behave.states[LIVING]
    html = text(signed_in.get(reverse("setup-rooms")))
    assert f'name="{LIVING}-use"' in html
    assert "shows nothing now" in html
    assert signed_in.post(reverse("setup-rooms"), ROOMS | UNUSED).url == reverse("setup-miners")
    assert draft(signed_in)["rooms"][0]["entity_temperature"] == LIVING


def test_answers_are_taken_while_home_assistant_is_away(signed_in, fake):
    walk_to(signed_in, fake, "setup-rooms")
    signed_in.get(reverse("setup-rooms"))
    fake.close()
    assert signed_in.post(reverse("setup-rooms"), ROOMS | UNUSED).url == reverse("setup-miners")
    html = text(signed_in.get(reverse("setup-miners")))
    assert 'role="alert"' in html
    assert "switch.miner_plug" in html  # as it was seen last
    assert signed_in.post(reverse("setup-miners"), MINER).status_code == 302


def test_sensors_that_were_chosen_are_not_skipped_in_silence(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    answer = signed_in.post(reverse("setup-energy"), {"entity_production": "sensor.pv", "skip": "1"})
    assert "You have chosen sensors." in text(answer)
    answer = signed_in.post(reverse("setup-energy"), {"entity_production": "sensor.pv", "skip": "sure"})
    assert answer.url == reverse("setup-finish")
    assert draft(signed_in)["energy"] == {}


def test_what_was_entered_goes_when_it_is_discarded(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    assert signed_in.get(reverse("setup-discard")).url == reverse("home")
    assert draft(signed_in)
    signed_in.post(reverse("setup-discard"))
    assert not draft(signed_in)


# --- two tabs, and what a browser loses -----------------------------------------------------------


def test_a_room_that_another_tab_chose_stays(signed_in, fake):
    connect(signed_in, fake)
    stale = {"known": "", "draft": "new"}
    signed_in.post(reverse("setup-rooms"), ROOMS | stale)
    signed_in.post(reverse("setup-rooms"), BEDROOM | stale)
    assert {room["name"] for room in draft(signed_in)["rooms"]} == {"Living room", "Bedroom"}
    seen = {"known": [room["entity_temperature"] for room in draft(signed_in)["rooms"]], "draft": "new"}
    signed_in.post(reverse("setup-rooms"), BEDROOM | seen)
    assert [room["name"] for room in draft(signed_in)["rooms"]] == ["Bedroom"]


def test_a_button_of_an_older_page_means_the_miner_it_names(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    for one in (MINER, SECOND):
        signed_in.post(reverse("setup-miners"), one | {"add": "1"})
    signed_in.post(reverse("setup-miners"), {"change": "Second"})
    signed_in.post(reverse("setup-miners"), {"forget": MINER["name"]})
    assert draft(signed_in)["editing"] == "Second"
    signed_in.post(reverse("setup-miners"), {"forget": MINER["name"]})
    assert [one["name"] for one in draft(signed_in)["miners"]] == ["Second"]
    # A page on which nothing is changed adds, whatever another tab has opened to be changed.
    signed_in.post(reverse("setup-miners"), MINER | {"add": "1", "editing": ""})
    assert [one["name"] for one in draft(signed_in)["miners"]] == ["Second", MINER["name"]]


def test_a_change_that_was_begun_is_kept_before_another(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    for one in (MINER, SECOND):
        signed_in.post(reverse("setup-miners"), one | {"add": "1"})
    signed_in.post(reverse("setup-miners"), {"change": "Second"})
    on_page = SECOND | {"editing": "Second"}
    answer = signed_in.post(reverse("setup-miners"), on_page | {"watts": "900", "change": MINER["name"]})
    assert "You have filled in ‘Second’. Keep the change first, or leave it." in text(answer)
    assert 'value="900"' in text(answer)
    untouched = {name: value for name, value in on_page.items() if name != "add"}
    signed_in.post(reverse("setup-miners"), untouched | {"change": MINER["name"]})
    assert draft(signed_in)["editing"] == MINER["name"]


def test_leaving_a_plug_out_keeps_the_address_beside_it(signed_in, fake, monkeypatch):
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: None)
    walk_to(signed_in, fake, "setup-miners")
    answer = signed_in.post(reverse("setup-miners"), {"name": "Half", "addresses": "192.168.1.40", "drop": "1"})
    assert answer.url == reverse("add-miner-found")


def test_a_token_is_pasted_once(signed_in, fake, stub):
    connect(signed_in, fake)
    assert "The one you entered is kept." in text(signed_in.get(reverse("setup")))
    assert signed_in.post(reverse("setup"), {"url": fake.url, "token": ""}).url == reverse("setup-rooms")
    home = FakeHome(*ENTITIES)
    elsewhere = stub(home)
    answer = signed_in.post(reverse("setup"), {"url": elsewhere.url, "token": ""})
    assert f"The token you entered was for {fake.url}. Enter one for {elsewhere.url}." in text(answer)
    assert not [path for path in home.paths if path.startswith("/api")]


def test_what_was_sent_while_signed_out_is_not_dropped_in_silence(signed_in, fake):
    connect(signed_in, fake)
    signed_in.logout()
    page = signed_in.post(reverse("setup-rooms"), ROOMS, follow=True)
    assert "You were signed out, so what you just sent was not taken." in text(page)
    assert "not taken" not in text(signed_in.get(reverse("setup-rooms"), follow=True))


# --- what is offered ------------------------------------------------------------------------------


def test_a_light_switches_a_miner_only_when_that_is_meant(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    light = MINER | {"switch": "light.kitchen"}
    answer = signed_in.post(reverse("setup-miners"), light)
    assert "It is a light." in answer.context["forms"].switch.errors["switch"][0]
    assert 'name="switch-sure"' in text(answer)
    assert signed_in.post(reverse("setup-miners"), light | {"switch-sure": "switch.second"}).status_code == 200
    assert signed_in.post(reverse("setup-miners"), light | {"switch-sure": "light.kitchen"}).status_code == 302


def test_an_outdoor_sensor_is_a_room_only_when_that_is_meant(signed_in, fake):
    connect(signed_in, fake)
    html = text(signed_in.get(reverse("setup-rooms")))
    assert "Show all: 1 more sensor that does not look like a room" in html
    outdoor = {"sensor.outdoor-use": "on", "sensor.outdoor-name": "Terrace", "sensor.outdoor-target": "15"}
    answer = signed_in.post(reverse("setup-rooms"), outdoor)
    assert "It looks like an outdoor sensor" in text(answer)
    assert signed_in.post(reverse("setup-rooms"), outdoor | {"sensor.outdoor-sure": "on"}).status_code == 302


def test_the_sign_of_the_grid_meter_is_asked_and_turned_with_one_tap(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    answer = signed_in.post(reverse("setup-energy"), {"entity_grid": "sensor.grid"})
    assert answer.url == reverse("setup-meters")
    assert "Are you selling 1.5\u202fkW to the grid now?" in text(signed_in.get(answer.url))
    assert signed_in.post(reverse("setup-meters"), {"turn": "grid"}).url == reverse("setup-meters")
    assert "Are you buying 1.5\u202fkW from the grid now?" in text(signed_in.get(answer.url))
    signed_in.post(reverse("setup-meters"), {"ok": "1"})
    signed_in.post(reverse("setup-finish"), {"name": "Turned", "policy": "solar_surplus_room_heating"})
    assert Site.objects.get(name="Turned").energy_sources.get().monitor.settings.grid_positive_export


def test_lists_say_name_area_id_and_value(signed_in, fake):
    fake.behave.registries = {
        "config/area_registry/list": [{"area_id": "cellar", "name": "Cellar"}],
        "config/device_registry/list": [],
        "config/entity_registry/list": [{"entity_id": "switch.miner_plug", "area_id": "cellar", "platform": "shelly"}],
    }
    walk_to(signed_in, fake, "setup-miners")
    assert "Miner Plug · Cellar · switch.miner_plug · off" in text(signed_in.get(reverse("setup-miners")))


def test_only_for_staff(client, ours):
    client.force_login(factories.user(staff=False))
    for name in ("add-room", "add-miner", "setup-connection", "setup-meters", "setup-discard"):
        assert client.post(reverse(name)).status_code == 403, name
