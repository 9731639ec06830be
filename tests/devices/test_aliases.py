"""One Home Assistant by two addresses: its switch is one; homes that call their plugs alike stay two."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError

from integrations.models import HomeAssistant
from miners.identity import aliases, devices
from miners.models import MinerController
from sites.models import ActivityLog
from tests import factories
from tests.adapters.fake_home import PLUG, TOKEN, FakeHome
from tests.emulators.usual_ports import UsualPorts

pytestmark = pytest.mark.django_db


def event(number: int) -> dict:
    return {**PLUG, "context": {"id": f"01M81ZCRB2SKMG01XJTY5TB2A{number}", "parent_id": None, "user_id": None}}


def plug_on(connection: HomeAssistant) -> MinerController:
    site = connection.site
    row = factories.controller(
        site,
        adapter_type="home_assistant_switch",
        config={"entity_switch": "switch.miner_plug"},
        home_assistant=connection,
    )
    factories.miner(site, f"Miner of {site}", controller=row, heats_no_room=True)
    return row


@pytest.fixture
def addresses(stub):
    """`one` and `same` lead to one Home Assistant, `other` to another; in each home a plug of the same id."""
    home, other = FakeHome(event(1)), FakeHome(event(2))
    servers = {"one": stub(home), "same": stub(home), "other": stub(other)}
    rows = {
        name: factories.home_assistant(factories.site(), url=server.url, token=TOKEN)
        for name, server in servers.items()
    }
    return SimpleNamespace(**rows, home=home, asked=lambda: len(home.paths))


def doubled(addresses) -> set[HomeAssistant]:
    found = devices.doubled_at([row.site_id for row in (addresses.one, addresses.same, addresses.other)])
    return {row.controller.home_assistant for row in found}


def test_what_is_one_is_found_in_the_background_and_asked_once(addresses):
    for row in (addresses.one, addresses.same, addresses.other):
        plug_on(row)
    assert doubled(addresses) == set()
    aliases.compare_all()
    assert doubled(addresses) == {addresses.one, addresses.same}
    assert ActivityLog.objects.filter(text__contains="another connection leads to").count() == 2
    asked = addresses.asked()
    aliases.compare_all()
    assert addresses.asked() == asked


def test_a_new_connection_is_recognised_before_it_is_stored(addresses):
    plug_on(addresses.one)
    site = addresses.same.site
    new = HomeAssistant(site=site, url=addresses.same.url, token=TOKEN)
    aliases.recognise(new, ["switch.miner_plug"])
    addresses.one.refresh_from_db()
    assert new.installation == addresses.one.installation != ""
    row = MinerController(
        site=site, name="P", adapter_type="home_assistant_switch", home_assistant=new,
        config={"entity_switch": "switch.miner_plug"},
    )  # fmt: skip
    with pytest.raises(ValidationError, match="it drives ‘Miner of"):
        devices.refuse_taken(row)
    different = HomeAssistant(site=site, url=addresses.other.url, token=TOKEN)
    aliases.recognise(different, ["switch.miner_plug"])
    assert different.installation == ""


def test_another_address_may_be_another_installation(addresses):
    first, second = plug_on(addresses.one), plug_on(addresses.same)
    aliases.compare_all()
    assert devices.is_same(*MinerController.objects.filter(pk__in=[first.pk, second.pk]))
    row = HomeAssistant.objects.get(pk=addresses.same.pk)
    row.url = f"{row.url}/"
    row.save()
    assert row.installation
    row.url = "http://elsewhere.local:8123"
    row.save(update_fields=["url"])
    row.refresh_from_db()
    assert row.installation == ""
    assert doubled(addresses) == set()


def test_one_that_does_not_answer_or_says_nothing_of_its_own_is_nobody(addresses):
    plug_on(addresses.one)
    plug_on(addresses.same)
    addresses.home.states["switch.miner_plug"] = PLUG  # no event is told
    aliases.compare_all()
    assert doubled(addresses) == set()


@pytest.mark.homeassistant
def test_a_real_one_by_two_addresses(ha):
    alias = UsualPorts((8123,), ha.port)
    rows = [
        factories.home_assistant(factories.site(), url=url, token=token)
        for url, token in ((ha.url, ha.token), (f"http://{alias.host}:8123", ha.guest_token))
    ]
    first, second = map(plug_on, rows)
    aliases.compare_all()
    assert devices.is_same(*MinerController.objects.filter(pk__in=[first.pk, second.pk]))
    alias.close()


MAC = "AA:BB:CC:00:11:22"
SHELLY = {"model": "Shelly PlugSG3", "serial": "AABBCC001122"}


def shelly(home: FakeHome, *outputs: str) -> FakeHome:
    """A device of Shelly with these outputs, as its integration shows it: `unique_id` by MAC and number."""
    home.registries = {
        "config/area_registry/list": [],
        "config/device_registry/list": [{"id": "plug", "connections": [["mac", MAC.lower()], ["odd"]]}],
        "config/entity_registry/list": [
            {"entity_id": entity_id, "device_id": "plug", "platform": "shelly", "unique_id": f"AABBCC001122-switch:{n}"}
            for n, entity_id in enumerate(outputs)
        ],
    }
    return home


def direct(site, channel: int = 0) -> MinerController:
    config = {"address": "192.168.1.41", "channel": channel}
    return MinerController(site=site, name="P", adapter_type="shelly_plug", config=config, identity=SHELLY)


def test_a_plug_through_home_assistant_is_not_driven_directly_as_well(stub):
    server = stub(shelly(FakeHome(PLUG), "switch.miner_plug"))
    row = plug_on(factories.home_assistant(factories.site(), url=server.url, token=TOKEN))
    devices.refuse_taken(direct(row.site))
    aliases.note_macs()
    with pytest.raises(ValidationError, match="it drives ‘Miner of"):
        devices.refuse_taken(direct(row.site))
    asked = len(server.requests)
    aliases.note_macs()
    assert len(server.requests) == asked


def test_each_output_of_a_device_is_one_of_its_own(stub):
    second = {**PLUG, "entity_id": "switch.second"}
    server = stub(shelly(FakeHome(PLUG, second), "switch.miner_plug", "switch.second"))
    row = plug_on(factories.home_assistant(factories.site(), url=server.url, token=TOKEN))
    aliases.note_macs()
    with pytest.raises(ValidationError):
        devices.refuse_taken(direct(row.site, 0))
    devices.refuse_taken(direct(row.site, 1))
