"""Two people change things at the same moment, on the database that lets them: nothing contradicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


@pytest.mark.postgres
def test_changes_at_the_same_moment_wait_for_each_other(postgres):
    postgres.query("CREATE DATABASE at_once")
    env = os.environ | {
        "DATABASE_URL": postgres.url.removesuffix("edgemining") + "at_once",
        "DJANGO_SETTINGS_MODULE": "edgemining.settings",
    }
    command = [sys.executable, "-m", "tests.at_once"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert len(said["targets"]) == len(said["devices"]) == 4
    for one in said["devices"]:
        assert (sorted(one["outcomes"]), one["homes"]) == (["done", "refused", "refused"], 1)
    for one in said["targets"]:
        plans = sorted(said for name, said in one["outcomes"] if name == "plan")
        assert plans == ["done", "refused"]
        assert {said for name, said in one["outcomes"] if name != "plan"} == {"done"}, one["outcomes"]
        assert (one["taps"] <= 1, one["hands"], one["overlap"]) == (True, 1, False)
