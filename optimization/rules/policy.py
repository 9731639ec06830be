"""A policy: start rules and stop rules, and what they say together (design.md §5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .advice import RuleWarning, advise
from .compile import Test, absence_mask
from .context import Context
from .fields import FieldTree
from .holds import key_in, since
from .rule import CompiledRule, over_zones

Asked = Iterable[tuple[CompiledRule, Test]]
Action = Literal["start", "stop", "hold", "blocked"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules want of one miner.

    `action`: "start" (it is off), "stop" (it runs), "hold" (as it is), "blocked" (off, a start rule is
    true, and a stop rule that is true or unknown forbids it).
    `rule`: the rule that decided: the start rule, the stop rule, the blocking stop rule if one is true.
    `wanted`: when blocked, the start rule that was true.
    `unknown_rules`: names of the rules whose truth is unknown and matters: start rules that could have
    started it, stop rules that forbid a start, or for a running miner could have stopped it. A running
    miner with any of them is held; the caller ends that after 10 minutes.
    `unsure`: the first of these rules.
    `missing_fields`: the exact paths unknown in those rules. `inactive`: names of all rules not applicable.
    """

    action: Action
    rule: CompiledRule | None = None
    unknown_rules: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()
    inactive: tuple[str, ...] = ()
    wanted: CompiledRule | None = None
    unsure: CompiledRule | None = None


_HOLD = Verdict("hold")
_STEADY = ("climate.", "miner.", "sun.", "timestamp.")
"""Fields hardly any site is without: good witnesses."""


class CompiledPolicy:
    """Rules in the order they are asked: highest priority first, ties as given."""

    def __init__(self, start_rules: Iterable[CompiledRule], stop_rules: Iterable[CompiledRule]):
        self.start_rules = tuple(sorted(start_rules, key=lambda r: -r.priority))
        self.stop_rules = tuple(sorted(stop_rules, key=lambda r: -r.priority))
        wrong = [r.name for r in self.start_rules if r.kind != "start"]
        wrong += [r.name for r in self.stop_rules if r.kind != "stop"]
        if wrong:
            raise ValueError(f"rules of the wrong kind: {', '.join(wrong)}")
        rules = self.start_rules + self.stop_rules
        self.rules = rules
        self._starts: Asked = tuple((r, r.test) for r in self.start_rules)
        self._stops: Asked = tuple((r, r.test) for r in self.stop_rules)
        self._verdicts = {r: Verdict(r.kind, r) for r in rules}
        self._with_absent: dict[tuple, Verdict] = {}
        self._witnesses = _witnesses(rules)
        self._absent_witnesses = absence_mask([w[:2] for w in self._witnesses])
        self._doubtful: dict[int, tuple[CompiledRule, ...]] = {}
        self._timers = tuple(timer for rule in rules for timer in rule.timers)

    @property
    def missing_fields(self) -> tuple[str, ...]:
        """Paths of deleted zones that rules still name."""
        return tuple(dict.fromkeys(path for rule in self.rules for path in rule.missing_fields))

    def decide(self, contexts: Sequence[Context], *, running: bool, holds: Mapping[str, float], now: float) -> Verdict:
        """The verdict for one miner; pure. `now` epoch seconds, `holds` from `update_holds` of this pass.

        One context per zone the miner heats: a start rule holds if true for any of them, a stop rule only if
        true for all it applies to: a zone that lacks what it asks for by configuration has no say in it.
        Raises ValueError without a context.
        """
        if not contexts:
            raise ValueError("a decision needs at least one context")
        clock = (holds, now)
        if running:
            stop, unknown = _first(self._stops, contexts, clock)
            verdict = self._verdicts[stop] if stop else _uncertain("hold", unknown, contexts) if unknown else _HOLD
        else:
            verdict = self._off(contexts, clock)
        mask = self._absent_witnesses(contexts[0])
        return self._with_inactive(verdict, mask, contexts) if mask else verdict

    def _off(self, contexts: Sequence[Context], clock) -> Verdict:
        wanted, unknown = _first(self._starts, contexts, clock)
        if wanted is None and not unknown:
            return _HOLD
        stop, unknown_stops = _first(self._stops, contexts, clock)
        if wanted is None:
            return _HOLD if stop else _uncertain("hold", unknown, contexts)
        if stop is not None:
            return Verdict("blocked", stop, wanted=wanted)
        if unknown_stops:
            return replace(_uncertain("blocked", unknown_stops, contexts), wanted=wanted)
        return self._verdicts[wanted]

    def _with_inactive(self, verdict: Verdict, mask: int, contexts: Sequence[Context]) -> Verdict:
        """`verdict` naming the rules that apply in none of the contexts; simple ones are made once."""
        doubtful = self._doubtful.get(mask)
        if doubtful is None:
            if len(self._doubtful) > 100:
                self._doubtful.clear()
            vouched = [rules for bit, (_, _, rules) in enumerate(self._witnesses) if mask >> bit & 1]
            doubtful = self._doubtful[mask] = tuple(rule for rules in vouched for rule in rules)
        inactive: tuple[str, ...] = ()
        for rule in doubtful:
            for ctx in contexts:
                if not rule.is_inactive(ctx):
                    break
            else:
                inactive += (rule.name,)
        if not inactive:
            return verdict
        if verdict.unknown_rules or verdict.wanted:
            return replace(verdict, inactive=inactive)
        known = self._with_absent.get((verdict.rule, inactive))
        if known is None:
            if len(self._with_absent) > 100:
                self._with_absent.clear()
            known = self._with_absent[verdict.rule, inactive] = replace(verdict, inactive=inactive)
        return known

    def update_holds(
        self, contexts: Context | Sequence[Context], holds: Mapping[str, float], now: float
    ) -> dict[str, float]:
        """The timers after this pass: key → epoch seconds since when the condition is true without a break.

        Every `for` node of every rule is looked at, whatever the rules around it say. False or unknown
        ends a timer; keys no rule uses are dropped. Call it once a pass, before `decide`.
        """
        if isinstance(contexts, Context):
            contexts = (contexts,)
        running: dict[str, float] = {}
        for ctx in contexts:
            for key, inner in self._timers:
                if inner(ctx, (running, now)) is True:  # children come first, so `running` is up to date
                    key = key_in(key, ctx.key)
                    start = since(holds, key, now)
                    running[key] = now if start is None else start
        return running

    def warnings(self, fields: FieldTree) -> list[RuleWarning]:
        """What is allowed but probably not meant, in plain words."""
        return advise(self.start_rules, self.stop_rules, fields)


def _first(rules: Asked, contexts, clock) -> tuple[CompiledRule | None, Sequence[CompiledRule]]:
    """The first true rule, and the unknown ones if none is true."""
    ctx, unknown = contexts[0], None
    if len(contexts) > 1:
        rules = [(rule, _over(rule, contexts)) for rule, _ in rules]
    for rule, test in rules:
        truth = test(ctx, clock)
        if truth is True:
            return rule, ()
        if truth is None:
            unknown = [*(unknown or ()), rule]
    return None, unknown or ()


def _over(rule: CompiledRule, contexts: Sequence[Context]) -> Test:
    """The test of `rule` for a miner that heats several zones."""
    return lambda _, clock: over_zones(rule, [(ctx, rule.test(ctx, clock)) for ctx in contexts])


def _uncertain(action: Action, rules: list[CompiledRule], contexts: Sequence[Context]) -> Verdict:
    paths = dict.fromkeys(path for rule in rules for ctx in contexts for path in rule.unknown_paths(ctx))
    return Verdict(action, None, tuple(r.name for r in rules), tuple(paths), unsure=rules[0])


def _witnesses(rules: Sequence[CompiledRule]) -> tuple[tuple[int, str, tuple[CompiledRule, ...]], ...]:
    """(half, path, rules): while `path` is present none of `rules` is inactive. Few paths for all rules.

    A rule that names a deleted zone is never inactive and needs no witness; one with no comparison
    with a constant is looked at every time (path "", which no context has).
    """
    constants = {r: {p[0] for p in r.places if len(p) == 1} for r in rules if all(r.places)}
    found: list[tuple[int, str, tuple[CompiledRule, ...]]] = []
    while constants:
        rest = [place for places in constants.values() for place in places]
        best = max(sorted(set(rest)), key=lambda p: (p[1].startswith(_STEADY), rest.count(p)), default=(0, ""))
        vouched = tuple(r for r, places in constants.items() if best in places or not rest)
        found.append((*best, vouched))
        for rule in vouched:
            del constants[rule]
    return tuple(found)
