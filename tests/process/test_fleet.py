"""The same program as separate processes over a real Redis: gunicorn, two workers, beat."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.servers.process import PATIENT_SECONDS, wait_until

from .program import ROOT, Program

pytestmark = [pytest.mark.process, pytest.mark.redis, pytest.mark.xdist_group("process")]


class Fleet(Program):
    """`Program`'s questions, asked of processes that were started one by one."""

    def __init__(self, data_dir, redis_url: str, **environment: str) -> None:
        super().__init__(data_dir, REDIS_URL=redis_url, CELERY_SKIP_CHECKS="1", **environment)
        self._processes: dict[str, subprocess.Popen] = {}

    def start_all(self) -> None:
        celery = ("-m", "celery", "-A", "edgemining")
        self.start_one("web", "-m", "gunicorn", "edgemining.wsgi", "-k", "gthread", "-b", f"127.0.0.1:{self.port}")
        self.start_one("control", *celery, "worker", "-Q", "control", "-c", "2")
        self.start_one("background", *celery, "worker", "-Q", "background", "-c", "2")
        self.start_one("beat", *celery, "beat")

    def start_one(self, name: str, *arguments: str) -> None:
        with self._log.open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> int:
        process = self._processes.pop(name)
        process.send_signal(number)
        return process.wait(PATIENT_SECONDS)

    def answers(self) -> bool:
        try:
            return self.get("/sign-in/")[0] == 200
        except OSError:
            return False

    def ticks(self) -> bool:
        """A tick completed a moment ago, as the web process sees it."""
        age = self.health()["last_tick_age_seconds"]
        return age is not None and age < 5

    def kill(self) -> None:
        for name in list(self._processes):
            self.end(name, signal.SIGKILL)


@pytest.fixture
def fleet(tmp_path, redis_server) -> Iterator[Fleet]:
    made = Fleet(tmp_path, redis_server.url)
    yield made
    made.kill()


def test_separate_processes_control_together(fleet):
    prepared = fleet.manage("prepare")
    assert "‘admin’ with the password" in prepared.stdout
    fleet.start_all()
    wait_until(fleet.answers, "the first page")
    wait_until(fleet.ticks, "the web process hears of a tick")
    wait_until(fleet.heats_the_simulated_home, "both miners of the simulated home on")
    assert fleet.health()["ok"]

    # A worker that dies comes back to a queue that waited for it.
    fleet.end("control", signal.SIGKILL)
    wait_until(lambda: not fleet.ticks(), "no ticks without a worker")
    fleet.start_one("control", "-m", "celery", "-A", "edgemining", "worker", "-Q", "control", "-c", "2")
    wait_until(fleet.ticks, "ticks again")

    for name in ("beat", "control", "background", "web"):
        assert fleet.end(name) == 0, name
    fleet.manage("clean_stop")
    assert fleet.desired_watts() == [0, 0]
