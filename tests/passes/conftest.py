"""The bench and a home on it."""

import pytest

from integrations import ask

from . import bench as bench_module


@pytest.fixture
def bench():
    installed = bench_module.install()
    yield installed
    bench_module.remove()
    ask.forget()


@pytest.fixture
def bench_home(db, bench):
    return bench_module.Home()
