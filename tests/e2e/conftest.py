"""Everything here runs against a real Home Assistant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import factories
from tests.dashboard.conftest import anna, screen  # noqa: F401

from .home import Home


@pytest.fixture
def make_home(ha, db) -> Callable[..., Home]:
    """`make_home(policy, climate={…}, energy={…}, plug={…})`: a home on the freshly reset Home Assistant."""
    return lambda *args, **kwargs: Home(ha, *args, **kwargs)


@pytest.fixture
def house(make_home) -> Home:
    """A home kept warm by temperature alone."""
    return make_home()


@pytest.fixture
def page(client, db, settings):
    """`page(path)`: the text of a page as a signed-in person sees it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    client.force_login(factories.user())

    def text(path: str = "/") -> str:
        answer = client.get(path)
        assert answer.status_code == 200
        return answer.content.decode()

    return text
