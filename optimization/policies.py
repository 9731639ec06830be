"""Saving rules: checked against the fields their home really has, and bound to the zones they mean."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Model

from climate.models import ClimateZone
from sites import consequences
from sites.models import Site

from .models import Policy, Rule
from .rules import CompiledRule, FieldTree, RuleErrors, RuleProblem, compile_rule


class RuleRefused(ValidationError):
    """Conditions that cannot be saved; `problems` says what is wrong and where."""

    def __init__(self, problems: tuple[RuleProblem, ...]) -> None:
        self.problems = problems
        super().__init__({"conditions": [str(problem) for problem in problems]})


def fields_for(site: Site | None) -> FieldTree:
    """The field tree rules of this site are checked against; without a site no zone has a name."""
    zones = [] if site is None else ClimateZone.objects.filter(site=site).values_list("slug", "name", "pk")
    return FieldTree.for_zones([(slug, name, str(pk)) for slug, name, pk in zones])


def check_rule(rule: Rule, site: Site | None, *, is_new: bool) -> None:
    """Raises RuleRefused where `rule` of a policy of `site` cannot be saved: every problem with its place and the
    nearest valid name.

    `is_new`: its conditions are written just now. Stored ones keep what was accepted once, but no zone that is gone.
    """
    tree = fields_for(site)

    def compiled(stored: bool) -> CompiledRule:
        return compile_rule(rule.conditions, tree, kind=rule.kind, name=rule.name, stored=stored, bound=rule.zone_ids)

    try:
        if is_new or compiled(stored=True).missing_fields:
            compiled(stored=False)
    except RuleErrors as error:
        raise RuleRefused(error.problems) from None


def forget_gone(rule: Rule, site: Site | None) -> None:
    """A person has written its conditions: a name keeps the zone it means, but one whose zone is gone is free again."""
    zones = ClimateZone.objects.filter(site=site).values_list("pk", flat=True) if rule.zone_ids else ()
    alive = {str(pk) for pk in zones}
    rule.zone_ids = {name: pk for name, pk in rule.zone_ids.items() if pk in alive}


@consequences.also
def rules_about(obj: Model) -> list[str]:
    """What deleting a zone does to policies that name it."""
    if not isinstance(obj, ClimateZone):
        return []
    rules = Rule.objects.filter(policy__site=obj.site_id, enabled=True).select_related("policy")
    return [
        f"The policy ‘{rule.policy}’ can no longer be used, because its rule ‘{rule.name}’ is about this zone. "
        "Units that use it heat nothing until the rule is changed."
        for rule in rules
        if str(obj.pk) in rule.zone_ids.values()
    ]


def save_rule(rule: Rule, *, is_new: bool = True) -> Rule:
    """Check a rule against the real fields and save it; its policy gets a new version. Raises ValidationError.

    `is_new`: see `check_rule`.
    """
    rule.clean_fields(exclude=["policy", "conditions"])
    check_rule(rule, rule.policy.site, is_new=is_new)
    with transaction.atomic():
        rule.save()
        touch_policy(rule.policy)
    return rule


def touch_policy(policy: Policy) -> None:
    """A rule of it changed: new version, and the units using it decide at once."""
    Policy.objects.filter(pk=policy.pk).update(version=F("version") + 1)
    for site in Site.objects.filter(units__policy=policy).distinct():
        site.wake()
