"""Bounded regular expressions: a match costs at most states × characters, whatever the pattern.

Python's `re` backtracks and has no time limit, so it is used here only to *read* a pattern. What is
truly regular (classes, alternatives, repeats, anchors) is turned into a state machine that walks all
possibilities side by side, one character at a time, so `(a+)+$` costs no more than `a+$`. Back
references and look-around are not regular and are refused. As in `re.match`, a pattern matches at the
start of the text; end it with `$` to match the whole.

Limits: pattern ≤ 200, subject ≤ 256 characters, ≤ 600 states, ≤ 60 000 steps (some 20 ms; a
class costs a step per item). Over the
subject or step limit the answer is unknown (None), never a guess.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from re import _constants as c
from re import _parser

MAX_PATTERN, MAX_SUBJECT, MAX_STATES, MAX_STEPS = 200, 256, 600, 60_000
_MATCH = -1

_CATEGORIES: dict[object, Callable[[str], bool]] = {
    c.CATEGORY_DIGIT: str.isdecimal,
    c.CATEGORY_NOT_DIGIT: lambda ch: not ch.isdecimal(),
    c.CATEGORY_SPACE: str.isspace,
    c.CATEGORY_NOT_SPACE: lambda ch: not ch.isspace(),
    c.CATEGORY_WORD: lambda ch: ch.isalnum() or ch == "_",
    c.CATEGORY_NOT_WORD: lambda ch: not (ch.isalnum() or ch == "_"),
}


class RegexError(ValueError):
    """A pattern that cannot be used, and why."""


class BoundedRegex:
    """A compiled pattern. Raises RegexError if it is malformed, too large or not regular."""

    __slots__ = ("_start", "_states", "pattern")

    def __init__(self, pattern: str):
        self.pattern = pattern
        self._states: list[tuple] = []
        tree, ignore_case = _read(pattern)
        self._start = _Builder(self._states, ignore_case).sequence(tree, _MATCH)

    def __repr__(self) -> str:
        return f"BoundedRegex({self.pattern!r})"

    def matches(self, text: str) -> bool | None:
        """Whether `text` starts with a match; None beyond the limits."""
        if len(text) > MAX_SUBJECT:
            return None
        states, steps, current = self._states, 0, [self._start]
        for position in range(len(text) + 1):
            ready, seen = [], set()
            while current:
                number = current.pop()
                if number == _MATCH:
                    return True
                if number in seen:
                    continue
                seen.add(number)
                what, argument, following, cost = states[number]
                steps += cost
                if what == "fork":
                    current.extend(following)
                elif what == "at":
                    if argument(text, position):
                        current.append(following)
                else:
                    ready.append(number)
            if not ready or position == len(text):
                return False
            if steps > MAX_STEPS:
                return None
            char = text[position]
            current = [following for _, test, following, _ in map(states.__getitem__, ready) if test(char)]
        return False


def _read(pattern: str) -> tuple[object, bool]:
    if len(pattern) > MAX_PATTERN:
        raise RegexError(f"longer than {MAX_PATTERN} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, ValueError) as error:
        raise RegexError(f"not a valid pattern: {error}") from None
    flags = tree.state.flags & ~re.UNICODE
    if flags & ~re.IGNORECASE:
        raise RegexError("only the flag (?i) is supported")
    return tree, bool(flags & re.IGNORECASE)


class _Builder:
    """Builds states back to front: each part is given the state that follows it, and returns its own."""

    def __init__(self, states: list[tuple], ignore_case: bool):
        self.states, self.ignore_case = states, ignore_case

    def add(self, what: str, argument: object, following: object, cost: int = 1) -> int:
        if len(self.states) >= MAX_STATES:
            raise RegexError("too many repetitions")
        self.states.append((what, argument, following, cost))
        return len(self.states) - 1

    def sequence(self, items, following: int) -> int:
        for operation, argument in reversed(list(items)):
            following = self.item(operation, argument, following)
        return following

    def item(self, operation, argument, following: int) -> int:
        if operation is c.SUBPATTERN:
            _, added, removed, inner = argument
            if added or removed:
                raise RegexError("flags inside a group are not supported")
            return self.sequence(inner, following)
        if operation is c.BRANCH:
            return self.add("fork", None, [self.sequence(branch, following) for branch in argument[1]])
        if operation in (c.MAX_REPEAT, c.MIN_REPEAT):
            return self.repeat(*argument, following)
        if operation is c.AT:
            return self.add("at", _anchor(argument), following)
        cost = len(argument) if operation is c.IN else 1
        return self.add("char", self.char_test(operation, argument), following, cost)

    def repeat(self, least: int, most, body, following: int) -> int:
        if most is c.MAXREPEAT:
            loop = self.add("fork", None, [following])
            self.states[loop][2].append(self.sequence(body, loop))
            following = loop
        else:
            end = following
            for _ in range(most - least):
                following = self.add("fork", None, [end, self.sequence(body, following)])
        for _ in range(least):
            before, following = len(self.states), self.sequence(body, following)
            if len(self.states) == before:  # an empty body, however often
                break
        return following

    def char_test(self, operation, argument) -> Callable[[str], bool]:
        test = _char_test(operation, argument)
        if not self.ignore_case:
            return test
        if operation is c.NOT_LITERAL or (operation is c.IN and argument[0][0] is c.NEGATE):
            return lambda ch: test(ch) and test(ch.lower()) and test(ch.upper())
        return lambda ch: test(ch) or test(ch.lower()) or test(ch.upper())


def _char_test(operation, argument) -> Callable[[str], bool]:
    if operation is c.LITERAL:
        return chr(argument).__eq__
    if operation is c.NOT_LITERAL:
        return chr(argument).__ne__
    if operation is c.ANY:
        return "\n".__ne__
    if operation is c.CATEGORY:
        return _CATEGORIES[argument]
    if operation is c.RANGE:
        low, high = chr(argument[0]), chr(argument[1])
        return lambda ch: low <= ch <= high
    if operation is c.IN:
        negated = argument[0][0] is c.NEGATE
        tests = [_char_test(o, a) for o, a in argument[negated:]]
        return lambda ch: any(test(ch) for test in tests) is not negated
    raise RegexError("back references, look-around and atomic groups are not supported")


def _word_edge(text: str, position: int) -> bool:
    word = _CATEGORIES[c.CATEGORY_WORD]
    before = position > 0 and word(text[position - 1])
    return before is not (position < len(text) and word(text[position]))


def _anchor(where) -> Callable[[str, int], bool]:
    if where in (c.AT_BEGINNING, c.AT_BEGINNING_STRING):
        return lambda text, position: position == 0
    if where is c.AT_END_STRING:
        return lambda text, position: position == len(text)
    if where is c.AT_END:
        return lambda text, position: text[position:] in ("", "\n")
    if where is c.AT_BOUNDARY:
        return _word_edge
    return lambda text, position: not _word_edge(text, position)
