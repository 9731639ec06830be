"""Times of what happens during a test, however long it takes."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone


class Meanwhile:
    """`now = Meanwhile()`, then something is done, then `assert row.at in now`."""

    def __init__(self) -> None:
        self._began = timezone.now()

    def __contains__(self, at: datetime) -> bool:
        return self._began <= at <= timezone.now()

    def __repr__(self) -> str:
        return f"since {self._began}"
