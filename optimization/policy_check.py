"""What is wrong with a policy, and what is allowed but probably not meant, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from miners.models import Miner
from sites.models import Site
from sites.words import celsius, ended

from .fillable import Combination, Home, never_true
from .models import OptimizationUnit, Policy, Rule, RuleKind, Strategy
from .policies import fields_for
from .rules import CompiledPolicy, CompiledRule, FieldTree, RuleErrors, about_no_zone, compile_rule


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """What is wrong with a policy (errors: it cannot be used) and what may not be meant (warnings).

    `never_true`: by rule id, why an enabled rule can never be true in this home; each is among the warnings, too.
    """

    valid: bool
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    never_true: dict[str, str] = field(default_factory=dict)
    start_rules_count: int = 0
    stop_rules_count: int = 0
    enabled_start_rules_count: int = 0
    enabled_stop_rules_count: int = 0


def check_policy(policy: Policy, site: Site | None = None, *, unit: OptimizationUnit | None = None) -> PolicyCheck:
    """Whether a unit (of `site`, by default the policy's own) can use the policy; with `unit`, this one."""
    site = unit.site if unit is not None else site or policy.site
    fields = fields_for(site)
    rules = list(policy.rules.all())
    enabled = [rule for rule in rules if rule.enabled]
    errors, compiled = _errors(enabled, fields)
    warnings = [f"Rule ‘{rule.name}’ is switched off." for rule in rules if not rule.enabled]
    warnings += [line for rule in enabled for line in refused_by_now(rule, fields)]
    if not errors:
        by_kind = ([one for one in compiled if one.kind == kind] for kind in ("start", "stop"))
        warnings += [str(warning) for warning in CompiledPolicy(*by_kind).warnings(fields)]
    never = {} if site is None else _never_true(compiled, _combinations(policy, site, unit))
    warnings += never.values()
    if unit is not None:
        warnings += _about_unit(unit, compiled)
    counts = {kind: len([rule for rule in rules if rule.kind == kind]) for kind in RuleKind}
    in_use = {kind: len([rule for rule in enabled if rule.kind == kind]) for kind in RuleKind}
    return PolicyCheck(
        not errors,
        errors,
        warnings,
        never,
        counts[RuleKind.START],
        counts[RuleKind.STOP],
        in_use[RuleKind.START],
        in_use[RuleKind.STOP],
    )


def _about_unit(unit: OptimizationUnit, rules: Sequence[CompiledRule]) -> list[str]:
    """Where a unit is set to something its policy does not know, or the other way round."""
    found, paths = [], {path.rpartition(".")[2] for rule in rules for path in rule.paths}
    if unit.never_below_celsius is not None and "below_minimum" not in paths:
        found.append(
            f"‘Never below’ {celsius(unit.never_below_celsius)} changes nothing: no rule of the policy looks at "
            "climate.zone.below_minimum."
        )
    if (
        "power_min_w" in paths
        and unit.strategy != Strategy.POLICY_SURPLUS
        and any(one.power.is_stepped for one in _miners(unit))
    ):
        found.append(
            "The policy starts on what the lowest level of a miner takes, but the unit gives more than that: it may "
            f"import. Choose ‘{Strategy.POLICY_SURPLUS.label}’."
        )
    return found


def _miners(unit: OptimizationUnit) -> Sequence[Miner]:
    return unit.miners.select_related("controller")


def policy_errors(policy: Policy, site: Site | None) -> list[str]:
    """Why a unit of `site` cannot use the policy; none: it can."""
    return _errors([rule for rule in policy.rules.all() if rule.enabled], fields_for(site))[0]


def _errors(rules: Sequence[Rule], fields: FieldTree) -> tuple[list[str], list[CompiledRule]]:
    """What makes a policy of these rules unusable, and those that are not, ready to be asked as a pass does."""
    errors: list[str] = []
    compiled: list[CompiledRule] = []
    for rule in rules:
        try:
            one = _stored(rule, fields)
        except RuleErrors as error:
            errors += [f"Rule ‘{rule.name}’: {ended(str(problem))}" for problem in error.problems]
            continue
        if one.missing_fields:
            errors.append(about_no_zone(rule.name, one.missing_fields, rule.zone_ids))
        else:
            compiled.append(one)
    for kind in RuleKind:
        if not any(rule.kind == kind for rule in rules):
            errors.append(f"The policy has no enabled rule to {kind.label}.")
    return errors, compiled


def _stored(rule: Rule, fields: FieldTree) -> CompiledRule:
    return compile_rule(
        rule.conditions,
        fields,
        kind=rule.kind,
        name=rule.name,
        priority=rule.priority,
        rule_id=str(rule.pk),
        stored=True,
        bound=rule.zone_ids,
    )


def refused_by_now(rule: Rule, fields: FieldTree) -> list[str]:
    """What in a stored rule would be refused if it were saved today; it goes on as before."""
    try:
        if _stored(rule, fields).missing_fields:
            return []
        compile_rule(rule.conditions, fields, kind=rule.kind, name=rule.name, bound=rule.zone_ids)
    except RuleErrors as error:
        goes_on = "It keeps working as before, but could not be saved like this any more."
        return [f"Rule ‘{rule.name}’: {ended(str(problem))} {goes_on}" for problem in error.problems]
    return []


def never_true_in(home: Home, policy: Policy) -> dict[str, str]:
    """By rule id, why an enabled rule of `policy` can never be true in this home, as a sentence."""
    _, compiled = _errors([rule for rule in policy.rules.all() if rule.enabled], home.fields)
    return _never_true(compiled, home.of_policy(policy.pk))


def warnings_of(rule: Rule) -> list[str]:
    """What one rule says but may not mean, where its policy is used."""
    site = rule.policy.site
    fields = fields_for(site)
    try:
        one = _stored(rule, fields)
    except RuleErrors as error:
        return [f"Rule ‘{rule.name}’: {ended(str(problem))}" for problem in error.problems]
    as_policy = CompiledPolicy([one], []) if rule.kind == RuleKind.START else CompiledPolicy([], [one])
    about_it = [str(warning) for warning in as_policy.warnings(fields) if warning.rule]
    never = {} if site is None else _never_true([one], _combinations(rule.policy, site, None))
    return [*about_it, *refused_by_now(rule, fields), *never.values()]


def _combinations(policy: Policy, site: Site, unit: OptimizationUnit | None) -> list[Combination]:
    home = Home(site)
    return home.of_policy(policy.pk) if unit is None else home.of_unit(unit)


def _never_true(rules: Sequence[CompiledRule], combinations: Sequence[Combination]) -> dict[str, str]:
    """By rule id, why it can never be true, as a sentence."""
    found = ((rule, never_true(rule, combinations)) for rule in rules)
    return {rule.rule_id: f"Rule ‘{rule.name}’ is {ended(why)}" for rule, why in found if why}
