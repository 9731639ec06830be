"""WSGI entry for waitress (embedded) and gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
application = get_wsgi_application()
