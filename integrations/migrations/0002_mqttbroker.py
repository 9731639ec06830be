import uuid

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

import sites.fields


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0001_initial'),
        ('sites', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MqttBroker',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(default='MQTT', max_length=80)),
                ('host', models.CharField(help_text='Its name or address, for example homeassistant.local', max_length=200, validators=[django.core.validators.RegexValidator('^([A-Za-z0-9_.-]+|[0-9A-Fa-f:.]+)\\Z', 'Only the name or address of the computer, like homeassistant.local or 192.168.1.20.')])),
                ('port', models.PositiveIntegerField(default=1883, help_text='Usually 1883, with TLS 8883', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)])),
                ('tls', models.BooleanField(default=False, help_text='Encrypted; the broker needs a certificate this computer trusts.', verbose_name='TLS')),
                ('username', models.CharField(blank=True, help_text='Empty: it asks for none.', max_length=100, verbose_name='user')),
                ('password', sites.fields.EncryptedTextField(blank=True)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mqtt_brokers', to='sites.site')),
            ],
            options={
                'verbose_name': 'MQTT broker',
                'ordering': ['name'],
            },
        ),
    ]
