"""What a device says it is, is kept with its controller: its levels are the miner's from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from integrations.errors import AdapterError
from miners.models import DesiredState, MinerController
from miners.services import identify, request_power
from optimization.passes.run import run_sites
from sites.clock import ManualClock
from sites.models import ActivityLog
from tests import factories

from .devices import DEVICES, Bench

pytestmark = pytest.mark.django_db
BY_NAME = {device.name: device for device in DEVICES}


def controller_of(bench: Bench, site=None) -> MinerController:
    config = {**bench.config.model_dump(mode="json")}
    return factories.controller(site or factories.site(), adapter_type=bench.device.adapter.key, config=config)


def test_the_levels_of_a_device_become_its_miners(bench_of):
    controller = controller_of(bench_of(BY_NAME["avalon-q"]))
    found = identify(controller, by="Ada")
    stored = MinerController.objects.get()
    assert stored.identity["model"] == found.model
    assert stored.power == found.power
    miner = factories.miner(controller.site, controller=stored, nominal_power_w=1600)
    assert miner.power.is_stepped
    assert found.model in ActivityLog.objects.get().text


def test_another_device_at_the_same_address_is_told(bench_of):
    controller = controller_of(bench_of(BY_NAME["avalon-q"]))
    controller.identity = {"serial": "somebody else"}
    identify(controller, by="Ada")
    assert "Another device answers" in ActivityLog.objects.order_by("-id").first().text


def test_one_that_does_not_answer_keeps_what_was_known(bench_of):
    bench = bench_of(BY_NAME["avalon-q"])
    controller = controller_of(bench)
    identify(controller, by="Ada")
    before = MinerController.objects.get().identity
    bench.emulator.close()
    with pytest.raises(AdapterError):
        identify(controller, by="Ada")
    assert MinerController.objects.get().identity == before


def test_over_the_api_and_in_the_admin(bench_of, client, django_capture_on_commit_callbacks):
    bench = bench_of(BY_NAME["avalon-q"])
    controller = controller_of(bench)
    client.force_login(factories.user())
    address = f"/api/v1/miner-controllers/{controller.pk}"
    asked = client.post(f"{address}/identify", content_type="application/json")
    assert asked.status_code == 200
    assert [level["power_w"] for level in asked.json()["power"]["levels"]] == [
        level.power_w for level in bench.identify().power.levels
    ]
    assert client.get(address).json()["identity"]["serial"] == asked.json()["serial"]
    changelist = reverse("admin:miners_minercontroller_changelist")
    data = {"action": "ask_what_it_is", "_selected_action": [str(controller.pk)]}
    said = client.post(changelist, data, follow=True).content.decode()
    assert "It can heat with" in said
    bench.emulator.close()
    refused = client.post(f"{address}/identify", content_type="application/json")
    assert (refused.status_code, "cannot be asked" in refused.json()["detail"]) == (409, True)


def test_a_plug_has_nothing_to_ask_for(home):
    with pytest.raises(ValidationError, match="only switched on and off"):
        identify(factories.controller(home, adapter_type="dummy"), by="Ada")


def test_a_pass_drives_the_real_driver_to_the_level_that_is_asked(bench_of):
    """Avalon Q on the wire: heating at some level, asked by hand for 900 W, told its own word for 800."""
    bench = bench_of(BY_NAME["avalon-q"])
    site = factories.site()
    controller = controller_of(bench, site)
    identify(controller, by="Ada")
    miner = factories.miner(site, controller=controller, nominal_power_w=1600, heats_no_room=True)
    eco = miner.power.levels[0]
    clock = ManualClock(timezone.now())
    request_power(miner, round(eco.power_w) + 50, by="Ada", until=clock.now() + timedelta(hours=2))
    for _ in range(40):
        run_sites([site.pk], clock=clock)
        clock.advance(60)
        bench.clock.advance(60)
        desired = DesiredState.objects.filter(confirmed_at__isnull=False, power_w=round(eco.power_w))
        if desired.exists():
            break
    shown = bench.read()
    assert shown.level == eco.key
    assert shown.power_w == pytest.approx(eco.power_w, rel=0.1)
    miner.refresh_from_db()
    assert miner.desired.power_w == round(eco.power_w)
    assert miner.desired.confirmed_at is not None
