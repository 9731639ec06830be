"""How long a target by hand holds: every choice, and “until 23:00” on the nights the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from climate.override_duration import MAX_MINUTES, Hold, ends_at, next_time
from climate.schedule import ALL_DAYS, Slot
from climate.targets import Override, Period, Plan
from tests.chance import examples

from . import weeks

ZURICH = ZoneInfo("Europe/Zurich")
NOON = datetime(2025, 6, 2, 12, tzinfo=ZURICH)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY_SLOT = Slot(ALL_DAYS, time(6), time(22), 21.0)
WEEK = Plan(18.0, (DAY_SLOT,), Override(23.0, NOON + HOUR))


def test_for_a_while_until_a_time_and_until_resumed():
    assert ends_at(Hold.FOR_MINUTES, WEEK, NOON, ZURICH, minutes=90) == NOON + 90 * MINUTE
    assert ends_at(Hold.UNTIL, WEEK, NOON, ZURICH, until=NOON + MINUTE) == NOON + MINUTE
    assert ends_at(Hold.RESUMED, WEEK, NOON, ZURICH) is None


@pytest.mark.parametrize(
    ("plan", "end"),
    [
        (WEEK, datetime(2025, 6, 2, 22, tzinfo=ZURICH)),  # not at the end of the hand it replaces
        (Plan(18.0, (DAY_SLOT,), None, (Period(15.0, NOON, NOON + 5 * HOUR),)), NOON + 5 * HOUR),
        (Plan(18.0, (DAY_SLOT,), None, (Period(15.0, NOON + HOUR, None),)), NOON + HOUR),
        (Plan(18.0, (DAY_SLOT,), None, (Period(15.0, NOON, None),)), NOON + 2 * HOUR),  # away, and no end of it
        (Plan(18.0), NOON + 2 * HOUR),
    ],
    ids=["slot", "end of a holiday", "start of a holiday", "away until resumed", "no schedule"],
)
def test_until_the_next_change_of_what_would_hold_without_a_hand(plan, end):
    assert ends_at(Hold.NEXT_CHANGE, plan, NOON, ZURICH) == end


@pytest.mark.parametrize("minutes", [None, 0, -1, MAX_MINUTES + 1, 10**30])
def test_a_length_that_is_none(minutes):
    with pytest.raises(ValidationError) as caught:
        ends_at(Hold.FOR_MINUTES, WEEK, NOON, ZURICH, minutes=minutes)
    assert "choose from 1 min to 10080 min (7 days)" in caught.value.message_dict["for_minutes"][0]


@pytest.mark.parametrize(("until", "words"), [(None, "Choose a time"), (NOON, "has passed"), (NOON - HOUR, "passed")])
def test_a_time_that_is_none(until, words):
    with pytest.raises(ValidationError) as caught:
        ends_at(Hold.UNTIL, WEEK, NOON, ZURICH, until=until)
    assert words in caught.value.message_dict["until"][0]


@given(weeks.times, st.sampled_from(weeks.ZONES), st.data())
@examples(60)
@example(time(2, 30), "Europe/Zurich", None)
def test_the_next_time_is_the_first_at_which_the_clocks_show_it(clock, name, data):
    tz, changes = ZoneInfo(name), weeks.offset_changes(name, 2025)
    if data is None:
        now = changes[0] - 2 * HOUR
    elif changes and data.draw(st.booleans()):
        now = data.draw(st.sampled_from(changes)) + data.draw(st.integers(-1600, 1600)) * MINUTE
    else:
        now = datetime(2025, 1, 1, tzinfo=UTC) + data.draw(st.integers(0, 525_000)) * MINUTE
    found, at = next_time(clock, now, tz), now + MINUTE
    while at <= found and at.astimezone(tz).time() != clock:
        at += MINUTE
    if at > found:  # the night skips this time: it is when it would have been
        assert any(found - HOUR <= change <= found for change in changes)
    else:
        assert found == at


def test_until_eleven_at_night():
    assert next_time(time(23), NOON, ZURICH) == datetime(2025, 6, 2, 23, tzinfo=ZURICH)
    assert next_time(time(12), NOON, ZURICH) == datetime(2025, 6, 3, 12, tzinfo=ZURICH)


def test_half_past_two_in_the_night_it_is_skipped_and_in_the_night_it_is_twice():
    evening = datetime(2025, 3, 29, 22, tzinfo=ZURICH)
    assert next_time(time(2, 30), evening, ZURICH) == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)  # 03:30
    evening = datetime(2025, 10, 25, 22, tzinfo=ZURICH)
    first = next_time(time(2, 30), evening, ZURICH)
    assert first == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert next_time(time(2, 30), first, ZURICH) == first + HOUR
