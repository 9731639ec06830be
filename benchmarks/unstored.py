"""Django for benchmarks that use its models as plain objects: nothing is read from a database or written to one."""

from __future__ import annotations

import os


def prepare_django() -> None:
    os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    import django
    from django.conf import settings

    if not settings.configured or not django.apps.apps.ready:
        django.setup()
