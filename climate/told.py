"""A temperature as its source told it: the number and the unit, kept beside the °C they mean. Pure."""

from __future__ import annotations

from integrations import units


class ToldCelsius:
    """A conversion to °C (`units.celsius`) that remembers what it was asked for; one for each reading."""

    def __init__(self) -> None:
        self.number: float | None = None
        self.unit = ""

    def __call__(self, value: float, unit: str | None, what: str) -> float:
        self.number, self.unit = value, unit or ""
        return units.celsius(value, unit, what)
