"""Starting, watching and ending a real server; saying which one is missing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def missing(what: str, remedy: str) -> None:
    """End the test that needs `what`: skipped on a desk, failed in CI, where everything is installed."""
    text = f"{what} is missing: {remedy}"
    if in_ci():
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


def require(binary: str, package: str, *folders: str) -> str:
    """The path of `binary`, on the PATH or in one of `folders`; otherwise `missing`."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders])
    found = shutil.which(binary, path=path)
    if found is None:
        missing(binary, f"apt-get install {package}")
    return found


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def own_seconds() -> float:
    """A clock for limits of time: monotonic, less what this thread had to wait for a processor."""
    return time.monotonic() - int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> object:
    """The first true value of `condition`, asked every 50 ms; fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """One server process with a folder and a log of its own."""

    def __init__(self, name: str, port: int | None = None, user: str | None = None) -> None:
        self.name = name
        self.port = port or free_port()
        self.user = user
        self.folder = Path(tempfile.mkdtemp(prefix=f"edgemining-{name}-"))
        self.folder.chmod(0o755)
        self.log = self.folder / "server.log"
        self._process: subprocess.Popen | None = None
        if user is not None:
            shutil.chown(self.folder, user)

    def run(self, command: Sequence[str | Path], seconds: float = 60) -> None:
        """Run a preparing command of the server to its end; raises with its output when it fails."""
        done = subprocess.run(
            list(map(str, command)), user=self.user, cwd=self.folder, timeout=seconds, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")

    def start(
        self, command: Sequence[str | Path], ready: Callable[[], object] | None = None, seconds: float = 30
    ) -> None:
        """Start the server and wait until it is `ready` (default: its port listens)."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(map(str, command)),
                user=self.user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ready = ready or (lambda: listens(self.port))
        wait_until(lambda: self._alive() and ready(), seconds, f"{self.name} ready")

    def _alive(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended before it was ready:\n{self.log.read_text()[-2000:]}")
        return True

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def freeze(self) -> None:
        """It keeps its connections and answers nothing more (SIGSTOP)."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut does."""
        if self.is_running:
            self.signal(signal.SIGKILL)
            self._process.wait(10)

    def stop(self) -> None:
        """End it in order, else by force; its folder goes with it."""
        if self.is_running:
            self.thaw()
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
