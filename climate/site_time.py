"""Set-up pages on which times are typed and shown as the clocks of the site show them."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from sites.admin_base import SiteRowAdmin, only_site
from sites.models import Site


class SiteTimeAdmin(SiteRowAdmin):
    """The whole page, inputs included, is in the time of the row's site (of a new row: the site chosen)."""

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any):
        with timezone.override(self._site_time(request, object_id)):
            return _rendered(super().changeform_view(request, object_id, *args, **kwargs))

    def _site_time(self, request: HttpRequest, object_id: str | None) -> tzinfo:
        row = self.get_object(request, object_id) if object_id else None
        site = row.site if row is not None else self._chosen_site(request)
        return site.tz if site is not None else UTC

    def _chosen_site(self, request: HttpRequest) -> Site | None:
        try:
            return Site.objects.filter(pk=request.POST.get("site") or None).first() or only_site()
        except ValidationError:  # no UUID; the form says so
            return None


def _rendered(response: HttpResponse) -> HttpResponse:
    """Rendered now: the template would be filled in after the site's time is forgotten."""
    return response.render() if isinstance(response, TemplateResponse) else response
