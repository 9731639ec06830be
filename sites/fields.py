"""Secrets at rest: encrypted with the installation's key, together with the place they were entered for."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

#: A text alone, and a text with its place.
_ALONE, _PLACED = "enc1:", "enc2:"


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    # HKDF-like single hash is enough here: SECRET_KEY is a long random value, not a password.
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"edgemining:{key}".encode()).digest())) for key in keys]
    )


def _current() -> MultiFernet:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


class Secret(str):
    """A str whose repr hides it, so that it cannot slip into a log or an error page.

    `place` is where it was entered for; it goes nowhere else. Empty: it was typed just now and is bound to where its
    row is when that is saved.
    """

    place = ""

    @classmethod
    def of(cls, text: str, place: str) -> "Secret":
        secret = cls(text)
        secret.place = place
        return secret

    def __repr__(self) -> str:
        return "'•••'" if self else "''"


def encrypt(text: str, place: str = "") -> str:
    """Ciphertext of `text` and its place, safe to store; empty stays empty."""
    if not text:
        return ""
    if not place:
        return _ALONE + _current().encrypt(text.encode()).decode()
    return _PLACED + _current().encrypt(json.dumps([place, text]).encode()).decode()


def decrypt(stored: str) -> Secret:
    """The secret again; empty when the key that wrote it is gone (the person types it again)."""
    if not is_encrypted(stored):
        return Secret(stored)
    try:
        text = _current().decrypt(stored[len(_ALONE) :].encode()).decode()
    except InvalidToken:
        return Secret()
    if stored.startswith(_ALONE):
        return Secret(text)
    place, text = json.loads(text)
    return Secret.of(text, place)


def is_encrypted(stored: object) -> bool:
    """It is what `encrypt` answered."""
    return isinstance(stored, str) and stored.startswith((_ALONE, _PLACED))


class _Ciphertext(str):
    """What `pre_save` made: not to be encrypted a second time."""


def _sealed(value: str, row: models.Model) -> str:
    """The ciphertext of a value of `row`, bound to its own place, or to where the row is now."""
    place = getattr(value, "place", "") or (row.secret_place() if hasattr(row, "secret_place") else "")
    return encrypt(str(value), place)


class SecretsField(models.JSONField):
    """A JSON object whose secrets are encrypted at rest and read back as `Secret`.

    The row says which they are (`row.secret_names() -> names`) and where they go (`row.secret_place()`); what was a
    secret once stays one, also while nobody knows the names.
    """

    def pre_save(self, model_instance, add):
        value: Mapping[str, Any] = super().pre_save(model_instance, add)
        names = model_instance.secret_names()
        return {
            name: _sealed(one, model_instance)
            if isinstance(one, Secret) or (name in names and isinstance(one, str))
            else one
            for name, one in value.items()
        }

    def from_db_value(self, value, expression, connection):
        value = super().from_db_value(value, expression, connection)
        if not isinstance(value, dict):
            return value
        return {name: decrypt(one) if is_encrypted(one) else one for name, one in value.items()}

    def deconstruct(self):
        """To the database it is plain JSON: no migration."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class EncryptedTextField(models.TextField):
    """A text column encrypted at rest; read back as `Secret`. Its row says where it goes (`row.secret_place()`)."""

    def pre_save(self, model_instance, add):
        value = super().pre_save(model_instance, add)
        return _Ciphertext(_sealed(value, model_instance)) if value else ""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        if isinstance(value, _Ciphertext):
            return str(value)
        return encrypt(str(value), getattr(value, "place", "")) if value else ""

    def from_db_value(self, value, expression, connection):
        return decrypt(value) if value is not None else value


class VersionField(models.BigIntegerField):
    """A number that triggers of the database move: a row that is saved leaves the stored one as it is."""

    def pre_save(self, model_instance, add):
        return super().pre_save(model_instance, add) if add else models.F(self.attname)

    def deconstruct(self):
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BigIntegerField", args, kwargs
