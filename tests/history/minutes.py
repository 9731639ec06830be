"""Minute rows for the tests: a readable way to write them, and their buckets by brute force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from climate.models import ZoneReading

#: A Sunday on which clocks go back in Europe: buckets are UTC and must not care.
NIGHT = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


def record(
    zone, begin: datetime, temperatures, *, target=21.0, heating=0.0, sensor="ok", **columns
) -> list[ZoneReading]:
    """One row a minute from `begin`; a scalar holds for all of them, a list gives each its own."""

    def each(value):
        return value if isinstance(value, list) else [value] * len(temperatures)

    rows = zip(temperatures, each(target), each(heating), each(sensor), strict=True)
    return ZoneReading.objects.bulk_create(
        ZoneReading(
            zone=zone,
            at=begin + timedelta(minutes=number),
            temperature_celsius=temperature,
            low_celsius=temperature,
            high_celsius=temperature,
            target_celsius=one_target,
            heating_w=watts,
            sensor=health,
            **columns,
        )
        for number, (temperature, one_target, watts, health) in enumerate(rows)
    )


def brute_force(zone, width_minutes: int) -> dict[datetime, dict]:
    """Every bucket of a zone's minutes, computed minute by minute from the definition in the documents."""
    found: dict[datetime, dict] = {}
    rows = {row.at: row for row in ZoneReading.objects.filter(zone=zone)}
    for at in sorted(rows):
        row = rows[at]
        seconds = int(at.timestamp())
        begin = datetime.fromtimestamp(seconds - seconds % (width_minutes * 60), UTC)
        one = found.setdefault(begin, {"rows": [], "starts": 0})
        one["rows"].append(row)
        before = next((rows[at - timedelta(minutes=n)] for n in (1, 2, 3) if at - timedelta(minutes=n) in rows), None)
        if row.heating_w > 0 and before is not None and before.heating_w == 0:
            one["starts"] += 1
    return {begin: _summed(one["rows"], one["starts"], zone.hysteresis_celsius) for begin, one in found.items()}


def _summed(rows, starts, hysteresis) -> dict:
    degree_minutes = in_band = 0
    known = [row for row in rows if row.temperature_celsius is not None]
    for row in known:
        if row.sensor == "lost" or row.target_celsius is None:
            continue
        degree_minutes += max(0.0, row.target_celsius - row.temperature_celsius)
        reaches = row.target_celsius - hysteresis <= row.temperature_celsius <= row.target_celsius + hysteresis
        in_band += reaches and not row.window_open
    temperatures = [row.temperature_celsius for row in known]
    outdoors = [row.outdoor_celsius for row in rows if row.outdoor_celsius is not None]
    return {
        "minutes": len(rows),
        "mean_celsius": sum(temperatures) / len(temperatures) if temperatures else None,
        "low_celsius": min(temperatures, default=None),
        "high_celsius": max(temperatures, default=None),
        "heating_wh": sum(row.heating_w for row in rows) / 60,
        "below_target_degree_minutes": degree_minutes,
        "in_band_minutes": in_band,
        "lost_minutes": sum(row.sensor == "lost" for row in rows),
        "window_minutes": sum(row.window_open for row in rows),
        "outdoor_celsius": sum(outdoors) / len(outdoors) if outdoors else None,
        "heating_minutes": sum(row.heating_w > 0 for row in rows),
        "starts": starts,
    }


def stored(model, zone) -> dict[datetime, dict]:
    """The buckets of a zone as they are in the database."""
    names = list(_summed([], 0, 0.5))
    return {
        row["at"]: {name: row[name] for name in names} for row in model.objects.filter(zone=zone).values("at", *names)
    }
