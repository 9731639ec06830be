"""From JSON-like conditions to a checked tree; every problem is collected, nothing is guessed.

Grammar: `{"all_of": [node, …]}`, `{"any_of": [node, …]}`, `{"not_": node}`, and the leaf
`{"field", "operator", "value"}` or `{"field", "operator", "value_ref"}`. Any node may carry `"for"`.
"""

from __future__ import annotations

import difflib
from itertools import islice

from .errors import RuleErrors, RuleProblem, shown
from .fields import Bound, Field, FieldTree, zones_named
from .holds import seconds_of
from .nodes import Group, Leaf, Node, Not
from .operators import NUMBER, OPERATORS, Operator
from .values import ValueProblem, ready

MAX_NESTING, MAX_LEAVES, MAX_PROBLEMS, MAX_SUGGESTIONS, MAX_PATH = 10, 200, 50, 10, 300
WORDS = ("all_of", "any_of", "not_")
LEAF_KEYS = ("field", "operator", "value", "value_ref")


def parse(conditions: object, fields: FieldTree, *, stored: bool = False, bound: Bound | None = None) -> Node:
    """The checked tree of `conditions`. Raises RuleErrors with everything that is wrong.

    `stored`: the rule was accepted before, so a zone that has gone since is no error: its leaves
    become unknown for ever and name the path in `missing`. Never use it to accept a rule.
    `bound`: the zones its names mean (see `FieldTree.get`).
    """
    parser = _Parser(fields, stored, bound)
    node = parser.node(conditions, "conditions", 1)
    if parser.problems or node is None:
        raise RuleErrors(parser.problems)
    return node


class _Parser:
    def __init__(self, fields: FieldTree, stored: bool, bound: Bound | None):
        self.fields, self.stored = fields, stored
        self.bound = bound
        # Which zone a stored rule means does not depend on what zones are called today.
        self.by_name = bound is None or not stored
        self.problems: list[RuleProblem] = []
        self.leaf_count = 0

    @property
    def is_full(self) -> bool:
        return len(self.problems) >= MAX_PROBLEMS

    def problem(self, place: str, message: str, nearest: str | None = None) -> None:
        if not self.is_full:
            self.problems.append(RuleProblem(place, message, nearest))

    def suggest(self, place: str, message: str, path: str) -> None:
        """A problem with a path, with "did you mean" for the first few (a search costs milliseconds)."""
        nearest = self.fields.nearest(path) if len(self.problems) < MAX_SUGGESTIONS else None
        self.problem(place, message + (f"; did you mean {nearest!r}?" if nearest else ""), nearest)

    def node(self, raw: object, place: str, depth: int) -> Node | None:
        if self.is_full:
            return None
        if not isinstance(raw, dict):
            return self.problem(
                place, f"expected a condition, got {shown(raw)}; write {{all_of, any_of, not_ or field}}"
            )
        if depth > MAX_NESTING:
            return self.problem(place, f"nested deeper than {MAX_NESTING} levels; flatten the groups")
        words = [w for w in WORDS if w in raw]
        if len(words) > 1 or (words and any(k in raw for k in LEAF_KEYS)):
            return self.problem(
                place,
                f"has {', '.join(map(repr, islice(raw, 5)))[:80]} side by side; put each in a condition of its own",
            )
        hold = self.hold(raw, place)
        if not words:
            return self.leaf(raw, place, hold)
        self.known_keys(raw, place, (words[0],))
        if words[0] == "not_":
            child = self.node(raw["not_"], f"{place}.not_", depth + 1)
            return child and Not(place, hold, child)
        return self.group(raw[words[0]], words[0], place, hold, depth)

    def group(self, raw: object, word: str, place: str, hold: int, depth: int) -> Group | None:
        place_of_list = f"{place}.{word}"
        if not isinstance(raw, (list, tuple)) or not raw:
            return self.problem(place_of_list, f"expected a list of one condition or more, got {shown(raw)}")
        nodes = []
        for index, child in enumerate(raw):
            if self.is_full or self.leaf_count > MAX_LEAVES:
                return None
            nodes.append(self.node(child, f"{place_of_list}[{index}]", depth + 1))
        return None if None in nodes else Group(place, hold, word, tuple(nodes))

    def known_keys(self, raw: dict, place: str, known: tuple[str, ...]) -> None:
        for key in raw:
            if self.is_full:
                return  # a search for the nearest word costs too much to be made for thousands
            if key not in known and key != "for":
                text = key if isinstance(key, str) else ""
                near = difflib.get_close_matches(text[:40], (*WORDS, *LEAF_KEYS, "for"), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else "; remove it"
                self.problem(place, f"unknown key {shown(key)}{hint}", near[0] if near else None)

    def hold(self, raw: dict, place: str) -> int:
        if "for" not in raw:
            return 0
        seconds = seconds_of(raw["for"])
        if seconds is None:
            self.problem(
                f"{place}.for", f"{shown(raw['for'])} is no duration from 1 s to 24 h; write e.g. '90s', '3m', '1h'"
            )
        return seconds or 0

    def leaf(self, raw: dict, place: str, hold: int) -> Leaf | None:
        self.leaf_count += 1
        if self.leaf_count > MAX_LEAVES:
            return self.problem(place, f"more than {MAX_LEAVES} comparisons in one rule; split it")
        self.known_keys(raw, place, LEAF_KEYS)
        if "field" not in raw and "operator" not in raw:
            return self.problem(
                place, "neither a group (all_of, any_of, not_) nor a comparison (field, operator, value)"
            )
        field, field_gone = self.path(raw.get("field"), f"{place}.field")
        operator = self.operator(raw.get("operator"), f"{place}.operator", field)
        if ("value" in raw) == ("value_ref" in raw):
            return self.problem(place, "exactly one of 'value' and 'value_ref' is needed")
        if "value_ref" in raw:
            ref, ref_gone = self.reference(raw["value_ref"], f"{place}.value_ref", field, operator)
            found = field and operator and ref
            return Leaf(place, hold, field, operator, ref=ref, missing=field_gone + ref_gone) if found else None
        if field is None or operator is None:
            return None
        expected = self.value(raw["value"], f"{place}.value", field, operator)
        return (
            None if expected is None else Leaf(place, hold, field, operator, raw["value"], expected, missing=field_gone)
        )

    def path(self, raw: object, place: str) -> tuple[Field | None, tuple[str, ...]]:
        """The field, and its path once more if its zone has gone."""
        if not isinstance(raw, str) or not raw:
            self.problem(place, f"expected the path of a field, got {shown(raw)}")
            return None, ()
        if len(raw) > MAX_PATH:
            self.problem(place, f"{shown(raw)} is longer than {MAX_PATH} characters")
            return None, ()
        field = self.fields.get(raw, self.bound, by_name=self.by_name)
        if field is None and self.stored and (field := self.fields.gone(raw)):
            return field, (raw,)
        if field is None and (problem := self.no_zone(raw)):
            self.problem(place, problem)
        elif field is None:
            self.suggest(place, f"there is no field {shown(raw)}", raw)
        return field, ()

    def no_zone(self, path: str) -> str:
        """Why the zone in `path` is none, where that is more than a name nobody has; else empty."""
        if self.bound is not None and not self.bound.keys().isdisjoint(zones_named({"field": path})):
            return f"the zone that {shown(path)} means is no longer in this home; name another one"
        slugs = self.fields.called(path)
        if len(slugs) > 1:
            return f"{shown(path)} may mean {len(slugs)} zones; write one of {' '.join(slugs)} instead of the name"
        return ""

    def operator(self, raw: object, place: str, field: Field | None) -> Operator | None:
        operator = OPERATORS.get(raw) if isinstance(raw, str) else None
        if operator is None:
            near = difflib.get_close_matches(raw[:40], OPERATORS, n=1) if isinstance(raw, str) else []
            hint = f"did you mean {near[0]!r}?" if near else "use one of " + " ".join(OPERATORS)
            self.problem(place, f"there is no operator {shown(raw)}; {hint}", near[0] if near else None)
            return None
        if field is not None and field.type not in operator.types:
            fit = [o.name for o in OPERATORS.values() if field.type in o.types]
            self.problem(
                place, f"{raw!r} does not fit {field.path!r}, a {field.type} field; use one of {' '.join(fit)}", fit[0]
            )
            return None
        return operator

    def reference(self, raw: object, place: str, field: Field | None, operator: Operator | None):
        """The field on the other side, of the same type and unit."""
        ref, gone = self.path(raw, place)
        if operator and not operator.takes_ref:
            self.problem(place, f"{operator.name!r} takes a 'value', not a 'value_ref'")
            return None, ()
        if not (field and ref):
            return ref, gone
        problem = _not_comparable(field, ref, stored=self.stored)
        if problem:
            self.problem(place, problem)
            return None, ()
        return ref, gone

    def value(self, raw: object, place: str, field: Field, operator: Operator) -> object | None:
        try:
            return ready(raw, field, operator, stored=self.stored)
        except ValueProblem as error:
            place = place if error.index is None else f"{place}[{error.index}]"
            self.problem(place, str(error), error.nearest)
            return None


def _not_comparable(field: Field, ref: Field, *, stored: bool) -> str:
    """Why two fields cannot be compared; empty: they can. `stored`: what was accepted once goes on."""
    if field.type != ref.type:
        return f"{ref.path!r} is a {ref.type} field and cannot be compared with the {field.type} field {field.path!r}"
    if field.unit and ref.unit and field.unit != ref.unit:
        return f"{ref.path!r} is in {ref.unit} and cannot be compared with {field.path!r} in {field.unit}"
    if stored:
        return ""
    if field.path == ref.path:
        return f"{field.path!r} is compared with itself"
    if field.type == NUMBER and field.measures != ref.measures:
        return f"{ref.path!r} is {ref.measures} and cannot be compared with {field.path!r}, which is {field.measures}"
    if field.values and ref.values and not set(field.values) & set(ref.values):
        return f"{ref.path!r} and {field.path!r} have no value in common"
    return ""
