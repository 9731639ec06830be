"""The house as Home Assistant shows it, well or badly: sensors, relays and meters, each with its own time and fault."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from integrations.connections.entities import EntityAnswers, EntityState
from integrations.connections.home_assistant import HomeAssistantSession
from integrations.errors import Refused, Unreachable
from sites.clock import ManualClock

from .truth import SENSOR_LAG_S, Grid, Outlet, Room, Time

#: Faults in which a sensor says what may be true, so that nobody can know better for a while.
DECEIVING = ("frozen", "repeats")
#: Faults that show as such, or that no room can have.
TELLING = ("unavailable", "nan", "85", "-127", "jump", "unit")
FAULTS = (*DECEIVING, *TELLING, "flaps")
PARTS = {"production": "sensor.pv", "consumption": "sensor.load", "grid": "sensor.grid", "battery": "sensor.battery"}
SOC = "sensor.soc"


@dataclass
class Sensor:
    """The thermometer of a room. `reports_changes`: its time moves only when its value does, or every half hour."""

    room: Room
    reports_changes: bool = False
    felt_celsius: float = 0.0
    shown_celsius: float = 0.0
    shown_at: float = 0.0
    #: By its own time; what is wrong with it, and until when.
    fault: str = ""
    until: float = 0.0
    began: float = 0.0
    off_k: float = 0.0
    odd_until: float = 0.0
    #: Since when it has told the truth.
    honest_since: float = 0.0

    def __post_init__(self) -> None:
        self.felt_celsius = self.shown_celsius = self.room.celsius

    @property
    def entity(self) -> str:
        return f"sensor.{self.room.name}"

    def go(self, seconds: float, elapsed: float, dice: random.Random) -> None:
        self.felt_celsius += (self.room.celsius - self.felt_celsius) * min(1.0, seconds / SENSOR_LAG_S)
        if self.fault and elapsed >= self.until:
            self.fault, self.off_k, self.honest_since = "", 0.0, elapsed
        if self.fault == "flaps":
            # One or two reports some kelvin off, within what a sensor may jump; then the truth for minutes.
            if elapsed >= self.odd_until + 240 and dice.random() < 0.2:
                self.odd_until, self.off_k = elapsed + seconds * dice.choice([1, 2]), dice.choice([-4, -3, 3, 4])
            elif elapsed >= self.odd_until:
                self.off_k = 0.0
        if self.fault in DECEIVING:
            self.shown_at = elapsed if self.fault == "repeats" else self.shown_at
            return
        celsius = round(self.felt_celsius + self.off_k + dice.uniform(-0.04, 0.04), 1)
        if celsius != self.shown_celsius or not self.reports_changes or elapsed - self.shown_at >= 1800:
            self.shown_celsius, self.shown_at = celsius, elapsed

    def begin(self, fault: str, elapsed: float, until: float, dice: random.Random) -> None:
        self.fault, self.began, self.until = fault, elapsed, until
        self.off_k = dice.choice([-8.0, 8.0]) if fault == "jump" else 0.0

    @property
    def state(self) -> tuple[str, str]:
        """Text and unit."""
        match self.fault:
            case "unavailable" | "nan" | "85" | "-127":
                return self.fault, "°C"
            case "unit":
                return f"{self.shown_celsius:.1f}", "°F"
        return f"{self.shown_celsius:.1f}", "°C"


@dataclass
class Part:
    """One sensor of the home's energy. `stands`: its value and its time stand still."""

    entity: str
    stands_until: float = 0.0
    shown: float = 0.0
    shown_at: float = 0.0
    #: Since when it has told the truth.
    live_since: float = 0.0

    def report(self, value: float, elapsed: float) -> None:
        if elapsed < self.stands_until:
            self.live_since = elapsed
            return
        self.shown, self.shown_at = value, elapsed


@dataclass
class Shown:
    """All that Home Assistant knows."""

    time: Time
    clock: ManualClock
    sensors: list[Sensor]
    outlets: list[Outlet]
    is_down: bool = False
    parts: dict[str, Part] = field(default_factory=lambda: {key: Part(entity) for key, entity in PARTS.items()})
    soc_percent: float = 50.0

    def report(self, grid: Grid, miners_w: float) -> None:
        values = {
            "production": grid.pv_w, "consumption": grid.household_w + miners_w, "grid": grid.grid_w,
            "battery": grid.battery_w,
        }  # fmt: skip
        for key, value in values.items():
            self.parts[key].report(round(value, 1), self.time.elapsed)
        self.soc_percent = grid.soc_percent

    def _at(self, elapsed: float):
        """A time of its own in the clock of the program: only ages are told (`now() - last_reported`)."""
        return self.clock.now() - timedelta(seconds=self.time.elapsed - elapsed)

    def states(self) -> list[EntityState]:
        found = [self._state(one.entity, *one.state, one.shown_at) for one in self.sensors]
        found += [self._state(one.entity, f"{one.shown}", "W", one.shown_at) for one in self.parts.values()]
        found.append(self._state(SOC, f"{self.soc_percent:.1f}", "%", self.time.elapsed))
        for outlet in self.outlets:
            found += self._outlet(outlet)
        return found

    def _state(self, entity: str, text: str, unit: str, at: float) -> EntityState:
        return EntityState(entity, text, unit, observed_at=self._at(at))

    def _outlet(self, outlet: Outlet) -> list[EntityState]:
        word = ("on" if outlet.on else "off") if outlet.answers else "unavailable"
        changed = self._at(outlet.changed_at)
        found = [
            EntityState(f"switch.{outlet.name}", word, observed_at=changed, changed_at=changed, user_id=outlet.user)
        ]
        if (meter := outlet.meter) is not None:
            if not outlet.answers or meter.kind == "lost":
                watts = "unavailable"
            else:
                watts = f"{-meter.shown_w if meter.kind == 'turned round' else meter.shown_w:.1f}"
            found.append(self._state(f"sensor.{outlet.name}_power", watts, "W", meter.shown_at))
        return found


class ShownSession(HomeAssistantSession):
    """The connection of the real adapters to it."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def ask(self, keys: Collection[str], deadline: float) -> Mapping[str, Any]:
        if self._shown.is_down:
            raise Unreachable("Nothing answers at this address.")
        answers = EntityAnswers()
        answers.update((state.entity_id, state) for state in self._shown.states() if state.entity_id in keys)
        return answers

    def call_service(self, domain: str, service: str, entity_id: str, deadline: float) -> None:
        if self._shown.is_down:
            raise Unreachable("Nothing answers at this address.")
        outlet = next(one for one in self._shown.outlets if f"switch.{one.name}" == entity_id)
        refused = outlet.command(service == "turn_on")
        if refused == "refuses":
            raise Refused("The plug refuses.")
        if refused:
            raise Unreachable("The plug does not answer.")

    def notify(self, *args: Any) -> None:
        """Nobody looks."""

    clear_notification = notify
