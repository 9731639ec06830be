"""Every encrypted value in the database, as it is stored: can the present key read it?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models.functions import Cast

from sites.fields import EncryptedTextField, SecretsField, decrypt, is_encrypted

#: What `sites.fields.encrypt` answers, alone or somewhere in a JSON text.
_ENCRYPTED = re.compile(r"enc\d:[\w=-]+")


@dataclass(frozen=True, slots=True)
class Stored:
    """The encrypted values of one column of one row."""

    model: type[models.Model]
    column: str
    pk: Any
    raw: str

    @property
    def is_readable(self) -> bool:
        return all(decrypt(one) for one in _ENCRYPTED.findall(self.raw))


def encrypted() -> Iterator[Stored]:
    """All there are, past the fields that would decrypt them."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, EncryptedTextField | SecretsField):
                continue
            raw = Cast(field.name, models.TextField())
            rows = model._base_manager.annotate(as_stored=raw).filter(as_stored__contains="enc")
            for pk, text in rows.values_list("pk", "as_stored"):
                if _ENCRYPTED.search(text):
                    yield Stored(model, field.name, pk, text)


def forget_unreadable() -> list[str]:
    """Remove what the present key cannot read; returns the names of the rows, to be filled in again."""
    names = []
    for one in [stored for stored in encrypted() if not stored.is_readable]:
        rows = one.model._base_manager.filter(pk=one.pk)
        if isinstance(one.model._meta.get_field(one.column), SecretsField):
            kept = {name: value for name, value in json.loads(one.raw).items() if not _is_lost(value)}
            rows.update(**{one.column: kept})
        else:
            rows.update(**{one.column: ""})
        names.append(f"{one.model._meta.verbose_name} ‘{rows.get()}’")
    return names


def _is_lost(value: Any) -> bool:
    return is_encrypted(value) and not decrypt(value)
