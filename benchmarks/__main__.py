"""All figures, one row each: `python -m benchmarks [module …]`. Ends with 1 when one is short of its target."""

from __future__ import annotations

import sys
from importlib import import_module

MODULES = ("rules", "simulation", "passes", "dosing", "faults", "history", "drivers", "process")
#: Only when named: they take minutes.
LONG = ("soak",)


def main(chosen: list[str]) -> int:
    unknown = set(chosen) - {*MODULES, *LONG}
    if unknown:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(MODULES + LONG)}")
    short = 0
    for name in chosen or MODULES:
        for figure, value, unit, target, verdict in import_module(f"benchmarks.{name}").rows():
            print(f"{figure:<62}{value:>10g}  {unit:<4}  ≤ {target:<8g}{verdict}", flush=True)
            short += verdict != "ok"
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
