"""Drivers of miners on emulated devices: how long a read takes, what importing costs, 200 of which 20 hang.

Ten minutes of the last are `python -m benchmarks soak`. Figures seen: `docs/miners.md`.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

from benchmarks.passes import prepare_database
from benchmarks.rows import Row, row, where_there
from tests.servers.process import missing

READS = 200
READ_TARGET_MS = 25.0
DEADLINE_S = 3.0
MINERS, HUNG = 200, 20
POLLS = 4

_IMPORT = """
import resource, time
from pathlib import Path
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=[])
django.setup()
import integrations.http, miners.drivers.home_assistant_switch.driver, sites.store
def kilobytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024
before, began = kilobytes(), time.process_time()
import {modules}
print(time.process_time() - began, kilobytes() - before)
"""
DRIVERS = ("avalon", "axeos", "luxos", "braiins", "vnish", "heater_21energy", "shelly", "asic_rs")
IMPORT_TARGET_MS, MEMORY_TARGET_MB = 150.0, 5.0
#: The library of the last: only when its first miner is asked, and only where it is installed.
LIBRARY = "pyasic_rs.factory, pyasic_rs.data"
LIBRARY_TARGET_MS, LIBRARY_TARGET_MB = 300.0, 20.0


def rows() -> list[Row]:
    prepare_database()
    return [*_read_rows(), *_import_rows(), *_many()]


def _import_rows() -> Iterator[Row]:
    """What importing adds to what runs anyway: each driver alone in a fresh process, then all of them."""
    modules = {name: f"miners.drivers.{name}.driver" for name in DRIVERS}
    for name, module in {**modules, "all of them": ", ".join(modules.values())}.items():
        yield from _imported(name, module, IMPORT_TARGET_MS, MEMORY_TARGET_MB)
    library = "pyasic-rs, when first used"
    yield from where_there(library, lambda: _imported_library(library))


def _imported_library(name: str) -> Iterator[Row]:
    if importlib.util.find_spec("pyasic_rs") is None:
        missing("pyasic-rs", ".venv/bin/python -m pip install -r requirements-miners.txt")
    yield from _imported(name, LIBRARY, LIBRARY_TARGET_MS, LIBRARY_TARGET_MB)


def _imported(name: str, modules: str, target_ms: float, target_mb: float) -> Iterator[Row]:
    code = _IMPORT.replace("{modules}", modules)
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    yield row(f"importing {name} (CPU)", float(out[0]) * 1000, "ms", target_ms)
    yield row(f"  memory of {name}", float(out[1]) / 1024, "MB", target_mb)


def _read_rows() -> Iterator[Row]:
    from tests.drivers.devices import DEVICES

    for device in DEVICES:
        name = f"read of {device} (median)"
        yield from where_there(name, lambda name=name, device=device: [_read_row(name, device)])


def _read_row(name: str, device) -> Row:
    from tests.drivers.devices import Bench

    bench, taken = Bench(device), []
    for _ in range(READS):
        began = time.perf_counter()
        bench.read()
        taken.append(time.perf_counter() - began)
    bench.close()
    return row(name, statistics.median(taken) * 1000, "ms", READ_TARGET_MS)


def _many() -> list[Row]:
    """The slowest of some polls of 200 miners with 20 that hang, over the deadline, and the threads left after it."""
    import threading

    from integrations.ask import call_all, forget
    from miners.drivers.avalon.driver import AvalonMiner
    from tests.drivers.devices import DEVICES, Bench
    from tests.emulators.faults import Fault

    avalon = next(device for device in DEVICES if device.adapter is AvalonMiner)
    well, hung = [Bench(avalon) for _ in range(8)], [Bench(avalon) for _ in range(4)]
    for bench in hung:
        bench.emulator.fail(Fault.HANG)
    forget()
    calls = {
        key: partial(AvalonMiner.read_alone, (hung if key < HUNG else well)[key % 4].config) for key in range(MINERS)
    }
    taken, threads, answered = [], [], 0
    for _ in range(POLLS):
        began = time.perf_counter()
        outcomes = call_all(calls, DEADLINE_S)
        taken.append(time.perf_counter() - began)
        threads.append(sum(one.name == "ask" for one in threading.enumerate()))
        answered = sum(one.error is None for one in outcomes.values())
    for bench in (*well, *hung):
        bench.close()
    forget()
    return [
        row(f"poll of {MINERS} miners, {HUNG} hang (slowest of {POLLS})", max(taken), "s", DEADLINE_S + 1),
        row("  of them read", MINERS - HUNG - answered, "missing", 0.0),
        row("  threads left after it", max(threads), "", HUNG),
    ]


if __name__ == "__main__":
    for one in rows():
        print(one)
