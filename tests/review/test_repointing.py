"""What may be on is not let go in the set-up pages either."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from miners.models import DesiredState, MinerController
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def heating(home):
    controller = factories.controller(home, config={"device": "old plug"})
    miner = factories.miner(home, controller=controller, heats_no_room=True)
    DesiredState.objects.create(miner=miner, power_w=1000, seen_on=True, seen_at=timezone.now())
    return miner


def test_a_plug_that_may_be_on_keeps_its_address(heating):
    controller = MinerController.objects.get(pk=heating.controller_id)
    controller.config = {"device": "new plug"}
    with pytest.raises(ValidationError, match="Stop it, wait until it is off"):
        controller.full_clean()


def test_its_name_may_change(heating):
    controller = MinerController.objects.get(pk=heating.controller_id)
    controller.name = "The one by the window"
    controller.full_clean()


def test_what_is_only_read_may_change(heating, home):
    """A meter that no off can be confirmed by is replaced while its plug may be on; the plug is not."""
    controller = MinerController.objects.get(pk=heating.controller_id)
    controller.adapter_type, controller.home_assistant = "home_assistant_switch", factories.home_assistant(home)
    controller.config = {"entity_switch": "switch.plug", "entity_power": "sensor.broken"}
    controller.save()
    controller = MinerController.objects.get(pk=controller.pk)
    controller.config = {"entity_switch": "switch.plug", "entity_power": "sensor.good"}
    controller.full_clean()
    controller.config = {"entity_switch": "switch.other", "entity_power": "sensor.good"}
    with pytest.raises(ValidationError, match="Stop it, wait until it is off"):
        controller.full_clean()


def test_the_same_settings_with_their_defaults_spelled_out_are_the_same(heating):
    controller = MinerController.objects.get(pk=heating.controller_id)
    controller.config = controller.settings.model_dump(mode="json")
    controller.__dict__.pop("settings", None)
    controller.full_clean()


def test_a_miner_that_may_be_on_keeps_its_controller(heating, home):
    heating.controller = factories.controller(home, config={"device": "another"})
    with pytest.raises(ValidationError, match="then change what drives it"):
        heating.full_clean()


def test_off_both_may_change(heating, home):
    DesiredState.objects.update(power_w=0, seen_on=False)
    controller = MinerController.objects.get(pk=heating.controller_id)
    controller.config = {"device": "new plug"}
    controller.full_clean()
    heating.refresh_from_db()
    heating.controller = factories.controller(home, config={"device": "another"})
    heating.full_clean()


def test_the_admin_says_so(heating, admin_client):
    controller = heating.controller
    page = admin_client.post(
        f"/admin/miners/minercontroller/{controller.pk}/change/",
        {"site": controller.site_id, "name": controller.name, "adapter_type": "dummy", "dummy-device": "new plug"},
    )
    controller.refresh_from_db()
    assert controller.config == {"device": "old plug"}
    assert "Stop it, wait until it is off" in page.content.decode()
