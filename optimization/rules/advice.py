"""Warnings: what a policy may say, but probably does not mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .contradictions import Asked, contradictions
from .fields import Bound, FieldTree, zones_of
from .nodes import Leaf, leaves
from .operators import OPERATORS
from .rule import CompiledRule
from .words import typed

TEMPERATURE = "temperature_celsius"
TARGETS = ("target_temperature", "requested_target_temperature")
BOUNDS = ("above_target", "upper_bound", TEMPERATURE)
ORDERS = ("lt", "lte", "gt", "gte")


class RuleWarning(NamedTuple):
    """`code` is stable; `rule` the name of the rule concerned, or "" for the whole policy."""

    code: str
    rule: str
    message: str

    def __str__(self) -> str:
        """One sentence or more that say which rule is meant."""
        named = not self.rule or f"‘{self.rule}’" in self.message
        return self.message if named else f"Rule ‘{self.rule}’: {self.message}"


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
    for one, other in contradictions(rule.node):
        message = f"{_asks(one)} and {_asks(other)} are never true at once. Use any_of where one of them is enough."
        found.append(RuleWarning("contradiction", rule.name, f"{message[:1].upper()}{message[1:]}"))
    gone = [path for path in rule.paths if fields.get(path) is None]
    if rule.missing_fields or gone:
        found.append(RuleWarning("zone_gone", rule.name, about_no_zone(rule.name, rule.missing_fields or gone)))
    return found


def _asks(one: Asked) -> str:
    """“now hour is at least 22”."""
    field, operator = one.leaf.field, OPERATORS[one.operator]
    return f"‘{field.label} {operator.when_true} {typed(one.leaf.value, field.unit)}’"


def about_no_zone(rule_name: str, paths: Iterable[str], bound: Bound | None = None) -> str:
    """That a rule is about zones this home does not have (any more), as a sentence with its remedy.

    `bound`: the zones that its names meant; what meant one is there no longer.
    """
    names = sorted(zones_of(paths))
    zones = " and ".join(f"the zone ‘{name}’" for name in names)
    was_there = bound is not None and all(bound.get(name) for name in names)
    gone = "deleted" if was_there else "deleted or never in this home"
    which = "which was" if len(names) == 1 else "which were"
    return f"The rule ‘{rule_name}’ is about {zones}, {which} {gone}. Change the rule or delete it."


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
