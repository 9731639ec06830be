from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class SitesConfig(AppConfig):
    name = "sites"
    verbose_name = "1 · Sites"

    def ready(self) -> None:
        from .history import keep_records
        from .models import ActivityLog
        from .services import note_last_login

        keep_records(ActivityLog, "at")

        user_logged_in.disconnect(dispatch_uid="update_last_login")
        user_logged_in.connect(note_last_login, dispatch_uid="note_last_login")
