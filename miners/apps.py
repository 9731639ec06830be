import logging

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save


def _connection_moved(sender, instance, created: bool, **how) -> None:
    """Its controllers switch what is behind its new address."""
    from . import devices

    if not created:
        devices.note_on(instance)


def _note_devices(sender, **how) -> None:
    """What was written by other versions, or past the models, is known after an update; none fails for it."""
    from . import devices

    try:
        devices.note_all()
    except Exception:  # a database that cannot be read is told of by whoever starts
        logging.getLogger(__name__).exception("what each controller switches could not be noted")


class MinersConfig(AppConfig):
    name = "miners"
    verbose_name = "4 · Miners"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from integrations.models import CONNECTIONS

        from .controllers import (  # noqa: F401
            asic_rs,
            avalon,
            axeos,
            braiins,
            dummy,
            heater_21energy,
            home_assistant_switch,
            luxos,
            shelly_plug,
            simulated,
            vnish,
        )
        from .hashprice import braiins_pool as _reward  # noqa: F401
        from .hashprice import mempool, typed  # noqa: F401
        from .pools import braiins_pool, ocean  # noqa: F401
        from .pools import simulated as _simulated  # noqa: F401

        for model in CONNECTIONS.values():
            post_save.connect(_connection_moved, sender=model, dispatch_uid=f"devices of {model.__name__}")
        post_migrate.connect(_note_devices, sender=self)
