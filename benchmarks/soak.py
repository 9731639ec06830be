"""200 miners of which 20 hang, polled for ten minutes of wall time: `python -m benchmarks soak`.

The devices (Avalon, LuxOS, AxeOS, as in the tests) live in a process of their own, so that threads and memory are
the program's. 15 of the hung ones take the call and never answer; 5 sit in a driver that does not come back by its
deadline (name resolution does that). Figures seen: `docs/miners.md`.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.rows import Row, row

MINERS, HUNG, STUCK = 200, 20, 5
DEADLINE_S = 3.0
SECONDS, PERIOD_S = 600.0, 5.0
#: A driver that is stuck comes back after so long (s), to be stuck again when it is asked again.
STUCK_S = 12.0
#: Polls until caches are filled and every hung miner is known as such.
WARM_UP = 5
ROOT = Path(__file__).resolve().parent.parent
_DEVICES = ("avalon-q", "luxos", "axeos")


@dataclass
class Soak:
    """What each poll took (s) and left (threads of the program, kB), and how many of the well ones it missed."""

    seconds: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)
    missing: int = 0
    cpu_seconds: float = 0.0


def rows() -> list[Row]:
    import django

    from edgemining.supervisor import ALLOCATOR

    if not ALLOCATOR.items() <= os.environ.items():  # as the program is started
        left = sys.argv[sys.argv.index("soak") :]
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *left], {**os.environ, **ALLOCATOR})
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    os.environ["DATABASE_URL"] = "sqlite://:memory:"
    django.setup()
    seen = run(SECONDS, PERIOD_S, DEADLINE_S)
    warm = seen.kilobytes[WARM_UP:]
    tenth = max(1, len(warm) // 10)
    began_mb, ended_mb = (statistics.median(part) / 1024 for part in (warm[:tenth], warm[-tenth:]))
    return [
        row(
            f"longest of {len(seen.seconds)} polls in {SECONDS:.0f} s ({MINERS} miners, {HUNG} hang)",
            max(seen.seconds),
            "s",
            DEADLINE_S + 1,
        ),
        row("  median poll", statistics.median(seen.seconds), "s", DEADLINE_S + 0.5),
        row("  well ones not read, over all polls", seen.missing, "", 0.0),
        row("  threads after the warm-up", seen.threads[WARM_UP], "", HUNG + 1),
        row("  most threads after a poll", max(seen.threads), "", HUNG + 1),
        row("  memory at the start", began_mb, "MB", 120.0),
        row("  memory it grew by", ended_mb - began_mb, "MB", 2.0),
        row("  CPU a poll", seen.cpu_seconds / len(seen.seconds) * 1000, "ms", 1500.0),
    ]


def run(seconds: float, period_s: float, deadline_s: float, stuck_s: float = STUCK_S) -> Soak:
    """Poll until `seconds` are over, a poll every `period_s` (or at once when one took longer)."""
    from integrations.ask import call_all, forget

    forget()
    seen, others = Soak(), set(threading.enumerate())
    stop = threading.Event()
    with devices() as addresses:
        asked = calls(addresses, stuck_s, stop)
        began_cpu, end = _cpu_seconds(), time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            outcomes = call_all(asked, deadline_s)
            seen.seconds.append(time.monotonic() - began)
            seen.threads.append(sum(thread not in others for thread in threading.enumerate()))
            seen.kilobytes.append(_kilobytes())
            seen.missing += sum(outcomes[key].error is not None for key in range(HUNG, MINERS))
            assert all(outcomes[key].error is not None for key in range(HUNG)), "one that hangs answered"
            time.sleep(max(0.0, began + period_s - time.monotonic()))
        seen.cpu_seconds = _cpu_seconds() - began_cpu
    stop.set()
    forget()
    return seen


def calls(addresses: dict[str, list[str]], stuck_s: float, stop: threading.Event) -> dict[int, object]:
    """`calls[miner]`: the first `STUCK` never look at their deadline, the others up to `HUNG` are on mute devices."""
    from integrations.errors import Unreachable
    from tests.drivers.devices import DEVICES

    by_name = {device.name: device for device in DEVICES}

    def stuck(deadline: float) -> None:
        stop.wait(stuck_s)
        raise Unreachable("It came back at last.")

    calls: dict[int, object] = dict.fromkeys(range(STUCK), stuck)
    for key in range(STUCK, MINERS):
        device = by_name[_DEVICES[key % len(_DEVICES)]]
        kind = "hung" if key < HUNG else "well"
        address = addresses[f"{device.name} {kind}"]
        config = device.adapter.Config.model_validate({"address": address[key % len(address)], **device.settings})
        calls[key] = partial(device.adapter.read_alone, config)
    return calls


@contextmanager
def devices() -> Iterator[dict[str, list[str]]]:
    """Addresses by "device well" or "device hung", of emulators in another process."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from benchmarks.soak import serve; serve()"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield json.loads(child.stdout.readline())
    finally:
        child.communicate()  # its input ends, so it does
        child.stdout.close()


def serve() -> None:
    """The emulators; until the input ends. Many miners share one."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    django.setup()
    from tests.drivers.devices import DEVICES
    from tests.emulators.clock import Clock
    from tests.emulators.faults import Fault

    found: dict[str, list[str]] = {}
    for device in DEVICES:
        if device.name in _DEVICES:
            for kind in ("well", "well", "hung"):
                emulator = device.make(Clock())
                emulator.fail(Fault.HANG if kind == "hung" else None)
                found.setdefault(f"{device.name} {kind}", []).append(emulator.address)
    print(json.dumps(found), flush=True)
    sys.stdin.read()


def _kilobytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1024


def _cpu_seconds() -> float:
    return time.process_time()
