"""The Celery application; its settings are the `CELERY_*` names in `edgemining.settings`."""

import os

from celery import Celery

from .instance import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
read_settings()


def make_app(name: str, *, set_as_current: bool) -> Celery:
    """An application with this project's settings and tasks."""
    made = Celery(name, set_as_current=set_as_current)
    made.config_from_object("django.conf:settings", namespace="CELERY")
    made.autodiscover_tasks()
    return made


app = make_app("edgemining", set_as_current=True)
