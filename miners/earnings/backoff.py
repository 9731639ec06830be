"""When a service on the internet is asked again: rarely while it answers, ever more rarely while it does not."""

from __future__ import annotations

#: Between the list of machines and the account of the same pool (s).
BETWEEN_TWO_SECONDS = 60.0
_FIRST_WAIT_SECONDS = 60.0
_LONGEST_WAIT_SECONDS = 6 * 3600.0


def after_success(refresh_seconds: float, jitter: float) -> float:
    """Seconds to the next request: the usual time ± 10 %, so that many homes do not ask as one. `jitter`: 0 … 1."""
    return refresh_seconds * (0.9 + 0.2 * jitter)


def after_failure(
    failures: int, refresh_seconds: float, jitter: float, retry_after_seconds: float | None = None
) -> float:
    """Seconds to the next request after `failures` in a row: 1, 2, 4 … min, at most 6 h.

    Never sooner than the service asked for (`retry_after_seconds`), and up to 20 % later.
    """
    doubled = _FIRST_WAIT_SECONDS * 2 ** min(max(failures - 1, 0), 20)
    wait = min(doubled, max(_LONGEST_WAIT_SECONDS, refresh_seconds))
    return max(wait, retry_after_seconds or 0.0) * (1 + 0.2 * jitter)
