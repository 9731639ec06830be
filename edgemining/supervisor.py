"""The parent of `manage.py up`: starts the program and starts it again when it dies or falls silent.

Standard library only, so that it costs little and has little to go wrong. The child holds the
writing end of a pipe, the lifeline. Each line it writes there is a number: "expect my next line
within this many seconds". End of file is the child's death; a line that does not come in time
is a hung child, which is killed. When the parent dies, the child's next line fails and it stops.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

LIFELINE_VARIABLE = "EDGEMINING_LIFELINE_FD"
#: Every call to a device is a thread of its own for a while. glibc keeps memory for each of many such threads and
#: gives little of it back; two shared parts stay as small after hours as after minutes (`benchmarks/soak.py`).
ALLOCATOR = {"MALLOC_ARENA_MAX": "2"}
#: The child's exit code for "starting me again changes nothing" (EX_CONFIG of sysexits.h).
EXIT_GIVE_UP = 78
#: Until the child's first line: interpreter and imports on a slow card.
FIRST_LINE_SECONDS = 120.0
#: How long a clean stop may take: 20 s to switch off, the pass before it, the web server after it.
STOP_SECONDS = 60.0
#: `timeout` and service managers send a signal to a process and to its group: one wish, not two.
SAME_WISH_SECONDS = 1.0
BACK_OFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
HEALTHY_AFTER_SECONDS = 60.0
_ASKING_TO_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: What a pipe holds: one read takes all lines, so none is ever cut in two.
_PIPE_BYTES = 65536


def is_supervised() -> bool:
    """True in the child."""
    return LIFELINE_VARIABLE in os.environ


def run(command: list[str]) -> int:
    """Keep `command` running until a signal ends it; returns the exit code of the whole."""
    return Supervisor(command).run()


class Supervisor:
    """One child at a time. SIGINT, SIGTERM and SIGHUP ask it to stop; a second one kills it."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._child: subprocess.Popen | None = None
        self._stop_asked_at: float | None = None
        self._killed_by_hand = False
        # Signals wake `select` through this pipe.
        self._wake, wake_writer = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer)
        for number in _ASKING_TO_STOP:
            signal.signal(number, self._on_signal)

    def run(self) -> int:
        failures = 0
        while True:
            started = time.monotonic()
            code = self._run_child()
            if self._killed_by_hand:
                for number in _ASKING_TO_STOP:  # one more while the interpreter ends would change the exit code
                    signal.signal(number, signal.SIG_IGN)
                return 130
            if self._stop_asked_at is not None or code == 0:
                return 0 if code == 0 else 1
            if code == EXIT_GIVE_UP:
                return code
            if time.monotonic() - started >= HEALTHY_AFTER_SECONDS:
                failures = 0
            delay = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
            failures += 1
            _say(f"The program {_ending(code)}. Starting it again in {delay:g} s.")
            self._rest(delay)
            if self._stop_asked_at is not None:
                return 0

    def _run_child(self) -> int:
        """Start the child, watch it until it is gone, return its exit code (negative: the signal)."""
        lifeline, writer = os.pipe()
        try:
            self._child = subprocess.Popen(
                self._command,
                env={**ALLOCATOR, **os.environ, LIFELINE_VARIABLE: str(writer)},
                pass_fds=(writer,),
                # A group of its own: Ctrl-C reaches the parent only, which asks the child once.
                process_group=0,
            )
        finally:
            os.close(writer)
        try:
            if self._stop_asked_at is not None:  # it came while the child was being started
                self._child.terminate()
            self._watch(lifeline)
            return self._child.wait()
        finally:
            os.close(lifeline)
            self._child = None

    def _watch(self, lifeline: int) -> None:
        """Return when the child has closed its lifeline; kill it when it is late."""
        expected_by = time.monotonic() + FIRST_LINE_SECONDS
        while True:
            stop_by = None if self._stop_asked_at is None else self._stop_asked_at + STOP_SECONDS
            deadline = expected_by if stop_by is None else min(expected_by, stop_by)
            readable = self._select(lifeline, deadline - time.monotonic())
            if lifeline in readable:
                text = os.read(lifeline, _PIPE_BYTES)
                if not text:
                    return
                expected_by = time.monotonic() + float(text.split()[-1])
            elif time.monotonic() >= deadline:
                what = "did not stop in time" if deadline == stop_by else "gives no sign of life"
                _say(f"The program {what}. Killing it.")
                self._child.kill()
                return

    def _rest(self, seconds: float) -> None:
        """Wait, or return at once on a signal."""
        until = time.monotonic() + seconds
        while self._stop_asked_at is None and time.monotonic() < until:
            self._select(None, until - time.monotonic())

    def _select(self, lifeline: int | None, seconds: float) -> list[int]:
        watched = [self._wake] if lifeline is None else [self._wake, lifeline]
        readable, _, _ = select.select(watched, [], [], max(0.0, seconds))
        if self._wake in readable:
            os.read(self._wake, 64)
        return readable

    def _on_signal(self, number: int, frame) -> None:
        now = time.monotonic()
        if self._stop_asked_at is None:
            self._stop_asked_at = now
            if self._child is not None:
                self._child.terminate()
        elif now - self._stop_asked_at >= SAME_WISH_SECONDS:
            self._killed_by_hand = True
            if self._child is not None:
                self._child.kill()


def _ending(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"


def _say(text: str) -> None:
    with suppress(OSError):  # where the log is, the disk may be full
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
