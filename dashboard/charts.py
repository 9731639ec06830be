"""History as JSON columns for the charts: times in Unix seconds, one list per line, null where nothing is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from climate.history import Point, Resolution, fitting, points, totals
from climate.models import ClimateZone, ZoneReading
from climate.state import HEATING_MIN_W, SensorHealth
from energy.models import EnergyReading, EnergySource
from energy.rollup import SOURCES
from miners.models import Miner, MinerReading
from miners.rollup import MINERS, MinerMinute

from . import degrees, miners_past, queries
from .cycles import Cycle, Past, bar_width, cycles
from .past import Bucketed, buckets, width_minutes
from .stats import energy_stats, miner_stats, room_stats
from .window import window_start

#: A hole longer than this (and than a step) is shown as a hole, not bridged by a line.
GAP = timedelta(minutes=3)
MINUTE = timedelta(minutes=1)
#: Up to here a chart of the energy shows minutes.
MINUTES_UP_TO = timedelta(hours=25)
_ENERGY_COLUMNS = (
    "production_wh", "household_wh", "import_wh", "export_wh", "charge_wh", "discharge_wh", "battery_soc_percent",
)  # fmt: skip
#: Columns of °C; a chart has them in the unit of the home.
_TEMPERATURES = frozenset({"temperature", "low", "high", "outdoor", "chips"})
_MINER_COLUMNS = ("energy_wh", "hash_rate_th_s", "on_minutes", "starts")


def columns(rows: Iterable[Sequence[Any]], width: int, step: timedelta = MINUTE) -> list[list[Any]]:
    """Rows (aware time first, `width` values behind) turned into columns; a row of nulls marks each hole."""
    result: list[list[Any]] = [[] for _ in range(width + 1)]
    before: datetime | None = None
    for at, *values in rows:
        if before is not None and at - before > max(GAP, step):
            _append(result, before + step, [None] * width)
        _append(result, at, values)
        before = at
    return result


def _append(result: list[list[Any]], at: datetime, values: Sequence[Any]) -> None:
    result[0].append(int(at.timestamp()))
    for column, value in zip(result[1:], values, strict=True):
        column.append(round(value, 2) if isinstance(value, float) else value)


def _chart(names: Sequence[str], lists: list[list[Any]], begin: datetime, now: datetime) -> dict[str, Any]:
    """The columns by name, and from when to when they are drawn: a young history fills the drawing, too."""
    known = (at for at, *values in zip(*lists, strict=True) if any(value is not None for value in values))
    first = next((datetime.fromtimestamp(at, UTC) for at in known), None)
    start = window_start(first, now, now - begin)
    drawn = {
        name: [degrees.shown(celsius) for celsius in one] if name in _TEMPERATURES else one
        for name, one in zip(names, lists, strict=True)
    }
    return {**drawn, "unit": degrees.symbol(), "from": int(start.timestamp()), "to": int(now.timestamp())}


def zone_chart(zone: ClimateZone, hours: int, now: datetime) -> dict[str, Any]:
    """Temperature, band low and high, heating W, its share of the time, outdoors, and where nothing is as usual.

    `lost` and `window` are 1 where the sensor was mostly lost or a window mostly open. A point lasts
    `step` seconds: a minute, a quarter or an hour, whichever fits the time asked for. `stats`: what
    the time shown amounts to. `cycles`: where minutes are too many to be seen, how heating came and went (`_bars`).
    """
    begin = now - timedelta(hours=hours)
    resolution = fitting(begin, now, now)
    past = points(zone, begin, now, max(resolution, Resolution.QUARTER, key=lambda one: one.minutes))
    lines = _minute_lines(zone, begin, now) if resolution is Resolution.MINUTE else _lines(past)
    half = zone.hysteresis_celsius
    banded = (
        (at, mean, None if target is None else target - half, None if target is None else target + half, *rest)
        for at, mean, target, *rest in lines
    )
    names = ["t", "temperature", "low", "high", "heating", "heated", "lost", "window", "outdoor"]
    lists = columns(banded, len(names) - 1, timedelta(seconds=resolution.seconds))
    chart = _chart(names, lists, begin, now)
    is_short = resolution is Resolution.MINUTE
    width = _width(past[0].at if past else begin, now, timedelta(seconds=resolution.seconds))
    bars = () if is_short else cycles(map(_heated, past), width)
    return {**chart, "step": resolution.seconds, "stats": room_stats(totals(past)), "cycles": _bars(bars, width)}


def _width(first: datetime, now: datetime, of_buckets: timedelta) -> timedelta:
    """How long a bar of a drawing from `first` on lasts: a young history has short ones."""
    return bar_width(now - first, max(of_buckets, timedelta(minutes=15)))


def _heated(point: Point) -> Past:
    return Past(point.at, point.minutes, point.heating_minutes, point.starts, point.heating_wh)


def _bars(bars: Sequence[Cycle], width: timedelta) -> dict[str, Any]:
    """Beginnings, the share of each bar (0…1) and its starts; a bar lasts `step` seconds."""
    return {
        "t": [int(bar.at.timestamp()) for bar in bars],
        "share": [round(bar.share, 3) for bar in bars],
        "starts": [bar.starts for bar in bars],
        "step": int(width.total_seconds()),
    }


def _minute_lines(zone: ClimateZone, begin: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    """As `_lines`, of the minute rows as they are: folding 1440 of them would take twice the time."""
    rows = ZoneReading.objects.filter(zone=zone, at__gte=begin, at__lt=end).order_by("at")
    for at, temperature, target, heating_w, sensor, window_open, outdoor in rows.values_list(
        "at", "temperature_celsius", "target_celsius", "heating_w", "sensor", "window_open", "outdoor_celsius"
    ):
        heated, lost = int(heating_w >= HEATING_MIN_W), int(sensor == SensorHealth.LOST)
        yield at, temperature, target, heating_w, heated, lost, int(window_open), outdoor


def _lines(past: Iterable[Point]) -> Iterator[tuple[Any, ...]]:
    """Time, °C, target °C, W, share of the time it heated, 1 where mostly lost, 1 where a window was, outdoor °C."""
    for point in past:
        heated, lost = point.heating_minutes / point.minutes, int(point.lost_minutes * 2 > point.minutes)
        window = int(point.window_minutes * 2 > point.minutes)
        yield (
            point.at, point.mean_celsius, point.target_celsius, point.heating_w, heated, lost, window,
            point.outdoor_celsius,
        )  # fmt: skip


def energy_chart(source: EnergySource, begin: datetime, now: datetime) -> dict[str, Any]:
    """W of production, household, grid, battery and the home's miners, the battery's charge in %, and what the time
    shown amounts to."""
    past = buckets(SOURCES, source.pk, begin, now, _ENERGY_COLUMNS)
    is_short = now - begin <= MINUTES_UP_TO
    lines = _energy_minutes(source, begin, now) if is_short else map(_energy_line, past)
    drawn = (
        miners_past.minutes_w(source.site_id, begin, now)
        if is_short
        else miners_past.means_w(source.site_id, begin, now)
    )
    step = timedelta(minutes=1 if is_short else width_minutes(now - begin))
    lists = columns(_with_miners(lines, drawn), 6, step)
    chart = _chart(["t", "production", "household", "grid", "battery", "charge", "miners"], lists, begin, now)
    return {**chart, "stats": energy_stats([values for _, values in past])}


def _with_miners(lines: Iterable[Sequence[Any]], drawn_w: dict[datetime, float]) -> Iterator[tuple[Any, ...]]:
    """Every line of the source with what the miners drew; also a time of which only they know something."""
    by_time = {at: values for at, *values in lines}
    for at in sorted(by_time.keys() | drawn_w.keys()):
        yield at, *by_time.get(at, [None] * 5), drawn_w.get(at)


def _energy_minutes(source: EnergySource, begin: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    rows = EnergyReading.objects.filter(source=source, at__gte=begin, at__lte=end).order_by("at")
    return rows.values_list("at", "production_w", "household_w", "grid_w", "battery_w", "battery_soc_percent")


def _energy_line(bucket: Bucketed) -> tuple[Any, ...]:
    """The mean W of a bucket; grid + = buying, battery + = charging."""
    at, of = bucket
    hours = of["minutes"] / 60
    return (
        at,
        _mean_w(of["production_wh"], hours),
        _mean_w(of["household_wh"], hours),
        _mean_w(_net(of["import_wh"], of["export_wh"]), hours),
        _mean_w(_net(of["charge_wh"], of["discharge_wh"]), hours),
        of["battery_soc_percent"],
    )


def _net(there: float | None, back: float | None) -> float | None:
    return None if there is None and back is None else (there or 0.0) - (back or 0.0)


def _mean_w(wh: float | None, hours: float) -> float | None:
    return None if wh is None else wh / hours


def miner_chart(miner: Miner, hours: int, now: datetime) -> dict[str, Any]:
    """W drawn and wanted, TH/s, chips in °C, and what the time shown amounts to.

    What was wanted and the chips are kept for minutes only: null in charts that reach further than these show; there
    `cycles` says how it came and went.
    """
    begin, span = now - timedelta(hours=hours), timedelta(hours=hours)
    past = buckets(MINERS, miner.pk, begin, now, _MINER_COLUMNS)
    is_short = span <= MINUTES_UP_TO
    width = _width(past[0][0] if past else begin, now, timedelta(minutes=width_minutes(span)))
    step = MINUTE if is_short else width
    bars = [] if is_short else cycles((_ran(at, of) for at, of in past), step)
    lines = _miner_minutes(miner, begin, now) if is_short else map(_miner_line, bars)
    chart = _chart(["t", "power", "hash_rate", "wanted", "chips"], columns(lines, 4, step), begin, now)
    return {
        **chart,
        "step": int(step.total_seconds()),
        "stats": miner_stats([values for _, values in past], _started(miner, begin, now)),
        "cycles": _bars(bars, width),
    }


def _ran(at: datetime, of: dict[str, Any]) -> Past:
    return Past(at, of["minutes"], of["on_minutes"], of["starts"], of["energy_wh"], of["hash_rate_th_s"])


def _started(miner: Miner, begin: datetime, now: datetime) -> int:
    """Its starts in the time shown that are remembered one by one: the first one of all has no minute before it."""
    return sum(at >= begin for at in queries.starts_of(miner, now))


def _miner_minutes(miner: Miner, begin: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    rows = MinerReading.objects.filter(miner=miner, at__gte=begin, at__lt=end).order_by("at")
    names = ("at", "status", "power_w", "desired_w", "hash_rate_th_s")
    for *minute, chips in rows.values_list(*names, "chip_temperature_celsius"):
        one = MinerMinute(*minute)
        yield one.at, one.drawn_w, one.hash_rate_th_s, one.desired_w, chips


def _miner_line(bar: Cycle) -> tuple[Any, ...]:
    return bar.at, bar.mean_w, bar.hash_rate_th_s, None, None
