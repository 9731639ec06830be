"""The recorded days give what they gave: writes with their moments, decisions, alarms, rows, minutes, words."""

import os

import pytest

from . import records
from .days import DAYS

#: Set by `python -m tests.recorded write`: “all” or “sentences”.
WRITES = os.environ.get("RECORDED_DAYS_WRITE", "")


@pytest.mark.long
@pytest.mark.django_db
@pytest.mark.parametrize("name", DAYS)
def test_a_recorded_day(name):
    files = records.taken(DAYS[name]().run())
    behaviour, words = records.differences(name, files)
    if behaviour and WRITES != "all":
        _differs("The day went otherwise. If that is meant: python -m tests.recorded write --why “…”", behaviour)
    if WRITES:
        records.write(name, files)
    elif words:
        _differs("Only words differ. If that is meant: python -m tests.recorded write --sentences", words)


def _differs(what: str, found: list[records.Difference]) -> None:
    pytest.fail("\n".join([what, *map(str, found)]), pytrace=False)


@pytest.mark.skipif(bool(WRITES), reason="it is being recorded")
def test_what_is_recorded_is_what_was_accepted():
    """Whoever records other behaviour says why in differences.md."""
    assert records.accepted_digest() == records.digest()
