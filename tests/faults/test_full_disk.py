"""The running program on a disk that is really full (a small file system of its own), with an emulated plug."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.program import Program
from tests.process.test_up import Browser, sign_in_links
from tests.servers.disk import fill
from tests.servers.process import wait_until

from . import plugged

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


def test_all_off_on_a_full_disk_is_done_kept_through_a_crash_and_stored_when_there_is_room(
    tmp_path, small_disk, migrated_database
):
    disk = small_disk
    shutil.copy(migrated_database, disk / "edgemining.sqlite3")
    device = plugged.plug()
    program = Program(tmp_path, DATA_DIR=str(disk), **plugged.ENVIRONMENT)
    try:
        plugged.set_up(program, device)
        program.start()
        browser = Browser(program)
        link = sign_in_links(program.manage("sign_in_link").stdout)[0]
        browser.get(link)
        browser.post(link)
        wait_until(lambda: plugged.is_on(device), "the cold room is heated")

        filler = fill(disk)
        status, page = browser.post("/all-off/")
        assert status == 200
        assert "1 of 1 miner seen off." in page
        assert "It is not stored yet: it is in force from memory" in page
        assert not plugged.is_on(device)
        assert _requests(disk) == []
        assert "The disk is full. Free some space where the data lie." in _bar(browser)
        assert "The disk is full." in program.health()["reasons"][0]

        first = program.child_pid()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: program.child_pid() not in (None, first), "a new process")
        wait_until(program.answers, "the page is back on the full disk")
        status, page = browser.get("/")
        assert status == 200
        assert "It is in force from memory, and stored as soon as it can be." in page
        wait_until(lambda: program.health()["last_tick_age_seconds"] is not None, "passes run again")
        assert not plugged.is_on(device)

        filler.unlink()
        wait_until(lambda: _requests(disk) == [0], "it is stored")
        wait_until(lambda: "in force from memory" not in browser.get("/")[1], "nothing waits any more")
        assert not plugged.is_on(device)
        wait_until(lambda: program.health()["ok"], "all is well")
        assert program.stop() == 0
    finally:
        program.kill()
        device.close()


def _bar(browser: Browser) -> str:
    status, page = browser.get("/")
    assert status == 200
    return page[page.find("Nothing has been stored") :][:400] if "Nothing has been stored" in page else ""


def _requests(disk: Path) -> list[int]:
    """The requests by hand that are stored, past the program."""
    with closing(sqlite3.connect(f"file:{disk}/edgemining.sqlite3?mode=ro", uri=True)) as database:
        return [watts for (watts,) in database.execute("SELECT power_w FROM miners_manualrequest")]
