"""Nobody there for half an hour lowers a room, somebody raises it at once, and what does not say counts as somebody."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate import presence
from climate.presence import ABSENT_AFTER

NOW = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)


def after(steps, memory=None):
    """The presence after these (minutes later, words)."""
    memory, now = memory or {}, NOW
    for minutes, words in steps:
        now += timedelta(minutes=minutes)
        found, memory = presence.judge(words, memory, now)
        memory = json.loads(json.dumps(memory))
    return found


@pytest.mark.parametrize(
    ("steps", "occupied", "nobody"),
    [
        ([(0, [False])], False, False),
        ([(0, [False]), (29.9, [False])], False, False),
        ([(0, [False]), (30, [False])], False, True),
        ([(0, [False]), (40, [False]), (0.1, [True])], True, False),  # back at once
        ([(0, [False]), (20, [True]), (20, [False])], False, False),  # it counts anew
        ([(0, [False]), (20, [None]), (20, [False])], False, False),  # unknown: somebody may have been there
        ([(0, [False]), (40, [None])], None, False),
        ([(0, [False, True]), (60, [False, True])], True, False),
        ([(0, [False, False]), (60, [False, False])], False, True),
        ([(0, [False, None]), (60, [False, None])], None, False),
        ([(0, []), (60, [])], None, False),
    ],
)
def test_who_is_there(steps, occupied, nobody):
    found = after(steps)
    assert (found.is_occupied, found.nobody_there) == (occupied, nobody)
    assert found.is_told == bool(steps[-1][1])


def test_a_time_from_the_future_counts_from_now():
    found = after([(0, [False]), (29, [False])], {"absent_since": (NOW + timedelta(hours=2)).isoformat()})
    assert not found.nobody_there


@given(st.lists(st.tuples(st.integers(0, 40), st.lists(st.sampled_from([True, False, None]), max_size=3)), min_size=1))
def test_nobody_is_there_only_when_all_have_said_so_for_half_an_hour(steps):
    found, silent_for = after(steps), timedelta(0)
    for minutes, words in reversed(steps):
        if not words or set(words) != {False}:
            break
        silent_for += timedelta(minutes=minutes)
    all_say_so = set(steps[-1][1]) == {False}
    # The step that said so first began it, whenever the one before was.
    first = next((step for step in steps[::-1] if set(step[1]) != {False} or not step[1]), None)
    if first is None:
        silent_for -= timedelta(minutes=steps[0][0])
    else:
        place = len(steps) - 1 - steps[::-1].index(first)
        silent_for -= timedelta(minutes=steps[place + 1][0]) if place + 1 < len(steps) else timedelta(0)
    assert found.nobody_there == (all_say_so and silent_for >= ABSENT_AFTER)
