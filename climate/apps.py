from django.apps import AppConfig


class ClimateConfig(AppConfig):
    name = "climate"
    verbose_name = "3 · Climate"
