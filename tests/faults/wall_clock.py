"""A wall clock of one process that a test sets while it runs."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from tests.servers.process import missing


class WallClock:
    """Built from `wall_clock.c`; `.environment` for the process, `.step(seconds)` sets its clock."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            missing("cc", "apt-get install gcc libc6-dev")
        library = folder / "wall_clock.so"
        source = Path(__file__).with_name("wall_clock.c")
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        self._file = folder / "step"
        self._file.write_bytes(struct.pack("=q", 0))
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK_STEP": str(self._file)}

    def step(self, seconds: int) -> None:
        """Its wall clock is now this far from the machine's; at once, for the running process too."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))
