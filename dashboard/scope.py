"""Which home a page is about: the one chosen last, else the first real one, else the simulated one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest

from sites.models import Site

SESSION_KEY = "site"


@dataclass(frozen=True)
class Scope:
    """The homes there are, and the one shown (None: there is no home yet)."""

    sites: tuple[Site, ...]
    site: Site | None

    @property
    def others(self) -> list[Site]:
        return [site for site in self.sites if site != self.site]


def scope_of(request: HttpRequest) -> Scope:
    """The scope of this request; kept on it, one SQL statement however often it is asked."""
    if not hasattr(request, "scope_of_page"):
        sites = tuple(Site.objects.all())  # real homes first: the model's own order
        chosen = request.session.get(SESSION_KEY)
        site = next((site for site in sites if str(site.pk) == chosen), sites[0] if sites else None)
        request.scope_of_page = Scope(sites, site)
    return request.scope_of_page


def choose(request: HttpRequest, site_id: UUID) -> None:
    """Show this home from now on."""
    request.session[SESSION_KEY] = str(site_id)
    if hasattr(request, "scope_of_page"):
        del request.scope_of_page


def show(request: HttpRequest, site_id: UUID) -> None:
    """Show this home, and remember it when it is another one. Raises Http404 when there is no such home."""
    current = scope_of(request)
    if not any(site.pk == site_id for site in current.sites):
        raise Http404
    if current.site is None or current.site.pk != site_id:
        choose(request, site_id)
