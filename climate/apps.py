from django.apps import AppConfig


class ClimateConfig(AppConfig):
    name = "climate"
    verbose_name = "3 · Climate"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from sites.history import keep_series

        from .monitors import dummy, home_assistant, http_json, mqtt, simulated  # noqa: F401
        from .rollup import ZONES

        keep_series(ZONES)
