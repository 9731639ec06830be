"""Secrets go only where they were entered for.

A stored secret carries the place of its row at that time (`sites.fields.Secret`). A row whose address has changed since
then does not give it out: not to a pass, not to a test button, not to a form. It is entered again, or the address goes
back. So every face is safe, those that forget to ask as well; those that ask say it beside the field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models

from sites.fields import Secret

from . import tls
from .errors import Withheld

_SECURE = ("https", "mqtts")
_DEFAULT_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}


def place_of(url: str, certificate: str = "") -> str:
    """The address in one spelling: lower case, with its port, without a trailing slash; and whom TLS believes there."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return url
    place = f"{parts.scheme}://{parts.hostname or ''}:{port}{parts.path.rstrip('/')}"
    if not certificate or parts.scheme not in _SECURE:
        return place
    with suppress(ValueError):
        certificate = tls.certificate(certificate)
    pin = tls.pin_of(certificate)
    one = tls.shown(pin)[:23] if pin else hashlib.sha256(certificate.encode()).hexdigest()[:16]
    return f"{place} (certificate {one})"


class Placed(models.Model):
    """A row that keeps secrets and says where they go."""

    class Meta:
        abstract = True

    def secret_place(self) -> str:
        """Where the row's secrets go now, as a person reads it; equal as long as it is the same place."""
        raise NotImplementedError

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        """Its secrets by name, as far as they came from the database or from a person; empty ones left out."""
        raise NotImplementedError

    def unmarked_secrets(self) -> dict[str, str]:
        """Its secrets that are plain text: nothing says whether somebody typed them."""
        raise NotImplementedError

    @classmethod
    def from_db(cls, db, field_names, values):
        """Secrets of before places were kept are bound to the place they are stored with."""
        row = super().from_db(db, field_names, values)
        for _, secret in row.secrets():
            if not secret.place:
                secret.place = row.secret_place()
        return row

    def moved_secrets(self) -> dict[str, str]:
        """By name: why a secret is not given out. Empty when all is well."""
        bound = {name: secret.place for name, secret in self.secrets() if secret.place}
        here = self.secret_place() if bound else ""
        return {name: self._moved(name, place) for name, place in bound.items() if place != here}

    def _moved(self, name: str, place: str) -> str:
        noun = self.secret_noun(name)
        return f"The stored {noun} was entered for {place} and is sent nowhere else. Enter it for the new address."

    def secret_noun(self, name: str) -> str:
        """What a person calls the secret of this name."""
        return name.replace("_", " ")

    def refuse_moved(self) -> None:
        """Raises `Withheld` where a secret would go to another place than it was entered for."""
        for sentence in self.moved_secrets().values():
            raise Withheld(sentence)

    def refuse_moved_in_forms(self) -> None:
        """The same as ValidationError by field, for `clean`.

        A stored secret that a form handed back as plain text counts as stored: that somebody typed it is said by
        `Secret` alone.
        """
        moved = self.moved_secrets()
        unmarked = {} if self._state.adding else self.unmarked_secrets()
        stored = type(self)._default_manager.filter(pk=self.pk).first() if unmarked else None
        if stored is not None and stored.secret_place() != self.secret_place():
            known = dict(stored.secrets())
            moved |= {
                name: self._moved(name, known[name].place) for name, text in unmarked.items() if text == known.get(name)
            }
        if moved:
            raise ValidationError(self.by_form_field(moved))

    def by_form_field(self, sentences: dict[str, str]) -> dict[str, Any]:
        """Sentences about secrets under the names of the row's own fields."""
        return dict(sentences)
