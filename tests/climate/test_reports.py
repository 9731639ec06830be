"""How often sensors report, the limit of age that suits them, and what a room may get meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from climate import ration, reports
from climate.models import ClimateMonitor
from climate.ration import Ration
from climate.reports import LONGEST_LIMIT, USUAL_LIMIT, suggestion, suiting, words
from climate.wake_up import age_advice, reports_every_by_topic, reports_every_seconds

START = datetime(2026, 1, 12, 6, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CASES = Path(__file__).parents[1] / "adapters" / "cases"


def watch(gaps: list[timedelta], *, looks_every: timedelta = MINUTE) -> dict:
    """The memory after a sensor reported with these gaps."""
    memory, at, reported = {}, START, START
    for gap in gaps:
        end = reported + gap
        while at < end:
            memory = reports.note(memory, reported, at)
            at += looks_every
        reported = end
    return reports.note(memory, reported, at)


def test_a_sensor_that_reports_every_two_hours_gets_a_limit_that_fits():
    """The case of a Shelly H&T: three reports are enough."""
    assert "wake-up period 7200 s" in json.loads((CASES / "slow_battery_sensor.json").read_text())["what"]
    assert suggestion(watch([2 * HOUR]), USUAL_LIMIT) is None
    found = suggestion(watch([2 * HOUR] * 2), USUAL_LIMIT)
    assert (found.limit, found.longest_gap) == (timedelta(minutes=155), 2 * HOUR)
    assert found.sentence == "It was silent for up to 2 h between two reports; a limit of 2 h 35 min suits it."
    assert suggestion(watch([2 * HOUR] * 20), found.limit) is None


def test_a_sensor_that_reports_every_minute_gets_a_shorter_one_after_some_days():
    steady = [10 * MINUTE] * 6 * 24
    assert suggestion(watch(steady * 2, looks_every=4 * MINUTE), USUAL_LIMIT) is None
    assert suggestion(watch(steady * 4, looks_every=4 * MINUTE), USUAL_LIMIT).limit == 20 * MINUTE
    assert suggestion(watch(steady * 4, looks_every=4 * MINUTE), 45 * MINUTE) is None


def test_what_nobody_saw_is_no_gap():
    assert suggestion(watch([2 * HOUR] * 4, looks_every=6 * MINUTE), USUAL_LIMIT) is None


def test_a_sensor_that_cannot_be_read_or_has_no_time_tells_nothing():
    memory = watch([2 * HOUR] * 2)
    assert reports.note(memory, None, START + 9 * HOUR) == memory
    assert reports.note(memory, START + 99 * HOUR, START + 9 * HOUR) == memory


def test_a_week_is_kept():
    memory = watch([2 * HOUR] * 12 * 9, looks_every=4 * MINUTE)
    assert len(memory["days"]) == 7


_damage = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["looked", "reported", "days", "wh", "at"]), _damage))
def test_damaged_memory_is_no_memory(memory):
    json.dumps(reports.note(memory, START, START + HOUR))
    assert suggestion(memory, USUAL_LIMIT) is None or suggestion(memory, USUAL_LIMIT).limit <= LONGEST_LIMIT
    assert ration.given(memory, START, 1000.0, START + HOUR)["wh"] >= 0


@given(st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_limit_that_suits_outlasts_its_gap_by_a_margin(gap):
    limit = suiting(gap)
    assert 10 * MINUTE <= limit <= LONGEST_LIMIT
    assert limit >= min(gap + 5 * MINUTE, LONGEST_LIMIT)


@pytest.mark.parametrize(
    ("span", "said"), [(45 * MINUTE, "45 min"), (2 * HOUR, "2 h"), (155 * MINUTE, "2 h 35 min"), (24 * HOUR, "24 h")]
)
def test_spans_in_words(span, said):
    assert words(span) == said


# -- what makers say --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("topic", "hours"),
    [
        ("shellyplusht-aa/events/rpc", 2),
        ("home/ShellyHTG3-AA/status/temperature:0", 2),
        ("shellies/shellyht-AA/sensor/temperature", 12),
        ("shellyplus1pm-aa/status/temperature:100", None),
        ("zigbee2mqtt/hall", None),
    ],
)
def test_wake_up_periods_by_name(topic, hours):
    found = reports_every_by_topic(topic)
    assert found == (None if hours is None else hours * 3600)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({"params": {"sys": {"wakeup_period": 7200}}}, 7200),
        ({"sys": {"wakeup_period": 600}}, 600),
        ({"sys": {"wakeup_period": True}}, None),
        ({"sys": {"wakeup_period": 1e9}}, None),
        ({"sys": 3}, None),
        ([], None),
    ],
)
def test_wake_up_periods_by_their_own_word(said, seconds):
    assert reports_every_seconds(said) == seconds


def test_the_limit_of_a_sleeper_is_advised_at_once_and_that_of_others_not():
    found = age_advice(7200)
    assert found.fields == {"stale_after_seconds": 9300, "long_silence_confirmed": True}
    assert found.sentence == "It wakes up every 2 h: a ‘silent after’ of 2 h 35 min suits it."
    assert age_advice(600) is None
    assert age_advice(None) is None


# -- a limit beyond an hour -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "confirmed", "believed"),
    [(1800, False, 1800), (3600, False, 3600), (9300, False, 3600), (9300, True, 9300)],
)
def test_more_than_an_hour_is_believed_only_where_a_person_confirmed_it(seconds, confirmed, believed):
    monitor = ClimateMonitor(stale_after_seconds=seconds, long_silence_confirmed=confirmed)
    assert monitor.limit_of_age == timedelta(seconds=believed)


def test_more_than_an_hour_is_confirmed_or_refused(home):
    monitor = ClimateMonitor(site=home, name="Hall", adapter_type="dummy", stale_after_seconds=9300)
    with pytest.raises(ValidationError, match="9300 s is more than an hour"):
        monitor.full_clean()
    monitor.long_silence_confirmed = True
    monitor.full_clean()
    monitor.stale_after_seconds = 90_000
    with pytest.raises(ValidationError):
        monitor.full_clean()


def test_a_sleeper_with_the_usual_limit_is_cautioned():
    config = {"topic": "shellyplusht-aa/events/rpc", "json_path": "params.temperature:0.tC"}
    monitor = ClimateMonitor(name="Hall", adapter_type="mqtt", config=config)
    assert monitor.cautions() == ["It wakes up every 2 h: a ‘silent after’ of 2 h 35 min suits it."]
    monitor.stale_after_seconds, monitor.long_silence_confirmed = 9300, True
    assert monitor.cautions() == []


def test_zigbee2mqtt_without_a_time_is_cautioned():
    config = {"topic": "zigbee2mqtt/hall", "json_path": "temperature"}
    (caution,) = ClimateMonitor(name="Hall", adapter_type="mqtt", config=config).cautions()
    assert "enter last_seen as the timestamp path" in caution
    timed = ClimateMonitor(name="Hall", adapter_type="mqtt", config={**config, "timestamp_path": "last_seen"})
    assert timed.cautions() == []


# -- the ration -------------------------------------------------------------------------------


def passes(watts: list[float], *, report_at: datetime = START, every: timedelta = MINUTE) -> float:
    """Wh given since the report after passes that each saw these watts."""
    memory: dict = {}
    for number, heating_w in enumerate(watts, start=1):
        memory = ration.given(memory, report_at, heating_w, START + number * every)
    return memory["wh"]


def test_the_heat_since_the_last_report_is_added_up():
    assert passes([0.0] * 30 + [1200.0] * 10 + [0.0] * 20) == pytest.approx(200)


def test_a_pause_counts_as_heated_all_the_time():
    """A program that was down does not know better."""
    assert passes([1200.0], every=HOUR) == pytest.approx(1200)


def test_a_new_report_begins_a_new_ration():
    before = ration.given({}, START, 1200.0, START + HOUR)
    after = ration.given(before, START + HOUR, 1200.0, START + HOUR + MINUTE)
    assert (before["wh"], after["wh"]) == (pytest.approx(1200), pytest.approx(20))


@pytest.mark.parametrize(("area_sqm", "frost", "most_wh"), [(None, False, 400), (24, False, 800), (None, True, 1600)])
def test_what_lifts_a_room_by_one_and_a_half_kelvin(area_sqm, frost, most_wh):
    assert Ration("H&T", START, 0.0, area_sqm).most_wh(frost) == pytest.approx(most_wh)
