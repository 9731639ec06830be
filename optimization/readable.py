"""Rules and decisions as HTML a person reads: conditions as nested lists, what was seen as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .models import Rule
from .rules import OPERATORS, Field, FieldTree, RuleErrors, sentence
from .rules.nodes import Group, Leaf, Node, children
from .rules.operators import BOOLEAN
from .rules.parse import parse
from .rules.words import duration, figure, typed

_GROUPS = {"all_of": "all of these", "any_of": "any of these", "not_": "not"}
_SIGNS = {"true": "✓", "false": "✗", "unknown": "?", "absent": "–"}
_ORDER = ("climate.zone.", "miner", "energy_", "climate.")
_NOTHING = format_html("<p>{}</p>", "No rule was looked at: a person, a guard or the state of the device decided.")


def rule_in_words(rule: Rule, fields: FieldTree) -> SafeString:
    """Its conditions without paths or operators; the problem in their place when they cannot be understood."""
    try:
        node = parse(rule.conditions, fields, stored=True, bound=rule.zone_ids)
        return format_html('<ul class="tree">{}</ul>', _asked(node))
    except RuleErrors as error:
        return format_html(
            '<p class="state state-alarm">This rule cannot be understood and never applies: {}</p>', error
        )


def policy_in_words(rules: Iterable, fields: FieldTree) -> SafeString:
    """All rules of a policy: what starts heating, then what stops it, the highest priority first."""
    by_kind = {kind: [rule for rule in rules if rule.kind == kind] for kind in ("start", "stop")}
    parts = (
        (f"{'Starts' if kind == 'start' else 'Stops'} heating when", _rules(found, fields))
        for kind, found in by_kind.items()
    )
    return format_html_join("", "<h3>{}</h3>{}", parts)


def _rules(rules: list, fields: FieldTree) -> SafeString:
    if not rules:
        return format_html("<p>{}</p>", "No rule yet.")
    rows = (
        (rule.name, "" if rule.enabled else " (switched off)", rule_in_words(rule, fields))
        for rule in sorted(rules, key=lambda rule: -rule.priority)
    )
    return format_html_join("", "<p><strong>{}</strong>{}</p>{}", rows)


def _asked(node: Node) -> SafeString:
    """What a node asks."""
    hold = f" for {duration(node.hold_seconds)}" if node.hold_seconds else ""
    if isinstance(node, Leaf):
        return format_html("<li>{}{}</li>", _comparison(node), hold)
    word = _GROUPS[node.word if isinstance(node, Group) else "not_"]
    below = format_html_join("", "{}", ((_asked(child),) for child in children(node)))
    return format_html("<li>{}{}:<ul>{}</ul></li>", word, hold, below)


def _comparison(leaf: Leaf) -> str:
    if leaf.missing:
        return f"{leaf.field.label} of a room that no longer exists"
    if leaf.field.type == BOOLEAN and leaf.ref is None:
        return _boolean(leaf)
    other = _the(leaf.ref.label) if leaf.ref else typed(leaf.value, leaf.field.unit)
    return f"{leaf.field.label} {leaf.operator.when_true} {other}"


def _boolean(leaf: Leaf) -> str:
    """“temperature is below the lower bound” for a boolean that stands for a comparison, else its label."""
    wanted = leaf.value is (leaf.operator.name == "eq")
    if leaf.field.shows:
        first, name, second = leaf.field.shows
        phrase = OPERATORS[name].when_true if wanted else OPERATORS[name].when_false
        return f"{first.label} {phrase} {_the(second.label)}"
    return leaf.field.label if wanted else f"not: {leaf.field.label}"


def _the(label: str) -> str:
    return label if label.startswith("the ") or label[:1].isupper() else f"the {label}"


def explanation_tree(explanation: Mapping[str, Any]) -> SafeString:
    """What the rule found (`rules.explain`): every condition with its truth, once per room it looked at."""
    contexts = explanation.get("contexts")
    if not contexts:
        return _NOTHING
    trees = ((entry["key"], _found(entry["conditions"])) for entry in contexts)
    return format_html_join("", '<p>{}</p><ul class="tree">{}</ul>', trees)


def _found(node: Mapping[str, Any]) -> SafeString:
    text = sentence(node) if node["node"] == "leaf" else f"{_GROUPS[node['node']]}:"
    below = format_html_join("", "{}", ((_found(child),) for child in node.get("children", ())))
    truth = node["truth"]
    return format_html(
        '<li><span class="truth truth-{}" title="{}">{}</span> {}{}</li>',
        truth,
        truth,
        _SIGNS[truth],
        text,
        format_html("<ul>{}</ul>", below) if below else "",
    )


def saw_tables(saw: Mapping[str, Any], fields: FieldTree) -> SafeString:
    """Everything the decision could look at, one table a room, each value with its unit."""
    tables = ((_saw_table(values, fields),) for values in saw.values() if isinstance(values, Mapping))
    return format_html_join("", "{}", tables)


def _saw_table(values: Mapping[str, Any], fields: FieldTree) -> SafeString:
    """The room and the miner first, then energy, then sun and clock with their moments in one row each."""
    moments = {path.removesuffix(".hour"): path for path in values if path.endswith(".hour")}
    rows = [
        (_label(path, fields.get(path)), _value(value, fields.get(path)), path)
        for path, value in values.items()
        if path.rpartition(".")[0] not in moments or path == "timestamp.minute_of_day"
    ]
    rows += [(prefix.rpartition(".")[2], _moment(prefix, values), f"{prefix}.*") for prefix in moments]
    rows.sort(key=lambda row: _place(row[2]))
    body = format_html_join("", "<tr><td>{}</td><td>{}</td><td><code>{}</code></td></tr>", rows)
    return format_html(
        '<table class="facts"><thead><tr><th>what</th><th>seen</th><th>name in rules</th></tr></thead>'
        "<tbody>{}</tbody></table>",
        body,
    )


def _place(path: str) -> int:
    return next((place for place, root in enumerate(_ORDER) if path.startswith(root)), len(_ORDER))


def _moment(prefix: str, values: Mapping[str, Any]) -> str:
    """“2026-11-22 07:40:25” from the calendar parts below `prefix`."""
    parts = [values.get(f"{prefix}.{part}") for part in ("year", "month", "day", "hour", "minute", "second")]
    return "unknown" if None in parts else "{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}".format(*parts)


def _label(path: str, field: Field | None) -> str:
    return field.label if field and field.label else path.rpartition(".")[2].replace("_", " ")


def _value(value: Any, field: Field | None) -> str:
    return "unknown" if value is None else figure(value, field.unit if field else "")


def _unit_or_values(field: Field) -> str:
    return ", ".join(field.values) if field.values else field.unit or field.type


def field_list(fields: FieldTree) -> SafeString:
    """Every name a rule may use, to search in."""
    rows = ((field.path, field.description or field.label, _unit_or_values(field)) for field in fields)
    body = format_html_join("", "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>", rows)
    return format_html(
        '<div class="field-list" data-filter><input type="search" placeholder="Search the names, for example battery" '
        'aria-label="Search the names"><div class="field-rows"><table class="facts"><thead><tr><th>name</th>'
        "<th>what it is</th><th>unit or values</th></tr></thead><tbody>{}</tbody></table></div></div>",
        body,
    )
