"""A policy of one's own from another one: shipped ones are copied first, then changed."""

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
        Rule.objects.bulk_create(
            Rule(
                policy=copy,
                kind=rule.kind,
                name=rule.name,
                description=rule.description,
                priority=rule.priority,
                enabled=rule.enabled,
                conditions=rule.conditions,
            )
            for rule in policy.rules.all()
        )
    return copy
