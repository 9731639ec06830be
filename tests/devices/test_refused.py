"""A device that has a miner is given to no other one, by whatever face, and the other one is named."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.urls import reverse

from miners import services, tasks
from miners.identity import devices
from miners.models import DeviceKey, MinerController
from optimization.adding import Additions, NewDevice, NewMiner, NewRoom, add_to_home
from optimization.setup import create_home
from sites.models import Site
from tests import factories
from tests.api.conftest import anna, api  # noqa: F401
from tests.plans import home_plan, plug

pytestmark = pytest.mark.django_db

URL = "http://ha.local:8123"
SWITCH = {"entity_switch": "switch.miner_plug"}
SAID = "switch.miner_plug is set up already: it drives ‘Avalon’"


def switch(site: Site, url: str = URL, name: str = "Plug", **config) -> MinerController:
    connection = site.home_assistants.filter(url=url).first() or factories.home_assistant(site, url=url)
    return MinerController(
        site=site,
        name=name,
        adapter_type="home_assistant_switch",
        config={**SWITCH, **config},
        home_assistant=connection,
    )


@pytest.fixture
def first(db):
    """A home whose miner hangs on the plug."""
    site = factories.site(name="First")
    controller = switch(site)
    controller.save()
    miner = factories.miner(site, "Avalon", controller=controller, heats_no_room=True)
    return SimpleNamespace(site=site, controller=controller, miner=miner)


def refused(row) -> str:
    with pytest.raises(ValidationError) as refusal:
        row.full_clean(exclude=["slug"] if hasattr(row, "slug") else [])
    return " ".join(refusal.value.messages)


def said(answer) -> str:
    return str(answer.json()["detail"])


def test_in_the_same_home_and_in_another_by_any_spelling(first):
    assert f"{SAID} here. Change that one, or remove it first." in refused(switch(first.site))
    for url in (URL, "https://HA.local.:8123/"):
        assert f"{SAID} in First." in refused(switch(factories.site(), url))
    switch(factories.site(), "http://other.local:8123").full_clean()
    switch(first.site, entity_switch="switch.other").full_clean()


def test_a_whole_home_on_it_is_refused(first):
    rooms, miners = [NewRoom("Hall", "sensor.hall", 21.0)], [plug("Rig", "switch.miner_plug", rooms=["Hall"])]
    plan = home_plan(URL, "t", rooms, miners, name="Second")
    with pytest.raises(ValidationError, match="it drives ‘Avalon’ in First"):
        create_home(plan)
    assert list(Site.objects.all()) == [first.site]


def test_the_api_answers_409_and_names_it(first, api):  # noqa: F811
    other = factories.site()
    connection = factories.home_assistant(other, url=URL)
    body = {
        "site_id": str(other.pk),
        "name": "Again",
        "adapter_type": "home_assistant_switch",
        "config": SWITCH,
        "external_service_id": str(connection.pk),
    }
    answer = api.post("/miner-controllers", body)
    assert (answer.status_code, f"{SAID} in First." in said(answer)) == (409, True)
    free = api.post("/miner-controllers", body | {"config": {"entity_switch": "switch.free"}}).json()
    answer = api.patch(f"/miner-controllers/{free['id']}", {"config": SWITCH})
    assert (answer.status_code, f"{SAID} in First." in said(answer)) == (409, True)


def test_the_admin_names_it(first, client):
    client.force_login(factories.user())
    data = {
        "site": str(first.site.pk),
        "name": "Again",
        "adapter_type": "home_assistant_switch",
        "home_assistant": str(first.controller.home_assistant_id),
        "home_assistant_switch__entity_switch": "switch.miner_plug",
    }
    answer = client.post(reverse("admin:miners_minercontroller_add"), data)
    assert f"{SAID} here." in answer.content.decode()
    assert MinerController.objects.count() == 1


def test_a_controller_without_a_miner_is_named_as_what_to_choose(home):
    factories.controller(home, name="Free plug", adapter_type="shelly_plug", config={"address": "192.168.1.41"})
    again = MinerController(site=home, name="P", adapter_type="shelly_plug", config={"address": "192.168.1.41:80"})
    assert "the controller ‘Free plug’ here switches it and has no miner yet. Choose that controller" in refused(again)


def test_its_other_output_is_free_and_its_first_is_not(home):
    plug = factories.controller(home, name="Plug", adapter_type="shelly_plug", config={"address": "192.168.1.41"})
    factories.miner(home, "Nano", cutoff=plug, heats_no_room=True)
    for channel, is_free in ((0, False), (1, True)):
        config = {"address": "192.168.1.41", "channel": channel}
        row = MinerController(site=home, name="P", adapter_type="shelly_plug", config=config)
        if is_free:
            row.full_clean()
        else:
            assert "it is the upstream plug of ‘Nano’ here" in refused(row)


def test_what_drives_one_is_no_plug_of_another_and_the_other_way_round(first):
    plug = factories.controller(first.site, name="Own", adapter_type="shelly_plug", config={"address": "192.168.1.41"})
    factories.miner(first.site, "Nano", cutoff=plug, heats_no_room=True)
    other = factories.miner(first.site, "Rig", heats_no_room=True)
    for role, row, owner in (
        ("controller", plug, "Nano"),
        ("cutoff", plug, "Nano"),
        ("cutoff", first.controller, "Avalon"),
        ("controller", first.controller, "Avalon"),
    ):
        other.controller = other.cutoff = None
        setattr(other, role, row)
        assert f"belongs to ‘{owner}’ already" in refused(other), role
    other.cutoff, other.controller = (
        None,
        factories.controller(first.site, adapter_type="shelly_plug", config={"address": "192.168.1.42"}),
    )
    other.full_clean()


def test_a_miner_is_not_behind_the_very_plug_that_drives_it(first):
    twin = switch(first.site, name="Twin")
    twin.save()  # from before that was refused
    first.miner.cutoff = twin
    assert "drives ‘Avalon’ already. Leave the upstream plug empty." in refused(first.miner)


def test_what_is_doubled_since_before_can_still_be_changed_and_mended(first):
    second = switch(factories.site(name="Second"))
    second.save()
    miner = factories.miner(second.site, "Rig", controller=second, heats_no_room=True)
    for row in (first.controller, second):
        row.refresh_from_db()
        row.name = f"{row.name} renamed"
        row.full_clean()
        row.save()
    miner.name = "Renamed"
    miner.full_clean()
    spare = factories.miner(second.site, "Spare", heats_no_room=True)
    spare.controller = second
    assert "belongs to ‘Rig’ already" in refused(spare)
    second.config = {"entity_switch": "switch.other"}
    second.full_clean()
    second.save()
    assert not set(first.controller.device_keys.values_list("key")) & set(second.device_keys.values_list("key"))


def test_a_connection_does_not_move_onto_what_another_one_switches(first, api):  # noqa: F811
    second = switch(factories.site(), "http://new.local:8123")
    second.save()
    connection = second.home_assistant
    path = f"/external-services/{connection.pk}"
    answer = api.patch(path, {"config": {"url": "http://HA.local:8123", "token": "t"}})
    assert (answer.status_code, f"{SAID} in First." in said(answer)) == (422, True)
    assert api.patch(path, {"config": {"url": "http://newer.local:8123", "token": "t"}}).status_code == 200
    assert list(second.device_keys.values_list("key", flat=True)) == [
        "home_assistant:newer.local:8123#switch.miner_plug"
    ]


AVALON = {"model": "Avalon Q", "serial": "02:00:AB:00:00:01"}


def test_the_same_serial_at_another_address(home):
    old = factories.controller(
        home, name="Old", adapter_type="avalon", config={"address": "192.168.1.40"}, identity=AVALON
    )
    miner = factories.miner(home, "First", controller=old, heats_no_room=True)
    moved = NewDevice("avalon", {"address": "192.168.1.77"}, {**AVALON, "serial": "0200ab000001"})
    again = Additions(miners=[NewMiner("Again", moved, heats_no_room=True)])
    with pytest.raises(ValidationError, match="77 is set up already: it drives ‘First’ here"):
        add_to_home(home, again)
    miner.delete()
    added = add_to_home(home, again).miners[0]
    assert (added.controller, added.controller.config["address"]) == (old, "192.168.1.77")  # left behind, taken up


def test_a_device_that_turns_out_to_be_one_with_a_miner_is_told(first, api, monkeypatch):  # noqa: F811
    """Where a serial number is known only once the device was asked."""
    site = first.site
    known = factories.controller(site, adapter_type="avalon", config={"address": "192.168.1.40"}, identity=AVALON)
    factories.miner(site, "Heater", controller=known, heats_no_room=True)
    other = factories.controller(site, name="New", adapter_type="avalon", config={"address": "192.168.1.77"})
    found = SimpleNamespace(model="Avalon Q", firmware="", version="", serial=AVALON["serial"])
    monkeypatch.setattr(services, "call", lambda *args, **kwargs: found)
    monkeypatch.setattr(services, "identity_json", lambda said, at: dict(AVALON))
    answer = api.post(f"/miner-controllers/{other.pk}/identify")
    assert answer.status_code == 409
    assert "set up already: it drives ‘Heater’ here. Remove one" in said(answer)
    miner = factories.miner(site, "Rig", heats_no_room=True)
    answer = api.patch(f"/miners/{miner.pk}", {"controller_id": str(other.pk)})
    assert answer.status_code == 409
    assert "‘New’ belongs to ‘Heater’ already" in said(answer)


@pytest.mark.parametrize("way", ["an update", "the background"])
def test_rows_written_past_the_models_become_known(first, way):
    MinerController.objects.filter(pk=first.controller.pk).update(config={"entity_switch": "switch.moved"})
    DeviceKey.objects.all().delete()
    if way == "an update":
        call_command("migrate", verbosity=0)
    else:
        tasks.compare_connections()
    assert "‘Avalon’ here" in refused(switch(first.site, entity_switch="switch.moved"))


def test_an_update_does_not_fail_for_rows_that_cannot_be_read(first, monkeypatch):
    monkeypatch.setattr(MinerController, "validated", lambda row: 1 / 0)
    call_command("migrate", verbosity=0)


# --- by name and by address -----------------------------------------------------------------------


@pytest.fixture
def network(monkeypatch):
    """Which address each name leads to; others lead nowhere."""
    known = {"nano.lan": "192.168.1.40"}

    def resolve(host, port, *args, **how):
        if host not in known:
            raise OSError("unknown name")
        return [(2, 1, 6, "", (known[host], port or 0))]

    monkeypatch.setattr("miners.identity.host_names.socket.getaddrinfo", resolve)
    return known


def nano(site, address: str, name: str = "Nano") -> MinerController:
    return MinerController(site=site, name=name, adapter_type="avalon", config={"address": address})


@pytest.mark.parametrize(("first_at", "then_at"), [("Nano.lan", "192.168.1.40:4028"), ("192.168.1.40", "nano.lan.")])
def test_the_same_device_by_name_and_by_address(home, network, first_at, then_at):
    network["nano.lan."] = network["Nano.lan"] = network["nano.lan"]
    row = nano(home, first_at)
    row.full_clean()
    row.save()
    factories.miner(home, "Heater", controller=row, heats_no_room=True)
    assert "it drives ‘Heater’ here" in refused(nano(home, then_at, "Again"))
    nano(home, "192.168.1.41", "Other").full_clean()
    nano(home, "unknown.lan", "Nobody knows it").full_clean()


def test_a_name_that_leads_to_the_same_device_later_is_found_out(home, network):
    by_name, by_address = nano(home, "nano.lan"), nano(home, "192.168.1.77", "Again")
    for row in (by_name, by_address):
        row.full_clean()
        row.save()
    assert devices.others(devices.keys_of(by_address), by_address) == []
    network["nano.lan"] = "192.168.1.77"
    tasks.compare_connections()
    assert devices.others(devices.keys_of(by_address), by_address) == [by_name]
    del network["nano.lan"]  # not known for the moment: it leads to where it led
    tasks.compare_connections()
    assert devices.others(devices.keys_of(by_address), by_address) == [by_name]
    by_name.refresh_from_db()
    by_name.config = {"address": "192.168.1.40"}
    by_name.full_clean()
    by_name.save()
    assert devices.others(devices.keys_of(by_address), by_address) == []
