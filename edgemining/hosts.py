"""Which Host headers a home box answers to: addresses, localhost, its own name, *.local.

Accepting any name would let a page on the internet reach the box by DNS rebinding.
"""

import ipaddress

from django.conf import settings
from django.http import HttpResponseBadRequest
from django.http.request import split_domain_port


def is_home_host(host: str) -> bool:
    """True when `host` (a Host header, port included) is one this box answers to."""
    name, _port = split_domain_port(host)
    if not name:
        return False
    if name in settings.HOME_HOST_NAMES or name.endswith(".local") or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class HomeHostMiddleware:
    """Refuse foreign Host headers, unless ALLOWED_HOSTS was set (Django then decides)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if settings.ALLOWED_HOSTS == ["*"]:
            host = request.META.get("HTTP_HOST") or request.META.get("SERVER_NAME", "")
            if not is_home_host(host):
                return HttpResponseBadRequest(
                    "This name is not one this box answers to. Use its address or add the name to ALLOWED_HOSTS.",
                    content_type="text/plain; charset=utf-8",
                )
        return self.get_response(request)
