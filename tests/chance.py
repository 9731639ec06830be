"""Chance in tests: the same every time in `make test` and CI, fresh in `make fuzz` (a pytest plugin).

Every random test takes its chance from here: `examples(n)` over Hypothesis, `seeds(n)` over `random.Random`.
A fresh run prints one number; `FUZZ_SEED=<that number> ./run fuzz -k <the test>` repeats it.
"""

from __future__ import annotations

import os
import random
import uuid
from types import SimpleNamespace

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

#: `make fuzz` sets it; without it every seed is fixed.
FUZZ_SEED = os.environ.get("FUZZ_SEED")
IS_FRESH = FUZZ_SEED is not None
#: How many times longer than the suite a fresh run looks.
FRESH_TIMES = int(os.environ.get("FUZZ_TIMES", "10")) if IS_FRESH else 1

# No example database: what one run found must not change the verdict of the next on the same code. No check of how
# long drawing takes: a busy machine is no defect of a test.
_COMMON = {"deadline": None, "database": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("suite", derandomize=True, max_examples=40, **_COMMON)
settings.register_profile("fuzz", derandomize=False, max_examples=40 * FRESH_TIMES, **_COMMON)
settings.load_profile("fuzz" if IS_FRESH else "suite")

if not IS_FRESH:
    # Hypothesis also draws constants of the modules imported so far, which with `-n 4` differ from run to run.
    providers._get_local_constants = lambda nothing=providers._local_constants: nothing


# Ids of rows are random, and rows with the same name stand in the order of their ids.
_ids = random.Random()
uuid.os = SimpleNamespace(**{**vars(os), "urandom": _ids.randbytes})


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whatever ran before it, a test meets the same ids and the same jitter."""
    random.seed(f"{FUZZ_SEED} {item.nodeid}")
    _ids.seed(f"{FUZZ_SEED} {item.nodeid}")


#: When tests happen, unless they say otherwise: on the same Wednesday afternoon, whatever the date is outside.
#: TEST_NOW=2027-03-28T00:30:00Z tries another.
TODAY = os.environ.get("TEST_NOW", "2026-11-25T15:20:00Z")
#: These share the clock of other programs.
_REAL_TIME = ("homeassistant", "process", "browser")


@pytest.fixture(autouse=True)
def _today(request):
    """The wall clock goes on as ever, from `TODAY`; clocks for deadlines (`time.monotonic`) stay."""
    if any(request.node.get_closest_marker(name) for name in _REAL_TIME):
        yield
        return
    with time_machine.travel(TODAY):
        yield


def examples(number: int, *allowed: HealthCheck) -> settings:
    """Settings of a `@given` test that looks at `number` examples in the suite, at more in a fresh run."""
    return settings(max_examples=number * FRESH_TIMES, suppress_health_check=[HealthCheck.too_slow, *allowed])


def seeds(number: int) -> list[int]:
    """Seeds of random walks: 0, 1, 2, … in the suite; in a fresh run others and more."""
    if not IS_FRESH:
        return list(range(number))
    fresh = random.Random(f"walks {FUZZ_SEED}")
    return [fresh.randrange(10**9) for _ in range(number * FRESH_TIMES)]


def pytest_report_header() -> str:
    if IS_FRESH:
        return f"chance: fresh. To repeat a failure: FUZZ_SEED={FUZZ_SEED} ./run fuzz -k <the test>"
    return "chance: fixed seeds"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A fresh run is of random tests only: those over Hypothesis, and those marked `random`."""
    if not IS_FRESH:
        return
    chosen = [one for one in items if one.get_closest_marker("hypothesis") or one.get_closest_marker("random")]
    kept = set(map(id, chosen))
    config.hook.pytest_deselected(items=[one for one in items if id(one) not in kept])
    items[:] = chosen
