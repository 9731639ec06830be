"""What a status other than success stands for, once for all that is asked over HTTP in a home."""

from __future__ import annotations

from .errors import AdapterError, BadAnswer, NotFound, Refused, Unauthorized, Unreachable

_REFUSALS = (400, 405, 409, 412, 422, 423)
_NOT_READY = (429, 502, 503, 504)


def status_error(status: int, what: str, *, locked: str, unknown: str, reason: str = "") -> AdapterError:
    """The error for `status` of `what` (its name and place): what it does, the status, and the remedy.

    `locked`: for 401 and 403, with `{status}` in it; `unknown`: for 404; `reason`: what it said itself, `: ‘…’`.
    """
    if status in (401, 403):
        return Unauthorized(f"{what} {locked.format(status=status)}")
    if status == 404:
        return NotFound(f"{what} {unknown}")
    if status in _NOT_READY:
        return Unreachable(f"{what} is not ready ({status}).")
    if status in _REFUSALS:
        return Refused(f"{what} refuses{reason} ({status}).")
    return BadAnswer(f"{what} answered {status}{reason}.")
