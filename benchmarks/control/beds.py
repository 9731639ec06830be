"""Rooms, weathers and machines of the bench.

`HOUSE` and `FLAT` are found by random search so that the plain thermostat does in them about what it did in the
buildings of issue 11, which are not in this repository (`docs/control-bench.md`); the others are chosen for what they
stress.
"""

from __future__ import annotations

from dataclasses import replace

from simulation.building import BuildingSpec, Weather
from simulation.sky import Climate

from .case import Machine

#: Heavy: 17 kWh in a kelvin of walls and floors, behind 12 m² of southern windows; its air is light.
HOUSE = BuildingSpec(
    key="house",
    name="House",
    air_j_per_k=2.814e5,
    furniture_j_per_k=1.482e6,
    mass_j_per_k=6.0e7,
    envelope_j_per_k=9.351e6,
    air_furniture_w_per_k=800.0,
    air_mass_w_per_k=724.8,
    air_envelope_w_per_k=29.34,
    envelope_outdoor_w_per_k=56.16,
    air_outdoor_w_per_k=58.89,
    windows=((180.0, 11.44), (270.0, 2.041)),
    people_w=109.0,
)
#: Light: a few rooms with little sun.
FLAT = BuildingSpec(
    key="flat",
    name="Flat",
    air_j_per_k=7.419e5,
    furniture_j_per_k=3.734e6,
    mass_j_per_k=1.181e7,
    envelope_j_per_k=8.714e6,
    air_furniture_w_per_k=340.5,
    air_mass_w_per_k=838.7,
    air_envelope_w_per_k=205.1,
    envelope_outdoor_w_per_k=47.82,
    air_outdoor_w_per_k=41.22,
    windows=((180.0, 0.4414), (270.0, 0.8927)),
    people_w=30.0,
)
#: Found by another search, with other walls: the same kinds of place, built otherwise.
HOUSE_2 = BuildingSpec(
    key="house2",
    name="House 2",
    air_j_per_k=7.0e5,
    furniture_j_per_k=3.0e6,
    mass_j_per_k=2.66e7,
    envelope_j_per_k=2.0e7,
    air_furniture_w_per_k=84.0,
    air_mass_w_per_k=500.0,
    air_envelope_w_per_k=39.0,
    envelope_outdoor_w_per_k=122.0,
    air_outdoor_w_per_k=66.0,
    windows=((180.0, 10.8), (270.0, 3.5)),
    people_w=370.0,
)
FLAT_2 = BuildingSpec(
    key="flat2",
    name="Flat 2",
    air_j_per_k=7.8e5,
    furniture_j_per_k=3.3e6,
    mass_j_per_k=9.8e6,
    envelope_j_per_k=9.8e6,
    air_furniture_w_per_k=338.0,
    air_mass_w_per_k=780.0,
    air_envelope_w_per_k=183.0,
    envelope_outdoor_w_per_k=56.0,
    air_outdoor_w_per_k=40.0,
    windows=((180.0, 0.6), (270.0, 0.6)),
    people_w=100.0,
)
#: Between the two.
MEDIUM = BuildingSpec(
    key="medium",
    name="Living room and kitchen",
    air_j_per_k=5.0e5,
    furniture_j_per_k=2.5e6,
    mass_j_per_k=2.6e7,
    envelope_j_per_k=9.0e6,
    air_furniture_w_per_k=500.0,
    air_mass_w_per_k=760.0,
    air_envelope_w_per_k=90.0,
    envelope_outdoor_w_per_k=52.0,
    air_outdoor_w_per_k=52.0,
    windows=((180.0, 3.0), (270.0, 1.0)),
    people_w=90.0,
)
#: One small, well insulated room: a machine of 850 W is a large one here.
TIGHT = BuildingSpec(
    key="tight",
    name="Bedroom",
    air_j_per_k=1.5e5,
    furniture_j_per_k=8.0e5,
    mass_j_per_k=4.5e6,
    envelope_j_per_k=3.0e6,
    air_furniture_w_per_k=120.0,
    air_mass_w_per_k=260.0,
    air_envelope_w_per_k=30.0,
    envelope_outdoor_w_per_k=14.0,
    air_outdoor_w_per_k=14.0,
    air_neighbour_w_per_k=6.0,
    windows=((90.0, 0.5),),
    people_w=60.0,
    cooking_w=0.0,
    open_window_w_per_k=25.0,
)

#: The seed of every winter of the bench, unless a case says otherwise.
SEED = 5
COLD = Weather(Climate(-3.25, 3.0, 2.0, 0.4, 0.93, 15), SEED)
USUAL = Weather(Climate(-1.70, 4.0, 2.5, 0.4, 0.73, 40), SEED)
MILD = Weather(Climate(7.38, 3.5, 2.5, 0.4, 0.78, 15), SEED)

COLD_2 = Weather(Climate(-3.5, 3.0, 2.0, 0.4, 0.86, 15), SEED)
USUAL_2 = Weather(Climate(1.4, 4.0, 2.5, 0.4, 0.78, 40), SEED)
MILD_2 = Weather(Climate(7.0, 3.5, 2.5, 0.4, 0.8, 15), SEED)


def steady(celsius: float) -> Weather:
    """The same temperature outdoors all the time, without sun worth mentioning."""
    return Weather(Climate(celsius, 0.0, 0.0, 0.0, 1.0, 15), SEED)


#: Times and starts are those of the class of a machine (`miners.power.DEVICE_CLASSES`).
MODULATING = Machine("modulating", "modulating 800–3500 W", (800.0, 3500.0), step_w=50.0)
THREE_LEVELS = Machine("levels", "1750/2844/3500 W", (1750.0, 2844.0, 3500.0))
ON_OFF = Machine(
    "on_off",
    "on/off 3.5 kW",
    (3500.0,),
    slew_w_per_s=1e6,
    min_on_seconds=600,
    min_off_seconds=600,
    device_class="plain",
)
SMALL_ON_OFF = replace(ON_OFF, key="small", name="on/off 1.2 kW", levels_w=(1200.0,))
TWO_LEVELS = Machine(
    "two_levels", "450/850 W", (450.0, 850.0), min_on_seconds=1200, min_off_seconds=600, device_class="avalon"
)
TINY = replace(ON_OFF, key="tiny", name="on/off 0.4 kW", levels_w=(400.0,))
