"""The scenarios hold, and every guard is needed: without it its own scenarios break (mutation check)."""

import pytest

from optimization.control import decide as decide_module
from optimization.control import guards, high_limit, limits
from optimization.control.decide import decide
from optimization.control.situation import Unrecorded

from .scenarios import SCENARIOS, Scenario
from .worlds import ago, site, unit

BY_NAME = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.replace(" ", "-"))


def outcome(scenario: Scenario) -> tuple[int, str]:
    """Watts and guard that come out for the scenario's miner."""
    unrecorded = None
    if scenario.unrecorded_s is not None:
        unrecorded = Unrecorded(ago(scenario.unrecorded_s), "The disk is full.")
    situation = site(
        unit(scenario.miner, *scenario.others),
        clock_stepped=scenario.clock_stepped,
        is_stopped=scenario.is_stopped,
        power_limit_w=scenario.power_limit_w,
        unrecorded=unrecorded,
    )
    commands, _ = decide(situation, scenario.memory)
    command = commands[0]
    return command.power_w, command.guard


def holds(scenario: Scenario) -> bool:
    return outcome(scenario) == (scenario.power_w, scenario.guard)


@BY_NAME
def test_the_scenario_comes_out(scenario):
    assert outcome(scenario) == (scenario.power_w, scenario.guard)


def kept_without(part: str) -> list[str]:
    """The scenarios of `part` that still hold, though it was removed."""
    return [scenario.name for scenario in SCENARIOS if scenario.by == part and holds(scenario)]


@pytest.mark.parametrize("guard", guards.GUARDS, ids=lambda guard: guard.__name__)
def test_without_a_guard_its_scenarios_break(guard, monkeypatch):
    monkeypatch.setattr(guards, "GUARDS", tuple(one for one in guards.GUARDS if one is not guard))
    assert kept_without(guard.__name__) == []


OTHER_PARTS = {
    "latch": lambda patch: patch.setattr(high_limit, "LATCHING_TRIPS", 10**6),
    "power_limit": lambda patch: patch.setattr(limits, "shed", lambda *_: {}),
    "min_on": lambda patch: patch.setattr(
        decide_module, "_min_on_left", lambda *_: decide_module.timedelta(0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", OTHER_PARTS)
def test_without_another_safety_part_its_scenarios_break(part, monkeypatch):
    OTHER_PARTS[part](monkeypatch)
    assert kept_without(part) == []


def test_every_part_has_a_scenario_and_every_scenario_a_part():
    parts = {guard.__name__ for guard in guards.GUARDS} | set(OTHER_PARTS)
    assert {scenario.by for scenario in SCENARIOS} - {"nobody"} == parts


def test_a_guard_that_always_says_no_breaks_what_must_run(monkeypatch):
    monkeypatch.setattr(guards, "GUARDS", (lambda case: guards.Ceiling("no", 0, "No.", is_safety=True),))
    assert [scenario.name for scenario in SCENARIOS if scenario.power_w > 0 and holds(scenario)] == []
