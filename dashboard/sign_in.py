"""Signing in: with a password, or once with a link."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.views import LoginView, redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from sites.services import redeem_sign_in_link

from .page import signed_in


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "dashboard/sign_in.html"
    redirect_authenticated_user = True


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button, POST signs in: what fetches links for a preview must not use the link up."""
    if request.method != "POST":
        return render(request, "dashboard/sign_in_link.html", {"token": token})
    user = redeem_sign_in_link(token)
    if user is None:
        return render(request, "dashboard/sign_in_link.html", {"token": None}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_sign_in(request: HttpRequest) -> HttpResponse:
    """Where the set-up pages send whoever may not see them: to sign in, or to the page that says whom to ask."""
    if request.user.is_authenticated and not request.user.is_staff:
        raise PermissionDenied
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


@require_safe
@signed_in
def not_allowed(request: HttpRequest) -> HttpResponse:
    """The same page at an address of its own, for actions that cannot answer with a page."""
    raise PermissionDenied
