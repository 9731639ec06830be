from django.apps import AppConfig


class EdgeMiningConfig(AppConfig):
    name = "edgemining"
    label = "edgemining"
    verbose_name = "Edge Mining"

    def ready(self) -> None:
        # The Celery app must be the current one before any task is sent; checks and signals register themselves.
        from . import celery, checks, fleet  # noqa: F401
