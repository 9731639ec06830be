from django.db import migrations, models

_ZONES = "climate.zones."


def _names(conditions):
    """The names of zones in these conditions."""
    found, waiting = set(), [conditions]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for path in (one.get("field"), one.get("value_ref")):
                if isinstance(path, str) and path.startswith(_ZONES):
                    found.add(path[len(_ZONES):].rpartition(".")[0])
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def bind(apps, schema_editor):
    """Each name means the zone it has meant until now: the one with this slug, else the last one called so."""
    Zone = apps.get_model("climate", "ClimateZone")
    Rule = apps.get_model("optimization", "Rule")
    meant = {}
    for site_id, slug, name, pk in Zone.objects.order_by("slug").values_list("site_id", "slug", "name", "pk"):
        slugs, names = meant.setdefault(site_id, ({}, {}))
        slugs[slug] = names[name] = str(pk)
    # A policy for all homes has no zones of its own: its names are slugs in each home.
    for rule in Rule.objects.select_related("policy").filter(policy__site__isnull=False):
        slugs, names = meant.get(rule.policy.site_id, ({}, {}))
        known = {**names, **slugs}
        found = {name: known.get(name) for name in _names(rule.conditions)}
        if found:
            rule.zone_ids = found
            rule.save(update_fields=["zone_ids"])


class Migration(migrations.Migration):

    dependencies = [
        ("optimization", "0002_device_class_noise_and_dosing"),
    ]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="zone_ids",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.RunPython(bind, migrations.RunPython.noop),
    ]
