from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


def _remove_triggers(sender, using: str, **how) -> None:
    """A migration may rebuild any table: none of them may have or name a trigger meanwhile."""
    from .site_plan import triggers

    if using == "default":
        triggers.remove()


def _ensure_triggers(sender, using: str, **how) -> None:
    from .site_plan import triggers

    if using == "default":
        triggers.ensure()


class OptimizationConfig(AppConfig):
    name = "optimization"
    verbose_name = "6 · Optimization"

    def ready(self) -> None:
        pre_migrate.connect(_remove_triggers, sender=self)
        post_migrate.connect(_ensure_triggers, sender=self)
