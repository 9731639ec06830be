"""Word and watts together: whatever both are, no device that draws is off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miners.state import MinerStatus
from miners.status.inference import HEATS_FROM, Word, contradiction, judge

words = st.sampled_from(list(Word))
watts = st.none() | st.floats(0, 6000)


@given(words, watts, st.floats(100, 5000), st.floats(0.2, 1), st.floats(0, 0.1))
def test_off_needs_both_the_word_and_the_watts(word, power_w, full_w, level, standby):
    status = judge(word, power_w, full_w=full_w, level_w=level * full_w, standby_w=standby * full_w)
    if status is MinerStatus.OFF:
        assert word is Word.OFF
        assert power_w is not None
        assert power_w < HEATS_FROM * full_w
    if status is MinerStatus.HEATING:
        assert power_w is not None
        assert power_w >= min(HEATS_FROM, 0.85 * level) * full_w


@pytest.mark.parametrize(
    ("word", "power_w", "status"),
    [
        (Word.OFF, 17.0, MinerStatus.OFF),
        (Word.OFF, 146.0, MinerStatus.OFF),  # recorded: a Q in idle, its fans still running
        (Word.OFF, 300.0, MinerStatus.STOPPING),
        (Word.OFF, 1660.0, MinerStatus.HEATING),
        (Word.OFF, None, MinerStatus.UNKNOWN),
        (Word.STARTING, 17.0, MinerStatus.STARTING),
        (Word.ON, 17.0, MinerStatus.STARTING),
        (Word.ON, 900.0, MinerStatus.RAMPING),
        (Word.ON, 1600.0, MinerStatus.HEATING),
        (Word.ON, None, MinerStatus.STARTING),
        (Word.NO_POOL, 20.0, MinerStatus.NO_POOL),
        (Word.NO_POOL, 1600.0, MinerStatus.HEATING),
        (Word.PROTECT, 1600.0, MinerStatus.HEATING),
        (Word.PROTECT, 17.0, MinerStatus.PROTECT),
        (Word.PROTECT, None, MinerStatus.PROTECT),
        (Word.NONE, 17.0, MinerStatus.UNKNOWN),
        (Word.NONE, 1600.0, MinerStatus.HEATING),
    ],
)
def test_table(word, power_w, status):
    assert judge(word, power_w, full_w=1660.0, level_w=1660.0, standby_w=17.0) is status


def test_a_contradiction_is_said():
    assert contradiction(Word.OFF, 1659.0, 1660.0, "The Avalon") == "The Avalon says it is off but draws 1659 W."
    assert "nobody knows" in contradiction(Word.OFF, None, 1660.0, "The Avalon")
    assert contradiction(Word.OFF, 17.0, 1660.0, "The Avalon") == ""
