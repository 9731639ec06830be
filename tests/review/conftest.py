"""The bench of the passes, its devices counted as real, and a watchdog that looks when told."""

import pytest

from optimization import watchdog as watchdog_module
from optimization.passes import last_resort
from tests.passes import bench as bench_module
from tests.passes.conftest import bench, bench_home  # noqa: F401


@pytest.fixture
def real_bench(bench, monkeypatch):  # noqa: F811
    for adapter in bench_module.ADAPTERS:
        monkeypatch.setattr(adapter, "is_real", True)
    return bench


@pytest.fixture
def two_homes(db, real_bench):
    """A home that will be broken and one beside it; both cold, in one chunk."""
    broken = bench_module.Home()
    return broken, bench_module.Home(broken.clock)


@pytest.fixture
def watchdog(monkeypatch):
    """The watchdog of the passes, on the clock `watchdog.clock` names."""

    class Watch(watchdog_module.Watchdog):
        clock = None

        def __init__(self):
            super().__init__(lambda: self.clock.monotonic())

    made = Watch()
    monkeypatch.setattr(last_resort, "watchdog", made)
    return made
