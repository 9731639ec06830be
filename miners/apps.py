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
        from climate import zone_checks
        from integrations import adapter_packages
        from integrations.models import CONNECTIONS
        from miners.models import CommandLog
        from miners.reality import sensors_fit_miners
        from miners.rollup import MINERS
        from sites.history import keep_records, keep_series

        adapter_packages.load("miners.drivers", "miners.earnings.hash_price", "miners.earnings.pools")
        zone_checks.add(sensors_fit_miners)
        keep_series(MINERS)
        keep_records(CommandLog, "at")
        for model in CONNECTIONS.values():
            post_save.connect(_connection_moved, sender=model, dispatch_uid=f"devices of {model.__name__}")
        post_migrate.connect(_note_devices, sender=self)
