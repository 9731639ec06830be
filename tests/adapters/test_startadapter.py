"""What `manage.py startadapter` writes passes the contract suites and the linter, in a copy of the program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[2]
#: What a copy needs no part of.
LEFT_OUT = shutil.ignore_patterns(".venv", ".git", "__pycache__", ".*_cache", "data", "docs", "*.sqlite3*")
pytestmark = [pytest.mark.process, pytest.mark.long]


@pytest.fixture
def copy(tmp_path) -> Path:
    shutil.copytree(ROOT, tmp_path / "copy", ignore=LEFT_OUT)
    return tmp_path / "copy"


def run(copy: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, timeout=300
    )


def test_a_new_sensor_and_a_new_plug_pass_at_once(copy):
    call_command("startadapter", "monitor", "my_sensor", root=copy, verbosity=0)
    call_command("startadapter", "driver", "my_plug", root=copy, verbosity=0)
    folders = ["climate/monitors/my_sensor", "miners/drivers/my_plug"]
    for check in (("check",), ("format", "--check")):
        ruff = run(copy, "-m", "ruff", *check, "--no-cache", *folders)
        assert ruff.returncode == 0, ruff.stdout
    chosen = ["-k", "my_sensor or my_plug or every_driver or web_address_brings", "-p", "no:cacheprovider"]
    suites = ["-m", "pytest", "-q", "tests/adapters/test_contract.py", "tests/drivers", *chosen]
    passed = run(copy, *suites)
    assert passed.returncode == 0, passed.stdout[-3000:]
    listed = run(
        copy, "-m", "pytest", "-q", "--collect-only", "tests/adapters/test_contract.py", "tests/drivers", *chosen
    )
    chosen_tests = [line for line in listed.stdout.splitlines() if "::" in line]
    assert sum("my_plug" in line for line in chosen_tests) > 40
    assert sum("my_sensor" in line for line in chosen_tests) >= 4


@pytest.mark.parametrize("name", ["", "Sensor", "9lives", "../up", "a-b", "a"])
def test_a_name_that_is_no_key_writes_nothing(tmp_path, name):
    with pytest.raises(CommandError, match="is no key"):
        call_command("startadapter", "monitor", name, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "name"), [("driver", "tasmota"), ("driver", "shelly_plug"), ("monitor", "dummy")])
def test_a_name_that_is_taken_writes_nothing(tmp_path, kind, name):
    with pytest.raises(CommandError, match="already"):
        call_command("startadapter", kind, name, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
