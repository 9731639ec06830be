"""The cases of the bench: the table of issue 11 (Part 7), and the others that it asks for. Keys: bed/machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import time

from simulation.building import BuildingSpec, Weather
from simulation.sensor_faults import Fault, SensorFault

from . import beds
from .case import Case, Limits, Machine, Schedule

CONSTANT = Schedule(setback_celsius=21.0)
EVENING = Schedule(setback_celsius=18.0, comfort_from=time(6), comfort_until=time(22))

#: Bed → machine → K·h below, K·h above, starts in 14 days.
MUST_REACH = {
    "house-cold": {"modulating": (1, 1, 20), "levels": (5, 5, 38), "on_off": (25, 25, 380)},
    "house-usual": {"modulating": (1, 80, 20), "levels": (4.5, 100, 40), "on_off": (9, 115, 190)},
    "flat-mild": {"modulating": (1, 1, 20), "levels": (6, 6, 60), "on_off": (13, 15, 330)},
}
#: What the plain thermostat did in the buildings of the issue.
THERMOSTAT_IN_ISSUE = {
    "house-cold": (32.2, 23.9, 394),
    "house-usual": (12.9, 104.9, 250),
    "flat-mild": (12.7, 20.2, 348),
}
_MACHINES = {one.key: one for one in (beds.MODULATING, beds.THREE_LEVELS, beds.ON_OFF)}
_BEDS: dict[str, tuple[BuildingSpec, Weather]] = {
    "house-cold": (beds.HOUSE, beds.COLD),
    "house-usual": (beds.HOUSE, beds.USUAL),
    "flat-mild": (beds.FLAT, beds.MILD),
}
#: The same kind of place built otherwise: what is tuned to one of them shows in the other.
_OTHER_BEDS: dict[str, tuple[BuildingSpec, Weather]] = {
    "house2-cold": (beds.HOUSE_2, beds.COLD_2),
    "house2-usual": (beds.HOUSE_2, beds.USUAL_2),
    "flat2-mild": (beds.FLAT_2, beds.MILD_2),
}


def _case(key: str, room: BuildingSpec, weather: Weather, machine: Machine, **kwargs) -> Case:
    return Case(f"{key}/{machine.key}", f"{room.name}, {machine.name}", (room,), weather, (machine,), **kwargs)


def table() -> Iterator[Case]:
    """The nine of the table; `house2…` and `flat2…` are held to the same."""
    for key, (room, weather) in (_BEDS | _OTHER_BEDS).items():
        for machine in _MACHINES.values():
            below, above, starts = MUST_REACH[key.replace("2", "")][machine.key]
            yield _case(key, room, weather, machine, limits=Limits(below, above, starts, writes_a_day=_writes(machine)))


def _writes(machine: Machine) -> float | None:
    """A plug is switched as often as it starts: what wears a miner's settings is no matter there."""
    return 50.0 if len(machine.every_level_w) > 1 else None


def constant() -> Iterator[Case]:
    """21 °C day and night, without sun and openings."""
    level = Limits(1.0, starts=14, rmse_k=0.10)
    stepped = Limits(1.0, starts=42, rmse_k=0.25)
    for key, room in (("constant-house", beds.HOUSE), ("constant-medium", beds.MEDIUM)):
        yield _case(key, room.closed(), beds.COLD, beds.MODULATING, schedule=CONSTANT, limits=level)
    yield _case("constant-house", beds.HOUSE.closed(), beds.COLD, beds.THREE_LEVELS, schedule=CONSTANT, limits=stepped)
    yield _case("constant-tight", beds.TIGHT.closed(), beds.COLD, beds.TWO_LEVELS, schedule=CONSTANT, limits=stepped)


def mild() -> Iterator[Case]:
    """Less is needed than the lowest level: 20 to 60 % of it. Judged beside the thermostat, by its K·h and starts."""
    for room, machine in (
        (beds.MEDIUM, beds.THREE_LEVELS),
        (beds.TIGHT, beds.MODULATING),
        (beds.TIGHT, beds.TWO_LEVELS),
        (beds.MEDIUM, beds.ON_OFF),
        (beds.TIGHT, beds.SMALL_ON_OFF),
    ):
        limits = Limits(starts_share=1.0 if _writes(machine) is None else 0.25, writes_a_day=_writes(machine))
        yield _case(f"mild-{room.key}", room, beds.MILD, machine, schedule=CONSTANT, limits=limits)


def setback() -> Iterator[Case]:
    """18 °C at night: warm when the day begins."""
    limits = Limits(2.0, starts=98, slot_start_error_k=0.5)
    for machine in (beds.MODULATING, beds.THREE_LEVELS):
        yield _case("setback-medium", beds.MEDIUM, beds.COLD, machine, schedule=EVENING, limits=limits)


def staged() -> Iterator[Case]:
    """Two and three machines in one room."""
    base = Case("", "", (beds.HOUSE,), beds.COLD, ())
    two = (beds.SMALL_ON_OFF, replace(beds.ON_OFF, levels_w=(2300.0,)))
    three = (beds.TWO_LEVELS, beds.SMALL_ON_OFF, replace(beds.SMALL_ON_OFF, key="small2"))
    yield replace(base, key="staged/two", name="House, 1.2 and 2.3 kW", machines=two)
    yield replace(base, key="staged/three", name="House, 450/850 W and twice 1.2 kW", machines=three)


def hysteresis() -> Iterator[Case]:
    """Bands from 0.1 to 1.5 K, minimum times up to twice the class's. Judged beside the thermostat with the same."""
    for machine in _MACHINES.values():
        limits = Limits(colder_k_h_a_day=1.0, writes_a_day=_writes(machine))
        for band_k in (0.1, 0.25, 1.0, 1.5):
            case = _case("", beds.FLAT, beds.MILD, machine, hysteresis_k=band_k, limits=limits)
            yield replace(case, key=f"hysteresis-{band_k:g}/{machine.key}")
        long = replace(machine, min_on_seconds=2 * machine.min_on_seconds, min_off_seconds=2 * machine.min_off_seconds)
        yield _case("hysteresis-twice", beds.FLAT, beds.MILD, long, limits=limits)


def wrong_model() -> Iterator[Case]:
    """What is known of the room is wrong by 30 %: the limits of the table, half as much again."""
    for case in table():
        for factor in (0.7, 1.3):
            if case.key.startswith(("house-", "flat-")):
                most = case.limits
                limits = replace(
                    most, below_k_h=1.5 * most.below_k_h, above_k_h=1.5 * most.above_k_h, starts=1.5 * most.starts
                )
                yield replace(case, key=f"model-{factor:g}-{case.key}", model_factor=factor, limits=limits)


def blind() -> Iterator[Case]:
    """The sensor is lost for 24 h: at full power in the morning, at rest in the afternoon, in setback; once all is
    learned that can be, and on the second day."""
    for outdoor_celsius in (0.0, 5.0, 10.0):
        weather = beds.steady(outdoor_celsius)
        for room in (beds.TIGHT, beds.FLAT):
            for machine in (beds.TINY, beds.TWO_LEVELS, beds.SMALL_ON_OFF, beds.THREE_LEVELS, beds.MODULATING):
                # No machine holds what it has not the power for.
                coldest_celsius = 15.0 if outdoor_celsius == 0 else None
                if machine.full_w < room.ua_w_per_k * (EVENING.setback_celsius - outdoor_celsius):
                    coldest_celsius = None
                for when, hour in (("rise", 6.5), ("day", 15.0), ("night", 23.0), ("new", 15.0)):
                    days = 1 if when == "new" else 8
                    lost = SensorFault(Fault.LOST, int((days * 24 + hour) * 60), 24 * 60)
                    yield replace(
                        _case("blind", room, weather, machine, schedule=EVENING),
                        key=f"blind-{room.key}-{outdoor_celsius:.0f}-{when}/{machine.key}",
                        days=days + 3,
                        sensor_faults=(lost,),
                        limits=Limits(
                            over_target_k=2.5,
                            # Without a model how cold it gets is told, not promised.
                            coldest_celsius=None if when == "new" else coldest_celsius,
                            writes_a_day=_writes(machine),
                        ),
                    )


def faults() -> Iterator[Case]:
    """A sensor that stands still or grows old for a day, a machine that often refuses."""
    for machine in (beds.THREE_LEVELS, beds.ON_OFF):
        for fault in (Fault.FROZEN, Fault.SILENT):
            failing = SensorFault(fault, (5 * 24 + 9) * 60, 24 * 60)
            case = _case("", beds.FLAT, beds.MILD, machine, days=8, sensor_faults=(failing,))
            yield replace(case, key=f"sensor-{fault}/{machine.key}", limits=Limits(over_target_k=2.5))
        refusing = replace(machine, refused_share=0.2)
        yield _case("refusing", beds.FLAT, beds.MILD, refusing)


GROUPS = {
    "table": table,
    "constant": constant,
    "mild": mild,
    "setback": setback,
    "staged": staged,
    "hysteresis": hysteresis,
    "model": wrong_model,
    "blind": blind,
    "faults": faults,
}


def every_case() -> dict[str, Case]:
    return {case.key: case for group in GROUPS.values() for case in group()}


def chosen(name: str | None) -> list[Case]:
    """A case, those of a bed (the key up to the slash), of a group, or all whose key begins so; None: the nine."""
    found = every_case()
    if name is None:
        return [case for key, case in found.items() if key.split("/")[0] in _BEDS]
    if name in GROUPS:
        return list(GROUPS[name]())
    exact = [case for key, case in found.items() if name in (key, key.split("/")[0])]
    return exact or [case for key, case in found.items() if key.startswith(name)]
