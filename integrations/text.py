"""Bytes of devices as text: UTF-8 as JSON demands, and the Latin-1 that older firmware sends. Pure."""

from __future__ import annotations

import json

#: Bytes that Latin-1 and its relatives (Windows-1252, Latin-9) read differently.
_UNLIKE = frozenset(range(0x80, 0xA0))


def text_of(payload: bytes) -> str:
    """The text in `payload`. `UnicodeDecodeError` where it is not UTF-8 (16, 32) and not certainly Latin-1."""
    try:
        return payload.decode(json.detect_encoding(payload))
    except UnicodeDecodeError:
        if not _UNLIKE.isdisjoint(payload):
            raise
        return payload.decode("latin-1")


def excerpt(payload: bytes, most: int = 40) -> str:
    """Its beginning for a sentence: printable, never empty."""
    return printable(payload[:most].decode("utf-8", "replace").strip()) or "nothing"


def printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
