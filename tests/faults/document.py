"""A table kept between two marks of a document: read by a test, written by `python -m`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_DOCS = Path(__file__).resolve().parents[2] / "docs"


@dataclass(frozen=True, slots=True)
class Place:
    """Between `<!-- name: begin -->` and `<!-- name: end -->` of `docs/<name>.md`."""

    name: str

    def read(self) -> str:
        return self._text.split(self._begin)[1].split(self._end)[0]

    def write(self, table: str) -> None:
        before, rest = self._text.split(self._begin)
        self._path.write_text(before + self._begin + table + self._end + rest.split(self._end)[1])

    @property
    def _path(self) -> Path:
        return _DOCS / f"{self.name}.md"

    @property
    def _text(self) -> str:
        return self._path.read_text()

    @property
    def _begin(self) -> str:
        return f"<!-- {self.name}: begin -->\n"

    @property
    def _end(self) -> str:
        return f"<!-- {self.name}: end -->\n"
