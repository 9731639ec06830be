"""One compiled rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from .compile import RuleCompiler, Test
from .context import Context, clean, side
from .fields import Bound, FieldTree
from .nodes import Leaf, Node, can_be_true, leaves, walk
from .parse import parse
from .truth import ABSENT, Kleene, Truth, conjunction, disjunction

Kind = Literal["start", "stop"]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule ready to be asked.

    `timers`: (key, what it watches), children first. `places`: where each leaf's values stand, for the
    question "is all of it absent?"; empty, hence never absent, for a leaf whose zone has gone.
    `paths`: all fields it reads. `missing_fields`: paths of zones that no longer exist (always unknown).
    """

    kind: Kind
    name: str
    priority: int
    rule_id: str
    conditions: Mapping
    node: Node = field(repr=False)
    test: Test = field(repr=False)
    timers: tuple[tuple[str, Test], ...] = field(repr=False)
    places: tuple[tuple[tuple[int, str], ...], ...] = field(repr=False)
    paths: tuple[str, ...]
    missing_fields: tuple[str, ...]
    #: Its comparisons, in order.
    leaves: tuple[Leaf, ...] = field(default=(), repr=False)
    #: What it said lately (`told`).
    said: dict = field(default_factory=dict, repr=False)

    @property
    def timer_id(self) -> tuple[str, str]:
        return self.kind, self.rule_id or self.name

    def evaluate(self, ctx: Context, holds: Mapping[str, float], now: float) -> Truth:
        """True, False, None (unknown) or ABSENT (inactive: nothing but absent fields). `now` epoch seconds."""
        return ABSENT if self.is_inactive(ctx) else self.test(ctx, (holds, now))

    def is_inactive(self, ctx: Context) -> bool:
        """Whether every comparison of the rule is over something the site does not have."""
        for leaf in self.places:
            for half, path in leaf:
                if ctx[half].get(path, ABSENT) is ABSENT:
                    break
            else:
                return False
        return True

    def applies(self, ctx: Context) -> bool:
        """Whether it can be true at all where what is absent in `ctx` is absent."""
        return can_be_true(self.node, lambda leaf: _is_absent(leaf, ctx))

    def unknown_paths(self, ctx: Context) -> list[str]:
        """The exact paths of this rule whose value is unknown in `ctx`."""
        return [
            leaf_path
            for leaf in leaves(self.node)
            for leaf_path in (
                leaf.missing or [f.path for f in (leaf.field, leaf.ref) if f and _is_unknown(f, leaf, ctx)]
            )
        ]


def over_zones(rule: CompiledRule, found: Iterable[tuple[Context, Kleene]]) -> Kleene:
    """The truth of `rule` for a miner from what it is in each of its zones.

    One zone is enough to start, and all to stop: of those in which the rule applies. In one that lacks what it asks
    for by configuration it could never be true, and would keep the miner on for ever.
    """
    if rule.kind == "start":
        return disjunction(truth for _, truth in found)
    of_zones = [truth for ctx, truth in found if truth is not False or rule.applies(ctx)]
    return conjunction(of_zones) if of_zones else False


def _is_absent(leaf, ctx: Context) -> bool:
    return not leaf.missing and any(ctx[side(path)].get(path, ABSENT) is ABSENT for path in leaf.paths)


def _is_unknown(one, leaf, ctx: Context) -> bool:
    """Unknown, and not only because the other side is absent; a text over the regex limit counts."""
    if _is_absent(leaf, ctx):
        return False
    seen = clean(ctx.value(one.path), one.type)
    return seen is None or (leaf.operator.name == "regex" and leaf.operator.test(seen, leaf.expected) is None)


def compile_rule(
    conditions: Mapping,
    fields: FieldTree,
    *,
    kind: Kind,
    name: str,
    priority: int = 0,
    rule_id: str = "",
    stored: bool = False,
    bound: Bound | None = None,
) -> CompiledRule:
    """Parse, check and compile. Raises RuleErrors with every problem.

    `stored`: for rules read back from the database: a zone that has been deleted since makes its
    leaves unknown (see `missing_fields`) instead of being an error, and a comparison that is refused by
    now keeps its meaning. Leave it False when saving. `bound`: the zones its names meant when it was saved
    (name → id).
    """
    if kind not in ("start", "stop"):
        raise ValueError(f"kind is 'start' or 'stop', got {kind!r}")
    node = parse(conditions, fields, stored=stored, bound=bound)
    compiler = RuleCompiler((kind, rule_id or name))
    timers = tuple((compiler.timer(n), compiler.inner(n)) for n in walk(node) if n.hold_seconds)
    every = leaves(node)
    return CompiledRule(
        kind,
        name,
        priority,
        rule_id,
        conditions,
        node,
        compiler.whole(node),
        timers,
        tuple(() if leaf.missing else tuple((side(p), p) for p in leaf.paths) for leaf in every),
        tuple(dict.fromkeys(path for leaf in every for path in leaf.paths)),
        tuple(dict.fromkeys(path for leaf in every for path in leaf.missing)),
        tuple(every),
    )
