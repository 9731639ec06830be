"""How numbers, ages and times read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import formats, miner_figures
from miners.earnings.view import money, sats

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)  # a Wednesday, 18:00 in Zurich


@pytest.mark.parametrize(
    ("watts", "text"),
    [
        (None, "–"), (0, "0 W"), (-0.2, "0 W"), (812.4, "812 W"), (999.4, "999 W"), (999.6, "1.0 kW"),
        (3250, "3.2 kW"), (-310, "−310 W"), (-1500, "−1.5 kW"),
    ],
)  # fmt: skip
def test_power(watts, text):
    assert formats.power(watts).replace(formats.THIN, " ") == text


@pytest.mark.parametrize(("value", "text"), [(20.44, "20.4°"), (-0.04, "0.0°"), (-3.25, "−3.2°"), (None, "–")])
def test_degrees(value, text):
    assert formats.degrees(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, ""), (0.04, "steady"), (0.3, "+0.3°/h"), (-0.26, "−0.3°/h")])
def test_trend(value, text):
    assert formats.trend(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (40, "40 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (3 * 86400, "3 days")],
)
def test_duration(seconds, text):
    assert formats.duration(seconds).replace(formats.THIN, " ") == text


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (timedelta(hours=4), "22:00"),
        (timedelta(hours=12), "tomorrow 06:00"),
        (timedelta(hours=-20), "yesterday 22:00"),
        (timedelta(days=3), "Sat 18:00"),
        (timedelta(days=30), "13 Feb 18:00"),
        (timedelta(days=-30), "15 Dec 2025 18:00"),
    ],
)
def test_moment_says_the_day_only_where_it_is_not_today(after, text):
    assert formats.moment(NOW + after, NOW, ZURICH) == text


def test_moment_is_local_to_the_site():
    late = datetime(2026, 1, 14, 23, 30, tzinfo=UTC)
    assert formats.moment(late, NOW, ZURICH) == "tomorrow 00:30"


SAID = [
    formats.celsius, formats.power, formats.degrees, formats.trend, formats.energy, formats.percent,
    miner_figures.hash_rate, miner_figures.j_per_th, sats, lambda value: money(value, "EUR"),
]  # fmt: skip


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("say", SAID)
def test_what_is_no_number_is_a_dash(say, value):
    assert say(value) in (formats.UNKNOWN, "")


@pytest.mark.parametrize("value", [5e-324, -1e-308, 1e-9])
@pytest.mark.parametrize("say", SAID)
def test_next_to_nothing_is_nothing(say, value):
    said = say(value)
    assert said in ("steady", formats.UNKNOWN) or set(said) & set("123456789") == set()
    assert "e-" not in said
