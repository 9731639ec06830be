"""Fixtures of real servers (a pytest plugin, see `tests/conftest.py`). Each is started once per test process.

A missing one skips its tests with a line saying which; with `CI=true` it fails them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from . import disk
from .databases import Mosquitto, Postgres, Redis
from .homeassistant import HomeAssistantServer
from .process import PATIENT_SECONDS, Server, require
from .stub import Behaviour, Stub


def _until_stopped(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL with an empty database: `.url`."""
    yield from _until_stopped(Postgres())


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """Redis: `.url`, `.kill()`, `.restart()`."""
    yield from _until_stopped(Redis())


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[Mosquitto]:
    """An MQTT broker: `.port`, `.kill()`, `.restart()`."""
    yield from _until_stopped(Mosquitto())


@pytest.fixture(scope="session")
def _home_assistant() -> Iterator[HomeAssistantServer]:
    server = HomeAssistantServer()
    try:
        server.boot()
        yield server
    finally:
        server.stop()


@pytest.fixture
def ha(_home_assistant: HomeAssistantServer) -> HomeAssistantServer:
    """The real Home Assistant, running and as at its first start, whatever the test before did to it."""
    _home_assistant.reset()
    return _home_assistant


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    return require("chromium", "chromium")


@pytest.fixture(scope="session")
def browser(chromium: str):
    """A Chromium driven by Playwright; ask it for a `new_context()`."""
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENT_SECONDS * 1000)
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        new_context = running.new_context

        def patient_context(**settings):
            context = new_context(**settings)
            context.set_default_timeout(PATIENT_SECONDS * 1000)
            return context

        running.new_context = patient_context
        yield running
        running.close()


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a file system of its own, of 12 MB (see `disk.fill`)."""
    with disk.mounted(tmp_path / "disk") as folder:
        yield folder


@pytest.fixture
def stub() -> Iterator[Callable[[Behaviour], Stub]]:
    """`stub(behave, tls=None)` starts a server that does what `behave` says; all end with the test."""
    started: list[Stub] = []

    def start(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Stub:
        started.append(Stub(behave, tls))
        return started[-1]

    yield start
    for server in started:
        server.close()
