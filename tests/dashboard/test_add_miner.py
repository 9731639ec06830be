"""The add-wizard by client: from a typed address to a miner that passes control, on emulated devices."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from dashboard.setup_miners import own_network
from integrations import ask
from miners import tasks
from miners.drivers.tasmota.testing import TasmotaEmulator
from miners.models import Circuit, Miner, MinerController
from miners.protocols.json_http import forget_tokens
from optimization.adding import Additions, NewDevice, NewMiner, add_to_home
from optimization.demo import create_demo_home
from optimization.passes.run import run_sites
from sites.models import ActivityLog
from tests import factories
from tests.discovery.street import WallClock
from tests.emulators.avalon import NANO_3S, Avalon
from tests.emulators.braiins import PASSWORD, BraiinsEmulator
from tests.emulators.luxos import LuxOS
from tests.emulators.plug import PlugEmulator
from tests.moments import Meanwhile
from tests.passes import bench as room_bench

pytestmark = pytest.mark.django_db


class Walk:
    """A person at the wizard; searches are done at once instead of by a worker."""

    def __init__(self, client, site) -> None:
        self.client, self.site = client, site
        self.room = factories.zone(
            site, "Living room", monitor=factories.climate_monitor(site, adapter_type="bench", config={"key": "room"})
        )
        self.unit = factories.unit(site, miners=[], policy=factories.policy(site), name="Ground floor")

    def look(self, addresses: str):
        answer = self.client.post(reverse("add-miner"), {"addresses": addresses})
        assert answer.status_code == 302, answer.context["forms"].where.errors
        return self.html("add-miner-found")

    def html(self, name: str) -> str:
        return self.client.get(reverse(name)).content.decode()

    def choose(self, address: str) -> str:
        return self.client.post(reverse("add-miner-found"), {"choose": address}).url

    def settings(self, **changes):
        data = {
            "name": "Avalon",
            "rooms": [str(self.room.pk)],
            "unit": str(self.unit.pk),
            **self.device_fields(),
            **changes,
        }
        return self.client.post(reverse("add-miner-settings"), data)

    def device_fields(self) -> dict[str, str]:
        """The driver's inputs as the browser would send them untouched."""
        found = re.findall(
            r'<input type="text" name="(with-\w+)"(?: value="([^"]*)")?', self.html("add-miner-settings")
        )
        return dict(found)

    def change(self, name: str) -> None:
        """Back to the questions about a miner that was answered already."""
        assert self.client.post(reverse("add-miner"), {"change": name}).url == reverse("add-miner-settings")

    def finish(self):
        return self.client.post(reverse("setup-finish"))


@pytest.fixture
def bench():
    yield room_bench.install()
    room_bench.remove()
    ask.forget()
    forget_tokens()


@pytest.fixture
def walk(signed_in, home, bench, monkeypatch):
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: tasks.discover(*args))
    return Walk(signed_in, home)


@pytest.fixture
def device():
    """`device(Family, …)`: an emulated one on loopback."""
    made = []

    def make(family, *args, **kwargs):
        made.append(family(WallClock(), *args, **kwargs))
        return made[-1]

    yield make
    for one in made:
        one.close()


def nothing_written() -> bool:
    return not (Miner.objects.exists() or MinerController.objects.exists())


def test_the_whole_way_and_then_it_is_controlled(walk, bench, device):
    avalon = device(Avalon)
    html = walk.look(f"{avalon.address} 127.0.0.1:1")
    assert "Avalon Q" in html
    assert "heating" in html
    assert "2 addresses looked at, 1 miner found" in html
    assert walk.choose(avalon.address) == reverse("add-miner-settings")
    html = walk.html("add-miner-settings")
    assert "830\u202fW, 1350\u202fW or 1660\u202fW" in html
    assert "it heats again by itself" in html
    assert "Avalon home miner: runs at least 20" in html
    assert f'<option value="{walk.unit.pk}" selected>' in html
    assert walk.settings().url == reverse("setup-finish")
    html = walk.html("setup-finish")
    assert "Ground floor" in html
    assert "Living room" in html
    assert nothing_written()
    answer = walk.finish()
    miner = Miner.objects.get()
    assert answer.url == f"{reverse('miners')}#miner-{miner.pk}"
    assert (miner.nominal_power_w, miner.min_on_seconds, miner.device_class) == (1660, 1200, "avalon")
    assert miner.controller.config["address"] == avalon.address
    assert miner.power.is_stepped
    assert list(miner.zones.all()) == [walk.room]
    assert list(walk.unit.miners.all()) == [miner]
    log = ActivityLog.objects.get(text__contains="was added")
    assert (log.actor, "Avalon Q" in log.text) == ("anna", True)
    walk.site.refresh_from_db()
    assert walk.site.next_pass_at is not None
    assert f'id="miner-{miner.pk}"' in walk.html("miners")
    assert nobody_is_asked_twice(walk.client)
    # A warm room: what was found heating is switched off by the next passes.
    bench.rooms["room"] = 25.0
    for _ in range(3):
        run_sites([walk.site.pk])
    assert any("softoff" in one for one in avalon.commands), avalon.commands
    miner.desired.refresh_from_db()
    assert miner.desired.power_w == 0


def nobody_is_asked_twice(client) -> bool:
    """The answers are gone with the last step."""
    return client.get(reverse("add-miner-settings")).url == reverse("add-miner")


def test_a_password_is_asked_tried_kept_secret_and_used(walk, device):
    braiins = device(BraiinsEmulator)
    html = walk.look(braiins.address)
    assert "It asks for a password" in html
    assert walk.choose(braiins.address) == reverse("add-miner-open")
    assert "password" in walk.html("add-miner-open")
    wrong = walk.client.post(reverse("add-miner-open"), {"with-user": "root", "with-password": "wrong"})
    assert "refuses the password" in wrong.context["form"].errors["password"][0]
    assert "It is not kept before everything here holds: enter it again." in wrong.content.decode()
    right = walk.client.post(reverse("add-miner-open"), {"with-user": "root", "with-password": PASSWORD})
    assert right.url == reverse("add-miner-settings")
    assert PASSWORD not in str(dict(walk.client.session))
    assert PASSWORD not in walk.html("add-miner-settings")
    assert "any power from" in walk.html("add-miner-settings")
    walk.settings(name="Boiler")
    assert PASSWORD not in walk.html("setup-finish")
    walk.finish()
    assert MinerController.objects.get().settings.password == PASSWORD


def test_going_back_keeps_the_answers(walk, device):
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    walk.settings(name="The big one", **{"with-dead_man_minutes": "45"})
    assert "you are adding it as ‘The big one’" in walk.html("add-miner-found")
    assert f'value="{avalon.address}"' in walk.html("add-miner")
    walk.change("The big one")
    html = walk.html("add-miner-settings")
    assert 'value="The big one"' in html
    assert 'name="with-dead_man_minutes" value="45"' in html
    assert walk.settings(name="The bigger one").url == reverse("setup-finish")
    walk.finish()
    assert Miner.objects.get().name == "The bigger one"
    assert MinerController.objects.get().settings.dead_man_minutes == 45


def test_a_page_about_one_device_is_about_it_whatever_another_tab_opened(walk, device):
    first, second = device(Avalon), device(LuxOS)
    walk.look(f"{first.address} {second.address}")
    walk.choose(first.address)
    page = {"device": first.address, **walk.device_fields()}
    walk.choose(second.address)
    assert walk.settings(name="First", **page).url == reverse("setup-finish")
    walk.finish()
    added = Miner.objects.get()
    assert (added.name, added.controller.config["address"]) == ("First", first.address)


def settled(walk, device, **changes):
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    return walk.settings(**changes).context["form"].errors


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 81}, "name", "80"),
        ({"rooms": []}, "rooms", "Which rooms does it heat?"),
        ({"heats_no_room": "on"}, "rooms", "Untick"),
        ({"rooms": ["nonsense"]}, "rooms", "nonsense"),
        ({"unit": "nonsense"}, "unit", "nonsense"),
        ({"plug": "new"}, "plug_address", "Enter the address of the plug"),
        ({"plug": "new", "plug_address": "8.8.8.8"}, "plug_address", "not in this home"),
        ({"plug": "new", "plug_address": "127.0.0.1-4"}, "plug_address", "4 addresses"),
        ({"plug": "new", "plug_address": "127.0.0.1:1"}, "plug_address", "no Shelly plug or Tasmota plug answers"),
    ],
)
def test_what_does_not_hold_is_said_beside_its_field(walk, device, changes, field, said):
    errors = settled(walk, device, **changes)
    assert said in " ".join(errors[field]), errors
    assert nothing_written()


def test_a_name_that_is_taken(walk, device):
    factories.miner(walk.site, "avalon")
    assert "already" in settled(walk, device)["name"][0]


def test_a_setting_of_the_device_that_does_not_hold(walk, device):
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    answer = walk.settings(**{"with-dead_man_minutes": "5"})
    assert "at least 15 min" in answer.context["driver"].errors["dead_man_minutes"][0]


def test_a_real_miner_follows_no_invented_sensor(walk, device):
    invented = factories.zone(walk.site, "Cellar", monitor=factories.climate_monitor(walk.site))
    errors = settled(walk, device, rooms=[str(invented.pk)])
    assert "measures nothing real" in errors["rooms"][0]


def test_nothing_is_added_to_the_simulated_home_either(signed_in, bench, device, monkeypatch):
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: tasks.discover(*args))
    demo = create_demo_home()
    before = Miner.objects.count()
    walk = Walk(signed_in, demo)
    zone = demo.zones.exclude(pk=walk.room.pk).first()
    errors = settled(walk, device, name="Mine", rooms=[str(zone.pk)])
    assert "measures nothing real" in errors["rooms"][0]
    assert Miner.objects.count() == before


def test_what_is_set_up_already_is_left_alone_and_said(walk, device):
    avalon = device(Avalon)
    row = factories.controller(walk.site, adapter_type="avalon", config={"address": avalon.address})
    factories.miner(walk.site, "Old one", controller=row)
    html = walk.look(avalon.address)
    assert "it drives ‘Old one’ here" in html
    assert f'value="{avalon.address}"' not in html
    assert walk.choose(avalon.address) == reverse("add-miner-found")


def test_one_that_was_set_up_meanwhile_is_refused_at_the_end(walk, device):
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    walk.settings()
    elsewhere = factories.site()
    factories.controller(elsewhere, name="Faster", adapter_type="avalon", config={"address": avalon.address})
    html = walk.finish().content.decode()
    assert f"the controller ‘Faster’ in {elsewhere} switches it and has no miner yet" in html
    assert not Miner.objects.exists()


def test_a_device_without_an_off_of_its_own_wants_a_plug(walk, device):
    nano, plug = device(Avalon, NANO_3S), device(PlugEmulator)
    walk.look(nano.address)
    walk.choose(nano.address)
    assert "it is never started" in walk.html("add-miner-settings")
    walk.settings(name="Nano")
    assert "it is never started" in walk.html("setup-finish")
    walk.change("Nano")
    walk.settings(name="Nano", plug="new", plug_address=plug.address)
    html = walk.html("setup-finish")
    assert plug.address in html
    assert "upstream, the plug’s own timer switches it off within 30 min." in html
    assert "it is never started" not in html
    walk.finish()
    miner = Miner.objects.get()
    assert miner.cutoff.settings.address == plug.address
    assert (miner.cutoff.settings.load_w, miner.cutoff.settings.auto_off_minutes) == (140, 30)
    assert miner.cutoff.identity["model"] == "Shelly PlugSG3"


def test_a_plug_of_another_make_is_found_at_its_address(walk, device):
    nano, plug = device(Avalon, NANO_3S), device(TasmotaEmulator)
    walk.look(nano.address)
    walk.choose(nano.address)
    walk.settings(name="Nano", plug="new", plug_address=plug.address)
    assert "upstream, the plug’s own timer switches it off within 30 min." in walk.html("setup-finish")
    walk.finish()
    row = Miner.objects.get().cutoff
    assert (row.adapter_type, row.settings.address, row.settings.load_w) == ("tasmota", plug.address, 140)
    assert row.identity["model"] == "Tasmota Heater plug"


def test_a_plug_for_a_large_machine_waits_longer_and_one_with_a_password_is_refused(walk, device):
    luxos, plug, locked = device(LuxOS), device(PlugEmulator), device(PlugEmulator, password="correct horse")
    walk.look(luxos.address)
    walk.choose(luxos.address)
    errors = walk.settings(name="Rig", plug="new", plug_address=locked.address).context["form"].errors
    assert "with its password first" in errors["plug_address"][0]
    errors = walk.settings(name="Rig", plug="new", plug_address=luxos.address).context["form"].errors
    assert errors["plug_address"]
    walk.settings(name="Rig", plug="new", plug_address=plug.address)
    walk.finish()
    assert Miner.objects.get().cutoff.settings.auto_off_minutes == 60


def test_a_free_plug_and_a_line_of_the_home(walk, device):
    plug = factories.controller(walk.site, name="Free plug")
    circuit = Circuit.objects.create(site=walk.site, name="Cellar", limit_w=3000)
    errors = settled(walk, device, plug=str(plug.pk), circuit=str(circuit.pk))
    assert "is not real" in errors["rooms"][0]
    real = factories.controller(
        walk.site, name="Real plug", adapter_type="shelly_plug", config={"address": "127.0.0.1:9"}
    )
    assert walk.settings(plug=str(real.pk), circuit=str(circuit.pk)).status_code == 302
    walk.finish()
    miner = Miner.objects.get()
    assert (miner.cutoff, miner.circuit) == (real, circuit)


def test_without_a_unit_it_is_only_watched(walk, device):
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    walk.settings(unit="")
    walk.finish()
    assert not Miner.objects.get().units.exists()


def test_a_unit_that_waited_for_its_first_miner_begins_with_it(walk, device):
    walk.unit.is_enabled = False
    walk.unit.save()
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    assert "Ground floor (switched on with this miner)" in walk.html("add-miner-settings")
    walk.settings()
    assert "Ground floor (switched on with this miner)" in walk.html("setup-finish")
    walk.finish()
    walk.unit.refresh_from_db()
    assert walk.unit.is_enabled


def test_a_unit_that_a_person_switched_off_stays_off(walk, device):
    walk.unit.is_enabled = False
    walk.unit.save()
    walk.unit.miners.add(factories.miner(walk.site, name="Old", zones=[walk.room]))
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    assert "Ground floor (switched off)" in walk.html("add-miner-settings")
    walk.settings()
    walk.finish()
    walk.unit.refresh_from_db()
    assert not walk.unit.is_enabled


@pytest.mark.parametrize("typed", ["8.8.8.8", "10.0.0.0/8", "", "not/a/place"])
def test_what_is_no_place_to_look_at(walk, typed):
    answer = walk.client.post(reverse("add-miner"), {"addresses": typed, "look": "1"})
    assert answer.context["forms"].where.errors["addresses"]


def test_one_search_at_a_time_with_its_progress_and_an_end(walk, monkeypatch):
    monkeypatch.setattr(tasks.discover, "apply_async", lambda args, **how: None)
    html = walk.look("127.0.0.1-9")
    assert 'hx-trigger="every 1s"' in html
    again = walk.client.post(reverse("add-miner"), {"addresses": "127.0.0.1"})
    assert "being searched already" in again.context["forms"].where.errors["addresses"][0]
    assert "0 of 9 addresses" in again.content.decode()
    seen = re.search(r'"state": "(\w+)"', html)[1]
    headers = {"HX-Request": "true"}
    assert walk.client.get(reverse("add-miner-found"), {"state": seen}, headers=headers).status_code == 204
    fragment = walk.client.get(reverse("add-miner-found"), {"state": "old"}, headers=headers).content.decode()
    assert fragment.startswith('<div id="found"')
    walk.client.post(reverse("add-miner-found"), {"end": "1"})
    html = walk.html("add-miner-found")
    assert "You ended the search after 0 of 9" in html
    assert "every 1s" not in html


def test_a_device_gone_in_between_is_said(walk, device):
    braiins = device(BraiinsEmulator)
    walk.look(braiins.address)
    walk.choose(braiins.address)
    braiins.close()
    answer = walk.client.post(reverse("add-miner-open"), {"with-user": "root", "with-password": PASSWORD})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize("step", ["add-miner-found", "add-miner-open", "add-miner-settings"])
def test_steps_cannot_be_jumped(walk, step):
    assert walk.client.get(reverse(step)).url == reverse("add-miner")


def test_each_home_keeps_its_own_answers(walk, device):
    avalon = device(Avalon)
    walk.look(avalon.address)
    walk.choose(avalon.address)
    other = factories.site()
    walk.client.get(reverse("show-site", args=[other.pk]))
    walk.html("add-miner")
    assert walk.client.get(reverse("add-miner-settings")).url == reverse("setup-miners")
    # A form of the first home, still open in another tab.
    answer = walk.client.post(reverse("setup-miners"), {"draft": str(walk.site.pk), "look": "1", "addresses": "x.y"})
    assert answer.status_code == 302
    assert walk.client.session["setup"]["now"] == str(walk.site.pk)
    walk.html("add-miner-found")
    assert walk.choose(avalon.address) == reverse("add-miner-found")  # it was not found by this search
    walk.look(avalon.address)
    assert walk.choose(avalon.address) == reverse("add-miner-settings")


def test_without_a_home_there_is_nothing_to_add_to(signed_in, db):
    assert signed_in.get(reverse("add-miner")).url == reverse("home")


def test_only_for_who_signed_in(client, home):
    assert reverse("sign-in") in client.get(reverse("add-miner")).url


def test_the_ways_to_it(walk, admin_client):
    assert reverse("add-miner") in walk.html("miners")
    html = admin_client.get(reverse("admin:miners_miner_changelist")).content.decode()
    assert "Find a miner by its address" in html
    assert admin_client.get(reverse("admin:miners_miner_find_by_address")).url == reverse("add-miner")


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.168.1.5:8000", "192.168.1.0/24"),
        ("10.0.3.4", "10.0.3.0/24"),
        ("127.0.0.1:8000", ""),
        ("edgemining.local", ""),
        ("8.8.8.8", ""),
        ("[fd00::1]:8000", ""),
    ],
)
def test_the_network_this_page_was_opened_in(host, network):
    assert own_network(host) == network


def test_a_miner_is_written_whole_or_not_at_all(home):
    device = NewDevice("avalon", {"address": "127.0.0.1:1"}, {})
    for plan in (
        NewMiner("A", NewDevice("avalon", {"address": "8.8.8.8"}, {}), heats_no_room=True),
        NewMiner("A", NewDevice("no such", {}, {}), heats_no_room=True),
        NewMiner("A", device),
        NewMiner("A", device, plug=device, heats_no_room=True),
        NewMiner("A", device, heats_no_room=True, unit_id=home.pk),
        NewMiner("A", device, heats_no_room=True, circuit_id=home.pk),
        NewMiner("A", device, heats_no_room=True, cutoff_id=home.pk),
        NewMiner("A", device, rooms=[home.pk]),
        NewMiner("", device, heats_no_room=True),
    ):
        with pytest.raises(ValidationError):
            add_to_home(home, Additions(miners=[plan]), by="Ada")
        assert nothing_written(), plan
        assert not ActivityLog.objects.exists()
    now = Meanwhile()
    added = add_to_home(home, Additions(miners=[NewMiner("A", device, heats_no_room=True)]))
    assert added.miners[0].heats_no_room
    assert ActivityLog.objects.get().at in now
