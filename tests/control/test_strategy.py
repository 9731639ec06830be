"""The policy strategy: start and stop rules per miner, unknown inputs held ten minutes per unit, and its words."""

from datetime import timedelta

import pytest

from optimization.control.decide import decide
from optimization.control.memory import Memory
from optimization.control.strategy import UNKNOWN_HOLD, PolicyStrategy

from .worlds import COLD, NO_SURPLUS, NOW, SURPLUS, WARM, miner, policy, running, site, unit, zone

SOLAR = policy(({"all_of": [COLD, SURPLUS]},), (WARM, NO_SURPLUS))
PATIENT = policy(({"all_of": [COLD, {**SURPLUS, "for": "1m"}]},), (WARM, {**NO_SURPLUS, "for": "3m"}))


class Home:
    """One unit decided again and again, its memory kept, its miner obeying."""

    def __init__(self, one, *, rules=SOLAR, min_seconds=0):
        self.one, self.rules, self.memory, self.at = one, rules, Memory(), NOW
        self.min_seconds = min_seconds

    def step(self, surplus_w, *, seconds=10, celsius=20.0):
        from dataclasses import replace

        self.at += timedelta(seconds=seconds)
        self.one = replace(self.one, zones=(zone(celsius),), min_on_seconds=self.min_seconds,
                           min_off_seconds=self.min_seconds)  # fmt: skip
        shared = {"energy_state.surplus_power": surplus_w}
        situation = site(unit(self.one, rules=self.rules, shared=shared, at=self.at), now=self.at)
        (command,), self.memory = decide(situation, self.memory)
        make = running if command.power_w else miner
        self.one = make(zone(celsius), max_starts_per_hour=99, switched_on_at=None)
        return command


@pytest.mark.parametrize(
    ("one", "surplus", "watts", "code"),
    [
        (miner(zone(20.0)), 900, 1000, "rule_start"),
        (miner(zone(20.0)), 100, 0, "stays_off"),
        (miner(zone(20.0)), None, 0, "start_unknown"),
        (miner(zone(21.0)), None, 0, "stays_off"),  # not cold: what is unknown does not matter
        (running(zone(21.0)), 900, 1000, "hold_on"),
        (running(zone(21.0)), 100, 0, "rule_stop"),
        (running(zone(21.0)), None, 1000, "hold_unknown"),
        (running(zone(21.6)), None, 0, "rule_stop"),  # a room stop needs no energy data
        (running(zone(None)), 900, 1000, "hold_unknown"),
        (miner(zone(None)), 900, 0, "start_unknown"),
    ],
)
def test_what_the_rules_want(one, surplus, watts, code):
    (command,), _ = decide(site(unit(one, rules=SOLAR, shared={"energy_state.surplus_power": surplus})), Memory())
    assert (command.power_w, command.code) == (watts, code)


def test_a_start_needs_every_stop_rule_false():
    rules = policy((COLD,), (SURPLUS,))
    for surplus, code in ((900, "blocked"), (100, "rule_start"), (None, "start_unknown")):
        shared = {"energy_state.surplus_power": surplus}
        (command,), _ = decide(site(unit(miner(zone(20.0)), rules=rules, shared=shared)), Memory())
        assert command.code == code


def test_the_rule_that_decided_is_part_of_the_intent():
    (command,), _ = decide(site(unit(running(zone(21.6)))), Memory())
    assert (command.intent.rule_id, command.intent.rule_name) == ("stop-0", "stop 0")
    assert command.intent.explanation
    assert "Hall" in command.reason


def test_an_unknown_input_is_held_for_ten_minutes_then_off_until_it_is_known():
    home = Home(running(zone(21.0)))
    began = home.at + timedelta(seconds=10)
    codes = []
    while (command := home.step(None, celsius=20.0)).power_w:
        codes.append(command.code)
    assert set(codes) == {"hold_unknown"}
    assert home.at - began == UNKNOWN_HOLD
    assert command.code == "input_unknown"
    assert command.reason.startswith("For 10 min")
    assert home.step(None).code == "start_unknown"
    assert home.step(900).code == "rule_start"


def test_a_value_that_comes_back_starts_the_ten_minutes_anew():
    home = Home(running(zone(21.0)))
    for _ in range(59):
        assert home.step(None, celsius=21.0).power_w == 1000
    assert home.step(900, celsius=21.0).code == "hold_on"
    for _ in range(59):
        assert home.step(None, celsius=21.0).power_w == 1000


def held_and_off_at(rooms, passes=130):
    """Passes until each of two miners of one unit is off, their common input unknown from pass `rooms[...]` on."""
    memory, off = Memory(), {}
    on = dict.fromkeys("ab", True)
    for number in range(passes):
        at = NOW + timedelta(seconds=10 * number)
        members = [(running if on[key] else miner)(zone(21.0 if number < rooms[key] else None, key=key), key=key)
                   for key in "ab"]  # fmt: skip
        commands, memory = decide(site(unit(*members, at=at), now=at), memory)
        for command in commands:
            if command.power_w == 0:
                on[command.miner_id] = False
                off.setdefault(command.miner_id, number)
    return off


def test_the_ten_minutes_count_for_the_unit_not_for_each_miner():
    assert held_and_off_at({"a": 0, "b": 0}) == {"a": 60, "b": 60}
    assert held_and_off_at({"a": 0, "b": 30}) == {"a": 60, "b": 60}


def test_two_units_wait_apart():
    memory = Memory(unknown_since={"u1": (NOW - UNKNOWN_HOLD).isoformat()})
    first, second = unit(running(zone(None), key="a"), key="u1"), unit(running(zone(None), key="b"), key="u2")
    commands, memory = decide(site(first, second), memory)
    assert {command.miner_id: command.code for command in commands} == {"a": "input_unknown", "b": "hold_unknown"}
    assert memory.unknown_since["u2"] == NOW.isoformat()


def test_a_time_since_when_from_the_future_counts_from_now():
    memory = Memory(unknown_since={"unit": (NOW + timedelta(hours=2)).isoformat()})
    _, after = decide(site(unit(running(zone(None)))), memory)
    assert after.unknown_since["unit"] == NOW.isoformat()


def test_true_for_a_minute_starts_and_short_for_three_minutes_stops():
    home = Home(miner(zone(20.0)), rules=PATIENT)
    starts = [home.step(900).power_w for _ in range(7)]
    assert starts == [0] * 6 + [1000]
    stops = [home.step(100).power_w for _ in range(19)]
    assert stops == [1000] * 18 + [0]


def test_a_break_starts_the_timer_anew():
    home = Home(miner(zone(20.0)), rules=PATIENT)
    for _ in range(6):
        home.step(900)
    home.step(100)
    assert [home.step(900).power_w for _ in range(7)] == [0] * 6 + [1000]


@pytest.mark.parametrize("one", [miner(zone(20.0)), running(zone(20.0))])
def test_without_a_policy_nothing_is_heated(one):
    (command,), _ = decide(site(unit(one, policy=None)), Memory())
    assert (command.power_w, command.code) == (0, "no_policy")
    assert command.reason == "Unit has no policy, so nothing is heated."
    (command,), _ = decide(site(unit(one, policy=None, policy_problem="The rule ‘x’ is wrong.")), Memory())
    assert command.reason == "The rule ‘x’ is wrong."


def test_a_policy_without_rules_leaves_off_what_is_off():
    (command,), _ = decide(site(unit(miner(zone(15.0)), rules=policy((), ()))), Memory())
    assert command.power_w == 0


def test_a_miner_of_two_rooms_starts_for_either_and_stops_when_both_are_warm():
    def codes(make, *celsius):
        one = make(zone(celsius[0]), zone(celsius[1], key="attic"))
        (command,), _ = decide(site(unit(one)), Memory())
        return command.code

    assert codes(miner, 20.0, 21.0) == "rule_start"
    assert codes(running, 21.6, 21.0) == "hold_on"
    assert codes(running, 21.6, 21.6) == "rule_stop"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (miner(zone(21.0)), "Hall is at its target, in its band of 20.5 to 21.5 °C, so Avalon stays off."),
        (miner(zone(22.0)), "Hall is 1.0° above target, so Avalon stays off."),
        (running(zone(20.7)), "Hall is 0.3° below target and may be heated up to 21.5 °C, so Avalon keeps running."),
    ],
)
def test_the_sentence_is_from_the_rooms_point_of_view(one, words):
    (command,), _ = decide(site(unit(one)), Memory())
    assert command.reason == words


def test_the_strategy_alone_touches_no_memory():
    memory = Memory(unknown_since={"unit": NOW.isoformat()}, holds={"m": {"x": 1.0}})
    result = PolicyStrategy().decide(unit(running(zone(None))), memory, NOW)
    assert memory == Memory(unknown_since={"unit": NOW.isoformat()}, holds={"m": {"x": 1.0}})
    assert result.unknown_since == NOW.isoformat()
