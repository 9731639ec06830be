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


NO_TEXT_NUMBERS = ["", " ", "nan", "NaN", "inf", "-Infinity", "1e999", "unavailable", "20,5", "1_000", "٢٠", "0x10"]
NO_NUMBERS = ["20 °C", "--1", "1" * 65, True, None, [], {}, math.nan, math.inf, 10**400]


@pytest.mark.parametrize("value", NO_TEXT_NUMBERS + NO_NUMBERS, ids=lambda value: str(value)[:12])
def test_what_is_no_number(value):
    with pytest.raises(BadAnswer, match="needed"):
        units.number(value, WHAT)


def test_a_decimal_comma_gets_its_remedy():
    with pytest.raises(BadAnswer, match=r"‘20,5’.*with a point"):
        units.number("20,5", WHAT)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_back(value):
    assert units.number(repr(value), WHAT) == value
    assert units.number(value, WHAT) == value


@given(st.text(max_size=80))
def test_any_text_is_a_finite_number_or_a_clear_error(text):
    try:
        value, sentence = units.number(text, WHAT), WHAT
    except BadAnswer as error:
        value, sentence = 0.0, str(error)
    assert math.isfinite(value)
    assert WHAT in sentence
    assert sentence.isprintable()
