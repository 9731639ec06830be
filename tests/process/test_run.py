"""`./run`: what it installs for whom, and that an install that was cut short is done again. Python is played."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .program import ROOT

#: Notes what it is asked in the file `asked`; makes a `.venv` of itself; `broken` makes its pip fail.
PYTHON = """#!/bin/sh
echo "$*" >>asked
case "$*" in
    "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    "-m pip install"*) [ ! -e broken ] ;;
esac
"""


class Clone:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("run", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, folder)
        python = folder / "python"
        python.write_text(PYTHON)
        python.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "PYTHON": str(self.folder / "python")}
        return subprocess.run(["./run", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True)

    def installs(self, *arguments: str) -> list[str]:
        """What `./run` with these arguments installs: the arguments of pip."""
        (self.folder / "asked").write_text("")
        self.run(*arguments)
        asked = (self.folder / "asked").read_text().splitlines()
        return [one.partition("--disable-pip-version-check ")[2] for one in asked if "pip install" in one]


@pytest.fixture
def clone(tmp_path) -> Clone:
    return Clone(tmp_path)


RUNS, TESTS = "-r requirements.txt", "-r requirements-dev.txt"


def test_what_runs_is_installed_once_and_what_tests_only_for_tests(clone):
    assert clone.installs("run") == [RUNS]
    assert clone.installs() == []
    assert clone.installs("test", "-k", "one") == [TESTS]
    assert [clone.installs(what) for what in ("test", "fuzz", "bench", "check", "run")] == [[]] * 5


def test_a_management_command_runs_from_a_fresh_clone(clone):
    assert clone.installs("manage", "sign_in_link", "ada") == [RUNS]
    assert (clone.folder / "asked").read_text().splitlines()[-1] == "manage.py sign_in_link ada"


def test_a_changed_list_is_installed_again(clone):
    clone.run("test")
    with (clone.folder / "requirements.txt").open("a") as file:
        file.write("one-more==1.0\n")
    assert clone.installs("run") == [RUNS]
    assert clone.installs("test") == []


@pytest.mark.parametrize(("what", "listed"), [("run", RUNS), ("test", TESTS)])
def test_an_install_that_did_not_end_is_done_again(clone, what, listed):
    (clone.folder / "broken").touch()
    failed = clone.run(what)
    assert failed.returncode == 1
    assert "Installing did not succeed" in failed.stderr
    (clone.folder / "broken").unlink()
    assert clone.installs(what) == [f"--force-reinstall {listed}"]
    assert clone.installs(what) == []


def test_an_environment_whose_python_is_gone_is_made_again(clone):
    clone.run("run")
    (clone.folder / ".venv/bin/python").unlink()
    assert clone.installs("run") == [RUNS]


def test_what_is_not_known_installs_nothing(clone):
    assert clone.run("fly").returncode == 1
    assert not (clone.folder / ".venv").exists()
