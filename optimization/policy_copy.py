"""A policy of one's own from another one: shipped ones are copied first, then changed.

In the same home a copied rule means the same zones; in another one those that are called so there.
"""

from __future__ import annotations

from django.db import transaction

from sites.models import Site

from .models import Policy, Rule


def duplicate_policy(policy: Policy, *, site: Site | None = None) -> Policy:
    """A copy with all rules, named “… (copy)”, of `site` or of the policy's own site."""
    names = set(Policy.objects.values_list("name", flat=True))
    name, number = f"{policy.name[:70]} (copy)", 2
    while name in names:
        name, number = f"{policy.name[:66]} (copy {number})", number + 1
    with transaction.atomic():
        copy = Policy.objects.create(site=site or policy.site, name=name, description=policy.description)
        rules = [_copied(rule, copy, keeps_zones=copy.site_id == policy.site_id) for rule in policy.rules.all()]
        Rule.objects.bulk_create(rules)
    return copy


def _copied(rule: Rule, policy: Policy, *, keeps_zones: bool) -> Rule:
    fields = ("kind", "name", "description", "priority", "enabled", "conditions")
    copied = Rule(policy=policy, **{name: getattr(rule, name) for name in fields})
    if keeps_zones:
        copied.zone_ids = dict(rule.zone_ids)
    copied.bind()
    return copied
