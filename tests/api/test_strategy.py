"""A unit's strategy in the API, and by its older name."""

import pytest

from optimization.models import OptimizationUnit

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sent", "strategy", "dosing"),
    [
        ({"dosing": "full"}, "policy", "full"),
        ({"dosing": "need"}, "policy_need", "need"),
        ({"strategy": "policy_thermostat"}, "policy_thermostat", "need"),
        ({"strategy": "policy"}, "policy", "full"),
    ],
)
def test_a_strategy_is_set_by_either_name(api, furnished, sent, strategy, dosing):
    answer = api.patch(f"/optimization-units/{furnished.unit.pk}", sent)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["strategy"], answer.json()["dosing"]) == (strategy, dosing)
    assert OptimizationUnit.objects.get(pk=furnished.unit.pk).strategy == strategy


def test_only_a_thermostat_needs_no_policy(api, furnished):
    unit = furnished.unit
    for strategy, status in (("policy_thermostat", 422), ("thermostat", 200)):
        OptimizationUnit.objects.filter(pk=unit.pk).update(policy=None, is_enabled=False, strategy=strategy)
        answer = api.post(f"/optimization-units/{unit.pk}/enable")
        assert answer.status_code == status, answer.content
