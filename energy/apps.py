from django.apps import AppConfig


class EnergyConfig(AppConfig):
    name = "energy"
    verbose_name = "5 · Energy"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from sites.history import keep_series

        from .monitors import dummy, home_assistant, simulated  # noqa: F401
        from .rollup import SOURCES

        keep_series(SOURCES)
