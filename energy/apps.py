from django.apps import AppConfig


class EnergyConfig(AppConfig):
    name = "energy"
    verbose_name = "5 · Energy"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from .monitors import dummy, home_assistant, simulated  # noqa: F401
