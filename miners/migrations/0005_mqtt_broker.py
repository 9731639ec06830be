import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('miners', '0004_quarters_and_hours'),
        ('integrations', '0002_mqttbroker'),
    ]

    operations = [
        migrations.AddField(
            model_name='minercontroller',
            name='mqtt_broker',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='%(class)ss', to='integrations.mqttbroker'),
        ),
    ]
