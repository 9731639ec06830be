"""What the running program costs: start to first page, memory, idle CPU. The simulated home is heated meanwhile.

`manage.py up` as a person starts it, on a data folder of its own; memory is PSS (shared pages
counted once) of supervisor and program together, after the pages, the admin and the API were asked.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Row, row
from tests.process.program import Program
from tests.servers.process import wait_until

WARM_STARTS = 3
SETTLE_SECONDS = 15.0
CPU_SECONDS = 40.0
PAGES = ("/sign-in/", "/admin/login/", "/healthz", "/api/v1/openapi.json", "/static/admin/css/base.css")


def rows() -> list[Row]:
    """All figures of the process."""
    with tempfile.TemporaryDirectory(prefix="edgemining-bench-") as folder:
        program = Program(Path(folder))
        try:
            began = time.monotonic()
            program.start()  # the first start makes the database and compiles the code
            wait_until(program.heats_the_simulated_home, "the simulated home is heated")
            heated_seconds = time.monotonic() - began
            warm_seconds = statistics.median(_restart_seconds(program) for _ in range(WARM_STARTS))
            for path in PAGES:
                program.get(path)
            time.sleep(SETTLE_SECONDS)
            cpu_percent = _cpu_percent(program, CPU_SECONDS)
            memory_mb = sum(map(_pss_mb, _processes(program)))
        finally:
            program.kill()
    return [
        row("process: first start to a heated simulated home", heated_seconds, "s", 30.0),
        row("process: start to first page, warm", warm_seconds, "s", 2.0),
        row("process: memory of the process tree, idle (PSS)", memory_mb, "MB", 110.0),
        row("process: idle CPU, part of one core", cpu_percent, "%", 0.6),
    ]


def _restart_seconds(program: Program) -> float:
    program.kill()
    began = time.monotonic()
    program.start()
    return time.monotonic() - began


def _processes(program: Program) -> list[int]:
    return [program.process.pid, program.child_pid()]


def _cpu_percent(program: Program, seconds: float) -> float:
    """Processor time of all processes over `seconds` of wall time, in % of one core."""
    before, began = sum(map(_cpu_seconds, _processes(program))), time.monotonic()
    time.sleep(seconds)
    used = sum(map(_cpu_seconds, _processes(program))) - before
    return 100 * used / (time.monotonic() - began)


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads (fields 14 and 15 of /proc/PID/stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    for figure in rows():
        print(figure)
