"""The weekly schedule against a table of minutes, whole years and both DST nights included."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from climate.schedule import ALL_DAYS, Slot, copy_day, find_overlap, next_change, slot_at, weekday_names
from tests.chance import examples

from . import weeks

NIGHT = Slot(ALL_DAYS, time(22), time(6), 17.0)
MORNING = Slot(0b0011111, time(6), time(8, 30), 21.0)
WEEKEND = Slot(0b1100000, time(9), time(9), 20.0)  # 24 h from nine
WORKING_WEEK = Slot(0b0011111, time(0), time(0), 19.0)
ZURICH = ZoneInfo("Europe/Zurich")


def local(*args, tz=ZURICH, **kwargs) -> datetime:
    return datetime(*args, tzinfo=tz, **kwargs)


@pytest.mark.parametrize("name", weeks.ZONES)
def test_every_minute_of_a_year_has_exactly_one_target(name):
    """What holds is what the table of the week says, and never two things."""
    slots, tz = [NIGHT, MORNING], ZoneInfo(name)
    claims = weeks.table(slots)
    assert max(map(len, claims)) == 1
    wrong = [
        moment
        for moment in weeks.sampled_year(name)
        if [slot_at(slots, moment.astimezone(tz))] != (claims[weeks.minute_of_week(moment, tz)] or [None])
    ]
    assert wrong == []


def test_every_minute_of_the_week_has_exactly_one_target():
    claims = weeks.table([NIGHT, MORNING])
    monday = datetime(2025, 6, 2)
    for minute in range(weeks.WEEK):
        assert [slot_at([NIGHT, MORNING], monday + timedelta(minutes=minute))] == (claims[minute] or [None])


@given(weeks.schedules())
@examples(30)
def test_any_schedule_resolves_as_its_table(slots):
    claims = weeks.table(slots)
    monday = datetime(2025, 6, 2)
    for minute in range(0, weeks.WEEK, 11):
        expected = claims[minute][0] if claims[minute] else None
        assert slot_at(slots, monday + timedelta(minutes=minute)) == expected


@given(st.lists(weeks.slots, max_size=4))
@examples(150)
@example([WEEKEND, Slot(0b0000001, time(8, 59), time(9), 18.0)])
@example([WEEKEND, Slot(0b0000001, time(9), time(10), 18.0)])
@example([Slot(ALL_DAYS, time(0), time(0), 20.0), Slot(0b1000000, time(23, 59), time(0), 18.0)])
@example([Slot(0b1000000, time(23), time(1), 20.0), Slot(0b0000001, time(0, 59), time(2), 18.0)])
def test_an_overlap_is_found_exactly_when_two_slots_claim_a_minute(slots):
    claims = weeks.table(slots)
    doubled = [minute for minute, claim in enumerate(claims) if len(claim) > 1]
    found = find_overlap(slots)
    assert (found is not None) == bool(doubled)
    if found is not None:
        assert found.minute_of_week in doubled
        assert found.first in claims[found.minute_of_week]
        assert found.second in claims[found.minute_of_week]


def test_an_overlap_says_where():
    found = find_overlap([NIGHT, Slot(0b0000100, time(5), time(7), 21.0)])
    assert (
        found.sentence == "every day 22:00–06:00 overlaps Wed 05:00–07:00 on Wed at 05:00. Change a time or a weekday."
    )


@pytest.mark.parametrize(
    ("mask", "words"),
    [(127, "every day"), (0b11111, "Mon–Fri"), (0b1100000, "Sat–Sun"), (0b101, "Mon, Wed"), (0b1000000, "Sun")],
)
def test_weekdays_in_words(mask, words):
    assert weekday_names(mask) == words


def test_a_slot_over_midnight_belongs_to_the_day_it_starts():
    friday = Slot(0b0010000, time(22), time(6), 17.0)
    assert slot_at([friday], local(2025, 6, 6, 21, 59)) is None
    assert slot_at([friday], local(2025, 6, 6, 22)) is friday
    assert slot_at([friday], local(2025, 6, 7, 5, 59)) is friday
    assert slot_at([friday], local(2025, 6, 7, 6)) is None
    assert slot_at([friday], local(2025, 6, 6, 3)) is None  # the night from Thursday


def test_the_night_from_sunday_reaches_into_monday():
    sunday = Slot(0b1000000, time(22), time(6), 17.0)
    assert slot_at([sunday], local(2025, 6, 9, 5, 59)) is sunday
    assert slot_at([sunday], local(2025, 6, 2, 5, 59)) is sunday
    assert slot_at([sunday], local(2025, 6, 9, 22)) is None


def test_equal_times_are_24_hours():
    assert slot_at([WEEKEND], local(2025, 6, 7, 8, 59)) is None
    assert slot_at([WEEKEND], local(2025, 6, 7, 9)) is WEEKEND
    assert slot_at([WEEKEND], local(2025, 6, 9, 8, 59)) is WEEKEND  # Sunday's day ends on Monday at nine
    assert slot_at([WEEKEND], local(2025, 6, 9, 9)) is None


def walked_change(slots, now, tz):
    """The next change found by walking minute after minute for eight days."""
    claims = weeks.cached_table(tuple(slots))
    current = claims[weeks.minute_of_week(now, tz)]
    at = now.replace(second=0, microsecond=0)
    for _ in range(8 * 1440):
        at += timedelta(minutes=1)
        if claims[weeks.minute_of_week(at, tz)] != current:
            return at
    return None


YEAR_MINUTES = st.integers(0, 365 * 1440)


@given(weeks.schedules(), st.sampled_from(weeks.ZONES), YEAR_MINUTES, st.integers(0, 59))
@examples(50)
def test_the_next_change_is_the_one_a_walk_finds(slots, name, minute, second):
    tz, now = ZoneInfo(name), datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute, seconds=second)
    assert next_change(slots, now, tz) == walked_change(slots, now, tz)


@given(weeks.schedules(), st.sampled_from([z for z in weeks.ZONES if z not in ("UTC", "Asia/Kathmandu")]), st.data())
@examples(50)
def test_the_next_change_around_the_nights_the_clocks_change(slots, name, data):
    change = data.draw(st.sampled_from(weeks.offset_changes(name, 2025)))
    now = change + timedelta(minutes=data.draw(st.integers(-26 * 60, 26 * 60)))
    assert next_change(slots, now, ZoneInfo(name)) == walked_change(slots, now, ZoneInfo(name))


@pytest.mark.parametrize("name", ["Europe/Zurich", "Australia/Lord_Howe", "America/Santiago"])
def test_a_slot_inside_the_changed_hour_on_both_nights(name):
    """A border in the skipped or the repeated hour: every 11 minutes of both nights agree with the walk."""
    tz = ZoneInfo(name)
    changes = weeks.offset_changes(name, 2025)
    assert len(changes) == 2
    for change in changes:
        wall = change.astimezone(tz)
        borders = {(wall + timedelta(minutes=m)).time().replace(tzinfo=None) for m in (-20, 15, 40)}
        slots = [Slot(ALL_DAYS, border, time(12), 20.0 + n) for n, border in enumerate(sorted(borders)[:1])]
        for minutes in range(-200, 300, 11):
            now = change + timedelta(minutes=minutes)
            assert next_change(slots, now, tz) == walked_change(slots, now, tz), now.astimezone(tz)


def test_the_skipped_border_begins_when_its_hour_would_have():
    slot = Slot(ALL_DAYS, time(2, 30), time(5), 21.0)
    now = local(2025, 3, 30, 1, 59)
    assert next_change([slot], now, ZURICH) == datetime(2025, 3, 30, 1, 0, tzinfo=UTC)  # 03:00, not 03:30


def test_the_repeated_border_begins_at_its_first_passing():
    slot = Slot(ALL_DAYS, time(2, 30), time(5), 21.0)
    assert next_change([slot], local(2025, 10, 26, 1, 59), ZURICH) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_a_schedule_that_never_changes():
    always = Slot(ALL_DAYS, time(7), time(7), 20.0)
    assert next_change([always], datetime(2025, 1, 1, tzinfo=UTC), ZURICH) is None
    assert next_change([], datetime(2025, 1, 1, tzinfo=UTC), ZURICH) is None


@given(weeks.schedules(), st.integers(0, 6), st.lists(st.integers(0, 6), max_size=7))
@examples(100)
@example([NIGHT, MORNING], 0, [5, 6])
@example([Slot(0b0000011, time(9), time(9), 20.0, "eco"), Slot(0b0010000, time(9), time(9), 20.0, "eco")], 4, [2])
def test_a_copied_day_begins_what_its_source_begins_and_the_others_stay(slots, day, to_days):
    before, after = begun(slots), begun(copied := copy_day(slots, day, to_days))
    for one in range(7):
        assert after[one] == before[day if one in to_days else one]
    # Stretches that differ only in their weekdays are one row.
    stretches = [replace(slot, weekdays=0) for slot in copied]
    assert len(stretches) == len(set(stretches))
    assert all(1 <= slot.weekdays <= 127 for slot in copied)


def begun(slots) -> list[set[Slot]]:
    """What begins on each day."""
    return [{replace(slot, weekdays=0) for slot in slots if slot.weekdays & (1 << day)} for day in range(7)]


def test_a_copy_may_meet_the_night_before_and_that_is_found():
    friday_night, early = Slot(0b0010000, time(22), time(6), 17.0), Slot(0b0000001, time(5), time(8), 21.0)
    assert find_overlap(copy_day([friday_night, early], 0, [1, 2])) is None
    clash = find_overlap(copy_day([friday_night, early], 0, [5]))
    assert "Fri 22:00–06:00" in clash.sentence
    assert "Mon, Sat 05:00–08:00" in clash.sentence
