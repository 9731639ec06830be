"""Callers of the pages and of the API, as their own tests have them."""

from tests.api.conftest import anna, api
from tests.dashboard.conftest import signed_in

__all__ = ["anna", "api", "signed_in"]
