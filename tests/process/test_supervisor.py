"""The supervisor over children of a few lines: what it starts again, kills, and gives up on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edgemining.supervisor import EXIT_GIVE_UP
from tests.servers.process import PATIENT_SECONDS, wait_until

from .program import ROOT

#: Seconds are shortened, nothing else is changed.
PARENT = """
import sys
from edgemining import supervisor
assert not any(name.partition(".")[0] in ("django", "celery") for name in sys.modules)
supervisor.BACK_OFF_SECONDS = (0.1, 0.2)
supervisor.STOP_SECONDS = {stop_seconds}
supervisor.SAME_WISH_SECONDS = {same_wish_seconds}
sys.exit(supervisor.run([sys.executable, "-c", sys.argv[1]]))
"""
#: `say(seconds)` writes to the lifeline, `note()` a line to the file `starts`.
CHILD = """
import os, signal, sys, time
def say(seconds): os.write(int(os.environ["EDGEMINING_LIFELINE_FD"]), b"%g\\n" % seconds)
def note(): open("starts", "a").write(f"{{os.getpid()}}\\n")
note()
{body}
"""


@pytest.fixture
def supervise(tmp_path):
    """Start a supervisor over a child that does `body`, in a folder of its own."""
    running: list[subprocess.Popen] = []

    def start(body: str, stop_seconds: float = 60, same_wish_seconds: float = 60) -> subprocess.Popen:
        program = PARENT.format(stop_seconds=stop_seconds, same_wish_seconds=same_wish_seconds)
        parent = subprocess.Popen(
            [sys.executable, "-c", program, CHILD.format(body=body)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(parent)
        return parent

    yield start
    for parent in running:
        parent.kill()
        parent.communicate()


@pytest.fixture
def starts(tmp_path) -> Callable[[], list[str]]:
    """The process ids of the children so far."""
    path: Path = tmp_path / "starts"
    return lambda: path.read_text().split() if path.exists() else []


def test_a_child_that_ends_in_order_ends_the_whole(supervise, starts):
    assert supervise("sys.exit(0)").wait(PATIENT_SECONDS) == 0
    assert len(starts()) == 1


def test_a_child_that_says_it_is_hopeless_is_not_started_again(supervise, starts):
    assert supervise(f"sys.exit({EXIT_GIVE_UP})").wait(PATIENT_SECONDS) == EXIT_GIVE_UP
    assert len(starts()) == 1


def test_a_child_that_dies_is_started_again_ever_later(supervise, starts):
    parent = supervise("os.kill(os.getpid(), signal.SIGKILL)")
    wait_until(lambda: len(starts()) >= 4, "four starts")
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(PATIENT_SECONDS) in (0, 1)
    said = parent.stderr.read()
    assert "was killed by signal 9. Starting it again in 0.1 s." in said
    assert "Starting it again in 0.2 s." in said


def test_a_silent_child_is_killed_and_started_again(supervise, starts):
    parent = supervise("say(0.2)\ntime.sleep(60)")
    wait_until(lambda: len(starts()) >= 2, "a second start")
    parent.send_signal(signal.SIGTERM)
    parent.wait(PATIENT_SECONDS)
    assert "gives no sign of life. Killing it." in parent.stderr.read()


def test_a_child_that_keeps_its_word_is_left_alone(supervise, starts):
    parent = supervise("say(0.2)\nsay(60)\ntime.sleep(0.5)\nsys.exit(0)")
    assert parent.wait(PATIENT_SECONDS) == 0
    assert len(starts()) == 1


def test_a_signal_is_passed_on_and_the_clean_end_awaited(supervise, tmp_path):
    parent = supervise(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nsay(60)\nopen('ready', 'w')\ntime.sleep(60)"
    )
    wait_until((tmp_path / "ready").exists, "the start")
    parent.send_signal(signal.SIGINT)
    assert parent.wait(PATIENT_SECONDS) == 0


def test_the_same_wish_twice_is_one_wish(supervise, starts, tmp_path):
    parent = supervise(
        "def stop(*_):\n    time.sleep(0.5)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, stop)\nsay(60)\nopen('ready', 'w')\ntime.sleep(60)"
    )
    wait_until((tmp_path / "ready").exists, "the start")
    parent.send_signal(signal.SIGTERM)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(PATIENT_SECONDS) == 0


STUBBORN = (
    "signal.signal(signal.SIGTERM, lambda *_: open('asked', 'w'))\nsay(60)\nopen('ready', 'w')\nwhile 1: time.sleep(1)"
)


def test_a_second_ctrl_c_ends_everything_at_once(supervise, tmp_path):
    parent = supervise(STUBBORN, same_wish_seconds=0.1)
    wait_until((tmp_path / "ready").exists, "the start")
    parent.send_signal(signal.SIGINT)
    wait_until((tmp_path / "asked").exists, "the child was asked")

    def pressed_again() -> bool:
        parent.send_signal(signal.SIGINT)
        return parent.poll() is not None

    wait_until(pressed_again, "the end")
    assert parent.returncode == 130


def test_a_child_that_does_not_stop_is_killed(supervise, tmp_path):
    parent = supervise(STUBBORN, stop_seconds=0.5)
    wait_until((tmp_path / "ready").exists, "the start")
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(PATIENT_SECONDS) == 1
    assert "did not stop in time. Killing it." in parent.stderr.read()


def test_a_signal_during_the_pause_ends_the_whole(supervise, starts):
    parent = supervise("sys.exit(3)")
    wait_until(lambda: len(starts()) >= 2, "a second start")
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(PATIENT_SECONDS) in (0, 1)
