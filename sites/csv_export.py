"""A history as a table for spreadsheets, line by line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any


class _Echo:
    """A file that hands back what is written to it."""

    write: Callable[[str], str] = staticmethod(lambda line: line)


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A header, then a line a row, whose first value is its aware UTC time; numbers to a thousandth."""
    writer = csv.writer(_Echo())
    yield writer.writerow(["at_utc", *columns])
    for at, *values in rows:
        yield writer.writerow([f"{at:%Y-%m-%dT%H:%M:%SZ}", *(_short(value) for value in values)])


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
