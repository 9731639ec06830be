"""All figures, one row each: `python -m benchmarks [module …]`. Ends with 1 when one is short of its target.

`python -m benchmarks control …` is the control bench, which has its own arguments (`benchmarks.control.table`).

What needs something that is not installed here (pyasic-rs, a server) is named and left out.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import import_module

from benchmarks.rows import where_there

MODULES = (
    "rules",
    "simulation",
    "passes",
    "dosing",
    "faults",
    "history",
    "drivers",
    "deadlines",
    "process",
    "requests",
)
#: Only when named: they take minutes.
LONG = ("soak",)


def main(chosen: list[str]) -> int:
    if chosen[:1] == ["control"]:
        return import_module("benchmarks.control.table").main(chosen[1:])
    unknown = set(chosen) - {*MODULES, *LONG}
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(MODULES + LONG)}")
    short = 0
    with tempfile.TemporaryDirectory(prefix="edgemining-bench-") as folder:
        os.environ.setdefault("DATA_DIR", folder)  # nothing is measured on, or left in, somebody's own
        for name in chosen or MODULES:
            for one in where_there(name, import_module(f"benchmarks.{name}").rows):
                print(one, flush=True)
                short += one.is_short
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
