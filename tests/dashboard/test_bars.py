"""When control counts as late."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.bars import lateness

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "age", "late"),
    [(10, 29, False), (10, 31, True), (60, 170, False), (60, 190, True), (1, 10, False), (1, 16, True)],
)
def test_late_after_three_periods(period, age, late):
    said = lateness(period, NOW - timedelta(seconds=age), NOW, None)
    assert bool(said) is late


@pytest.mark.parametrize(("waited", "late"), [(None, False), (59, False), (61, True)])
def test_a_first_pass_may_take_a_minute(waited, late):
    since = None if waited is None else NOW - timedelta(seconds=waited)
    assert bool(lateness(10, None, NOW, since)) is late
