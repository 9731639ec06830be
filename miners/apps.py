from django.apps import AppConfig


class MinersConfig(AppConfig):
    name = "miners"
    verbose_name = "4 · Miners"
