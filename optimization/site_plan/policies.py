"""A policy compiled for the rooms of one site."""

from __future__ import annotations

from collections.abc import Iterable

from climate.models import ClimateZone
from optimization.models import Policy, Rule
from optimization.rules import CompiledPolicy, FieldTree, RuleErrors, about_no_zone, compile_rule


def compile_policy(
    policy: Policy, rules: Iterable[Rule], zones: Iterable[ClimateZone]
) -> tuple[CompiledPolicy | None, str]:
    """The policy ready to be asked, or None and the sentence why not."""
    fields = FieldTree.for_zones(tuple(sorted((zone.slug, zone.name, str(zone.pk)) for zone in zones)))
    compiled: dict[str, list] = {"start": [], "stop": []}
    for row in rules:
        try:
            rule = compile_rule(
                row.conditions,
                fields,
                kind=row.kind,
                name=row.name,
                priority=row.priority,
                rule_id=str(row.pk),
                stored=True,
                bound=dict(row.zone_ids),
            )
        except RuleErrors as error:
            return None, f"The policy ‘{policy.name}’ cannot be used: the rule ‘{row.name}’ is wrong ({error})."
        if rule.missing_fields:
            why = about_no_zone(row.name, rule.missing_fields, dict(row.zone_ids))
            return None, f"The policy ‘{policy.name}’ cannot be used. {why}"
        compiled[row.kind].append(rule)
    return CompiledPolicy(compiled["start"], compiled["stop"]), ""
