"""The physical house behind the fault matrix, and a Home Assistant that tells of it as well or badly as it is told to.

The oracle: a room that really warms, a plug that really switches, and stopwatches on what they do.
Nothing here looks at what the program believes.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

from integrations.connections.entities import EntityAnswers, EntityState
from integrations.connections.home_assistant import HomeAssistantSession
from integrations.errors import BadAnswer, Refused, Unauthorized, Unreachable
from sites.clock import ManualClock
from tests.servers.process import PATIENT_SECONDS

SENSOR, SECOND_SENSOR = "sensor.room", "sensor.room_second"
PLUG, PLUG_POWER = "switch.plug", "sensor.plug_power"
PV, LOAD, GRID, BATTERY_W, SOC = "sensor.pv", "sensor.load", "sensor.grid", "sensor.battery_power", "sensor.soc"
METERS = (PV, LOAD, GRID, BATTERY_W, SOC)

NOMINAL_W = 1000
MIN_ON_SECONDS = MIN_OFF_SECONDS = 60
#: A small bathroom: 1 kW warms it by about 9 K an hour in winter.
_CAPACITY_J_PER_K, _LOSS_W_PER_K, _OUTSIDE_CELSIUS = 300_000.0, 15.0, 3.0


class Plug:
    """A smart plug with a heater behind it; `log` is (monotonic s, on, by us) of every real transition."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.on = False
        self.log: list[tuple[float, bool, bool]] = []
        #: None, "refuses", "lies" or "unreachable".
        self.trouble: str | None = None

    def turn(self, on: bool, *, by_us: bool) -> None:
        if on != self.on:
            self.on = on
            self.log.append((self._clock.monotonic(), on, by_us))

    def command(self, on: bool) -> None:
        """A command that came through Home Assistant."""
        if self.trouble == "refuses":
            raise Refused("The plug refuses.")
        if self.trouble is None:
            self.turn(on, by_us=True)


class World:
    """Room, plug and meters. °C, W, s; moves by `second()` only."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.plug = Plug(clock)
        self.room_celsius = 20.0
        #: Something else holds the room at this temperature (sun, a stove).
        self.held_celsius: float | None = None
        self.on_seconds = 0  # how long the plug has been on without a break
        self._source_lag = timedelta(0)

        # What the sensor does: text shown instead of the truth, °C added, and a time that stands still.
        self.sensor_shows: str | None = None
        self.sensor_adds_k = 0.0
        self.sensor_unit = "°C"
        self.sensor_stands_since: datetime | None = None
        self.sensor_frozen_celsius: float | None = None
        self.meters_unavailable = False
        #: Entities that say something else, or something more: state and unit; None: there is no such entity.
        self.entities: dict[str, tuple[str, str | None] | None] = {}
        #: None, "down", "hung", "garbage", "starting" or "revoked".
        self.connection: str | None = None
        self._unhang = threading.Event()

    def second(self) -> None:
        """One second of physics."""
        if self.held_celsius is not None:
            self.room_celsius = self.held_celsius
        else:
            watts = (NOMINAL_W if self.plug.on else 0) - _LOSS_W_PER_K * (self.room_celsius - _OUTSIDE_CELSIUS)
            self.room_celsius += watts / _CAPACITY_J_PER_K
        self.on_seconds = self.on_seconds + 1 if self.plug.on else 0

    def source_clock_stays(self, step_seconds: float) -> None:
        """Our wall clock was set by this much; the sensor's own was not."""
        self._source_lag += timedelta(seconds=step_seconds)

    def hang(self) -> None:
        self._unhang.clear()
        self.connection = "hung"

    def connect(self) -> None:
        """The connection works again; calls that hung come back."""
        self.connection = None
        self._unhang.set()
        for thread in [one for one in threading.enumerate() if one.name == "ask"]:
            thread.join()

    def answer(self) -> None:
        """What any request meets first."""
        match self.connection:
            case "down":
                raise Unreachable("Nothing answers at this address.")
            case "hung":
                self._unhang.wait(PATIENT_SECONDS)
            case "garbage":
                raise BadAnswer("It does not answer like Home Assistant.")
            case "revoked":
                raise Unauthorized("Home Assistant refuses the token.")

    def states(self) -> dict[str, tuple[str, str | None, datetime]]:
        """State, unit and own time of every entity."""
        now = self.clock.now() - self._source_lag
        shown, at = f"{self.room_celsius + self.sensor_adds_k:.3f}", now
        if self.sensor_frozen_celsius is not None:
            shown = f"{self.sensor_frozen_celsius:.3f}"
        if self.sensor_stands_since is not None:
            at = self.sensor_stands_since
        drawn = NOMINAL_W if self.plug.on else 0
        meters = {PV: 6000, LOAD: 500 + drawn, GRID: drawn - 5500, BATTERY_W: 0, SOC: 70}
        states = {
            SENSOR: (self.sensor_shows or shown, self.sensor_unit, at),
            SECOND_SENSOR: (f"{self.room_celsius:.3f}", "°C", now),
            PLUG: ("on" if self.plug.on else "off", None, now),
            PLUG_POWER: (str(drawn), "W", now),
        }
        for entity_id, value in meters.items():
            text = "unavailable" if self.meters_unavailable else str(value)
            states[entity_id] = (text, "%" if entity_id == SOC else "W", now)
        if self.plug.trouble == "unreachable":
            states[PLUG] = states[PLUG_POWER] = ("unavailable", None, now)
        for entity_id, said in self.entities.items():
            if said is None:
                states.pop(entity_id, None)
            else:
                states[entity_id] = (*said, now)
        return states


class WorldSession(HomeAssistantSession):
    """Home Assistant as this world shows it, under the real adapters."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(self, keys: Collection[str], deadline: float) -> EntityAnswers:
        self._world.answer()
        answers = EntityAnswers()
        if self._world.connection == "starting":
            answers.starting = True
            return answers
        for entity_id, (state, unit, at) in self._world.states().items():
            if entity_id in keys:
                answers[entity_id] = EntityState(entity_id, state, unit, observed_at=at)
        return answers

    def call_service(self, domain: str, service: str, entity_id: str, deadline: float) -> None:
        self._world.answer()
        if self._world.connection == "starting":
            raise Unreachable("Home Assistant is still starting.")
        self._world.plug.command(service == "turn_on")

    def notify(self, notification_id: str, title: str, message: str, deadline: float) -> None:
        self._world.answer()

    def clear_notification(self, notification_id: str, deadline: float) -> None:
        self._world.answer()
