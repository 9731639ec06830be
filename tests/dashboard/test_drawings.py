"""Sparkline and chart columns: pure geometry and folding."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import columns
from dashboard.sparkline import HEIGHT, WIDTH, Row, sparkline

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)


def rows(values, *, heating=0.0, every=1):
    begin = NOW - timedelta(minutes=len(values) * every)
    return [Row(begin + timedelta(minutes=i * every), value, 21.0, heating) for i, value in enumerate(values)]


def test_nothing_to_draw_is_none():
    assert sparkline([], 0.5, NOW) is None
    assert sparkline(rows([None] * 100), 0.5, NOW) is None


def test_a_gap_breaks_the_line_and_is_not_bridged():
    spark = sparkline(rows([20.0] * 60 + [None] * 60 + [20.5] * 60), 0.5, NOW)
    assert len(spark.lines) == 2
    assert len(spark.band) == 1


def test_heating_is_a_strip_where_it_heated():
    assert sparkline(rows([20.0] * 120), 0.5, NOW).heating == ()
    cold, warm = rows([20.0] * 120), rows([20.0] * 60, heating=800)
    (strip,) = sparkline(cold[:60] + warm, 0.5, NOW).heating
    x, width = strip
    assert abs(x + width - WIDTH) < 3 * WIDTH / 60
    assert abs(width - WIDTH / 2) <= 3 * WIDTH / 60


def test_a_miners_standby_is_no_heating():
    assert sparkline(rows([20.0] * 60, heating=8.0), 0.5, NOW).heating == ()


def reach(spark):
    """From where to where the line goes, as shares of the drawing."""
    points = [float(point.split(",")[0]) for line in spark.lines for point in line.split()]
    return min(points) / WIDTH, max(points) / WIDTH


@pytest.mark.parametrize("minutes", [30, 45, 100, 180, 360, 900])
def test_the_history_there_is_fills_the_drawing(minutes):
    spark = sparkline(rows([20.0] * minutes), 0.5, NOW)
    first, last = reach(spark)
    assert first < 0.1
    assert last > 0.9
    assert len(spark.lines) == 1
    assert spark.end - spark.begin <= timedelta(hours=6, minutes=1)


def test_the_first_minutes_begin_at_the_right_of_half_an_hour():
    first, last = reach(sparkline(rows([20.0] * 6), 0.5, NOW))
    assert 0.7 < first < 0.85
    assert last > 0.9


def test_within_a_minute_the_drawing_stays_the_same():
    """So that a page that asks every 5 s is told “nothing new”."""
    seen = rows([20.0 + i / 100 for i in range(90)])
    drawings = {sparkline(seen, 0.5, NOW + timedelta(seconds=second)) for second in range(0, 60, 7)}
    assert len(drawings) == 1


def test_the_summary_names_the_range():
    assert "19.0" in sparkline(rows([19.0] * 30 + [20.5] * 30), 0.5, NOW).summary


@given(st.lists(st.one_of(st.none(), st.floats(-20, 50)), min_size=2, max_size=360))
def test_every_point_lies_in_the_drawing(values):
    spark = sparkline(rows(values), 0.5, NOW)
    for path in (*spark.lines, *spark.band) if spark else ():
        for point in path.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT


def test_a_far_target_does_not_flatten_the_line():
    def tall(target):
        seen = [Row(NOW - timedelta(minutes=60 - i), 20 + i / 60, target, 0.0) for i in range(60)]
        (line,) = sparkline(seen, 0.5, NOW).lines
        heights = [float(point.split(",")[1]) for point in line.split()]
        return max(heights) - min(heights)

    assert tall(7.0) > 0.3 * tall(20.5)


@pytest.mark.parametrize(
    ("target", "words"), [(21.0, ""), (28.0, "↑ target above the drawing"), (7.0, "↓ target below the drawing")]
)
def test_a_band_outside_the_drawing_is_said_to_be_there_and_not_drawn_at_its_edge(target, words):
    seen = [Row(NOW - timedelta(minutes=60 - i), 20 + i / 60, target, 0.0) for i in range(60)]
    spark = sparkline(seen, 0.5, NOW)
    assert spark.off_scale == words
    (band,) = spark.band
    assert (len({point.split(",")[1] for point in band.split()}) > 1) == (words == "")


def test_columns_mark_a_hole_with_nulls():
    minute = timedelta(minutes=1)
    found = columns([(NOW, 1.234), (NOW + minute, 2.0), (NOW + 30 * minute, 3.0)], 1)
    assert found[1] == [1.23, 2.0, None, 3.0]
    assert found[0] == sorted(found[0])
    assert columns([], 2) == [[], [], []]
