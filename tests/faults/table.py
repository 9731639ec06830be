"""The one table of faults: what each does, how long a miner may then heat against a guard, and what is told.

`test_matrix.py` holds the program to it; `python -m tests.faults.table` writes it into `docs/faults.md`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from .document import Place

PLACE = Place("faults")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on heating: `fixed` seconds and so many control periods."""

    fixed_seconds: float = 0.0
    periods: int = 0

    def seconds(self, period_s: float) -> float:
        return self.fixed_seconds + self.periods * period_s

    def __str__(self) -> str:
        fixed = f"{self.fixed_seconds / 60:g} min" if self.fixed_seconds >= 120 else f"{self.fixed_seconds:g} s"
        periods = f"{self.periods} period{'s' if self.periods > 1 else ''}"
        return " + ".join(part for part, there in ((fixed, self.fixed_seconds), (periods, self.periods)) if there)


@dataclass(frozen=True, slots=True)
class Fault:
    """One row. `key` names the function of `happenings.py` that makes it happen.

    `off_within`: from the fault (or `from_`) until the plug is really off, when the program can reach it.
    `off_after`: the plug cannot be reached while it lasts; from its end until the plug is really off.
    Neither: nothing is unsafe, and a miner that heats goes on.
    `manual_off_within`: the same with “on by hand”, where that differs; 0 periods: it may go on.
    `starts`: whether an off miner may start meanwhile.
    """

    key: str
    group: str
    title: str
    does: str
    off_within: Limit | None = None
    off_after: Limit | None = None
    by_hand_goes_on: bool = False
    from_: str = "the fault"
    lasts_seconds: int = 140
    period_s: int = 20
    hot: bool = False
    starts: bool = False
    guard: str = ""
    reason: str = ""
    alarms: tuple[str, ...] = ()
    #: Of these, the ones that still stand when control has resumed.
    alarms_that_stay: tuple[str, ...] = ()
    resumes_after_seconds: int = 0
    #: A sensor that was lost is believed again only after so long of good data.
    sensor_back_after_seconds: int = 0
    only: tuple[str, ...] = ("on policy", "on manual", "off policy", "off manual")

    @property
    def goes_on(self) -> bool:
        """A heating miner is right to go on."""
        return self.off_within is None and self.off_after is None


ONE_PERIOD = Limit(periods=1)
SENSOR_LOST = Limit(120, 1)
#: What every fault that loses a sensor has in common; the longer period only spares the tests passes.
LOST_SENSOR = {"sensor_back_after_seconds": 300, "period_s": 60, "lasts_seconds": 190}
#: 60 s, or three periods where these are longer; the watchdog looks every second.
WATCHDOG = Limit(62)
UNREACHED = ("connection_lost", "sensor_lost", "cannot_switch_off")
ON = ("on policy", "on manual")
OFF_POLICY = ("off policy",)


def _sensor(key: str, title: str, **kwargs) -> Fault:
    defaults = {
        "does": "It is not believed; after 2 min it counts as lost and its miners are switched off.",
        "off_within": SENSOR_LOST,
        "guard": "sensor_lost",
        "alarms": ("sensor_lost",),
        **LOST_SENSOR,
    }
    return Fault(key, "Sensor", title, **{**defaults, **kwargs})


def _doubted(key: str, title: str, does: str, **kwargs) -> Fault:
    return _sensor(key, title, does=does, **{"guard": "sensor_doubted", "alarms": ("sensor_doubted",), **kwargs})


def _connection(key: str, title: str, **kwargs) -> Fault:
    defaults = {
        "does": "Sensor and plug are out of reach: after 2 min off is wanted, sent with every retry and told. "
        "When it answers again, off comes first.",
        "off_after": ONE_PERIOD,
        "guard": "sensor_lost",
        "alarms": UNREACHED,
        **LOST_SENSOR,
    }
    return Fault(key, "Connection", title, **{**defaults, **kwargs})


FAULTS: tuple[Fault, ...] = (
    Fault(
        "nothing",
        "Room",
        "too hot, everything works",
        "The high limit switches every miner of the room off, until it has cooled by 2 K.",
        ONE_PERIOD,
        hot=True,
        lasts_seconds=60,
        guard="high_limit",
        alarms=("high_limit",),
        only=ON,
    ),
    _sensor("sensor_unavailable", "unavailable"),
    _sensor(
        "sensor_stale",
        "silent: value and time stand still (stale, frozen)",
        does="Believed for its age limit (60 min unless set otherwise), then lost.",
        off_within=Limit(3600, 1),
        lasts_seconds=3800,
        period_s=50,
        starts=True,
    ),
    _sensor(
        "sensor_frozen",
        "frozen with a moving time, a second sensor in the room",
        does="The high limit looks at the warmest of them.",
        hot=True,
        off_within=ONE_PERIOD,
        guard="high_limit",
        alarms=("high_limit",),
        only=ON,
        sensor_back_after_seconds=0,
        period_s=20,
        lasts_seconds=140,
    ),
    _sensor(
        "sensor_stands_still",
        "frozen with a moving time, alone in its room",
        does="After 2 h of heating above 60 % in which the value never changed it is suspect, 10 min later lost. "
        "Any change of the value ends it.",
        off_within=Limit(7800, 1),
        lasts_seconds=8200,
        period_s=300,
        sensor_back_after_seconds=0,
        only=ON,
    ),
    _doubted(
        "sensor_jumps",
        "jumps down by 12 K and stays there",
        "In doubt for as long as it stays: off after 2 min, but for short pulses against frost.",
    ),
    _doubted(
        "unit_turns",
        "its unit turns to °F, its number does not",
        "In doubt for as long as it stays, and named: off after 2 min, but for short pulses against frost.",
    ),
    _doubted(
        "sensor_jumps_hot",
        "jumps above the high limit",
        "In doubt, but the high limit takes the highest value any room could have.",
        off_within=ONE_PERIOD,
        guard="high_limit",
        alarms=("high_limit", "sensor_doubted"),
    ),
    _sensor("sensor_minus_127", "says −127 °C"),
    _sensor("sensor_85", "says 85 °C"),
    _sensor("sensor_nan", "says NaN"),
    Fault(
        "energy_unknown",
        "Energy",
        "meters unavailable",
        "A miner whose policy needs them is held for 10 min, then off; one that is off stays off. "
        "Room and guards need no energy.",
        Limit(600, 1),
        by_hand_goes_on=True,
        lasts_seconds=700,
        starts=False,
        reason="input_unknown",
        only=("on policy", "on manual", "off policy"),
    ),
    Fault(
        "battery_absent",
        "Energy",
        "the home has no battery (any more)",
        "Rules about it do not apply; the others decide.",
        starts=True,
    ),
    _connection("connection_down", "refused, gone"),
    _connection("connection_hung", "hangs: takes the call, never answers"),
    _connection("connection_garbage", "answers garbage"),
    _connection("token_revoked", "refuses the token"),
    Fault(
        "connection_restarts",
        "Connection",
        "restarts: 30 s gone, 30 s without entities",
        "Shorter than 2 min: what runs is held, nothing starts.",
        lasts_seconds=60,
    ),
    Fault(
        "plug_refuses",
        "Plug",
        "refuses to switch",
        "Off is sent again at least every 30 s and told.",
        off_after=Limit(30, 1),
        hot=True,
        guard="high_limit",
        alarms=("high_limit", "off_not_confirmed"),
    ),
    Fault(
        "plug_lies",
        "Plug",
        "acknowledges and does nothing",
        "Seen by reading back: off is sent again at least every 30 s and told.",
        off_after=Limit(30, 1),
        hot=True,
        guard="high_limit",
        alarms=("high_limit", "off_not_confirmed"),
    ),
    Fault(
        "plug_unreachable",
        "Plug",
        "out of reach while on",
        "Told at once; off is written first when it is back.",
        off_after=ONE_PERIOD,
        hot=True,
        guard="high_limit",
        alarms=("high_limit", "cannot_switch_off"),
    ),
    Fault(
        "plug_switched_on",
        "Plug",
        "switched on by someone, three times in 10 min",
        "Off again; the third time is an alarm.",
        ONE_PERIOD,
        lasts_seconds=100,
        alarms=("switched_on_outside",),
        alarms_that_stay=("switched_on_outside",),
        only=OFF_POLICY,
    ),
    Fault(
        "plug_switched_off",
        "Plug",
        "switched off by someone",
        "Taken as a person's off: it stays off for 2 h, then control resumes.",
        ONE_PERIOD,
        reason="outside_off",
        lasts_seconds=60,
        period_s=50,
        resumes_after_seconds=7200,
        only=ON,
    ),
    Fault(
        "workers_hung",
        "Program",
        "both workers hang: no pass runs",
        "The watchdog switches off without workers or database, then the program is started afresh.",
        WATCHDOG,
        lasts_seconds=150,
        alarms=("passes_late",),
    ),
    Fault(
        "beat_dead",
        "Program",
        "the beat thread dies: no ticks",
        "The program ends within a second and is started afresh; should it not, the watchdog acts.",
        WATCHDOG,
        lasts_seconds=150,
        alarms=("passes_late",),
    ),
    Fault(
        "database_locked",
        "Program",
        "database locked for 5 min, and the room becomes too hot",
        "An off needs no note: it is written at once (after waiting 20 s for the lock, the first time).",
        Limit(20, 1),
        hot=True,
        lasts_seconds=300,
        guard="high_limit",
    ),
    Fault(
        "disk_full",
        "Program",
        "disk full, and the room becomes too hot",
        "An off needs no note: it is written at once.",
        ONE_PERIOD,
        hot=True,
        lasts_seconds=150,
        guard="high_limit",
    ),
    Fault(
        "nothing_stored",
        "Program",
        "disk full or database locked for long, everything else works",
        "Nothing starts or takes more; what runs is held for 10 min, its timers too, then it is switched off.",
        Limit(600, 1),
        lasts_seconds=720,
        period_s=60,
        guard="unrecorded",
        reason="guard_unrecorded",
    ),
    Fault(
        "nothing_answers",
        "Program",
        "PostgreSQL or Redis does not answer: no pass runs",
        "The watchdog switches off. The program waits for them: starting it again would change nothing.",
        WATCHDOG,
        lasts_seconds=150,
        alarms=("passes_late",),
    ),
    Fault(
        "killed_before_write",
        "Program",
        "killed (−9) after an off was noted, before it was written",
        "The next start reads first and writes what is wanted.",
        Limit(5, 2),
        from_="the room's becoming too hot",
        hot=True,
        lasts_seconds=60,
        starts=True,
        guard="high_limit",
        alarms=("high_limit",),
    ),
    Fault(
        "killed_after_write",
        "Program",
        "killed (−9) after an off was written, before it was recorded",
        "The next start sees it off; the minimum off time counts from then.",
        ONE_PERIOD,
        from_="the room's becoming too hot",
        hot=True,
        lasts_seconds=60,
        starts=True,
        guard="high_limit",
        alarms=("high_limit",),
    ),
    Fault(
        "power_cut_on",
        "Power",
        "cut; the plug comes back on",
        "Read first: a wanted miner runs on, any other is switched off by the first pass.",
        Limit(5, 1),
        from_="the return of power",
        lasts_seconds=60,
        only=OFF_POLICY,
    ),
    Fault(
        "power_cut_off",
        "Power",
        "cut; the plug comes back off",
        "Nobody's wish: it is an off miner like any other and starts again by its rules.",
        off_within=ONE_PERIOD,
        lasts_seconds=60,
        only=ON,
    ),
    *(
        Fault(
            f"clock_{word}_2h",
            "Clock",
            f"wall clock {sign}2 h, and the room becomes too hot",
            "Timers move with it; guards go on; a miner starts when its own inputs were read again, or after 15 min.",
            ONE_PERIOD,
            hot=True,
            starts=True,
            guard="high_limit",
            alarms=("high_limit",),
        )
        for word, sign in (("plus", "+"), ("minus", "−"))
    ),
    Fault(
        "clock_plus_2h_sensor_stays",
        "Clock",
        "ours +2 h, the sensor's not",
        "Its values look 2 h old: lost at once.",
        ONE_PERIOD,
        guard="sensor_lost",
        alarms=("sensor_lost",),
        **LOST_SENSOR,
    ),
    Fault(
        "clock_minus_2h_sensor_stays",
        "Clock",
        "ours −2 h, the sensor's not",
        "Values from the future are not believed; lost after 2 min.",
        SENSOR_LOST,
        guard="sensor_lost",
        alarms=("sensor_lost",),
        **LOST_SENSOR,
    ),
    Fault(
        "dst",
        "Clock",
        "the night the hour repeats",
        "Nothing happens: times are UTC, the schedule is resolved in the home's zone.",
        starts=True,
        lasts_seconds=120,
    ),
    Fault(
        "unit_disabled",
        "Set-up",
        "unit disabled while heating",
        "Its miners are switched off and seen off first.",
        ONE_PERIOD,
        lasts_seconds=60,
        only=("on policy", "off policy"),
    ),
    Fault(
        "zone_deleted",
        "Set-up",
        "zone deleted past the program while heating",
        "A miner that heats no known room is off.",
        ONE_PERIOD,
        lasts_seconds=60,
        guard="no_zone",
    ),
    _sensor(
        "sensor_adapter_removed",
        "adapter removed while heating",
        does="Cannot be read, so lost after 2 min.",
    ),
    Fault(
        "plug_adapter_removed",
        "Plug",
        "adapter removed while heating",
        "It cannot be reached: told, other homes undisturbed; off is written first when it is back.",
        off_after=ONE_PERIOD,
        hot=True,
        guard="high_limit",
        alarms=("high_limit", "cannot_switch_off"),
    ),
)


def _cell_limit(fault: Fault) -> str:
    if fault.off_after is not None:
        return f"as long as it lasts, then {fault.off_after}"
    if fault.off_within is None:
        return "no guard is concerned"
    start = "" if fault.from_ == "the fault" else f" from {fault.from_}"
    hand = " (by hand: no guard is concerned)" if fault.by_hand_goes_on else ""
    return f"{fault.off_within}{start}{hand}"


def _cell_alarms(fault: Fault) -> str:
    from sites.alarms import KINDS

    return ", ".join(KINDS[kind].title for kind in fault.alarms) or "—"


def _cell_recovery(fault: Fault) -> str:
    if fault.resumes_after_seconds:
        return f"after {fault.resumes_after_seconds // 3600} h"
    back = f"{fault.sensor_back_after_seconds // 60} min of good data + " if fault.sensor_back_after_seconds else ""
    return f"{back}3 periods + minimum off time"


def markdown() -> str:
    """The table as it stands in the document."""
    lines = [
        "| Fault | What the program does | Heats against a guard at most | Alarm | Resumes by itself within |",
        "|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        cells = (
            f"{fault.group}: {fault.title}",
            fault.does,
            _cell_limit(fault),
            _cell_alarms(fault),
            _cell_recovery(fault),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    django.setup()
    PLACE.write(markdown())
    sys.exit(0)
