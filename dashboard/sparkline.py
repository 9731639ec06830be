"""The last hours of a room as a small drawing: temperature, target band, heating; pure geometry.

Points are in the units of the drawing (0,0 top left), ready for `points=` of an SVG polyline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from climate.state import HEATING_MIN_W

from . import degrees, formats
from .window import window_start

WIDTH, HEIGHT = 240, 48
STRIP_HEIGHT = 3
HOURS = 6
#: Rows are folded into at most this many columns, none narrower than two rows; a column without rows is a gap.
COLUMNS = 72
COLUMN_AT_LEAST = timedelta(minutes=2)
#: A band further than this from any temperature lies outside the drawing.
REACH_CELSIUS = 1.5
_MINUTE = timedelta(minutes=1)
#: So that the noise of a steady room does not look like a storm (°C).
MIN_SPAN_CELSIUS = 1.5


@dataclass(frozen=True, slots=True)
class Row:
    """One minute: °C (None: not believed), target °C, heating W."""

    at: datetime
    temperature_celsius: float | None
    target_celsius: float | None
    heating_w: float


@dataclass(frozen=True, slots=True)
class Sparkline:
    """SVG points of lines (one per unbroken stretch), band polygons, heating strips (x, width)."""

    lines: tuple[str, ...]
    band: tuple[str, ...]
    heating: tuple[tuple[float, float], ...]
    begin: datetime
    end: datetime
    summary: str
    #: Where the band of now lies when it lies outside the drawing.
    off_scale: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    strip_y: int = HEIGHT - STRIP_HEIGHT
    strip_height: int = STRIP_HEIGHT


@dataclass(frozen=True, slots=True)
class _Column:
    temperature: float | None
    target: float | None
    heating: bool


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _fold(rows: Sequence[Row], begin: datetime, end: datetime) -> list[_Column]:
    count = min(COLUMNS, (end - begin) // COLUMN_AT_LEAST)
    width = (end - begin) / count
    buckets: list[list[Row]] = [[] for _ in range(count)]
    for row in rows:
        index = (row.at - begin) // width
        if 0 <= index < count:
            buckets[index].append(row)
    return [
        _Column(
            _mean([row.temperature_celsius for row in bucket if row.temperature_celsius is not None]),
            _mean([row.target_celsius for row in bucket if row.target_celsius is not None]),
            any(row.heating_w >= HEATING_MIN_W for row in bucket),
        )
        for bucket in buckets
    ]


def _stretches(present: Sequence[bool]) -> list[range]:
    """Ranges of neighbouring columns that are present."""
    found, start = [], None
    for index, here in enumerate([*present, False]):
        if here and start is None:
            start = index
        elif not here and start is not None:
            found.append(range(start, index))
            start = None
    return found


def _range(temperatures: list[float], targets: list[float], hysteresis_celsius: float) -> tuple[float, float]:
    """What the drawing shows, °C: all temperatures, and of the band what is near. A far one does not flatten them."""
    coldest, warmest = min(temperatures), max(temperatures)
    low = min((target - hysteresis_celsius for target in targets), default=coldest)
    high = max((target + hysteresis_celsius for target in targets), default=warmest)
    return min(coldest, max(low, coldest - REACH_CELSIUS)), max(warmest, min(high, warmest + REACH_CELSIUS))


def _off_scale(columns: Sequence[_Column], hysteresis_celsius: float, middle: float, span: float) -> str:
    target = next((column.target for column in reversed(columns) if column.target is not None), middle)
    if target - hysteresis_celsius > middle + span / 2:
        return "↑ target above the drawing"
    return "↓ target below the drawing" if target + hysteresis_celsius < middle - span / 2 else ""


#: By room: what its last drawing was made of, and the drawing.
_drawn: dict[str, tuple[tuple[Row, ...], tuple, Sparkline | None]] = {}
_MOST_DRAWN = 500


def of_room(room: str, rows: tuple[Row, ...], hysteresis_celsius: float, now: datetime) -> Sparkline | None:
    """`sparkline`, drawn again only for other rows (`rows` is then another tuple), in another minute or unit."""
    how = _end(now), hysteresis_celsius, degrees.symbol()
    drawn = _drawn.get(room)
    if drawn is None or drawn[0] is not rows or drawn[1] != how:
        drawn = rows, how, sparkline(rows, hysteresis_celsius, now)
        _drawn[room] = drawn
        while len(_drawn) > _MOST_DRAWN:
            _drawn.pop(next(iter(_drawn)), None)
    return drawn[2]


def _end(now: datetime) -> datetime:
    """Whole minutes: the drawing changes once a minute, as the rows do."""
    return now.replace(second=0, microsecond=0) + _MINUTE


def sparkline(rows: Sequence[Row], hysteresis_celsius: float, now: datetime) -> Sparkline | None:
    """The drawing of the last 6 hours, or of what there is of them; None while there is nothing to draw."""
    end = _end(now)
    first = next((row.at for row in rows if row.temperature_celsius is not None), None)
    begin = window_start(first, end, timedelta(hours=HOURS))
    columns = _fold(rows, begin, end)
    temperatures = [column.temperature for column in columns if column.temperature is not None]
    if len(temperatures) < 2:
        return None
    low, high = _range(
        temperatures, [column.target for column in columns if column.target is not None], hysteresis_celsius
    )
    middle, span = (low + high) / 2, max(high - low, MIN_SPAN_CELSIUS)
    step = WIDTH / len(columns)

    def x(index: int) -> float:
        return round((index + 0.5) * step, 1)

    def y(value: float) -> float:
        share = min(max((value - middle) / span + 0.5, 0.0), 1.0)
        return round(2 + (1 - share) * (HEIGHT - STRIP_HEIGHT - 6), 1)

    def path(stretch: range, values) -> str:
        return " ".join(f"{x(index)},{y(value)}" for index, value in zip(stretch, values, strict=True))

    band = []
    for stretch in _stretches([column.target is not None for column in columns]):
        upper = [columns[index].target + hysteresis_celsius for index in stretch]
        lower = [columns[index].target - hysteresis_celsius for index in reversed(stretch)]
        band.append(f"{path(stretch, upper)} {path(reversed(stretch), lower)}")
    return Sparkline(
        lines=tuple(
            path(stretch, [columns[index].temperature for index in stretch])
            for stretch in _stretches([column.temperature is not None for column in columns])
        ),
        band=tuple(band),
        heating=tuple(
            (round(stretch.start * step, 1), round(len(stretch) * step, 1))
            for stretch in _stretches([column.heating for column in columns])
        ),
        begin=begin,
        end=end,
        off_scale=_off_scale(columns, hysteresis_celsius, middle, span),
        summary=f"{formats.celsius(min(temperatures))} to {formats.celsius(max(temperatures))}",
    )
