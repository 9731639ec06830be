from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "sites"
    verbose_name = "1 · Sites"
