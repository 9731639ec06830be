import logging

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save


def _connection_moved(sender, instance, created: bool, **how) -> None:
    """Its controllers switch what is behind its new address."""
    from miners.identity import devices

    if not created:
        devices.note_on(instance)


def _note_devices(sender, **how) -> None:
    """What was written by other versions, or past the models, is known after an update; none fails for it."""
    from miners.identity import devices

    try:
        devices.note_all()
    except Exception:  # a database that cannot be read is told of by whoever starts
        logging.getLogger(__name__).exception("what each controller switches could not be noted")


class MinersConfig(AppConfig):
    name = "miners"
    verbose_name = "4 · Miners"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from climate import zone_checks
        from integrations.models import CONNECTIONS
        from miners.drivers.asic_rs import driver as asic_rs  # noqa: F401
        from miners.drivers.avalon import driver as avalon  # noqa: F401
        from miners.drivers.axeos import driver as axeos  # noqa: F401
        from miners.drivers.braiins import driver as braiins  # noqa: F401
        from miners.drivers.dummy import driver as dummy  # noqa: F401
        from miners.drivers.heater_21energy import driver as heater_21energy  # noqa: F401
        from miners.drivers.home_assistant_switch import driver as home_assistant_switch  # noqa: F401
        from miners.drivers.luxos import driver as luxos  # noqa: F401
        from miners.drivers.shelly import driver as shelly_plug  # noqa: F401
        from miners.drivers.simulated import driver as simulated  # noqa: F401
        from miners.drivers.vnish import driver as vnish  # noqa: F401
        from miners.earnings.hash_price import braiins_pool as _reward  # noqa: F401
        from miners.earnings.hash_price import mempool, typed  # noqa: F401
        from miners.earnings.pools import braiins_pool, ocean  # noqa: F401
        from miners.earnings.pools import simulated as _simulated  # noqa: F401
        from miners.models import CommandLog
        from miners.reality import sensors_fit_miners
        from miners.rollup import MINERS
        from sites.history import keep_records, keep_series

        zone_checks.add(sensors_fit_miners)
        keep_series(MINERS)
        keep_records(CommandLog, "at")
        for model in CONNECTIONS.values():
            post_save.connect(_connection_moved, sender=model, dispatch_uid=f"devices of {model.__name__}")
        post_migrate.connect(_note_devices, sender=self)
