"""The form of a period of the home, typed and shown in the time zone of its site."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from sites.admin_base import SiteRowForm

from . import services
from .models import TargetPeriod


class PeriodForm(SiteRowForm):
    """Checked as the service checks it, so that every problem stands beside its field."""

    class Meta:
        model = TargetPeriod
        fields = ("site", "name", "preset", "target_celsius", "starts_at", "ends_at", "zones")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "starts_at" in self.fields:
            start = self.fields["starts_at"]
            start.required = False
            start.help_text = "In the home's own time. Empty: now."
            self.fields["ends_at"].help_text = "In the home's own time. Empty: until you end it."

    def clean_starts_at(self):
        """Empty is now: of a new one the moment it is made, for it is not planned."""
        now = self.instance.created_at if self.instance._state.adding else timezone.now()
        return self.cleaned_data.get("starts_at") or now

    def _post_clean(self):
        super()._post_clean()
        if self.errors or self.instance.site_id is None:
            return
        if connection.in_atomic_block:
            services.lock(self.instance.site)  # until it is saved
        try:
            services.check_period(self.instance, list(self.cleaned_data["zones"]))
        except ValidationError as error:
            self.add_error(None, error)
