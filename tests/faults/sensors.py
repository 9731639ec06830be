"""The one table of what sensors do wrong: what the program does, after how long, and what a person reads.

`test_sensors.py` holds the program to it; `python -m tests.faults.sensors` writes it into `docs/sensors.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .document import Place

PLACE = Place("sensors")
TWO_MINUTES = "2 min, then 5 min of good data"
IN_DOUBT = "In doubt: nothing starts; when that lasts, what heats the room is off, but for short pulses against frost."
NOT_BELIEVED = "Not believed: nothing starts; when that lasts, lost: what heats the room is off."


@dataclass(frozen=True, slots=True)
class Row:
    """One fault of a sensor in a room that is heated; `key` names the function of `sensor_happenings.py` that makes it.

    `off_after_s`: the miner is wanted off from then on (None: it goes on). `reads` stands on the room's card,
    word for word but for what “…” stands for.
    """

    key: str
    title: str
    does: str
    after: str
    reads: str
    off_after_s: int | None = 120
    health: str = "lost"
    alarm: str = "sensor_lost"
    #: Longer than the usual 10 s only to spare the tests passes.
    period_s: int = 60


ROWS: tuple[Row, ...] = (
    Row(
        "unavailable",
        "`unavailable`",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: ‘sensor.room’ is unavailable in Home Assistant. Is its device on and in "
        "reach?",
    ),
    Row(
        "unknown",
        "`unknown`",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: ‘sensor.room’ has no value in Home Assistant yet.",
    ),
    Row(
        "silent",
        "silent: its time stands still (stale, frozen)",
        "Believed for its own limit of age, then lost at once. Many sensors report only when something changes.",
        "60 min, then 5 min of good data",
        "The sensor ‘Sensor’ has been silent for … min.",
        off_after_s=3600,
        period_s=300,
    ),
    Row(
        "flat",
        "frozen with a moving time, while its room is heated hard",
        "2 h above 60 % of what the room's miners can give, and every sensor of the room says bit for bit the same: "
        "suspect, 10 min later lost. Any change ends it at once.",
        "2 h + 10 min, until it changes",
        "Bath was heated hard for 2 h and nothing moved: ‘Sensor’ 20.1 °C all the time. It is not believed until it "
        "changes; check it.",
        off_after_s=7800,
        period_s=300,
    ),
    Row(
        "odd",
        "one report some kelvin off, within the limit of jumps (5 K)",
        "Believed, but control waits until other reports bear it out. The high limit does not wait.",
        "3 reports in 20 s, 2 in 1 min, or 90 s; twice as long for each leap that came back, at most 30 min",
        "",
        off_after_s=None,
    ),
    Row(
        "jump",
        "a jump: faster than a room can change (5 K in 10 min, 3 K in an hour as a whole, and what the heater adds)",
        f"{IN_DOUBT} Waiting does not make it true.",
        "2 min, until it comes back, another sensor of the room agrees, or you say that it is right",
        "The sensor ‘Sensor’ jumped from 20.0 to 14.0 °C, faster than a room can change.",
        health="suspect",
        alarm="sensor_doubted",
    ),
    Row(
        "unit_turns",
        "its unit turns and its number does not",
        f"{IN_DOUBT} Named as what it is.",
        "2 min, until its unit is right again, or you say that it is right",
        "The sensor ‘Sensor’ jumped from 20.0 to −6.7 °C, faster than a room can change; it reports in °F now (in °C "
        "before), but its number is still that of °C: 20.0.",
        health="suspect",
        alarm="sensor_doubted",
    ),
    Row(
        "eighty_five",
        "85 °C (a DS18B20 that has just been switched on)",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ says 85.0 °C, which no room has.",
    ),
    Row(
        "minus_127",
        "−127 °C (a DS18B20 without its cable)",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ says −127.0 °C, which no room has.",
    ),
    Row(
        "nan",
        "NaN, or any text",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: ‘sensor.room’ says ‘nan’; a number is needed.",
    ),
    Row(
        "wrong_unit",
        "the wrong unit, or none",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: ‘sensor.room’ is in ‘V’; a temperature in °C, °F or K is needed. Choose "
        "another entity or set its unit at the source.",
    ),
    Row(
        "fahrenheit",
        "°F, and says so",
        "No fault: 68 °F are 20 °C.",
        "at once",
        "",
        off_after_s=None,
    ),
    Row(
        "fahrenheit_as_celsius",
        "°F, but says °C",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ says 68.0 °C, which no room has; it looks like °F taken for °C: 20.0\u202f°C.",
    ),
    Row(
        "future",
        "a time in the future",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ reports from the future; a clock is wrong.",
    ),
    Row(
        "starting",
        "404 after a restart of Home Assistant",
        f"{NOT_BELIEVED} A restart is usually over by then, and nothing was switched.",
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: Home Assistant is still starting; ‘sensor.room’ is not there yet.",
    ),
    Row(
        "removed",
        "404: renamed or removed",
        NOT_BELIEVED,
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: ‘sensor.room’ is not known to Home Assistant.",
    ),
    Row(
        "hung",
        "the server takes the question and never answers",
        f"Given up after 5 s. {NOT_BELIEVED} An off that cannot be sent is sent first when it answers.",
        TWO_MINUTES,
        "The sensor ‘Sensor’ cannot be read: Home Assistant has not come back from a call of …; it is "
        "asked again when it does.",
    ),
    Row(
        "differ",
        "two sensors differ by more than 1.5 K",
        "Both suspect: control believes the warmer, the high limit the highest, frost protection the lowest.",
        "at once",
        "The sensors of Bath differ by 1.8 K: ‘Sensor’ 20.0 °C and ‘Window sill’ 18.2 °C. The warmest counts.",
        off_after_s=None,
    ),
    Row(
        "odd_one",
        "one of three or more is 1.5 K off",
        "The median counts; the odd one is named. Where most do not agree: as two that differ.",
        "at once",
        "‘Window sill’ says 17.0 °C, unlike the others (20.0 °C).",
        off_after_s=None,
    ),
    Row(
        "contact_gone",
        "a window contact says nothing",
        "The window counts as closed; a sudden fall of the temperature still pauses heating.",
        "at once",
        "The window of Bath counts as closed. ‘binary_sensor.window’ is unavailable in Home Assistant.",
        off_after_s=None,
    ),
    Row(
        "presence_gone",
        "a presence sensor says nothing",
        "Somebody counts as being there.",
        "at once",
        "Somebody counts as being in Bath. ‘person.ada’ has no value in Home Assistant yet.",
        off_after_s=None,
    ),
)


def markdown() -> str:
    """The table as it stands in the document."""
    lines = [
        "| The sensor | What the program does | After how long, and back after | What you read |",
        "|---|---|---|---|",
    ]
    lines += [f"| {row.title} | {row.does} | {row.after} | {f'*{row.reads}*' if row.reads else '—'} |" for row in ROWS]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PLACE.write(markdown())
