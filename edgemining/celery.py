"""The Celery application; its settings are the `CELERY_*` names in `edgemining.settings`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")

app = Celery("edgemining")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
