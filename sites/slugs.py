"""Slugs: the names of zones, miners and units in rule paths and file names. Made once, kept when the name changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from anyascii import anyascii

#: Transliteration can make a name several times as long; a number may follow.
MAX_LENGTH = 80


def make_slug(name: str) -> str:
    """`name` in `a-z`, `0-9` and `_`, of whatever script it is: “Климат 2” → `klimat_2`; never empty."""
    latin = anyascii(unicodedata.normalize("NFC", name)).lower()
    return re.sub(r"[^a-z0-9_]+", "_", latin).strip("_")[:MAX_LENGTH].rstrip("_") or "unnamed"


def unique_slug(name: str, taken: Collection[str]) -> str:
    """`make_slug(name)`, with a number behind it where that is taken already."""
    base = make_slug(name)
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}_{number}", number + 1
    return slug
