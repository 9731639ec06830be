"""A figure and its target: the shape every benchmark answers."""

from __future__ import annotations

Row = tuple[str, float, str, float, str]


def row(name: str, value: float, unit: str, target: float) -> Row:
    """One row; `ok` when the value is at most the target (targets are never loosened to pass)."""
    return name, round(value, 2), unit, target, "ok" if value <= target else "short"
