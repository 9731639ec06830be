"""How each fault of the table of sensors begins, done to the world or to the rows of the home."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests import factories

from .home import Home
from .world import SECOND_SENSOR, SENSOR

THIRD_SENSOR, CONTACT, PERSON = "sensor.room_third", "binary_sensor.window", "person.ada"


def _says(state: str, unit: str | None = "°C") -> Callable[[Home], None]:
    return lambda home: home.world.entities.update({SENSOR: (state, unit)})


unavailable, unknown, nan = _says("unavailable"), _says("unknown"), _says("nan")
flat, jump, eighty_five, minus_127 = _says("20.1"), _says("14.0"), _says("85"), _says("-127")
odd, unit_turns = _says("23.5"), _says("20.0", "°F")
wrong_unit, fahrenheit, fahrenheit_as_celsius = _says("20.0", "V"), _says("68.0", "°F"), _says("68.0")


def silent(home: Home) -> None:
    home.world.sensor_stands_since = home.clock.now()


def future(home: Home) -> None:
    home.world.sensor_stands_since = home.clock.now() + timedelta(hours=2)


def starting(home: Home) -> None:
    home.world.connection = "starting"


def removed(home: Home) -> None:
    home.world.entities[SENSOR] = None


def hung(home: Home) -> None:
    home.world.hang()


def differ(home: Home) -> None:
    _add(home, "Window sill", SECOND_SENSOR, 18.2)


def odd_one(home: Home) -> None:
    _add(home, "Shelf", SECOND_SENSOR, 20.2)
    _add(home, "Window sill", THIRD_SENSOR, 17.0)


def contact_gone(home: Home) -> None:
    _names(home, "entity_window", CONTACT, "unavailable")


def presence_gone(home: Home) -> None:
    _names(home, "entity_presence", PERSON, "unknown")


def _add(home: Home, name: str, entity_id: str, celsius: float) -> None:
    """Another sensor in the room."""
    home.world.entities[entity_id] = (f"{celsius:.1f}", "°C")
    config = {"entity_temperature": entity_id}
    on = {"home_assistant": home.sensor.home_assistant}
    home.zone.monitors.add(
        factories.climate_monitor(home.site, name=name, adapter_type="home_assistant", config=config, **on)
    )


def _names(home: Home, setting: str, entity_id: str, state: str) -> None:
    """The sensor's row names this entity, too, and it says this."""
    home.sensor.config = home.sensor.config | {setting: entity_id}
    home.sensor.save()
    home.world.entities[entity_id] = (state, None)
