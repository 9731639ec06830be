from django.db import migrations, models

STRATEGIES = {"full": "policy", "need": "policy_need", "surplus": "policy_surplus"}
#: The nearest there was before.
_BACK = {**{new: old for old, new in STRATEGIES.items()}, "policy_thermostat": "need", "thermostat": "need"}


def _renamed(apps, names):
    units = apps.get_model("optimization", "OptimizationUnit").objects
    for before, after in names.items():
        units.filter(strategy=before).update(strategy=after)


class Migration(migrations.Migration):
    dependencies = [("optimization", "0004_never_below")]

    operations = [
        migrations.RenameField("optimizationunit", "dosing", "strategy"),
        migrations.AlterField(
            "optimizationunit",
            "strategy",
            models.CharField(
                choices=[
                    ("policy", "the policy decides, at full power"),
                    ("policy_need", "the policy decides, with as much as the rooms need"),
                    ("policy_surplus", "the policy decides, with as much as the rooms need and the sun gives"),
                    ("policy_thermostat", "the policy permits, a thermostat heats"),
                    ("thermostat", "a thermostat heats, without a policy"),
                ],
                default="policy_need",
                help_text="A thermostat learns how each room answers to heat, gives it what it needs, has it warm when "
                "a slot begins, and weighs every start against cold and warm hours.",
                max_length=20,
            ),
        ),
        migrations.RunPython(
            lambda apps, schema: _renamed(apps, STRATEGIES), lambda apps, schema: _renamed(apps, _BACK)
        ),
    ]
