import django.core.validators
from django.db import migrations, models


def follow_the_sun(apps, schema_editor):
    """The shipped solar policy starts on what the lowest level of a miner takes: its units give no more than the sun."""
    Unit = apps.get_model("optimization", "OptimizationUnit")
    units = Unit.objects.filter(policy__shipped_key="solar_surplus_room_heating", energy_source__isnull=False)
    units.filter(dosing="need").update(dosing="surplus")


class Migration(migrations.Migration):

    dependencies = [
        ("optimization", "0003_rules_bound_to_zones"),
    ]

    operations = [
        migrations.AddField(
            model_name="optimizationunit",
            name="never_below_celsius",
            field=models.FloatField(blank=True, help_text="A room colder than this is heated whatever the sun gives, from the battery and the grid, where the policy has a rule for it (‘Solar Surplus Room Heating’ has). Empty: without sun it may cool down to its frost limit.", null=True, validators=[django.core.validators.MinValueValidator(5.0), django.core.validators.MaxValueValidator(35.0)], verbose_name="never below (°C)"),
        ),
        migrations.RunPython(follow_the_sun, migrations.RunPython.noop),
    ]
