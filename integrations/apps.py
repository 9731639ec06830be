from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "2 · Connections"

    def ready(self) -> None:
        # Importing them registers their openers.
        from .connections import home_assistant, mqtt, simulated_house  # noqa: F401
