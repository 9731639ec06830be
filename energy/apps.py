from django.apps import AppConfig


class EnergyConfig(AppConfig):
    name = "energy"
    verbose_name = "5 · Energy"

    def ready(self) -> None:
        from integrations import adapter_packages
        from sites.history import keep_series

        from .rollup import SOURCES

        adapter_packages.load("energy.monitors")
        keep_series(SOURCES)
