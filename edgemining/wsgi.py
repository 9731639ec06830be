"""WSGI entry for waitress (embedded) and gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from .instance import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
read_settings()
application = get_wsgi_application()
