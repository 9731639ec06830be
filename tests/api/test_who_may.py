"""Every operation of the API with an account that has no staff rights: what it may do, and that all else is refused."""

from __future__ import annotations

import pytest
from django.test import Client

from edgemining.api_door import EVERYDAY
from sites.models import Site
from sites.services import create_api_token
from tests import factories
from tests.api.addresses import ids_of, operations
from tests.api.conftest import Caller

pytestmark = pytest.mark.django_db

#: What changes something, or asks a device, and is open to everybody. All other operations but GET are set-up.
EVERYBODY = {
    "sites_api_acknowledge",
    "climate_api_confirm_value",
    "climate_api_set_override",
    "climate_api_cancel_override",
    "climate_api_put_schedule",
    "climate_api_copy_day",
    "climate_periods_api_create_period",
    "climate_periods_api_change_period",
    "climate_periods_api_end_period",
    "miners_api_start_miner",
    "miners_api_stop_miner",
    "miners_api_resume_miner",
    "miners_api_all_off",
    "miners_api_resume_all",
    "optimization_api_evaluate",
    "optimization_policy_api_validate",
}


@pytest.fixture
def ben(db) -> Caller:
    """Somebody who lives there, without staff rights."""
    user = factories.user("ben", staff=False)
    return Caller(create_api_token("ben", user), Client(raise_request_exception=False))


def test_every_operation_knows_who_may(ben, furnished):
    ids, allowed = ids_of(furnished), set()
    for operation in operations():
        response = ben.call(operation.method, operation.address(ids), {})
        is_refused = response.status_code == 403
        if is_refused:
            assert "staff account" in response.json()["detail"], operation
        expected = operation.method == "GET" or operation.details["operationId"] in EVERYBODY
        assert is_refused is not expected, (operation, response.status_code)
        if not is_refused and operation.method != "GET":
            allowed.add(operation.details["operationId"])
    assert allowed == EVERYBODY
    assert len(EVERYDAY) == len(EVERYBODY)


def test_a_refused_change_changes_nothing(ben, furnished):
    assert ben.patch(f"/sites/{furnished.site.pk}", {"name": "Mine"}).status_code == 403
    assert ben.post("/sites", {"name": "Cabin"}).status_code == 403
    assert [site.name for site in Site.objects.all()] == [furnished.site.name]


def test_a_session_without_staff_rights_is_refused_as_a_token_is(ben, furnished):
    client = Client()
    client.force_login(factories.user("carla", staff=False))
    assert client.delete(f"/api/v1/miners/{furnished.miner.pk}").status_code == 403
    assert client.get(f"/api/v1/miners/{furnished.miner.pk}").status_code == 200


@pytest.mark.parametrize("path", ["/all-off", "/miners/{miner}/stop"])
def test_everybody_may_switch_off(ben, furnished, path):
    assert ben.post(path.format(miner=furnished.miner.pk), {}).status_code == 202
