"""Warnings: what a policy may say, but probably does not mean."""

from __future__ import annotations

from typing import NamedTuple

from .fields import FieldTree
from .nodes import Leaf, leaves
from .rule import CompiledRule

TEMPERATURE = "temperature_celsius"
TARGETS = ("target_temperature", "requested_target_temperature")
BOUNDS = ("above_target", "upper_bound", TEMPERATURE)
ORDERS = ("lt", "lte", "gt", "gte")


class RuleWarning(NamedTuple):
    """`code` is stable; `rule` the name of the rule concerned, or "" for the whole policy."""

    code: str
    rule: str
    message: str


def advise(
    start_rules: tuple[CompiledRule, ...], stop_rules: tuple[CompiledRule, ...], fields: FieldTree
) -> list[RuleWarning]:
    """All warnings about these rules."""
    found: list[RuleWarning] = []
    if not start_rules:
        found.append(RuleWarning("no_start_rule", "", "There is no start rule: the policy never starts a miner."))
    if not stop_rules:
        found.append(RuleWarning("no_stop_rule", "", "There is no stop rule: only the guards stop the miner."))
    elif not any(_last(leaf) in BOUNDS for rule in stop_rules for leaf in leaves(rule.node)):
        message = "No stop rule looks at the room's temperature; add one on above_target."
        found.append(RuleWarning("room_not_watched", "", message))
    for rule in (*start_rules, *stop_rules):
        found += _about(rule, fields)
    return found + _same_threshold(start_rules, stop_rules)


def _last(leaf: Leaf) -> str:
    return leaf.field.path.rpartition(".")[2]


def _about(rule: CompiledRule, fields: FieldTree) -> list[RuleWarning]:
    found = []
    if any(_compares_with_target(leaf) for leaf in leaves(rule.node)):
        message = (
            "Compares the temperature with the bare target, so there is no hysteresis: noise of 0.1 °C may switch "
            "the miner. Use below_target / above_target, or lower_bound / upper_bound."
        )
        found.append(RuleWarning("no_hysteresis", rule.name, message))
    gone = [p for p in rule.paths if fields.get(p) is None]
    if gone:
        message = f"Names a zone that no longer exists ({', '.join(gone)}); the rule is unknown until it is changed."
        found.append(RuleWarning("zone_gone", rule.name, message))
    return found


def _compares_with_target(leaf: Leaf) -> bool:
    if leaf.ref is None or leaf.operator.name not in ORDERS:
        return False
    names = {_last(leaf), leaf.ref.path.rpartition(".")[2]}
    return TEMPERATURE in names and bool(names & set(TARGETS))


def _same_threshold(start_rules, stop_rules) -> list[RuleWarning]:
    """A start below and a stop above the very same fixed temperature."""
    stops = {
        (leaf.field.path, leaf.value)
        for rule in stop_rules
        for leaf in leaves(rule.node)
        if _last(leaf) == TEMPERATURE and leaf.ref is None and leaf.operator.name in ("gt", "gte")
    }
    return [
        RuleWarning(
            "no_hysteresis", rule.name, f"Starts and stops at the same {leaf.value} °C: leave a band between them."
        )
        for rule in start_rules
        for leaf in leaves(rule.node)
        if leaf.operator.name in ("lt", "lte") and leaf.ref is None and (leaf.field.path, leaf.value) in stops
    ]
