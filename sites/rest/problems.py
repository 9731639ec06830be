"""What is wrong with a request, as the API says it: the place, a sentence, the value seen.

A secret is never echoed, whoever sent it: errors end in logs and screenshots.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from pydantic import ValidationError as SchemaError

from sites.brief import MASK, brief, is_secret
from sites.words import listed

Loc = Sequence[str | int]

#: An answer names this many problems; whoever mends them asks again.
MOST_PROBLEMS = 50
#: Django's codes for "another row has this already".
_TAKEN_CODES = {"unique", "unique_together", "unique_for_date"}


class Invalid(Exception):
    """422: `problems` as `problem()` makes them."""

    def __init__(self, *problems: dict[str, Any]) -> None:
        super().__init__(problems)
        self.problems = list(problems)


class Conflict(Exception):
    """409: a sentence saying what stands in the way and what to do; `in_use_by` names the rows."""

    def __init__(self, sentence: str, in_use_by: Iterable[models.Model] = ()) -> None:
        super().__init__(sentence)
        self.in_use_by = [{"type": resource_name(type(row)), "id": str(row.pk), "name": str(row)} for row in in_use_by]


class Missing(Exception):
    """404: nothing has this id, said in a sentence."""


def resource_name(model: type[models.Model]) -> str:
    """The name of a table in the API's addresses: “climate-zones”."""
    return model._meta.verbose_name_plural.lower().replace(" ", "-")


def problem(loc: Loc, msg: str, value: Any = None, *, secrets: Collection[str] = ()) -> dict[str, Any]:
    """One entry of a 422 answer. `value` is what was seen; `secrets` are further names not to show."""
    hidden = any(is_secret(part, secrets) for part in loc)
    return {"loc": list(loc), "msg": msg, "input": MASK if hidden else brief(value, secrets)}


def bounded(problems: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """At most `MOST_PROBLEMS` of `count` problems, and an entry that says how many are left out."""
    named = list(problems[:MOST_PROBLEMS])
    left = count - len(named)
    if left > 0:
        named.append(problem([], f"There are {left} more problems. Correct these first, then send it again."))
    return named


def invalid(field: str, msg: str, value: Any = None) -> Invalid:
    """The error of one field of the body."""
    return Invalid(problem(["body", field], msg, value))


def from_schema(error: SchemaError, prefix: Loc = ("body",), *, secrets: Collection[str] = ()) -> list[dict[str, Any]]:
    """pydantic's errors as problems below `prefix`."""
    found = error.errors(include_url=False, include_context=False)
    problems = [schema_problem(one, [*prefix, *one["loc"]], secrets) for one in found[:MOST_PROBLEMS]]
    return bounded(problems, len(found))


def schema_problem(one: Mapping[str, Any], loc: Loc, secrets: Collection[str] = ()) -> dict[str, Any]:
    """One of pydantic's errors. A missing field has no value seen: pydantic would show its neighbours."""
    seen = None if one["type"] == "missing" else one["input"]
    return problem(loc, _sentence(one), seen, secrets=secrets)


def _sentence(one: Mapping[str, Any]) -> str:
    match one["type"]:
        case "missing":
            return "This field is required. Add it."
        case "extra_forbidden":
            return "This field is not known here or cannot be changed. Leave it out."
        case "value_error":
            return str(one["msg"]).removeprefix("Value error, ")
    return f"{one['msg']}."


def is_taken(error: ValidationError) -> bool:
    """Whether the row is refused because another one has the same name or partner."""
    return any(one.code in _TAKEN_CODES for one in _flat(error))


def _flat(error: ValidationError) -> list[ValidationError]:
    if hasattr(error, "error_dict"):
        return [one for several in error.error_dict.values() for one in several]
    return error.error_list


def from_django(error: ValidationError, body: Any) -> list[dict[str, Any]]:
    """A row's own errors as problems; `body` is what was sent, for the value seen."""
    by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    found = [(field, message) for field, messages in by_field.items() for message in messages]
    sent = body if isinstance(body, Mapping) else {}
    return bounded([_row_problem(field, message, sent) for field, message in found[:MOST_PROBLEMS]], len(found))


def _row_problem(field: str, message: str, body: Mapping[str, Any]) -> dict[str, Any]:
    if field == NON_FIELD_ERRORS:
        return problem(["body"], message)
    if field in body:
        return problem(["body", field], message, body[field])
    config = body.get("config")
    if isinstance(config, Mapping) and field in config:
        return problem(["body", "config", field], message, config[field])
    return problem(["body", field], message)


def renamed(error: ValidationError, names: Mapping[str, str]) -> ValidationError:
    """The same error with its fields called as the API calls them."""
    if not hasattr(error, "error_dict"):
        return error
    return ValidationError({names.get(field, field): several for field, several in error.error_dict.items()})


def in_use(row: models.Model, relations: Iterable[str]) -> Conflict | None:
    """Why `row` cannot go: the rows that use it through these relations, by name."""
    users = [user for relation in relations for user in _related(row, relation)]
    if not users:
        return None
    return Conflict(f"‘{row}’ is used by {listed(users)}. Take it out there first.", users)


def _related(row: models.Model, relation: str) -> list[models.Model]:
    field = row._meta.get_field(relation)
    if field.one_to_one:
        found = getattr(row, relation, None)
        return [found] if found is not None else []
    return list(getattr(row, relation).all()[:100])
