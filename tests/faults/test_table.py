"""The document shows the very table that the matrix holds the program to."""

from . import table
from .table import FAULTS, Limit


def test_the_document_shows_the_table():
    assert table.PLACE.read() == table.markdown(), "run: python -m tests.faults.table"


def test_every_row_says_what_holds():
    for fault in FAULTS:
        assert fault.off_within is None or fault.off_after is None, fault.key
        unsafe_here = not fault.goes_on and any(variant.startswith("on") for variant in fault.only)
        told = fault.alarms or fault.guard or fault.reason
        watched = fault.off_within == table.WATCHDOG
        from_outside = fault.group == "Power" or fault.key == "unit_disabled"
        assert told or watched or from_outside or not unsafe_here, f"{fault.key}: nobody is told why"


def test_a_limit_in_words_and_in_seconds():
    assert (str(Limit(120, 1)), Limit(120, 1).seconds(10)) == ("2 min + 1 period", 130)
    assert (str(Limit(62)), Limit(62).seconds(10)) == ("62 s", 62)
    assert (str(Limit(5, 2)), Limit(5, 2).seconds(50)) == ("5 s + 2 periods", 105)
