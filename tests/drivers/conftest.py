"""A bench per test; whatever a test did, the driver never had two connections to a device at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .devices import Bench, Device


@pytest.fixture
def bench_of() -> Iterator[Callable[[Device], Bench]]:
    """`bench_of(device)` makes an emulated device with its driver; all end with the test."""
    made: list[Bench] = []

    def make(device: Device) -> Bench:
        made.append(Bench(device))
        return made[-1]

    yield make
    for bench in made:
        bench.close()
        assert bench.emulator.most_at_once <= 1 or bench.device.many_at_once, "two connections at once"
