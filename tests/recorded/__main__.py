"""`python -m tests.recorded write --why "…"` (or `write --sentences`): run the days and keep what they give."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recorded", description=__doc__)
    parser.add_argument("do", choices=["write"])
    parser.add_argument("--sentences", action="store_true", help="only the words; refused where behaviour differs")
    parser.add_argument("--why", default="", help="the reason for other behaviour, for differences.md")
    asked = parser.parse_args()
    if not asked.sentences and not asked.why.strip():
        parser.error("Say why behaviour is recorded again: --why “…”. For words alone: --sentences.")
    environment = os.environ | {"RECORDED_DAYS_WRITE": "sentences" if asked.sentences else "all"}
    test = "tests/recorded/test_recorded.py"
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test], env=environment)
    if done.returncode == 0 and not asked.sentences:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
        import django

        django.setup()
        from . import records

        if records.accepted_digest() != records.digest():
            records.accept(" ".join(asked.why.split()))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
