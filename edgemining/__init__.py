"""Composition: settings, urls, Celery, API root and commands. Nothing below imports from here.

Kept empty: `edgemining.supervisor`, the parent of `manage.py up`, must not load Django or Celery.
"""
