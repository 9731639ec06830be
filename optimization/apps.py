from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from sites import hooks
from sites.held import Order
from sites.hooks import Lowered


def _remove_triggers(sender, using: str, **how) -> None:
    """A migration may rebuild any table: none of them may have or name a trigger meanwhile."""
    from .site_plan import triggers

    if using == "default":
        triggers.remove()


def _ensure_triggers(sender, using: str, **how) -> None:
    from .site_plan import triggers

    if using == "default":
        triggers.ensure()


# Imported when they are asked: every management command starts without them.
def _delete_safely(obj: Any, /, *, by: str) -> None:
    from .services import delete_safely

    delete_safely(obj, by=by)


def _see_off(obj: Any, /, *, by: str) -> list[str]:
    from .services import see_off

    return see_off(obj, by=by)


def _lower_now(orders: Sequence[Order], /) -> Lowered:
    from .at_once import lower_now

    return lower_now(orders)


class OptimizationConfig(AppConfig):
    name = "optimization"
    verbose_name = "6 · Optimization"

    def ready(self) -> None:
        from sites.history import keep_records

        from .models import Decision

        keep_records(Decision, "last_confirmed_at")
        hooks.delete_safely.fill(_delete_safely)
        hooks.see_off.fill(_see_off)
        hooks.lower_now.fill(_lower_now)
        pre_migrate.connect(_remove_triggers, sender=self)
        post_migrate.connect(_ensure_triggers, sender=self)
