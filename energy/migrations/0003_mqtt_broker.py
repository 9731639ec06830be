import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('energy', '0002_quarters_and_hours'),
        ('integrations', '0002_mqttbroker'),
    ]

    operations = [
        migrations.AddField(
            model_name='energymonitor',
            name='mqtt_broker',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='integrations.mqttbroker'),
        ),
    ]
