"""pydantic's problems with one setting as a sentence: the value seen and the remedy, in plain words."""

from __future__ import annotations

from typing import Any, get_args

from pydantic_core import ErrorType

from sites.brief import brief_text

#: pydantic's own kinds of problems; any other comes from an adapter and is a sentence already.
_KNOWN = frozenset(get_args(ErrorType))
_NUMBER = ("float_parsing", "float_type", "int_parsing", "int_type", "finite_number", "int_parsing_size")


def sentence(problem: dict[str, Any], *, unit: str = "", is_secret: bool = False) -> str:
    """One problem of `ValidationError.errors()`; a secret's value is never repeated."""
    kind, context = problem["type"], problem.get("ctx", {})
    seen = "This" if is_secret else f"‘{brief_text(problem.get('input'))}’"
    with_unit = f" {unit}" if unit else ""
    if kind not in _KNOWN:
        return _of_an_adapter(problem["msg"], seen if problem.get("loc") and not is_secret else "")
    if kind == "missing":
        return "This is needed. Fill it in."
    if kind in _NUMBER:
        hint = " Write it with a point: 20.5." if "," in seen else " Write digits only, for example 20."
        return f"{seen} is not a number.{hint}"
    if kind == "int_from_float":
        return f"{seen} is not a whole number."
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in context and isinstance(context[name], (int, float)):
            return f"{seen} is out of range: choose {words} {context[name]:g}{with_unit}."
    if kind in ("literal_error", "enum"):
        return f"{seen} is not one of {context.get('expected', 'the choices')}."
    if kind == "string_pattern_mismatch":
        return f"{seen} does not have the expected form ({context.get('pattern', '')})."
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", problem["msg"]))
    return f"{seen} does not fit: {problem['msg']}."


def _of_an_adapter(message: str, seen: str) -> str:
    """An adapter's own words, with the value seen unless they have it."""
    text = f"{seen}: {message}" if seen and "‘" not in message else f"{message[:1].upper()}{message[1:]}"
    return text if text.endswith(".") else f"{text}."
