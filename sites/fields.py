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


class Secret(str):
    """A str whose repr hides it, so that it cannot slip into a log or an error page."""

    def __repr__(self) -> str:
        return "'•••'" if self else "''"


class EncryptedTextField(models.TextField):
    """A text column encrypted at rest; read back as `Secret`."""

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return encrypt(str(value)) if value else ""

    def from_db_value(self, value, expression, connection):
        return Secret(decrypt(value)) if value is not None else value
