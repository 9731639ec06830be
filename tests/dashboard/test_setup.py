"""The wizard, from an address to a home, against a server that answers like Home Assistant."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from integrations.probe import probe
from optimization.adding import NewRoom
from optimization.demo import create_demo_home
from optimization.setup import create_home
from sites.models import Site
from tests.adapters.fake_home import CLIMATE, LIVING_ROOM, PLUG, TOKEN, FakeHome
from tests.plans import home_plan, plug


def sensor(entity_id: str, name: str, state: str, unit: str) -> dict:
    return {
        **LIVING_ROOM,
        "entity_id": entity_id,
        "state": state,
        "attributes": {"unit_of_measurement": unit, "friendly_name": name},
    }


def draft(client, key: str = "new") -> dict:
    """What was entered so far."""
    return client.session["setup"]["drafts"].get(key, {})


ENTITIES = (
    LIVING_ROOM,
    PLUG,
    sensor("sensor.bedroom", "Bedroom Temperature", "18.0", "°C"),
    sensor("sensor.plug_power", "Plug Power", "0", "W"),
    sensor("sensor.pv", "PV Power", "3200", "W"),
    sensor("sensor.soc", "Battery", "62", "%"),
)
LIVING = LIVING_ROOM["entity_id"]
ROOMS = {f"{LIVING}-use": "on", f"{LIVING}-name": "Living room", f"{LIVING}-target": "21.5"}
UNUSED = {"sensor.bedroom-name": "Bedroom", "sensor.bedroom-target": "20"}
MINER = {
    "add": "1", "name": "Avalon", "switch": "switch.miner_plug", "power": "sensor.plug_power", "watts": "3250",
    "rooms": ["Living room"], "auto_off": "30",
}  # fmt: skip


@pytest.fixture
def fake(stub):
    return stub(FakeHome(*ENTITIES))


def connect(client, fake, token=TOKEN):
    return client.post(reverse("setup"), {"url": fake.url, "token": token})


def walk_to(client, fake, step):
    """Answer every question before `step`."""
    answers = [
        ("setup", {"url": fake.url, "token": TOKEN}),
        ("setup-rooms", ROOMS | UNUSED),
        ("setup-miners", MINER),
        ("setup-energy", {"entity_production": "sensor.pv", "entity_battery_soc": "sensor.soc"}),
        ("setup-meters", {"ok": "1"}),
    ]
    for name, data in answers:
        if name == step:
            return
        assert client.post(reverse(name), data).status_code == 302, name


def test_the_whole_way(signed_in, fake):
    walk_to(signed_in, fake, "setup-finish")
    data = {"name": "Our home", "policy": "solar_surplus_room_heating"}
    assert signed_in.post(reverse("setup-finish"), data).url == "/"
    site = Site.objects.get(name="Our home")
    assert site.time_zone == "Europe/Zurich"
    zone = site.zones.get()
    assert (zone.name, zone.default_target_celsius) == ("Living room", 21.5)
    assert zone.monitors.get().settings.entity_temperature == LIVING
    miner = site.miners.get()
    assert (miner.nominal_power_w, list(miner.zones.all())) == (3250, [zone])
    assert miner.controller.settings.entity_power == "sensor.plug_power"
    assert miner.controller.settings.auto_off_minutes == 30
    source = site.energy_sources.get()
    assert (source.has_production, source.has_battery, source.has_grid) == (True, True, False)
    unit = site.units.get()
    assert (unit.is_enabled, unit.policy.shipped_key) == (True, "solar_surplus_room_heating")
    assert site.home_assistants.get().token == TOKEN
    html = signed_in.get("/").content.decode()
    assert "Our home is set up." in html
    assert "Living room" in html


@pytest.mark.parametrize(
    ("policy", "typed", "expected"),
    [
        ("solar_surplus_room_heating", "16.5", ("policy_surplus", 16.5)),
        ("solar_surplus_room_heating", "", ("policy_surplus", None)),
        ("keep_the_room_warm", "16.5", ("policy_need", None)),
    ],
)
def test_what_the_sun_alone_does_is_said_and_a_room_may_be_never_below(signed_in, fake, policy, typed, expected):
    walk_to(signed_in, fake, "setup-finish")
    html = signed_in.get(reverse("setup-finish")).content.decode()
    assert "In a dark week it hardly heats" in html
    assert 'name="never_below" value="16"' in html
    answer = signed_in.post(reverse("setup-finish"), {"name": "Ours", "policy": policy, "never_below": "2"})
    assert "greater than or equal to 5" in answer.content.decode()
    assert signed_in.post(reverse("setup-finish"), {"name": "Ours", "policy": policy, "never_below": typed}).url == "/"
    unit = Site.objects.get(name="Ours").units.get()
    assert (unit.strategy, unit.never_below_celsius) == expected


def test_a_grid_of_two_sensors(signed_in, stub):
    meters = [sensor("sensor.bought", "Power delivered", "0.051", "kW"), sensor("sensor.sold", "Returned", "0.4", "kW")]
    fake = stub(FakeHome(*ENTITIES, *meters))
    walk_to(signed_in, fake, "setup-energy")
    half = signed_in.post(reverse("setup-energy"), {"entity_grid_import": "sensor.bought"})
    assert "Choose the export sensor, too" in half.content.decode()
    both = {"entity_grid_import": "sensor.bought", "entity_grid_export": "sensor.sold", "battery_positive_charge": "on"}
    assert signed_in.post(reverse("setup-energy"), both).status_code == 302
    signed_in.post(reverse("setup-finish"), {"name": "Two", "policy": "solar_surplus_room_heating"})
    source = Site.objects.get(name="Two").energy_sources.get()
    assert (source.has_grid, source.has_battery, source.has_production) == (True, False, False)
    assert source.monitor.settings.entity_grid_export == "sensor.sold"


def test_a_thermostat_is_offered_with_a_warning(signed_in, stub):
    fake = stub(FakeHome(*ENTITIES, CLIMATE))
    connect(signed_in, fake)
    page = signed_in.get(reverse("setup-rooms")).content.decode()
    thermostat, sensor = page.index(CLIMATE["entity_id"]), page.index(f'name="{LIVING}-use"')
    assert page.count("it keeps showing the last temperature") == 1
    assert 0 < page.index("it keeps showing the last temperature") - thermostat < 2000
    assert sensor


def test_a_wrong_token_is_said_and_goes_no_further(signed_in, fake):
    answer = connect(signed_in, fake, "wrong")
    assert "refuses the token" in answer.content.decode()
    assert signed_in.get(reverse("setup-rooms")).url == reverse("setup")


def test_an_address_where_nothing_listens(signed_in):
    answer = signed_in.post(reverse("setup"), {"url": "http://127.0.0.1:9", "token": "x"})
    assert answer.status_code == 200
    assert answer.context["form"].errors["url"]
    assert "enter it again" in answer.content.decode()


@pytest.mark.parametrize("url", ["ftp://x", "javascript:alert(1)", ""])
def test_what_is_no_address(signed_in, db, url):
    answer = signed_in.post(reverse("setup"), {"url": url, "token": "x"})
    assert answer.context["form"].errors["url"]


def test_an_address_pasted_from_the_browser(signed_in, fake):
    """With the page that was open, a user, and without http."""
    place = f"127.0.0.1:{fake.port}"
    for typed in (f"{fake.url}/lovelace/0?edit=1", f"http://ann:pw@{place}/", f"{place}/map"):
        assert signed_in.post(reverse("setup"), {"url": typed, "token": TOKEN}).url == reverse("setup-rooms")
        assert draft(signed_in)["url"] == fake.url


def test_the_token_is_never_shown_and_lies_encrypted_in_the_session(signed_in, fake):
    fake_token = TOKEN
    connect(signed_in, fake)
    assert draft(signed_in)["token"] != fake_token
    assert fake_token not in str(dict(signed_in.session))
    for name in ("setup", "setup-rooms"):
        html = signed_in.get(reverse(name)).content.decode()
        assert f'value="{fake_token}"' not in html


def test_rooms_are_suggested_with_their_value_now(signed_in, fake):
    connect(signed_in, fake)
    html = signed_in.get(reverse("setup-rooms")).content.decode()
    assert 'value="Living Room"' in html
    assert "21.37\u202f°C" in html
    assert LIVING in html
    assert "sensor.pv" not in html


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (UNUSED | {f"{LIVING}-name": "Living Room", f"{LIVING}-target": "20"}, "Choose at least one room."),
        (ROOMS | UNUSED | {"sensor.bedroom-use": "on", "sensor.bedroom-name": "Living room"}, "same name"),
        (ROOMS | UNUSED | {f"{LIVING}-name": ""}, "Give the room a name."),
        (ROOMS | UNUSED | {f"{LIVING}-target": ""}, "Say how warm"),
        (ROOMS | UNUSED | {f"{LIVING}-target": "50"}, "35"),
        (ROOMS | UNUSED | {f"{LIVING}-target": "nan"}, "Enter a number."),
    ],
)
def test_rooms_that_make_no_sense(signed_in, fake, data, said):
    connect(signed_in, fake)
    answer = signed_in.post(reverse("setup-rooms"), data)
    assert answer.status_code == 200
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"switch": "switch.invented"}, "switch"),
        ({"watts": "0"}, "watts"),
        ({"watts": "99999"}, "watts"),
        ({"rooms": ["Cellar"]}, "rooms"),
        ({"rooms": []}, "rooms"),
        ({"name": ""}, "name"),
        ({"auto_off": "5"}, "auto_off"),
    ],
)
def test_miners_that_make_no_sense(signed_in, fake, changes, field):
    walk_to(signed_in, fake, "setup-miners")
    answer = signed_in.post(reverse("setup-miners"), {**MINER, **changes})
    forms = answer.context["forms"]
    assert {**forms.switch.errors, **forms.heat.errors}[field]


def test_what_switches_it_off_without_us_is_explained_where_the_plug_is_chosen(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    html = signed_in.get(reverse("setup-miners")).content.decode()
    assert "A plug stays on when this program and Home Assistant are gone." in html
    assert "Shelly" in html
    signed_in.post(reverse("setup-miners"), MINER | {"auto_off": ""})
    signed_in.post(reverse("setup-energy"), {"skip": "1"})
    assert "Nothing switches it off." in signed_in.get(reverse("setup-finish")).content.decode()


def test_a_plug_is_given_once_and_can_be_taken_back(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    again = signed_in.post(reverse("setup-miners"), MINER | {"name": "Other"})
    assert "you are adding ‘Avalon’ on it" in again.context["forms"].switch.errors["switch"][0]
    signed_in.post(reverse("setup-miners"), {"forget": "Avalon"})
    assert draft(signed_in)["miners"] == []
    assert "Nothing heats ‘Living room’ yet." in signed_in.post(reverse("setup-miners"), {"next": "1"}).content.decode()


def test_without_energy_only_policies_that_need_none_are_offered(signed_in, fake):
    walk_to(signed_in, fake, "setup-energy")
    signed_in.post(reverse("setup-energy"), {"skip": "1"})
    html = signed_in.get(reverse("setup-finish")).content.decode()
    assert re.findall(r'name="policy" value="(\w+)"', html) == ["keep_the_room_warm"]
    assert "never_below" not in html
    signed_in.post(reverse("setup-finish"), {"name": "Ours", "policy": "keep_the_room_warm"})
    assert Site.objects.get(name="Ours").units.get().energy_source is None


@pytest.mark.parametrize(("wanted", "left"), [({"remove_demo": "on"}, 0), ({}, 1)])
def test_the_simulated_home_goes_when_that_is_wanted(signed_in, fake, wanted, left):
    create_demo_home()
    walk_to(signed_in, fake, "setup-finish")
    signed_in.post(reverse("setup-finish"), {"name": "Ours", "policy": "keep_the_room_warm", **wanted})
    assert Site.objects.filter(is_demo=True).count() == left


def test_a_name_that_is_taken_creates_nothing(signed_in, fake, home):
    walk_to(signed_in, fake, "setup-finish")
    answer = signed_in.post(reverse("setup-finish"), {"name": home.name, "policy": "keep_the_room_warm"})
    assert "already exists" in answer.content.decode()
    assert list(Site.objects.all()) == [home]


def test_home_assistant_gone_in_between_is_said(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    fake.close()
    answer = signed_in.get(reverse("setup-miners"))
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize("step", ["setup-rooms", "setup-miners", "setup-energy", "setup-finish"])
def test_steps_cannot_be_jumped(signed_in, db, step):
    assert signed_in.get(reverse(step)).url == reverse("setup")


ROOM, AVALON = NewRoom("Living room", LIVING, 21.0), plug("Avalon", "switch.miner_plug", rooms=["Living room"])


@pytest.mark.parametrize(
    ("rooms", "miners", "changes"),
    [
        ([ROOM], [AVALON], {"time_zone": "Mars/Olympus"}),
        ([ROOM], [AVALON], {"url": "not an address"}),
        ([ROOM], [AVALON], {"policy_key": "no_such_policy"}),
        ([ROOM, ROOM], [AVALON], {}),
        ([NewRoom("Living room", "no entity", 21.0)], [AVALON], {}),
        ([NewRoom("Living room", LIVING, 50.0)], [AVALON], {}),
        ([ROOM], [plug("Avalon", "sensor.x", rooms=["Living room"])], {}),
        ([ROOM], [plug("Avalon", "switch.x", "", 0, ["Living room"])], {}),
        ([ROOM], [plug("Avalon", "switch.x", rooms=["Cellar"])], {}),
        ([ROOM], [AVALON, AVALON], {}),
    ],
)
def test_a_home_is_created_whole_or_not_at_all(db, rooms, miners, changes):
    url = changes.pop("url", "http://ha.local:8123")
    with pytest.raises(ValidationError):
        create_home(home_plan(url, "t", rooms, miners, **changes))
    assert not Site.objects.exists()


def test_a_miner_that_heats_no_room_says_so(db):
    site = create_home(home_plan("http://ha.local:8123", "t", [ROOM], [plug("Rig", "switch.rig")]))
    assert site.miners.get().heats_no_room


@pytest.mark.homeassistant
def test_the_way_on_a_real_home_assistant(signed_in, ha, db):
    steps = [
        ("setup", {"url": ha.url, "token": ha.token}),
        ("setup-rooms", _rooms_of(signed_in)),
        ("setup-miners", MINER | {"power": "sensor.miner_power"}),
        ("setup-miners", {"next": "1"}),
        ("setup-energy", {"entity_production": "sensor.pv_power", "entity_grid": "sensor.grid_power"}),
        ("setup-meters", {"ok": "1"}),
        ("setup-finish", {"name": "Real", "policy": "solar_surplus_room_heating"}),
    ]
    for name, data in steps:
        assert signed_in.post(reverse(name), data() if callable(data) else data).status_code == 302, name
    site = Site.objects.get(name="Real")
    look = probe(site.climatemonitors.select_related("home_assistant").get())
    assert look.ok, look.sentence


def _rooms_of(client):
    """What the browser would send: every room that is offered, one of them chosen."""

    def data() -> dict[str, str]:
        html = client.get(reverse("setup-rooms")).content.decode()
        fields = re.findall(r'name="([a-z0-9_.]+-name)" value="([^"]*)"', html)
        targets = {name.replace("-name", "-target"): "20" for name, _ in fields}
        return dict(fields) | targets | ROOMS

    return data


def test_a_home_without_a_miner_waits_for_its_first(signed_in, fake):
    walk_to(signed_in, fake, "setup-miners")
    assert signed_in.post(reverse("setup-miners"), {"later": "1"}).url == reverse("setup-energy")
    signed_in.post(reverse("setup-energy"), {"skip": "1"})
    answer = signed_in.post(reverse("setup-finish"), {"name": "Ours", "policy": "keep_the_room_warm"})
    assert answer.url == reverse("home")
    assert reverse("add-miner") in signed_in.get("/").content.decode()
    unit = Site.objects.get(name="Ours").units.get()
    assert (unit.is_enabled, unit.miners.count()) == (False, 0)
