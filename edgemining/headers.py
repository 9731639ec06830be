"""Response headers that keep pages to themselves: nothing is loaded from, or sent to, another host."""

from __future__ import annotations

_ADMIN = "admin"


def _policy(script: str) -> str:
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {script}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


#: Scripts come from files of this program only, and no text is ever run as a script.
CONTENT_SECURITY_POLICY = _policy("'self'")
#: Set-up alone: its widgets (Alpine.js) are inline scripts and evaluate expressions.
ADMIN_CONTENT_SECURITY_POLICY = _policy("'self' 'unsafe-inline' 'unsafe-eval'")


class SecurityHeadersMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        policy = ADMIN_CONTENT_SECURITY_POLICY if _is_set_up(request) else CONTENT_SECURITY_POLICY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


def _is_set_up(request) -> bool:
    """A page of the admin; what no address resolves to is none."""
    match = getattr(request, "resolver_match", None)
    return match is not None and _ADMIN in match.namespaces
