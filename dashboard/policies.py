"""Policies and their rules as a person reads them: no paths, no operators, conditions as an indented list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from optimization.fillable import Home
from optimization.models import Policy, Rule, RuleKind
from optimization.policy_check import never_true_in
from optimization.rules import FieldTree, RuleErrors, about_no_zone
from optimization.rules.nodes import Group, Leaf, Node, Not, leaves
from optimization.rules.operators import BOOLEAN, OPERATORS
from optimization.rules.parse import parse
from optimization.rules.words import duration, figure
from sites.models import Site

_GROUP_WORDS = {"all_of": "all of these", "any_of": "any of these"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a rule and how far it is indented."""

    depth: int
    text: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule in words; `problem` when it cannot be understood (any more), `never` why it is never true here."""

    name: str
    description: str
    enabled: bool
    lines: tuple[Line, ...]
    problem: str
    never: str = ""


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy, its rules in the order they are looked at, and who uses it."""

    id: str
    name: str
    description: str
    is_template: bool
    starts: tuple[RuleView, ...]
    stops: tuple[RuleView, ...]
    used_by: tuple[str, ...]


def _with_article(label: str) -> str:
    return label if label.startswith("the ") or label[:1].isupper() else f"the {label}"


def _boolean(leaf: Leaf) -> str:
    """“temperature is below the lower bound” for a boolean that stands for a comparison, else its label."""
    wanted = leaf.value is (leaf.operator.name == "eq")
    if leaf.field.shows:
        first, name, second = leaf.field.shows
        operator = OPERATORS[name]
        phrase = operator.when_true if wanted else operator.when_false
        return f"{first.label} {phrase} {_with_article(second.label)}"
    return leaf.field.label if wanted else f"not: {leaf.field.label}"


def _leaf(leaf: Leaf) -> str:
    if leaf.missing:
        return "a room that no longer exists"
    if leaf.field.type == BOOLEAN and leaf.ref is None:
        return _boolean(leaf)
    other = _with_article(leaf.ref.label) if leaf.ref else figure(leaf.value, leaf.field.unit)
    return f"{leaf.field.label} {leaf.operator.when_true} {other}"


def rule_lines(node: Node, depth: int = 0) -> Iterator[Line]:
    """The condition tree as indented lines; a group says what it takes, then lists it."""
    hold = f" for {duration(node.hold_seconds)}" if node.hold_seconds else ""
    if isinstance(node, Leaf):
        yield Line(depth, _leaf(node) + hold)
    elif isinstance(node, Not):
        yield Line(depth, f"not{hold}:")
        yield from rule_lines(node.child, depth + 1)
    elif isinstance(node, Group):
        yield Line(depth, f"{_GROUP_WORDS[node.word]}{hold}:")
        for child in node.children:
            yield from rule_lines(child, depth + 1)


def rule_view(rule: Rule, fields: FieldTree, never: str = "") -> RuleView:
    lines, problem = (), ""
    try:
        node = parse(rule.conditions, fields, stored=True, bound=rule.zone_ids)
        lines, gone = tuple(rule_lines(node)), [path for leaf in leaves(node) for path in leaf.missing]
        problem = about_no_zone(rule.name, gone, rule.zone_ids) if gone else ""
    except RuleErrors as errors:
        problem = f"This rule cannot be understood and never applies: {errors}"
    return RuleView(rule.name, rule.description, rule.enabled, lines, problem, never)


def policy_views(site: Site) -> list[PolicyView]:
    """The policies this home can use, those in use first."""
    home = Home(site)
    fields = home.fields
    users: dict = {}
    for unit in home.units:
        users.setdefault(unit.policy_id, []).append(unit.name if unit.is_enabled else f"{unit.name} (paused)")
    views = []
    for policy in Policy.objects.filter(Q(site=site) | Q(site=None)).prefetch_related("rules"):
        rules = sorted(policy.rules.all(), key=lambda rule: -rule.priority)
        never = never_true_in(home, policy)
        views_of = {
            kind: tuple(rule_view(rule, fields, never.get(str(rule.pk), "")) for rule in rules if rule.kind == kind)
            for kind in RuleKind
        }
        views.append(
            PolicyView(
                id=str(policy.pk),
                name=policy.name,
                description=policy.description,
                is_template=policy.site_id is None,
                starts=views_of[RuleKind.START],
                stops=views_of[RuleKind.STOP],
                used_by=tuple(users.get(policy.pk, ())),
            )
        )
    return sorted(views, key=lambda view: (not view.used_by, view.name))
