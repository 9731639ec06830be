"""The week as a strip and as a grid of blocks: pure drawing, and grid ↔ slots."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from climate.schedule import Slot, find_overlap, spans
from climate.targets import Period, Preset
from climate.week import days, warmth
from dashboard.facts import Moment
from dashboard.week import week
from dashboard.week_blocks import MAX_BLOCKS, Block, Refused, from_json, from_slots, to_json, to_slots
from tests.chance import examples
from tests.climate.weeks import schedules

#: What presets mean in the zone of these tests, °C.
CELSIUS = {"comfort": 21.0, "eco": 18.0, "away": 15.0, "frost": 7.0}
ZURICH = ZoneInfo("Europe/Zurich")
#: A Wednesday, 18:00 in Zurich.
NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
AT = Moment(NOW, ZURICH)


def celsius_of(preset, celsius):
    return CELSIUS[preset] if preset else celsius


def claims(slots):
    """Every minute of the week that is claimed, with what claims it."""
    return {
        minute: (slot.preset, slot.target_celsius)
        for slot in slots
        for begin, end in spans(slot)
        for minute in range(begin, end)
    }


@st.composite
def weeks_with_presets(draw):
    """Weeks without overlaps, some slots of a preset."""
    found = []
    for slot in draw(schedules()):
        preset = draw(st.sampled_from(["", *CELSIUS]))
        celsius = CELSIUS[preset] if preset else slot.target_celsius
        found.append(Slot(slot.weekdays, slot.start, slot.end, celsius, preset))
    return found


# --- the strip --------------------------------------------------------------------------------------


def test_a_week_without_slots_is_the_default():
    (stretch,) = week([], 19.0)[0].stretches
    assert (stretch.width, stretch.target, stretch.is_default) == (100.0, "19.0°", True)


def test_a_slot_over_midnight_shows_on_both_days():
    shown = week([Slot(1, time(22), time(6), 17.0)], 21.0)
    monday, tuesday = shown[0].stretches, shown[1].stretches
    assert [(s.times, s.target) for s in monday] == [("00:00–22:00", "21.0°"), ("22:00–24:00", "17.0°")]
    assert [(s.times, s.target) for s in tuesday] == [("00:00–06:00", "17.0°"), ("06:00–24:00", "21.0°")]
    assert monday[1].tone == "warmth-1"


def test_presets_are_named_and_toned_by_meaning():
    slots = [Slot(1, time(6), time(8), 21.0, "comfort"), Slot(1, time(8), time(9), 15.0, "away")]
    shown = [(s.preset, s.tone) for s in week([*slots, Slot(1, time(9), time(10), 7.0, "frost")], 20.0)[0].stretches]
    assert shown[1:4] == [("comfort", "warmth-3"), ("away", "away"), ("frost protection", "frost")]


def test_warmth_rises_with_the_temperature():
    shades = [warmth(celsius / 10) for celsius in range(50, 351)]
    assert shades == sorted(shades)
    assert set(shades) == {0, 1, 2, 3, 4}


@given(schedules())
@examples(40)
def test_every_day_is_covered_without_holes_by_what_claims_it(slots):
    claimed = claims(slots)
    for number, pieces in enumerate(days(slots, 19.0)):
        assert [piece.begin for piece in pieces] == [0, *(piece.end for piece in pieces[:-1])]
        assert pieces[-1].end == 1440
        for piece in pieces:
            holds = piece.slot and (piece.slot.preset, piece.slot.target_celsius)
            assert all(claimed.get(number * 1440 + minute) == holds for minute in range(piece.begin, piece.end))


def test_today_is_marked_with_how_far_it_has_gone():
    shown = week([], 19.0, AT)
    assert [day.now for day in shown] == [None, None, 75.0, None, None, None, None]


def test_a_period_is_hatched_where_it_holds_this_week():
    away = Period(15.0, NOW, datetime(2026, 1, 16, 11, 0, tzinfo=UTC))
    over = Period(15.0, NOW - timedelta(days=20), NOW - timedelta(days=10))
    shown = week([], 19.0, AT, [away, over])
    assert [[(h.start, h.width) for h in day.hatches] for day in shown] == [
        [], [], [(75.0, 25.0)], [(0.0, 100.0)], [(0.0, 50.0)], [], [],
    ]  # fmt: skip
    assert shown[3].hatches[0].words == "away until Fri 12:00: 15.0°"
    assert [day.stretches[0].is_covered for day in shown] == [False, False, True, True, True, False, False]


def test_a_period_without_an_end_is_hatched_to_the_end_of_the_week():
    shown = week([], 19.0, AT, [Period(15.0, NOW, None)])
    assert [bool(day.hatches) for day in shown] == [False, False, True, True, True, True, True]


@pytest.mark.parametrize("month_day", [(3, 29), (10, 25)])
def test_both_dst_days_are_hatched_whole(month_day):
    at = Moment(datetime(2026, *month_day, 12, tzinfo=UTC), ZURICH)
    (sunday,) = week([], 19.0, at, [Period(15.0, at.now - timedelta(days=2), None)])[6].hatches
    assert (sunday.start, sunday.width) == (0.0, 100.0)


# --- grid ↔ slots -----------------------------------------------------------------------------------


@given(weeks_with_presets())
@examples(60)
def test_slots_to_grid_to_slots_keeps_every_minute_and_merges(slots):
    grid = from_json(to_json(from_slots(slots)))
    back = to_slots(grid, celsius_of)
    assert claims(back) == claims(slots)
    assert from_slots(back) == from_slots(slots)
    stretches = [(slot.start, slot.end, slot.preset, slot.target_celsius) for slot in back]
    assert len(stretches) == len(set(stretches))  # equal stretches of several days are one row
    assert find_overlap(back) is None


def test_equal_stretches_on_several_days_become_one_row():
    grid = [Block(day * 1440 + 360, 120, "comfort", None) for day in range(5)]
    assert to_slots(grid, celsius_of) == [Slot(0b0011111, time(6), time(8), 21.0, "comfort")]


def test_nights_and_whole_days_go_there_and_back():
    slots = [Slot(1 << 6, time(22), time(6), 18.0, "eco"), Slot(1 << 2, time(9), time(9), 22.5)]
    assert from_slots(slots) == [Block(3420, 1440, "", 22.5), Block(9960, 480, "eco", None)]
    assert sorted(to_slots(from_slots(slots), celsius_of), key=lambda s: -s.weekdays) == slots


def test_a_clash_names_the_block_and_both_stretches():
    grid = [Block(0, 60, "eco", None), Block(10020, 480, "eco", None), Block(360, 120, "comfort", None)]
    with pytest.raises(Refused) as refused:
        to_slots(grid, celsius_of)
    assert refused.value.index == 1
    assert "Mon 00:00–01:00 overlaps Sun 23:00–07:00" in refused.value.sentence


GOOD = {"at": 360, "minutes": 120, "preset": "comfort", "celsius": None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"at": 10_080}, "at: ‘10080’"),
        ({"at": -1}, "at: ‘-1’"),
        ({"at": True}, "at: ‘True’"),
        ({"at": 6.5}, "at: ‘6.5’"),
        ({"minutes": 0}, "minutes: ‘0’"),
        ({"minutes": 1441}, "minutes: ‘1441’"),
        ({"minutes": None}, "minutes: nothing"),
        ({"preset": "boost"}, "preset: ‘boost’ is none of comfort, eco, away, frost"),
        ({"preset": ["eco"]}, "preset: "),
        ({"preset": "", "celsius": "warm"}, "temperature: ‘warm’"),
        ({"preset": "", "celsius": float("nan")}, "temperature: ‘nan’"),
        ({"preset": ""}, "Monday 06:00–08:00: choose a preset or a temperature"),
        ({"celsius": 21}, "choose a preset or a temperature"),
    ],
)
def test_what_is_no_block_is_refused_by_name(change, words):
    with pytest.raises(Refused, match=words) as refused:
        from_json([GOOD, GOOD | change])
    assert refused.value.index == 1


@pytest.mark.parametrize("raw", [None, {}, "x", 3, [GOOD] * (MAX_BLOCKS + 1)])
def test_what_is_no_grid_is_refused(raw):
    with pytest.raises(Refused) as refused:
        from_json(raw)
    assert refused.value.index is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)), inner),
    )
)
@examples(60)
def test_any_json_is_a_grid_or_refused(raw):
    try:
        blocks = from_json([raw])
    except Refused:
        return
    assert to_slots(blocks, celsius_of)


def test_every_preset_is_known_here():
    assert set(CELSIUS) == set(Preset)
