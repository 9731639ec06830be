"""Typed requests that follow the tables: bounds, defaults and help come from the model's own fields."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Annotated, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo


class Body(BaseModel):
    """A request's body: unknown fields are refused by name, NaN and infinity are not numbers."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)


class Answer(Schema):
    """An answer; a name so that every floor's schemas read alike."""


class Done(Answer):
    """What was taken on, in a sentence; the next control pass does the rest."""

    message: str


def _is_plausible(value: datetime) -> datetime:
    if not 2000 <= value.year <= 2100:
        raise ValueError(f"The year {value.year} is not plausible. Choose one from 2000 to 2100.")
    return value


#: A time with its UTC offset; a naive one would be read in somebody's zone, and nobody knows whose.
Moment = Annotated[AwareDatetime, AfterValidator(_is_plausible)]


def field(model: type[models.Model], name: str) -> Any:
    """The pydantic field of a column: default, bounds, length and help as the table has them."""
    column = model._meta.get_field(name)
    bounds: dict[str, Any] = {}
    for validator in column.validators:
        if isinstance(validator, MinValueValidator):
            bounds["ge"] = validator.limit_value
        elif isinstance(validator, MaxValueValidator):
            bounds["le"] = validator.limit_value
    if isinstance(column, models.CharField):
        bounds["max_length"] = column.max_length
        if not column.blank:
            bounds["min_length"] = 1
    return Field(_default(column), title=str(column.verbose_name), description=column.help_text or None, **bounds)


def _default(column: models.Field) -> Any:
    if column.has_default():
        return column.get_default()
    if column.null:
        return None
    return "" if column.blank and isinstance(column, (models.CharField, models.TextField)) else ...


def patch_of(schema: type[Body], *fixed: str) -> type[Body]:
    """The fields of `schema`, none required, without those `fixed` at creation (and the site).

    What is not sent stays as it is; null is taken only where the schema itself takes it.
    """
    fields: dict[str, Any] = {}
    for name, info in schema.model_fields.items():
        if name not in ("site_id", *fixed):
            fields[name] = (info.annotation, _unset(info))
    patch = create_model(schema.__name__.removesuffix("In") + "Patch", __base__=Body, **fields)
    patch.__doc__ = "What is not sent stays; null clears what may be empty."
    return patch


def _unset(info: FieldInfo) -> FieldInfo:
    """The field with nothing in it unless sent; the schema in the docs shows no default."""
    optional = copy(info)
    optional.default = None
    optional.json_schema_extra = lambda schema: schema.pop("default", None)
    return optional
