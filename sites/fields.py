"""Secrets at rest: a text field encrypted with the installation's key."""

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

_PREFIX = "enc1:"


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    # HKDF-like single hash is enough here: SECRET_KEY is a long random value, not a password.
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"edgemining:{key}".encode()).digest())) for key in keys]
    )


def _current() -> MultiFernet:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(text: str) -> str:
    """Ciphertext of `text`, safe to store; empty stays empty."""
    return _PREFIX + _current().encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str) -> str:
    """The text again; empty when the key that wrote it is gone (the person types it anew)."""
    if not stored.startswith(_PREFIX):
        return stored
    try:
        return _current().decrypt(stored[len(_PREFIX) :].encode()).decode()
    except InvalidToken:
        return ""


def is_encrypted(stored: object) -> bool:
    """It is what `encrypt` answered."""
    return isinstance(stored, str) and stored.startswith(_PREFIX)


class Secret(str):
    """A str whose repr hides it, so that it cannot slip into a log or an error page."""

    def __repr__(self) -> str:
        return "'•••'" if self else "''"


class SecretsField(models.JSONField):
    """A JSON object whose secrets are encrypted at rest and read back as `Secret`.

    The row says which they are (`row.secret_names() -> names`); what was a secret once stays one, also
    while nobody knows the names.
    """

    def pre_save(self, model_instance, add):
        value = super().pre_save(model_instance, add)
        names = model_instance.secret_names()
        return {
            name: encrypt(one) if isinstance(one, Secret) or (name in names and isinstance(one, str)) else one
            for name, one in value.items()
        }

    def from_db_value(self, value, expression, connection):
        value = super().from_db_value(value, expression, connection)
        if not isinstance(value, dict):
            return value
        return {name: Secret(decrypt(one)) if is_encrypted(one) else one for name, one in value.items()}

    def deconstruct(self):
        """To the database it is plain JSON: no migration."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class EncryptedTextField(models.TextField):
    """A text column encrypted at rest; read back as `Secret`."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return encrypt(str(value)) if value else ""

    def from_db_value(self, value, expression, connection):
        return Secret(decrypt(value)) if value is not None else value
