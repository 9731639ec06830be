"""Why a rule is what it is: the tree with every value seen, and plain English sentences.

This walks the tree and applies `truth` literally. It is the slow twin of `compile`, and the tests hold
the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .context import Context, clean
from .fields import Field
from .holds import elapsed, key_in, timer_key
from .nodes import Group, Leaf, Node, Not, children, leaves, signature
from .rule import CompiledRule, over_zones
from .truth import (
    ABSENT,
    Pair,
    Truth,
    all_pair,
    any_pair,
    held_pair,
    leaf_pair,
    not_pair,
)
from .words import sentence_of

WORDS = {True: "true", False: "false", None: "unknown", ABSENT: "absent"}


def explain(rule: CompiledRule, contexts: Context | Sequence[Context], holds: Mapping[str, float], now: float) -> dict:
    """The rule as a JSON-able tree.

    {rule, rule_id, kind, priority, truth, contexts: [{key, truth, conditions}]}, one entry a context;
    truth is "true" | "false" | "unknown" | "absent". Every node has place, node ("all_of", "any_of",
    "not_", "leaf"), truth and, with a `for`, hold {seconds, elapsed, inner, key}; groups have children; leaves
    field, label, operator, symbol, value (seen), expected, unit, value_ref.
    """
    if isinstance(contexts, Context):
        contexts = (contexts,)
    entries, truths = [], []
    for ctx in contexts:
        truth = rule.evaluate(ctx, holds, now)
        tree = _Explainer(rule, ctx, holds, now).node(rule.node)[1]
        entries.append({"key": ctx.key, "truth": WORDS[truth], "conditions": tree})
        truths.append(truth)
    absent = all(t is ABSENT for t in truths)
    known = [False if t is ABSENT else t for t in truths]
    overall = ABSENT if absent else over_zones(rule, zip(contexts, known, strict=True))
    return {
        "rule": rule.name,
        "rule_id": rule.rule_id,
        "kind": rule.kind,
        "priority": rule.priority,
        "truth": WORDS[overall],
        "contexts": entries,
    }


def sentence(node: dict) -> str:
    """The fact behind an explained node (or a whole explanation) as one plain phrase, without dotted paths.

    "temperature 19.2 °C is below the lower bound 20.5 °C". A group says what decides it.
    """
    return sentence_of(_deciding(node)["conditions"] if "contexts" in node else node)


def deciding_zone(explanation: dict) -> str:
    """The key of the context that `sentence` speaks of: the slug of a zone, or "" where a miner heats one or none."""
    return _deciding(explanation)["key"]


def _deciding(explanation: dict) -> dict:
    entries = explanation["contexts"]
    return next((one for one in entries if one["truth"] == explanation["truth"]), entries[0])


def interpret(node: Node, ctx: Context, holds: Mapping[str, float], now: float, rule: tuple[str, str]) -> Pair:
    """The pair of `node`, straight from the algebra in `truth`. `rule` = (kind, id) names the timers."""
    if isinstance(node, Leaf):
        pair = leaf_pair(leaf_truth(node, ctx))
    elif isinstance(node, Not):
        pair = not_pair(interpret(node.child, ctx, holds, now, rule))
    else:
        pairs = [interpret(child, ctx, holds, now, rule) for child in node.children]
        pair = all_pair(pairs) if node.word == "all_of" else any_pair(pairs)
    if not node.hold_seconds:
        return pair
    key = key_in(timer_key(*rule, node.place, signature(node)), ctx.key)
    return held_pair(pair, elapsed(holds, key, now) >= node.hold_seconds)


def leaf_truth(leaf: Leaf, ctx: Context) -> Truth:
    if leaf.missing:
        return None
    seen = clean(ctx.value(leaf.field.path), leaf.field.type)
    expected = leaf.expected if leaf.ref is None else clean(ctx.value(leaf.ref.path), leaf.ref.type)
    if seen is ABSENT or expected is ABSENT:
        return ABSENT
    return None if seen is None or expected is None else leaf.operator.test(seen, expected)


class _Explainer:
    def __init__(self, rule: CompiledRule, ctx: Context, holds: Mapping[str, float], now: float):
        self.rule, self.ctx, self.holds, self.now = rule, ctx, holds, now

    def node(self, node: Node) -> tuple[Pair, dict]:
        pair = interpret(node, self.ctx, self.holds, self.now, self.rule.timer_id)
        absent = all(leaf_truth(leaf, self.ctx) is ABSENT for leaf in leaves(node))
        told = {"place": node.place, "node": _word(node), "truth": WORDS[ABSENT if absent else pair[0]]}
        if node.hold_seconds:
            told["hold"] = self.hold(node)
        if isinstance(node, Leaf):
            told |= self.leaf(node)
        else:
            told["children"] = [self.node(child)[1] for child in children(node)]
        return pair, told

    def hold(self, node: Node) -> dict:
        key = key_in(timer_key(*self.rule.timer_id, node.place, signature(node)), self.ctx.key)
        inner = self.bare_truth(node)
        return {
            "seconds": node.hold_seconds,
            "elapsed": elapsed(self.holds, key, self.now) if inner is True else 0.0,
            "inner": WORDS[inner],
            "key": key,
        }

    def bare_truth(self, node: Node) -> Truth:
        bare = replace(node, hold_seconds=0)
        return interpret(bare, self.ctx, self.holds, self.now, self.rule.timer_id)[0]

    def leaf(self, leaf: Leaf) -> dict:
        told = {
            "field": leaf.field.path,
            "label": leaf.field.label or leaf.field.path.rpartition(".")[2].replace("_", " "),
            "type": leaf.field.type,
            "operator": leaf.operator.name,
            "symbol": leaf.operator.symbol,
            "value": self.seen(leaf.field),
            "unit": leaf.field.unit,
            "comparison": WORDS[leaf_truth(leaf, self.ctx)],
        }
        if leaf.ref is None:
            told |= {"expected": _plain(leaf.value), "expected_label": "", "value_ref": None}
        else:
            told |= {"expected": self.seen(leaf.ref), "expected_label": leaf.ref.label, "value_ref": leaf.ref.path}
        if leaf.missing:
            told["missing"] = list(leaf.missing)
        if leaf.field.shows:
            told["shows"] = self.figures(*leaf.field.shows)
        return told

    def figures(self, first: Field, operator: str, second: Field) -> dict:
        """The comparison a boolean stands for, e.g. below_target: temperature and lower bound."""
        return {
            "label": first.label,
            "value": self.seen(first),
            "operator": operator,
            "expected": self.seen(second),
            "expected_label": second.label,
            "unit": first.unit,
        }

    def seen(self, field: Field) -> object:
        """The value as JSON: None for unknown and for absent (the node's truth tells which)."""
        value = clean(self.ctx.value(field.path), field.type)
        return None if value is ABSENT else value


def _word(node: Node) -> str:
    return node.word if isinstance(node, Group) else "not_" if isinstance(node, Not) else "leaf"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, (list, tuple)) else value
