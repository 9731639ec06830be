"""Composition: settings, urls, Celery, API root and commands. Nothing below imports from here."""

from .celery import app as celery_app

__all__ = ["celery_app"]
