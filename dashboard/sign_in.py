"""Signing in: with a password, or once with a link."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from sites.services import redeem_sign_in_link


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
