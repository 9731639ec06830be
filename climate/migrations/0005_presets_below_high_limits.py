from django.db import migrations


def keep_presets_below_high_limits(apps, schema_editor):
    """A zone whose high limit is lower than the defaults of the new presets allow gets presets that fit."""
    for zone in apps.get_model("climate", "ClimateZone").objects.filter(high_limit_celsius__lt=25.0):
        highest = zone.high_limit_celsius - zone.hysteresis_celsius - 1.0
        zone.comfort_celsius, zone.eco_celsius, zone.away_celsius = (
            max(5.0, min(target, highest)) for target in (zone.comfort_celsius, zone.eco_celsius, zone.away_celsius)
        )
        zone.save(update_fields=["comfort_celsius", "eco_celsius", "away_celsius"])


class Migration(migrations.Migration):

    dependencies = [("climate", "0004_presets_away_and_windows")]

    operations = [migrations.RunPython(keep_presets_below_high_limits, migrations.RunPython.noop)]
