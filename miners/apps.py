from django.apps import AppConfig


class MinersConfig(AppConfig):
    name = "miners"
    verbose_name = "4 · Miners"

    def ready(self) -> None:
        # Importing them registers their adapters.
        from .controllers import avalon, axeos, dummy, home_assistant_switch, luxos, simulated  # noqa: F401
