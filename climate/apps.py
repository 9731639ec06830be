from django.apps import AppConfig


class ClimateConfig(AppConfig):
    name = "climate"
    verbose_name = "3 · Climate"

    def ready(self) -> None:
        from integrations import adapter_packages
        from sites.history import keep_series

        from .rollup import ZONES

        adapter_packages.load("climate.monitors")
        keep_series(ZONES)
