"""Signing in with a password, and once with a link."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from sites.services import create_sign_in_link


def is_in(client) -> bool:
    return client.get(reverse("activity")).status_code == 200


def test_with_a_password(client, anna, home):
    answer = client.post(reverse("sign-in"), {"username": "anna", "password": "a long password 1", "next": "/miners/"})
    assert answer.url == "/miners/"
    assert is_in(client)


def test_a_wrong_password_is_refused_in_words(client, anna):
    answer = client.post(reverse("sign-in"), {"username": "anna", "password": "wrong"})
    assert "do not fit together" in answer.content.decode()
    assert not is_in(client)


def test_no_foreign_page_follows_a_sign_in(client, anna):
    data = {"username": "anna", "password": "a long password 1", "next": "https://evil.example/"}
    assert client.post(reverse("sign-in"), data).url == "/"


def test_signing_out_needs_a_post(signed_in, home):
    assert signed_in.get(reverse("sign-out")).status_code == 405
    assert signed_in.post(reverse("sign-out")).url == reverse("sign-in")
    assert not is_in(signed_in)


def test_a_link_signs_in_once_and_only_when_the_button_is_pressed(client, anna, home):
    path = reverse("sign-in-link", args=[create_sign_in_link(anna)])
    for _ in range(3):  # what previews a link must not use it up
        assert client.get(path).status_code == 200
    assert not is_in(client)
    assert client.post(path).url == "/"
    assert is_in(client)
    client.logout()
    answer = client.post(path)
    assert answer.status_code == 410
    assert "no longer works" in answer.content.decode()
    assert not is_in(client)


@pytest.mark.parametrize("token", ["x", "a" * 200, "%2e%2e"])
def test_an_invented_link(client, db, token):
    assert client.post(f"/sign-in/{token}/").status_code == 410


def test_a_link_ends_after_fifteen_minutes(client, anna):
    path = reverse("sign-in-link", args=[create_sign_in_link(anna)])
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        assert client.post(path).status_code == 410


def test_a_link_made_while_the_clock_was_ahead_is_not_valid_for_weeks(client, anna, home):
    with time_machine.travel(timezone.now() + timedelta(days=40)):
        path = reverse("sign-in-link", args=[create_sign_in_link(anna)])
    client.post(path)
    assert not is_in(client)


@pytest.mark.parametrize("name", ["sign-in", "sign-in-link"])
def test_who_lost_the_password_is_told_what_to_type(client, home, name):
    """For both ways of running; and whoever cannot type there is told whom to ask."""
    page = client.post(reverse(name, args=["gone"])) if name == "sign-in-link" else client.get(reverse(name))
    text = page.content.decode()
    for command in ("sign_in_link", "changepassword admin"):
        assert f"<code>./run manage {command}</code>" in text
        assert f"<code>python manage.py {command}</code>" in text
    assert "An administrator can choose a new password" in text
