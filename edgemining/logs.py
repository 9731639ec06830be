"""What a refused request leaves in the log: one line, without a traceback and without a secret."""

from __future__ import annotations

import logging
import re

#: The secret of a one-time link is part of its address.
_SIGN_IN = re.compile(r"(/sign-in/)[^/\s?]+")
_MOST_CHARACTERS = 300


class RefusalsInOneLine(logging.Filter):
    """Django logs a refusal (400–499) with the traceback of its own exception; that tells nobody anything."""

    def filter(self, record: logging.LogRecord) -> bool:
        status = getattr(record, "status_code", None)
        if isinstance(status, int) and 400 <= status < 500:
            record.msg = _one_line(record.getMessage())
            record.args = None
            record.exc_info = record.exc_text = record.stack_info = None
        return True


def _one_line(text: str) -> str:
    text = _SIGN_IN.sub(r"\1•••", " ".join(text.split()))
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + "…"
