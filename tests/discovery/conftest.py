"""A street of devices, and its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations import ask
from miners.protocols.json_http import forget_tokens
from tests.discovery.street import Neighbours, Street, be_patient
from tests.emulators.clock import Clock


@pytest.fixture
def street() -> Iterator[Street]:
    made = Street()
    yield made
    made.close()
    ask.forget()
    forget_tokens()


@pytest.fixture(autouse=True)
def _patient(monkeypatch) -> None:
    be_patient(monkeypatch)


@pytest.fixture
def neighbours(street) -> Neighbours:
    return Neighbours(street, Clock())
