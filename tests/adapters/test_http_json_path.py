"""`integrations.json_path`: bounded, and plain about what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from integrations import units
from integrations.errors import AdapterError, BadAnswer, Unreachable
from integrations.json_path import JsonPath, document, measured, pick, steps

WHAT = "‘home/hall’"
DOCUMENT = {"a": {"b": [{"c": 1}, {"c": 2}]}, "temperature:0": {"tC": 20.5}, "Living Room": 3, "0": 4, "none": None}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", DOCUMENT),
        ("a.b[1].c", 2),
        ("temperature:0.tC", 20.5),
        ("Living Room", 3),
        ("0", 4),
        ("a.b[0]", {"c": 1}),
    ],
)
def test_finds(path, found):
    assert pick(DOCUMENT, path, WHAT) == found


def test_a_list_at_the_top():
    assert pick([[1, 2], [3]], "[0][1]", WHAT) == 2


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("b", "has no ‘b’ (path ‘b’). There is: a, temperature:0, Living Room, 0, none."),
        ("a.b[2].c", "has no entry 2 on the way to ‘a.b[2].c’: the list has 2."),
        ("a.b.c", "There is a list there."),
        ("a[0]", "has no list where ‘a[0]’ looks for entry 0. There is: b."),
        ("Living Room.x", "There is a single value there."),
    ],
)
def test_says_what_there_is_instead(path, words):
    with pytest.raises(BadAnswer) as raised:
        pick(DOCUMENT, path, WHAT)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    "path",
    [".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "a[0]b", "a]b", "[99999]", "a\nb", "x" * 201, "a." * 12 + "a"],
)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(ValueError):
        steps(path)
    with pytest.raises(ValidationError, match="this is no path; one looks like"):
        TypeAdapter(JsonPath).validate_python(path)


@pytest.mark.parametrize("payload", [b"", b"<html>", b"{", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_is_refused(payload):
    with pytest.raises(BadAnswer, match="which is not valid JSON"):
        document(payload, WHAT)


def test_a_missing_value_is_no_number():
    with pytest.raises(Unreachable, match="has no value at present"):
        measured(DOCUMENT, "none", units.celsius, "°C", WHAT)


_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "\x00"]), inner, max_size=3),
    max_leaves=8,
)


@given(_documents, st.sampled_from(["", "a", "a.b", "a[0]", "[1].a", "a.b[0].a"]))
def test_any_document_is_a_temperature_or_a_clear_error(found, path):
    try:
        value = measured(found, path, units.celsius, "°C", WHAT)
    except AdapterError as error:
        assert str(error).isprintable()  # noqa: PT017 (either outcome is right)
        assert len(str(error)) < 250  # noqa: PT017
    else:
        assert -273.15 <= value <= 1000
