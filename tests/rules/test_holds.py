"""`for`: timers against a naive replay of the whole log, and what restarts and edits do to them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import CompiledPolicy, Context, compile_rule, explain, sentence
from optimization.rules.nodes import walk
from tests.chance import examples

from .worlds import FIELDS, NOW, known_or_not, oracle, trees

SURPLUS = "energy_state.surplus_power"
SHORT = {"field": SURPLUS, "operator": "lt", "value": 100, "for": "3m"}


def stop(tree, rule_id="r"):
    return compile_rule(tree, FIELDS, kind="stop", name="r", rule_id=rule_id)


def context(watts, key=""):
    return Context({SURPLUS: watts}, {}, key)


def find(tree, place):
    for step in place.removeprefix("conditions").replace("[", ".").replace("]", "").split(".")[1:]:
        tree = tree[int(step)] if step.isdigit() else tree[step]
    return {k: v for k, v in tree.items() if k != "for"}


@examples(200)
@given(trees(), st.lists(st.tuples(st.integers(1, 60), known_or_not), min_size=1, max_size=8))
def test_timers_equal_a_replay_of_the_log(tree, steps):
    """The oracle keeps, per `for` node, the time of the first of the unbroken run of true passes."""
    rule = stop(tree)
    policy = CompiledPolicy([], [rule])
    nodes = [n for n in walk(rule.node) if n.hold_seconds]
    now, holds, began = NOW, {}, {}

    def age(place):
        return now - began.get(place, now)

    for wait, ctx in steps:
        now += wait
        holds = json.loads(json.dumps(policy.update_holds(ctx, holds, now)))  # as stored and read back
        for node in nodes:
            if oracle(find(tree, node.place), ctx, age, node.place) is True:
                began.setdefault(node.place, now)
            else:
                began.pop(node.place, None)
        assert rule.test(ctx, (holds, now)) is oracle(tree, ctx, age)
        assert sorted(holds.values()) == sorted(began.values())


def test_a_timer_runs_its_full_length_and_no_more():
    policy, holds = CompiledPolicy([], [stop(SHORT)]), {}
    actions = []
    for second in range(0, 200, 10):
        holds = policy.update_holds(context(0.0), holds, NOW + second)
        actions.append(policy.decide([context(0.0)], running=True, holds=holds, now=NOW + second).action)
    assert actions == ["hold"] * 18 + ["stop"] * 2


def test_false_and_unknown_break_it():
    policy = CompiledPolicy([], [stop(SHORT)])
    for broken in (500.0, None, float("nan")):
        holds = policy.update_holds(context(0.0), {}, NOW)
        assert len(holds) == 1
        assert policy.update_holds(context(broken), holds, NOW + 100) == {}


def test_short_circuit_starves_no_timer():
    first = {"field": "sun.is_up", "operator": "eq", "value": True}
    policy = CompiledPolicy([], [stop({"all_of": [first, SHORT]})])
    ctx = Context({"sun.is_up": False, SURPLUS: 0.0}, {})
    assert list(policy.update_holds(ctx, {}, NOW).values()) == [NOW]


def test_a_start_in_the_future_counts_as_now_and_garbage_as_never():
    rule = stop(SHORT)
    policy, key = CompiledPolicy([], [rule]), rule.timers[0][0]
    assert policy.update_holds(context(0.0), {key: NOW + 500}, NOW) == {key: NOW}
    assert rule.test(context(0.0), ({key: NOW + 500}, NOW)) is False
    for garbage in ("x", None, float("nan"), float("-inf"), True):
        assert policy.update_holds(context(0.0), {key: garbage}, NOW) == {key: NOW}
        assert rule.test(context(0.0), ({key: garbage}, NOW)) is False


def test_keys_outlive_a_restart_and_a_new_duration_but_not_a_new_condition():
    key = stop(SHORT).timers[0][0]
    assert stop(dict(SHORT)).timers[0][0] == key
    assert stop({**SHORT, "for": "5m"}).timers[0][0] == key
    assert stop({**SHORT, "value": 200}).timers[0][0] != key
    assert stop(SHORT, "other").timers[0][0] != key


def test_each_zone_has_its_own_timer():
    leaf = {"field": "climate.zone.above_target", "operator": "eq", "value": True, "for": "1m"}
    policy = CompiledPolicy([], [stop(leaf)])
    a, b = (Context({}, {"climate.zone.above_target": v}, k) for k, v in (("a", True), ("b", False)))
    holds = policy.update_holds([a, b], {}, NOW)
    assert len(holds) == 1
    assert next(iter(holds)).endswith("@a")
    warm = b._replace(own={"climate.zone.above_target": True})
    holds = policy.update_holds([a, warm], holds, NOW + 60)
    assert sorted(holds.values()) == [NOW, NOW + 60]
    assert policy.decide([a, warm], running=True, holds=holds, now=NOW + 60).action == "hold"
    assert policy.decide([a, warm], running=True, holds=holds, now=NOW + 120).action == "stop"


def test_the_sentence_tells_how_long():
    rule = stop(SHORT)
    policy = CompiledPolicy([], [rule])
    told = [
        sentence(
            explain(
                rule, context(0.0), policy.update_holds(context(0.0), {k: NOW - age for k, _ in rule.timers}, NOW), NOW
            )
        )
        for age in (0, 80, 500)
    ]
    assert told == [
        "surplus 0 W is below 100 W for 0 s of 3 min",
        "surplus 0 W is below 100 W for 1 min 20 s of 3 min",
        "surplus 0 W is below 100 W for 3 min",
    ]
