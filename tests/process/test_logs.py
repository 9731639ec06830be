"""Refused requests in the log: one line each, no traceback, no secret."""

from __future__ import annotations

import io
import logging

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.test import Client
from django.urls import reverse

from tests import factories


@pytest.fixture
def log(monkeypatch):
    """What the program's own handler writes."""
    handler = next(one for one in logging.getLogger().handlers if one.name == "stderr")
    stream = io.StringIO()
    monkeypatch.setattr(handler, "stream", stream)
    return lambda: stream.getvalue().splitlines()


def _without_csrf_token(client):
    return client.post(reverse("all-homes-off"))


def _foreign_origin(client):
    return client.post(reverse("all-homes-off"), headers={"origin": "https://evil.example"})


def _not_allowed_in_the_admin(client):
    client.force_login(factories.user("eve"))
    return client.get("/admin/sites/activitylog/add/")


def _too_many_fields(client):
    client.handler.enforce_csrf_checks = False
    return client.post("/sign-in/", {f"f{number}": "x" for number in range(2000)})


def _unreadable_form(client):
    client.handler.enforce_csrf_checks = False
    return client.post("/sign-in/", b"x", content_type="multipart/form-data; boundary=\xff")


REFUSED = [
    (_without_csrf_token, 403),
    (_foreign_origin, 403),
    (_not_allowed_in_the_admin, 403),
    (_too_many_fields, 400),
    (_unreadable_form, 400),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("ask", "status"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_refused_page_logs_one_line(log, ask, status):
    answer = ask(Client(enforce_csrf_checks=True, raise_request_exception=False))
    assert answer.status_code == status
    assert len(log()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("hosts", [["*"], ["heat.example"]], ids=["home names", "named by the operator"])
def test_a_refused_host_logs_one_line(log, settings, hosts):
    settings.ALLOWED_HOSTS = hosts
    assert Client().get("/sign-in/", headers={"host": "evil.example"}).status_code == 400
    assert len(log()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("error", [PermissionDenied, BadRequest, SuspiciousOperation])
def test_whatever_refuses_in_a_view_logs_one_line(log, error, monkeypatch, client):
    def refuse(*args, **kwargs):
        raise error("line one\nline two " + "x" * 1000)

    monkeypatch.setattr("dashboard.sign_in.SignIn.get", refuse)
    assert client.get("/sign-in/").status_code in (400, 403)
    assert len(log()) == 1
    assert len(log()[0]) < 400


@pytest.mark.django_db
def test_the_secret_of_a_one_time_link_is_not_logged(log):
    path = reverse("sign-in-link", args=["the-secret-of-the-link"])
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    assert len(log()) == 1
    assert "the-secret-of-the-link" not in log()[0]


@pytest.mark.django_db
def test_a_failure_of_ours_keeps_its_traceback(log, monkeypatch, client):
    def fail(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr("dashboard.sign_in.SignIn.get", fail)
    client.raise_request_exception = False
    assert client.get("/sign-in/").status_code == 500
    assert any("ZeroDivisionError" in line for line in log())
