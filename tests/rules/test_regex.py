"""The bounded matcher: the same answers as `re`, and no pattern that can hold up a decision."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimization.rules import Context, compile_rule
from optimization.rules.regex import MAX_SUBJECT, BoundedRegex, RegexError
from tests.chance import examples

from .worlds import FIELDS, NOW

atoms = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "[a-c]", r"\d", r"\w", r"\s", "^", "$", r"\b", "1", r"\.", " "])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("".join, st.lists(inner, min_size=1, max_size=3)),
        st.builds("({})".format, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}"])),
    ),
    max_leaves=6,
)


@examples(200)
@given(patterns, st.text(alphabet="abc1 .\n", max_size=7), st.booleans())
def test_the_same_answer_as_re(pattern, text, ignore_case):
    pattern = ("(?i)" if ignore_case else "") + pattern
    assert BoundedRegex(pattern).matches(text) is (re.match(pattern, text) is not None)


@given(st.text(max_size=60))
def test_any_text_is_a_pattern_or_refused(pattern):
    try:
        BoundedRegex(pattern).matches("some text 123")
    except RegexError as error:
        message = str(error)
        assert message


def test_case():
    assert BoundedRegex("(?i)heat[^x]").matches("HEATy")
    assert not BoundedRegex("(?i)heat[^x]").matches("HEATX")
    assert not BoundedRegex("heat").matches("HEAT")


EVIL = [
    "(a+)+$",
    "(a|a)*$",
    "(a|aa)+$",
    "(.*a){12}$",
    "((a*)*)*$",
    "a?" * 60 + "a" * 60,
    ".*" * 60 + "x",
    "(a{1,9}){1,9}$",
    "(?:[" + "".join(chr(c) for c in range(200, 380)) + "]|a)*?$",
    "(x+x+)+y",
    "([a-z]+)*=",
    "^(\\w+\\s?)*$",
    "(.+)+!" * 5,
    "[ab-cd-ef-gh-i]{0,80}" * 5,
    "(?:(?:a?){30}){18}",
]
EVIL_TEXTS = ["a" * MAX_SUBJECT, "a" * 255 + "!", "ab" * 128, "x" * MAX_SUBJECT, "abcdefghi" * 28]


@pytest.mark.parametrize("pattern", EVIL)
@pytest.mark.parametrize("text", EVIL_TEXTS)
def test_evil_patterns_are_answered(pattern, text):
    try:
        rule = compile_rule(
            {"field": "miner.name", "operator": "regex", "value": pattern}, FIELDS, kind="start", name="r"
        )
    except ValueError:
        return  # refused at the door
    ctx = Context({}, {"miner.name": text})
    assert rule.evaluate(ctx, {}, NOW) in (True, False, None)  # how soon: benchmarks/rules.py


def test_evil_is_mostly_answered_not_just_refused():
    assert BoundedRegex("(a+)+$").matches("a" * 255 + "!") is False
    assert BoundedRegex("(a|aa)+$").matches("a" * 256) is True


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1",
        "(?=a)",
        "(?!a)",
        "(?<=a)b",
        "(?>a)",
        "a*+",
        "(?P<n>a)(?P=n)",
        "(a)?(?(1)b|c)",
        "(?m)a",
        "(?i:a)",
        "a{1000}",
        "(a{100}){100}",
        "(",
        "[",
        "*",
        "a{2,1}",
        "x" * 201,
    ],
)
def test_refused(pattern):
    with pytest.raises(RegexError):
        BoundedRegex(pattern)


def test_beyond_the_limits_is_unknown():
    assert BoundedRegex("a").matches("a" * 257) is None
    costly = BoundedRegex("(?:(?:" + "a?" * 50 + "){5})*b")  # 500 states, all alive at every character
    assert costly.matches("a" * 256) is None
    assert costly.matches("a" * 20 + "b") is True
    leaf = {"field": "miner.name", "operator": "regex", "value": "a"}
    long = Context({}, {"miner.name": "a" * 257})
    for tree in (leaf, {"not_": leaf}):
        rule = compile_rule(tree, FIELDS, kind="start", name="r")
        assert rule.evaluate(long, {}, NOW) is None
        assert rule.unknown_paths(long) == ["miner.name"]
