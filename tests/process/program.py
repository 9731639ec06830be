"""Starting and watching `manage.py up` from outside, as a person at a terminal does."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from tests.servers.process import PATIENT_SECONDS, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
_OF_THE_SUITE = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "DJANGO_ALLOW_ASYNC_UNSAFE")


def environment_of(data_dir: Path, **environment: str) -> dict[str, str]:
    """The environment of a program on `data_dir`: ours, without what the suite sets for itself."""
    inherited = {key: value for key, value in os.environ.items() if key not in _OF_THE_SUITE}
    return {**inherited, "DATA_DIR": str(data_dir), **environment}


class Program:
    """`manage.py up` on `data_dir`; may be started again and again. Its output is `.output`."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.port = int(environment.get("PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = data_dir / "up.log"
        self._database = data_dir / "edgemining.sqlite3"
        self._environment = environment_of(data_dir, HOST="127.0.0.1", PORT=str(self.port)) | environment
        self.process: subprocess.Popen | None = None

    @property
    def output(self) -> str:
        return self._log.read_text()

    def launch(self) -> None:
        """Start it and return at once; the log starts anew."""
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> None:
        """Start it and wait for the first page."""
        self.launch()
        wait_until(self.answers, f"the first page; it said:\n{self.output}")

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the program ended with {self.process.returncode}:\n{self.output}")
        try:
            return self.get("/sign-in/")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENT_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def health(self) -> dict:
        return json.loads(self.get("/healthz")[1])

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of manage.py on the same data folder."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENT_SECONDS,
        )

    def desired_watts(self) -> list[int]:
        """What the program wants of its miners, ascending, W; read past it from its SQLite file."""
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            return [watts for (watts,) in database.execute("SELECT power_w FROM miners_desiredstate ORDER BY power_w")]

    def heats_the_simulated_home(self) -> bool:
        """Both of its miners are wanted on; with how much, the hour and the weather decide."""
        wanted = self.desired_watts()
        return len(wanted) == 2 and min(wanted) > 0

    def child_pid(self) -> int | None:
        """The process under the supervisor, or None between two of them."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else None

    def ends(self) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait(PATIENT_SECONDS)

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.ends()

    def kill(self) -> None:
        """Leave nothing behind, whatever state the test left it in."""
        if self.process is not None and self.process.poll() is None:
            child = self.child_pid()
            self.process.kill()
            self.process.wait()
            if child is not None:
                os.kill(child, signal.SIGKILL)
