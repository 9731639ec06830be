"""The fields every unit has: the established public names, and what this program adds to them.

Local means in the site's time zone. A part of these that a site does not have (no battery, no pool
tracker, no forecast) is absent in its contexts; the name stays valid.
"""

from __future__ import annotations

from collections.abc import Iterator

from .fields import Field
from .operators import BOOLEAN, NUMBER, TEXT

SOURCE_TYPES = ("solar", "wind", "grid", "hydroelectric", "other")
MINER_STATUSES = (
    "unknown",
    "off",
    "unconfirmed",
    "on",
    "starting",
    "ramping",
    "heating",
    "stopping",
    "protect",
    "no_pool",
    "unreachable",
    "error",
)
HASH_RATE_UNIT, FAN_UNIT = "TH/s", "RPM"
PAYOUT_FREQUENCIES = ("unknown", "per_block", "hourly", "daily", "threshold")
SENSOR_HEALTH = ("ok", "suspect", "lost")
#: The parts of a moment: the lowest and the highest each can be, and what it is.
CALENDAR = {
    "year": (1, 9999, "a year"),
    "month": (1, 12, "a month"),
    "day": (1, 31, "a day of the month"),
    "hour": (0, 23, "an hour of the day"),
    "minute": (0, 59, "a minute of the hour"),
    "second": (0, 59, "a second of the minute"),
    "microsecond": (0, 999_999, "a microsecond"),
    "weekday": (0, 6, "a weekday from 0"),
    "isoweekday": (1, 7, "a weekday from 1"),
}
SUN_EVENTS = ("dawn", "sunrise", "noon", "midnight", "sunset", "dusk")


#: No sensor is believed beyond these (°C), whatever its limits are set to; no part of a miner is hotter.
COLDEST, WARMEST, HOTTEST = -60, 60, 250
#: What targets and the bounds around them can be (°C).
LOWEST_TARGET, HIGHEST_TARGET = 0, 45
#: What is never negative.
POSITIVE, PERCENT = (0, None), (0, 100)


def _number(
    path: str,
    unit: str,
    label: str,
    description: str = "",
    *,
    within: tuple[float | None, float | None] = (None, None),
    quantity: str = "",
    is_whole: bool = False,
) -> Field:
    text = description or f"{label[:1].upper()}{label[1:]}."
    low, high = within
    return Field(path, NUMBER, unit, text, None, label, low=low, high=high, is_whole=is_whole, quantity=quantity)


def _text(path: str, label: str, values: tuple[str, ...] | None = None) -> Field:
    return Field(path, TEXT, "", f"{label[:1].upper()}{label[1:]}.", values, label)


def _boolean(path: str, label: str, description: str, shows: tuple[Field, str, Field] | None = None) -> Field:
    return Field(path, BOOLEAN, "", description, None, label, shows)


def _hash_rate(path: str, label: str) -> Iterator[Field]:
    yield _number(f"{path}.value", "", label, within=POSITIVE, quantity="a hash rate")
    yield _text(f"{path}.unit", f"unit of the {label}", (HASH_RATE_UNIT,))


def _quantity(
    path: str, unit: str, label: str, within: tuple[float | None, float | None], quantity: str = ""
) -> Iterator[Field]:
    """A value with its unit beside it; `unit` is what stands there."""
    yield _number(f"{path}.value", unit, label, within=within, quantity=quantity)
    yield _text(f"{path}.unit", f"unit of the {label}", (unit,))


def _calendar(path: str, label: str) -> Iterator[Field]:
    for part, (low, high, quantity) in CALENDAR.items():
        note = {"weekday": ", Monday = 0", "isoweekday": ", Monday = 1"}.get(part, "")
        text = f"The {part} of {label}, local to the site{note}."
        yield _number(
            f"{path}.{part}", "", f"{label} {part}", text, within=(low, high), quantity=quantity, is_whole=True
        )


def _energy() -> Iterator[Field]:
    s, e = "energy_source.", "energy_state."
    yield _text(s + "name", "energy source")
    yield _text(s + "type", "kind of energy source", SOURCE_TYPES)
    yield _number(s + "nominal_power_max", "W", "nominal power of the source", within=POSITIVE)
    yield _number(s + "storage.nominal_capacity", "Wh", "battery capacity", within=POSITIVE)
    yield _number(s + "grid.contracted_power", "W", "contracted grid power", within=POSITIVE)
    yield _number(s + "external_source", "W", "external source")
    yield _boolean(s + "has_battery", "there is a battery", "Whether the source has a battery at all.")
    yield _boolean(s + "has_grid", "there is a grid connection", "Whether the source is connected to the grid.")
    yield _number(e + "production", "W", "production", within=POSITIVE)
    yield _number(e + "consumption.current_power", "W", "household consumption", within=POSITIVE)
    yield _number(
        e + "surplus_power",
        "W",
        "surplus",
        "Power usable without importing; the unit's running miners are counted back in, so that a start does not "
        "end its own reason.",
    )
    yield _number(e + "battery.state_of_charge", "%", "battery charge", within=PERCENT)
    yield _number(e + "battery.remaining_capacity", "Wh", "energy left in the battery", within=POSITIVE)
    yield _number(e + "battery.current_power", "W", "battery power", "Power into the battery (+ charging).")
    yield _number(e + "battery.charging_power", "W", "battery charging power", within=POSITIVE)
    yield _number(e + "battery.discharging_power", "W", "battery discharging power", within=POSITIVE)
    yield _number(e + "grid.current_power", "W", "grid power", "Power from the grid (+ importing).")
    yield _number(e + "grid.importing_power", "W", "grid import", within=POSITIVE)
    yield _number(e + "grid.exporting_power", "W", "grid export", within=POSITIVE)
    yield _number(e + "external_source", "W", "external power")
    yield _number("forecast.next_hour_power", "W", "forecast power of the next hour", within=POSITIVE)
    yield _number("forecast.avg_next_4_hours_power", "W", "forecast average power of the next 4 hours", within=POSITIVE)
    yield _number("forecast.next_hour_energy", "Wh", "forecast energy of the next hour", within=POSITIVE)


def _home_load() -> Iterator[Field]:
    figures = (
        ("total_energy", "Wh", "energy"),
        ("avg_energy", "Wh", "average energy"),
        ("avg_power", "W", "average power"),
        ("peak_power", "W", "peak power"),
    )
    spans = {
        "total_history": ("past", [(f"last_{h}h.", f" of the last {h} h") for h in (1, 4, 12, 24)]),
        "total_forecast": ("expected", [(f"next_{h}h.", f" of the next {h} h") for h in (1, 2, 4, 6, 8, 12, 24)]),
    }
    for part, (word, windows) in spans.items():
        for window, when in [("", ""), *windows]:
            for name, unit, label in figures:
                yield _number(
                    f"home_load.{part}.{window}{name}", unit, f"{word} household {label}{when}", within=POSITIVE
                )


def _performance() -> Iterator[Field]:
    m = "mining_performance."
    yield from _hash_rate(m + "current_hashrate", "hash rate")
    for name, label in (
        ("current_hashrate", "pool hash rate"),
        ("average_hashrate_24h", "24 h average hash rate"),
        ("average_hashrate_7d", "7 day average hash rate"),
    ):
        yield from _hash_rate(f"{m}pool_stats.{name}", label)
    yield _number(m + "pool_stats.unpaid_balance", "sat", "unpaid balance", within=POSITIVE)
    yield _number(m + "pool_stats.estimated_next_payout", "sat", "estimated next payout", within=POSITIVE)
    yield _text(m + "payout_schedule.frequency", "payout frequency", PAYOUT_FREQUENCIES)
    yield _number(m + "payout_schedule.threshold", "sat", "payout threshold", within=POSITIVE)
    yield from _calendar(m + "payout_schedule.next_payout_at", "next payout")


def _sun() -> Iterator[Field]:
    for event in SUN_EVENTS:
        yield from _calendar(f"sun.{event}", event)
    for name, label in (("daylight", "daylight"), ("night", "night"), ("twilight", "twilight")):
        yield _number(f"sun.{name}", "s", f"length of {label}", within=POSITIVE)
    yield _number("sun.azimuth", "°", "sun azimuth", "Direction of the sun, clockwise from north.", within=(0, 360))
    yield _number("sun.zenith", "°", "sun zenith angle", within=(0, 180))
    text = "Height of the sun over the horizon; below 0 at night."
    yield _number("sun.elevation", "°", "sun elevation", text, within=(-90, 90))
    yield _boolean("sun.is_up", "the sun is up", "Whether the sun stands above the horizon.")
    yield _number(
        "sun.minutes_to_sunset",
        "min",
        "time to sunset",
        "Minutes until the next sunset, never negative.",
        within=POSITIVE,
    )
    yield _number(
        "sun.minutes_to_sunrise",
        "min",
        "time to sunrise",
        "Minutes until the next sunrise, never negative.",
        within=POSITIVE,
    )
    for event in ("sunrise", "sunset"):
        yield _number(f"sun.time_before_{event}", "s", f"time before today's {event}", within=POSITIVE)
        yield _number(f"sun.time_after_{event}", "s", f"time after today's {event}", within=POSITIVE)


def _miner() -> Iterator[Field]:
    yield _text("miner.name", "miner")
    yield _text("miner.model", "miner model")
    yield from _hash_rate("miner.hash_rate_max", "highest hash rate")
    yield _number("miner.power_consumption_max", "W", "the miner's power", within=POSITIVE)
    yield _number(
        "miner.power_min_w",
        "W",
        "the miner's lowest power",
        "What the miner takes at its lowest level; its nominal power where it is only switched on and off.",
        within=POSITIVE,
    )
    yield _boolean("miner.active", "the miner is active", "Whether the miner may be used.")
    s = "miner_state."
    yield _text(s + "status", "miner status", MINER_STATUSES)
    yield from _hash_rate(s + "hash_rate", "miner hash rate")
    yield _number(s + "power_consumption", "W", "miner consumption", within=POSITIVE)
    for name in ("inlet", "outlet", "max_chip", "max_board", "avg_chip", "avg_board"):
        label = {"max": "highest", "avg": "average"}.get(name[:3], "") + " " + name.split("_")[-1] + " temperature"
        yield from _quantity(f"{s}{name}_temperature", "°C", label.strip(), (COLDEST, HOTTEST))
    yield from _quantity(s + "external_fan_speed", FAN_UNIT, "external fan speed", POSITIVE)
    yield _number(s + "blocks_found", "", "blocks found", within=POSITIVE, quantity="a count", is_whole=True)
    yield _number(s + "system_uptime", "s", "miner uptime", within=POSITIVE)


def _climate() -> Iterator[Field]:
    for name, label in (("min", "lowest"), ("max", "highest"), ("avg", "average")):
        yield _number(f"climate.{name}_temperature", "°C", f"{label} room temperature", within=(COLDEST, WARMEST))
    yield _number(
        "climate.outdoor_temperature_celsius",
        "°C",
        "outdoor temperature",
        "What the home's outdoor sensor says; a rule about it does not apply to a home that has none.",
        within=(COLDEST, WARMEST),
    )
    z, of = "climate.zone.", "of the miner's own zone"

    def celsius(name: str, label: str, text: str, within=(LOWEST_TARGET, HIGHEST_TARGET)) -> Field:
        return _number(z + name, "°C", label, text, within=within)

    temperature = celsius("temperature_celsius", "temperature", f"Temperature {of}.", (COLDEST, WARMEST))
    lower = celsius("lower_bound", "lower bound", f"Effective target − hysteresis {of}.")
    upper = celsius("upper_bound", "upper bound", f"Effective target + hysteresis {of}.")
    yield temperature
    yield _number(z + "humidity", "%", "humidity", f"Relative humidity {of}.", within=PERCENT)
    yield celsius("target_temperature", "target", f"Effective target {of}: after away mode and guards.")
    yield celsius("requested_target_temperature", "requested target", f"Target {of} as people asked for it.")
    yield _number(
        z + "hysteresis_celsius",
        "°C",
        "hysteresis",
        f"Half-width of the switching band {of}.",
        within=(0, 10),
        quantity="a temperature difference in °C",
    )
    yield lower
    yield upper
    yield _boolean(
        z + "below_target", "the room is below its band", f"Temperature < lower bound {of}.", (temperature, "lt", lower)
    )
    yield _boolean(
        z + "above_target",
        "the room is at its upper bound",
        f"Temperature ≥ upper bound {of}.",
        (temperature, "gte", upper),
    )
    minimum = celsius("minimum_temperature", "minimum", f"‘Never below’ of the unit, at most the lower bound {of}.")
    above = celsius("minimum_upper_bound", "minimum plus hysteresis", f"Where heating for the minimum {of} ends.")
    yield minimum
    yield above
    yield _boolean(
        z + "below_minimum",
        "the room is below its minimum",
        f"Temperature < minimum {of}; false where the unit has none.",
        (temperature, "lt", minimum),
    )
    yield _boolean(
        z + "above_minimum",
        "the room is above its minimum",
        f"Temperature ≥ minimum plus hysteresis {of}; true where the unit has no minimum.",
        (temperature, "gte", above),
    )
    yield _number(z + "trend_celsius_per_hour", "°C/h", "temperature trend", f"Rise of the temperature {of}.")
    yield _text(z + "sensor", "sensor health", SENSOR_HEALTH)
    yield _boolean(
        z + "window_open",
        "the room has an open window",
        f"Whether a window {of} is open: by its contact, or because the temperature falls as through one.",
    )
    yield _boolean(
        z + "is_occupied", "the room is occupied", f"Whether somebody is there, by the presence sensor {of}."
    )


def _time() -> Iterator[Field]:
    yield from _calendar("timestamp", "now")
    yield _number(
        "timestamp.minute_of_day",
        "min",
        "minute of the day",
        "Minutes since midnight, local to the site.",
        within=(0, 1439),
        quantity="a minute of the day",
        is_whole=True,
    )


STANDARD_FIELDS: tuple[Field, ...] = (
    *_energy(),
    *_home_load(),
    *_performance(),
    *_sun(),
    *_miner(),
    *_climate(),
    *_time(),
)
