"""`integrations.units`: from a device's own unit to °C, W, Wh, %; everything else is refused by name."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import units
from integrations.errors import BadAnswer

WHAT = "‘sensor.x’"


@pytest.mark.parametrize(
    ("convert", "value", "unit", "expected"),
    [
        (units.celsius, 20.5, "°C", 20.5),
        (units.celsius, 68.0, "°F", 20.0),
        (units.celsius, -40.0, "°F", -40.0),
        (units.celsius, 293.15, "K", 20.0),
        (units.watts, 3.2, "kW", 3200.0),
        (units.watts, -1500.0, "W", -1500.0),
        (units.watts, 0.002, "MW", 2000.0),
        (units.watt_hours, 6.2, "kWh", 6200.0),
        (units.watt_hours, 6200.0, "Wh", 6200.0),
        (units.watt_hours, 0.01, "MWh", 10_000.0),
        (units.percent, 62.0, "%", 62.0),
        (units.percent, 100.4, "%", 100.0),
        (units.percent, -0.3, "%", 0.0),
    ],
)
def test_conversions(convert, value, unit, expected):
    assert convert(value, unit, WHAT) == pytest.approx(expected)


@pytest.mark.parametrize("convert", [units.celsius, units.watts, units.watt_hours, units.percent])
@pytest.mark.parametrize("unit", [None, "", "hPa", "w", "mW", "°", "kwh", "VA", "EUR/kWh", "\x00"])
def test_unknown_units_are_named_never_guessed(convert, unit):
    with pytest.raises(BadAnswer) as caught:
        convert(1.0, unit, WHAT)
    sentence = str(caught.value)
    assert WHAT in sentence
    assert ("has no unit" if not unit else unit.replace("\x00", "?")) in sentence


@pytest.mark.parametrize(
    ("convert", "value", "unit"),
    [
        (units.celsius, -300.0, "°C"),
        (units.celsius, -1.0, "K"),
        (units.celsius, 1e308, "°F"),
        (units.watts, 1e308, "MW"),
        (units.watts, 2e8, "W"),
        (units.percent, 620.0, "%"),
        (units.percent, -20.0, "%"),
    ],
)
def test_impossible_values_are_refused(convert, value, unit):
    with pytest.raises(BadAnswer):
        convert(value, unit, WHAT)


NO_TEXT_NUMBERS = ["", " ", "nan", "NaN", "inf", "-Infinity", "1e999", "unavailable", "1_000", "٢٠", "0x10", "20 5"]
NO_NUMBERS = ["--1", "1" * 65, True, None, [], {}, math.nan, math.inf, 10**400, ".", ",", "5,", "1.2.3", "°C"]
#: Separators of thousands are refused whatever stands behind them.
THOUSANDS = ["1.234,5", "1,234.5", "1,234,567", "1.234.567"]


@pytest.mark.parametrize("value", NO_TEXT_NUMBERS + NO_NUMBERS + THOUSANDS, ids=lambda value: str(value)[:12])
def test_what_is_no_number(value):
    for read in (lambda: units.number(value, WHAT), lambda: units.measured(value, "°C", units.celsius, WHAT)):
        with pytest.raises(BadAnswer, match="needed"):
            read()


@pytest.mark.parametrize(
    ("text", "value"), [("21,5", 21.5), (" −6,1 ", -6.1), ("0,123", 0.123), ("1234,567", 1234.567)]
)
def test_a_decimal_comma_with_one_meaning_is_read(text, value):
    assert units.number(text, WHAT) == value


def test_a_comma_with_two_meanings_is_refused_by_both():
    with pytest.raises(BadAnswer, match=r"‘1,234’, which can be 1.234 or 1234. Write decimals with a point"):
        units.number("1,234", WHAT)
    with pytest.raises(BadAnswer, match=r"‘1,234’, which can be 1.234 kW or 1234 kW"):
        units.measured("1,234", "kW", units.watts, WHAT)


def test_of_two_meanings_the_possible_one_counts():
    assert units.measured("21,500", "°C", units.celsius, WHAT) == 21.5
    assert units.measured("44,720", "%", units.percent, WHAT) == 44.72


@pytest.mark.parametrize(
    ("text", "convert", "value"),
    [
        (line, units.celsius, 21.5)
        for line in (
            "21.5 °C",
            "21.5°C",
            "21,5\u202f°C",
            "21.5\u00a0°C",
            "21.5\u2009℃",
            "21.5 º C",
            "70.7 °F",
            "294.65 K",
        )
    ]
    + [("17.9 W", units.watts, 17.9), ("0,051 kW", units.watts, 51.0), ("44 %", units.percent, 44.0)],
)
def test_a_unit_behind_the_number_is_read_and_counts_before_the_one_set_up(text, convert, value):
    assert units.measured(text, "°C", convert, WHAT) == pytest.approx(value)


def test_a_unit_behind_the_number_that_does_not_fit_is_named():
    with pytest.raises(BadAnswer, match="is in ‘hPa’; a temperature in °C, °F or K is needed"):
        units.measured("1013 hPa", "°C", units.celsius, WHAT)
    with pytest.raises(BadAnswer, match="‘20 °C’; a number is needed"):
        units.number("20 °C", WHAT)


def test_two_units_of_one_source_must_agree():
    assert units.measured("20 C", "°C", units.celsius, WHAT, unit_is_told=True) == 20
    with pytest.raises(BadAnswer, match="says ‘70 °F’, but that it is in ‘°C’"):
        units.measured("70 °F", "°C", units.celsius, WHAT, unit_is_told=True)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_back(value):
    assert units.number(repr(value), WHAT) == value
    assert units.number(value, WHAT) == value
    if 1e-3 < abs(value) < 1e15 and "e" not in repr(value):
        assert units.number(f"{value:.1f}".replace(".", ","), WHAT) == float(f"{value:.1f}")


@given(st.text(max_size=80))
def test_any_text_is_a_finite_number_or_a_clear_error(text):
    try:
        value, sentence = units.number(text, WHAT), WHAT
    except BadAnswer as error:
        value, sentence = 0.0, str(error)
    assert math.isfinite(value)
    assert WHAT in sentence
    assert sentence.isprintable()
