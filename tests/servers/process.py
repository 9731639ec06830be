"""Starting, watching and ending a real server; saying which one is missing; waiting for what comes."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

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


_claims: list[BinaryIO] = []


def is_ours(name: str) -> bool:
    """Claim something of this machine for this test process while it lives; False when another has it."""
    folder = Path(tempfile.gettempdir()) / f"edgemining-tests-claims-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    claim = (folder / name).open("wb")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on, and that no other test process is given while this one lives.

    Below those the kernel gives to outgoing connections, which would take it between its choice and its use.
    """
    begin = os.getpid() * 97
    for number in range(12_000):
        port = 20_000 + (begin + number) % 12_000
        if is_ours(f"port-{port}") and _can_be_bound(port):
            return port
    raise RuntimeError("no free port")


def _can_be_bound(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def loopback_network() -> str:
    """The first three numbers of a /24 on loopback that only this test process uses."""
    begin = os.getpid() * 97
    for number in range(100 * 256):
        high, low = divmod((begin + number) % (100 * 256), 256)
        if is_ours(f"network-{high}-{low}"):
            return f"127.{100 + high}.{low}"
    raise RuntimeError("no free network on loopback")


#: How long a test waits for what must come: no machine is so busy that it does not. Only a defect waits so long.
PATIENT_SECONDS = 120.0


def soon(seconds: float = PATIENT_SECONDS) -> float:
    """A deadline (`time.monotonic()`) for what answers; shorter ones are for what never does."""
    return time.monotonic() + seconds


def wait_until(condition: Callable[[], object], what: str, *, takes_seconds: float = 0) -> object:
    """The first true value of `condition`, asked every 50 ms; `takes_seconds`: what it takes on an idle machine."""
    end = soon(PATIENT_SECONDS + takes_seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise TimeoutError(f"it never came: {what}")
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

    def run(self, command: Sequence[str | Path], seconds: float = PATIENT_SECONDS) -> None:
        """Run a preparing command of the server to its end; raises with its output when it fails."""
        done = subprocess.run(
            list(map(str, command)), user=self.user, cwd=self.folder, timeout=seconds, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")

    def start(self, command: Sequence[str | Path], ready: Callable[[], object] | None = None) -> None:
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
        wait_until(lambda: self._alive() and ready(), f"{self.name} ready")

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
            self._process.wait(PATIENT_SECONDS)

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
