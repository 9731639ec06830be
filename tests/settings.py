"""The program's settings on a data folder of this test process's own; what `.env` says is for the program alone."""

import os
import tempfile

import environ

# The processes of `pytest -n` inherit the folder of the one that starts them, and must not share it.
if os.environ.get("DATA_DIR") == os.environ.get("EDGEMINING_TESTS_DATA_DIR"):
    os.environ["DATA_DIR"] = os.environ["EDGEMINING_TESTS_DATA_DIR"] = tempfile.mkdtemp(prefix="edgemining-tests-")
os.environ.setdefault("SECRET_KEY", "only for tests: thirty-two characters and then some")
# Programs that tests start have the settings of every other program.
os.environ["DJANGO_SETTINGS_MODULE"] = "edgemining.settings"
environ.Env.read_env = lambda *args, **kwargs: None

from edgemining.settings import *  # noqa: E402, F403
