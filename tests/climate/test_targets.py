"""Which target holds, why and until when: against an oracle that walks, and the cases people meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from climate.schedule import ALL_DAYS, Slot
from climate.state import Lowered, Target, TargetSource
from climate.targets import Override, Period, Plan, Preset, ahead, decides, holding_period, lower, resolve_target
from tests.chance import examples

from . import weeks

NIGHT = Slot(ALL_DAYS, time(22), time(6), 17.0, "eco")
MORNING = Slot(0b0011111, time(6), time(8, 30), 21.0)
ZURICH = ZoneInfo("Europe/Zurich")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONG_AGO, EVER = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def local(*args, tz=ZURICH, **kwargs) -> datetime:
    return datetime(*args, tzinfo=tz, **kwargs)


# --- the oracle -----------------------------------------------------------------------------------


def oracle(plan: Plan, at: datetime, tz: ZoneInfo, asked: datetime):
    """What decides at `at`, for who asks at `asked`: everything that holds, and of it the latest to come."""
    holding = []
    for period in plan.periods:
        made = period.created_at or LONG_AGO
        if made <= asked + MINUTE and period.starts_at <= at < (period.ends_at or EVER):
            holding.append((max(period.starts_at, made), 0, made, -period.target_celsius, period.name, period))
    hand = plan.override
    if hand is not None and (hand.created_at or asked) <= asked + MINUTE and at < (hand.until or EVER):
        later = [one for one in holding if hand.created_at is not None and one[0] >= hand.created_at]
        if not later:
            return hand
    if holding:
        return max(holding)[-1]
    claims = weeks.cached_table(tuple(plan.slots))[weeks.minute_of_week(at, tz)]
    return claims[0] if claims else None


def walked(plan: Plan, now: datetime, tz: ZoneInfo, days: int = 9):
    """The first whole minute after `now` at which something else decides, found by walking."""
    here, at = oracle(plan, now, tz, now), now.replace(second=0, microsecond=0)
    for _ in range(days * 1440):
        at += MINUTE
        if oracle(plan, at, tz, now) != here:
            return at
    return None


@pytest.mark.parametrize("name", weeks.ZONES)
def test_every_minute_of_a_year_has_exactly_one_answer(name):
    """Presets, a hand and periods that overlap: a whole year, every minute of the nights the clocks change."""
    tz, start = ZoneInfo(name), datetime(2025, 1, 1, tzinfo=UTC)
    changes = weeks.offset_changes(name, 2025) or [start + 90 * DAY]
    periods = [Period(12.0, start + 30 * DAY, start + 51 * DAY, "holiday", "", start)]
    periods += [Period(15.0, one - 2 * HOUR, one + 30 * MINUTE, "away", "away", start) for one in changes]
    periods += [Period(18.0, one - HOUR, one + HOUR, "all eco", "eco", start) for one in changes]
    hand = Override(23.0, changes[0] + 3 * HOUR, "", changes[0] - 90 * MINUTE)
    plan = Plan(19.0, (NIGHT, MORNING), hand, periods)
    wrong = [at for at in weeks.sampled_year(name, step=31) if decides(plan, at, tz) != oracle(plan, at, tz, at)]
    assert wrong == []


# --- until, next and why --------------------------------------------------------------------------

offsets = st.integers(-4 * 1440, 4 * 1440)
celsius = st.sampled_from([5.0, 15.0, 18.0, 21.0, 24.0])


@st.composite
def plans(draw, now: datetime) -> Plan:
    """A week, sometimes a hand and a few periods around `now`, some of them made by a clock that was ahead."""

    def moment(minutes: int | None) -> datetime | None:
        return None if minutes is None else now.replace(second=0) + minutes * MINUTE

    hand, periods = None, []
    if draw(st.booleans()):
        until, made = draw(st.none() | offsets), draw(st.none() | st.integers(-2000, 5))
        hand = Override(draw(celsius), moment(until), draw(st.sampled_from(["", "comfort"])), moment(made))
    for number in range(draw(st.integers(0, 4))):
        begin, length = draw(offsets), draw(st.none() | st.integers(1, 3000))
        made = moment(draw(st.none() | st.integers(-2000, 5)))
        end = None if length is None else moment(begin + length)
        periods.append(Period(draw(celsius), moment(begin), end, f"period {number}", "", made))
    return Plan(19.0, tuple(draw(weeks.schedules())), hand, tuple(periods))


def around(name: str, data) -> datetime:
    """Any time of the year, or one near a night in which the clocks change."""
    changes = weeks.offset_changes(name, 2025)
    if changes and data.draw(st.booleans(), label="near a change"):
        minutes = data.draw(st.integers(-1600, 1600))
        return data.draw(st.sampled_from(changes)) + minutes * MINUTE + data.draw(st.integers(0, 59)) * timedelta(0, 1)
    return datetime(2025, 1, 1, tzinfo=UTC) + data.draw(st.integers(0, 525_000)) * MINUTE


@given(st.sampled_from(weeks.ZONES), st.data())
@examples(40)
def test_the_target_is_that_of_what_decides_until_the_first_moment_anything_else_does(name, data):
    tz, now = ZoneInfo(name), around(name, data)
    plan = data.draw(plans(now))
    found, here = resolve_target(plan, now, tz), oracle(plan, now, tz, now)
    says_what_decides(found, here, plan, resolve_target(replace(plan, override=None, periods=()), now, tz))
    change = walked(plan, now, tz)
    assert found.until == change
    then = change and oracle(plan, change, tz, now)
    expected = plan.default_celsius if then is None else then.target_celsius
    assert found.next_celsius == (expected if change else None)


def says_what_decides(found: Target, here, plan: Plan, scheduled: Target) -> None:
    sources = {Override: TargetSource.HAND, Period: TargetSource.PERIOD, Slot: TargetSource.SCHEDULE}
    assert found.source is sources.get(type(here), TargetSource.DEFAULT)
    assert found.effective_celsius == (plan.default_celsius if here is None else here.target_celsius)
    assert found.preset == ("" if here is None else here.preset)
    assert found.reason
    if isinstance(here, Period):
        assert (found.reason, found.requested_celsius) == (here.name, scheduled.effective_celsius)
    else:
        assert found.requested_celsius == found.effective_celsius


@given(st.data())
@examples(60)
def test_the_order_of_rows_decides_nothing(data):
    now = datetime(2025, 6, 2, 12, tzinfo=UTC)
    plan = data.draw(plans(now))
    shuffled = replace(plan, periods=data.draw(st.permutations(plan.periods)))
    assert resolve_target(shuffled, now, ZURICH) == resolve_target(plan, now, ZURICH)


def test_of_two_that_began_together_the_later_made_then_the_cooler_holds():
    now = local(2025, 6, 2, 12)
    first = Period(21.0, now, None, "guests", "", now - DAY)
    second = Period(15.0, now, None, "away", "", now - HOUR)
    twin = replace(second, target_celsius=12.0)
    for rows, holds in (([first, second], second), ([second, first], second), ([second, twin, first], twin)):
        assert holding_period(rows, now) is holds


NOON = local(2025, 6, 2, 12)
AWAY = Period(15.0, NOON, None, "away", "away", NOON)


@pytest.mark.parametrize(("made", "effective"), [(NOON - MINUTE, 15.0), (NOON, 15.0), (NOON + MINUTE, 23.0)])
def test_a_hand_wins_over_a_period_only_when_it_came_later(made, effective):
    hand = Override(23.0, None, "", made)
    assert resolve_target(Plan(19.0, (), hand, [AWAY]), NOON + HOUR, ZURICH).effective_celsius == effective


def test_a_planned_period_comes_at_its_start_not_when_it_was_planned():
    planned = replace(AWAY, created_at=NOON - 30 * DAY)
    hand = Override(23.0, None, "", NOON - HOUR)
    plan = Plan(19.0, (), hand, [planned])
    before = resolve_target(plan, NOON - MINUTE, ZURICH)
    assert (before.effective_celsius, before.until, before.next_celsius) == (23.0, NOON, 15.0)
    assert resolve_target(plan, NOON, ZURICH).effective_celsius == 15.0


def test_a_hand_that_outlives_a_period_holds_again_after_it():
    hand, away = Override(23.0, NOON + 3 * HOUR, "", NOON - HOUR), replace(AWAY, ends_at=NOON + HOUR)
    during = resolve_target(Plan(19.0, (), hand, [away]), NOON, ZURICH)
    assert (during.effective_celsius, during.until, during.next_celsius) == (15.0, NOON + HOUR, 23.0)


SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("early_by", "holds"), [(60 * SECOND, True), (61 * SECOND, False), (365 * DAY, False)])
def test_what_a_clock_made_that_was_set_back_is_over(early_by, holds):
    hand = Override(24.0, NOON + early_by + HOUR, "", NOON + early_by)
    period = Period(24.0, NOON - HOUR, None, "guests", "", NOON + early_by)
    for plan in (Plan(19.0, (), hand), Plan(19.0, (), None, [period])):
        found = resolve_target(plan, NOON, ZURICH)
        assert (found.effective_celsius == 24.0) is holds
        if not holds:
            assert (found.until, found.next_celsius) == (None, None)  # nor does it come back for this plan


def test_what_is_over_does_not_come_back_when_time_gets_there():
    hand = Override(24.0, NOON + 5 * HOUR, "", NOON + 10 * MINUTE)
    found = resolve_target(Plan(19.0, (Slot(ALL_DAYS, time(13), time(15), 21.0),), hand), NOON, ZURICH)
    assert (found.until, found.next_celsius) == (NOON + HOUR, 21.0)


def test_a_period_made_for_a_time_past_came_when_it_was_made():
    away, hand = replace(AWAY, starts_at=NOON - DAY), Override(23.0, None, "", NOON - HOUR)
    assert resolve_target(Plan(19.0, (), hand, [away]), NOON, ZURICH).effective_celsius == 15.0


def test_a_hand_from_a_wrong_clock_does_not_beat_away_tapped_after_it():
    hand = Override(24.0, None, "", NOON + DAY)
    assert resolve_target(Plan(19.0, (), hand, [AWAY]), NOON, ZURICH).effective_celsius == 15.0


def test_a_planned_start_lies_ahead_and_counts():
    planned = Period(15.0, NOON + 30 * DAY, None, "holiday", "", NOON)
    found = resolve_target(Plan(19.0, (), None, [planned]), NOON, ZURICH)
    assert (found.effective_celsius, found.until, found.next_celsius) == (19.0, planned.starts_at, 15.0)


# --- what the house lowers ------------------------------------------------------------------------

targets = st.builds(Target, st.just(20.0), st.floats(5, 35), st.just("why"), source=st.sampled_from(list(TargetSource)))


@given(targets, st.floats(5, 35), st.floats(5, 35), st.booleans(), st.booleans())
@example(Target(20.0, 22.0, "why", source=TargetSource.HAND), 26.0, 18.0, True, False)
@example(Target(20.0, 5.0, "why"), 26.0, 18.0, True, True)
def test_nothing_in_the_house_ever_raises_a_target(target, ceiling, eco, nobody, window):
    found = lower(target, ceiling_celsius=ceiling, eco_celsius=eco, nobody_there=nobody, window_open=window)
    assert found.effective_celsius <= min(target.effective_celsius, max(ceiling, 7.0))
    assert (found.lowered is None) == (found.effective_celsius == target.effective_celsius)
    assert found.requested_celsius == target.requested_celsius
    if window:
        assert found.effective_celsius <= max(7.0, min(target.effective_celsius, ceiling))
        assert found.effective_celsius <= 7.0 or target.effective_celsius <= 7.0
    if nobody and target.source is not TargetSource.HAND:
        assert found.effective_celsius <= eco or found.effective_celsius == target.effective_celsius <= eco


@pytest.mark.parametrize(
    ("how", "lowered", "effective", "words"),
    [
        ({"window_open": True}, Lowered.WINDOW, 7.0, "paused: the window is open"),
        ({"nobody_there": True}, Lowered.ABSENCE, 18.0, "lowered: nobody is there"),
        ({"ceiling_celsius": 20.5}, Lowered.HIGH_LIMIT, 20.5, "lowered by the high limit"),
        ({}, None, 21.0, "schedule 06:00–22:00"),
    ],
)
def test_what_lowers_a_target_is_said(how, lowered, effective, words):
    target = Target(21.0, 21.0, "schedule 06:00–22:00", source=TargetSource.SCHEDULE)
    found = lower(target, **{"ceiling_celsius": 26.5, "eco_celsius": 18.0, **how})
    assert (found.lowered, found.effective_celsius) == (lowered, effective)
    assert words in found.reason


def test_who_sets_a_target_by_hand_is_there():
    target = Target(21.0, 21.0, "set by hand", source=TargetSource.HAND)
    assert lower(target, ceiling_celsius=26.5, eco_celsius=18.0, nobody_there=True) == target


def test_presets_in_words():
    assert [preset.label for preset in Preset] == ["comfort", "eco", "away", "frost protection"]


# --- the cases of every day -----------------------------------------------------------------------


def target(now, *, override=None, slots=(NIGHT, MORNING)):
    return resolve_target(Plan(19.0, slots, override), now, ZURICH)


def test_the_target_comes_from_the_slot_then_from_the_default():
    during = target(local(2025, 6, 2, 7))
    assert (during.effective_celsius, during.reason, during.next_celsius) == (21.0, "schedule 06:00–08:30", 19.0)
    assert during.until == local(2025, 6, 2, 8, 30)
    after = target(local(2025, 6, 2, 12))
    assert (after.effective_celsius, after.reason, after.next_celsius) == (19.0, "default target", 17.0)
    assert after.until == local(2025, 6, 2, 22)


def test_without_a_schedule_the_default_holds_for_ever():
    only = target(local(2025, 6, 2, 7), slots=())
    assert (only.effective_celsius, only.until, only.next_celsius) == (19.0, None, None)


def test_an_override_beats_the_schedule_until_its_end():
    until = local(2025, 6, 2, 9).astimezone(UTC)
    override = Override(23.0, until)
    during = target(until - timedelta(seconds=1), override=override)
    assert (during.effective_celsius, during.requested_celsius, during.reason) == (23.0, 23.0, "set by hand")
    assert (during.until, during.next_celsius) == (until, 19.0)
    assert target(until, override=override).effective_celsius == 19.0  # over at its very end


def test_an_override_that_ends_inside_a_slot_gives_way_to_that_slot():
    override = Override(23.0, local(2025, 6, 2, 7).astimezone(UTC))
    assert target(local(2025, 6, 2, 6, 30), override=override).next_celsius == 21.0


def test_an_override_without_end_holds_for_ever():
    for moment in (local(2025, 6, 2, 7), local(2026, 6, 2, 23)):
        held = target(moment, override=Override(16.0, None))
        assert (held.effective_celsius, held.until, held.next_celsius) == (16.0, None, None)


def test_the_targets_ahead_are_those_of_the_week_and_never_above_the_ceiling():
    plan = Plan(18.0, (NIGHT, MORNING))
    monday = local(2026, 1, 12, 4, 30)
    coming = ahead(plan, monday, ZURICH, timedelta(hours=12), 28.0)
    assert coming == ((1.5, 21.0), (4.0, 18.0))
    assert ahead(plan, monday, ZURICH, timedelta(hours=2), 28.0) == coming[:1]
    assert ahead(plan, monday, ZURICH, timedelta(hours=12), 20.0) == ((1.5, 20.0), (4.0, 18.0))
