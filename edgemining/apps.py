from django.apps import AppConfig


class EdgeMiningConfig(AppConfig):
    name = "edgemining"
    label = "edgemining"
    verbose_name = "Edge Mining"
