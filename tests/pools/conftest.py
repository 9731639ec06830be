"""The API's caller, here too."""

from tests.api.conftest import anna, api  # noqa: F401
