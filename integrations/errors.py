"""The only errors an adapter may raise; each carries one plain sentence for a person."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


class AdapterError(Exception):
    """Something outside did not do what was asked. `str(error)` is a sentence for a person."""

    code = "failed"


class Unreachable(AdapterError):
    """No connection, refused, name not found: the other side may be off."""

    code = "unreachable"


class DeadlineExceeded(Unreachable):
    """It took the call but did not answer in time."""

    code = "deadline"


class Untrusted(Unreachable):
    """Its certificate is not believed; nothing was sent. `host`, `port`: where it can be looked at (empty: nowhere)."""

    code = "untrusted"

    def __init__(self, sentence: str, host: str = "", port: int = 0) -> None:
        super().__init__(sentence)
        self.host, self.port = host, port


class Unauthorized(AdapterError):
    """The credentials were refused. `next_try_at`: when they are shown again (aware UTC; None: nobody knows)."""

    code = "unauthorized"

    def __init__(self, sentence: str, next_try_at: datetime | None = None) -> None:
        super().__init__(sentence)
        self.next_try_at = next_try_at


class Withheld(Unauthorized):
    """A stored secret is not sent: it was entered for another address."""


class BadAnswer(AdapterError):
    """It answered with something that is not an answer: garbage, wrong type, too large."""

    code = "bad_answer"


class MissingSetting(BadAnswer):
    """It can be used once a person has entered something it does not tell; `settings`: the fields of its `Config`."""

    def __init__(self, sentence: str, *settings: str) -> None:
        super().__init__(sentence)
        self.settings = settings


class NotFound(AdapterError):
    """The thing asked for is not known there (may be transient after a restart)."""

    code = "not_found"


class Refused(AdapterError):
    """The device understood and said no."""

    code = "refused"


class RateLimited(AdapterError):
    """It was asked too often; `retry_after_seconds` is how long it wants to be left alone (None: it did not say)."""

    code = "rate_limited"

    def __init__(self, sentence: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after_seconds = retry_after_seconds


def in_words(error: AdapterError, tz: tzinfo = UTC) -> str:
    """The sentence of `error` and, where its credentials wait, when they are tried again, by the clocks of a site."""
    at = getattr(error, "next_try_at", None)
    if at is None:
        return str(error)
    zone = " UTC" if tz is UTC else ""
    return f"{error} Next try at {at.astimezone(tz):%H:%M}{zone}; a changed one is tried at once."
