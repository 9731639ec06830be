"""Sessions in the database; in the shared store while nothing can be written there: reading pages needs no write."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.db import IntegrityError, transaction

from . import known, recording
from .faults import DATABASE_ERRORS, fault_of
from .patience import waiting_at_most
from .store import remembered, store

#: A page waits no longer than this for a lock before its session goes to the store; known to be locked, hardly at all.
_WAIT_SECONDS, _WAIT_KNOWN_SECONDS = 2.0, 0.2
_KEPT_SECONDS = 24 * 3600.0
#: A session that was ended while it could not be deleted.
_ENDED = ""


class SessionStore(db.SessionStore):
    @classmethod
    def get_model_class(cls):
        from django.contrib.sessions.models import Session

        return Session

    def load(self):
        kept = _kept(self.session_key)
        if kept is None:
            return super().load()
        if kept == _ENDED:
            self._session_key = None
            return {}
        return self.decode(kept)

    def exists(self, session_key):
        return _kept(session_key) is not None or super().exists(session_key)

    def save(self, must_create=False):
        if self.session_key is None:
            return self.create()
        row = self.create_model_instance(self._get_session(no_load=must_create))
        was_kept = _kept(self.session_key) is not None
        try:
            with waiting_at_most(_patience()), transaction.atomic():
                # One that was made while nothing could be written has no row yet.
                row.save(force_insert=must_create, force_update=not must_create and not was_kept)
        except IntegrityError:
            if must_create:
                raise CreateError from None
            raise
        except DATABASE_ERRORS as error:
            if fault_of(error) is None:
                raise UpdateError from error
            store().set(_key(self.session_key), row.session_data, _KEPT_SECONDS)
        else:
            if was_kept:
                store().delete(_key(self.session_key))

    def delete(self, session_key=None):
        session_key = session_key or self.session_key
        if session_key is None:
            return
        known.forget(session_key)
        try:
            with waiting_at_most(_patience()), transaction.atomic():
                super().delete(session_key)
        except DATABASE_ERRORS as error:
            if fault_of(error) is None:
                raise
            store().set(_key(session_key), _ENDED, _KEPT_SECONDS)
        else:
            if _kept(session_key) is not None:
                store().delete(_key(session_key))


def _patience() -> float:
    return _WAIT_SECONDS if recording.state() is None else _WAIT_KNOWN_SECONDS


def _kept(session_key: str | None) -> str | None:
    return None if session_key is None else remembered(_key(session_key))


def _key(session_key: str) -> str:
    return f"session:{session_key}"
