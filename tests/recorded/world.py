"""Rooms, weather and devices whose truth is computed here, with + − × ÷ alone (the same on every machine).

Nothing of the program is imported: devices answer in their own terms, and `seam.py` turns that into readings.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

TICK_S = 10.0
#: Longer than any call of a pass may take (s).
_PATIENT_S = 60.0


@dataclass
class DayClock:
    """The clocks a pass reads. `advance` moves both; `set_wall` only the wall; a reboot begins the second again."""

    at: datetime
    elapsed: float = 0.0
    boot_name: str = "boot 1"

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed

    def boot(self) -> str:
        return self.boot_name

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds

    def set_wall(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def reboot(self) -> None:
        number = int(self.boot_name.split()[1]) + 1
        self.elapsed, self.boot_name = 20.0, f"boot {number}"


class Trouble(Exception):
    """A device does not do as told: `kind` is unreachable, refuses, garbage or hangs."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Hanging:
    """Calls that do not come back until they are let go, and have come back afterwards."""

    def __init__(self) -> None:
        self._let_go = threading.Event()
        self._threads: list[threading.Thread] = []

    def wait(self) -> None:
        self._threads.append(threading.current_thread())
        self._let_go.wait(_PATIENT_S)

    def end(self) -> None:
        self._let_go.set()
        for thread in self._threads:
            thread.join(_PATIENT_S)
        self._let_go, self._threads = threading.Event(), []


# --- weather and rooms ----------------------------------------------------------------------------


@dataclass
class Weather:
    """Outdoor °C and the sun's share of a clear noon (0 … 1), by the seconds since a local midnight."""

    dice: random.Random
    coldest_celsius: float
    warmest_celsius: float
    sunrise_h: float
    sunset_h: float
    clouds: float = 0.5
    cloudiness: float = 0.3
    drift_k: float = 0.0

    def change(self) -> None:
        """Every ten minutes other clouds and a little other air."""
        self.cloudiness = min(1.0, max(0.0, self.cloudiness + (self.dice.random() - 0.5) * self.clouds))
        self.drift_k = min(1.5, max(-1.5, self.drift_k + (self.dice.random() - 0.5) * 0.3))

    def outdoor_celsius(self, hour: float) -> float:
        """Coldest at 5 o'clock, warmest at 15, straight lines between."""
        h = (hour - 5.0) % 24.0
        share = h / 10.0 if h < 10.0 else (24.0 - h) / 14.0
        return self.coldest_celsius + (self.warmest_celsius - self.coldest_celsius) * share + self.drift_k

    def sun(self, hour: float) -> float:
        h = hour % 24.0
        if not self.sunrise_h < h < self.sunset_h:
            return 0.0
        half = (self.sunset_h - self.sunrise_h) / 2.0
        from_noon = (h - (self.sunrise_h + half)) / half
        return (1.0 - from_noon * from_noon) * (1.0 - 0.85 * self.cloudiness)


@dataclass
class Room:
    """Air and mass (J/K), what it loses outdoors and to its mass (W/K), and what else warms it."""

    name: str
    celsius: float
    loss_w_per_k: float
    air_j_per_k: float = 400e3
    mass_j_per_k: float = 3e6
    to_mass_w_per_k: float = 150.0
    window_w_per_k: float = 60.0
    sun_w: float = 0.0
    mass_celsius: float = -300.0
    window_open: bool = False
    #: A stove, people (W).
    other_w: float = 0.0
    heat_w: float = 0.0

    def go(self, machine_w: float, outdoor_celsius: float, sun: float) -> None:
        if self.mass_celsius < -273.0:
            self.mass_celsius = self.celsius
        self.heat_w += (machine_w - self.heat_w) * TICK_S / 120.0
        loss = self.loss_w_per_k + (self.window_w_per_k if self.window_open else 0.0)
        to_mass_w = self.to_mass_w_per_k * (self.celsius - self.mass_celsius)
        flow_w = self.heat_w + self.other_w + self.sun_w * sun - loss * (self.celsius - outdoor_celsius) - to_mass_w
        self.celsius += flow_w * TICK_S / self.air_j_per_k
        self.mass_celsius += to_mass_w * TICK_S / self.mass_j_per_k


# --- what is read and switched --------------------------------------------------------------------


@dataclass
class Entity:
    """What Home Assistant shows of something."""

    state: str
    unit: str | None = None
    observed_at: datetime | None = None
    changed_at: datetime | None = None
    user: str = ""


@dataclass
class Sensor:
    """A temperature sensor of Home Assistant: reports a change of 0.1 K, or after ten minutes."""

    name: str
    truth: Callable[[], float]
    dice: random.Random
    noise_k: float = 0.04
    every: timedelta = timedelta(minutes=10)
    shown: float = 0.0
    shown_at: datetime | None = None
    adds_k: float = 0.0
    #: Shown instead of a number.
    says: str = ""
    unit: str = "°C"
    stands: bool = False

    @property
    def entity_id(self) -> str:
        return f"sensor.{self.name}"

    def go(self, now: datetime) -> None:
        seen = round(self.truth() + self.adds_k + (self.dice.random() - 0.5) * 2 * self.noise_k, 1)
        if self.stands:
            return
        if self.shown_at is None or seen != self.shown or now - self.shown_at >= self.every:
            self.shown, self.shown_at = seen, now

    def entities(self) -> dict[str, Entity]:
        return {self.entity_id: Entity(self.says or f"{self.shown:.1f}", self.unit, self.shown_at)}


@dataclass
class Contact:
    """A binary sensor: a window, or whether somebody is there."""

    name: str
    is_on: bool = False
    changed_at: datetime | None = None
    says: str = ""

    @property
    def entity_id(self) -> str:
        return f"binary_sensor.{self.name}"

    def turn(self, on: bool, now: datetime) -> None:
        self.is_on, self.changed_at = on, now

    def entities(self) -> dict[str, Entity]:
        word = self.says or ("on" if self.is_on else "off")
        return {self.entity_id: Entity(word, None, self.changed_at, self.changed_at)}


@dataclass
class Outlet:
    """A smart plug of Home Assistant with a load and a meter. `feeds`: it stands before that outlet instead."""

    name: str
    load_w: float = 0.0
    feeds: Outlet | None = None
    has_meter: bool = True
    on: bool = False
    welded: bool = False
    trouble: str = ""
    #: The meter's last report stays.
    meter_stands: bool = False
    has_power: bool = True
    timer_s: float | None = None
    ends_at: datetime | None = None
    changed_at: datetime | None = None
    user: str = ""
    shown_w: float = 0.0
    shown_at: datetime | None = None

    @property
    def switch(self) -> str:
        return f"switch.{self.name}"

    @property
    def sensor(self) -> str:
        return f"sensor.{self.name}_power"

    @property
    def carries(self) -> bool:
        return self.has_power and (self.on or self.welded)

    @property
    def true_w(self) -> float:
        if self.feeds is not None:
            return self.feeds.true_w
        return self.load_w if self.carries else 0.0

    def turn(self, on: bool, now: datetime, user: str = "") -> None:
        if on is not self.on:
            self.on, self.changed_at, self.user = on, now, user
        if not on:
            self.ends_at = None
        if self.feeds is not None:
            self.feeds.has_power = self.carries

    def command(self, on: bool, now: datetime) -> None:
        if self.trouble == "refuses":
            raise Trouble("refuses")
        if self.trouble or not self.has_power:
            return  # Home Assistant accepts a call for what is unavailable, or does nothing with it
        if on and self.timer_s is not None:
            self.ends_at = now + timedelta(seconds=self.timer_s)
        self.turn(on, now, user="the program")

    def go(self, now: datetime) -> None:
        if self.on and self.ends_at is not None and now >= self.ends_at:
            self.turn(False, now)
        if self.has_meter and not self.meter_stands:
            self.shown_w, self.shown_at = self.true_w, now

    def entities(self) -> dict[str, Entity]:
        is_gone = self.trouble == "unavailable" or not self.has_power
        word = "unavailable" if is_gone else "on" if self.on else "off"
        found = {self.switch: Entity(word, None, self.changed_at, self.changed_at, self.user)}
        if self.has_meter:
            watts = "unavailable" if is_gone else f"{self.shown_w:.0f}"
            found[self.sensor] = Entity(watts, "W", self.shown_at)
        return found


@dataclass
class Hub:
    """A Home Assistant: its entities, and whether it answers."""

    name: str
    clock: DayClock
    note: Callable[..., None]
    things: list[Any] = field(default_factory=list)
    trouble: str = ""
    hanging: Hanging = field(default_factory=Hanging)

    def met(self) -> None:
        if self.trouble == "hangs":
            self.hanging.wait()
        if self.trouble:
            raise Trouble(self.trouble)

    def entities(self) -> dict[str, Entity]:
        found: dict[str, Entity] = {}
        for thing in self.things:
            found.update(thing.entities())
        return found

    def switch(self, entity_id: str, on: bool) -> None:
        outlet = next(one for one in self.things if getattr(one, "switch", "") == entity_id)
        word, outcome = "on" if on else "off", "taken"
        try:
            self.met()
            outlet.command(on, self.clock.at)
        except Trouble as trouble:
            outcome = trouble.kind
            raise
        finally:
            self.note(outlet.name, word, outcome)


@dataclass
class Machine:
    """A miner with levels on its own network address. `levels_w`: named watts, rising; `step_w`: steps between them.

    A higher level comes over two minutes, a lower one within one; chips follow the watts.
    """

    name: str
    levels_w: dict[str, float]
    clock: DayClock
    note: Callable[..., None]
    step_w: float | None = None
    th_per_kw: float = 45.0
    told_w: float = 0.0
    true_w: float = 0.0
    chips_celsius: float = 25.0
    chips_add_k: float = 0.0
    #: Why it protects itself; it draws nothing then.
    fault: str = ""
    is_latched: bool = False
    trouble: str = ""
    #: Its own switch-off, so many seconds after the last “on”.
    own_off_s: float | None = None
    off_at: datetime | None = None
    pool_alive: bool = True
    has_power: bool = True
    hanging: Hanging = field(default_factory=Hanging)

    def met(self) -> None:
        if self.trouble == "hangs":
            self.hanging.wait()
        if self.trouble in ("unreachable", "hangs", "garbage") or not self.has_power:
            raise Trouble(self.trouble or "unreachable")

    def write(self, power_w: float) -> None:
        outcome = "taken"
        try:
            self.met()
            if self.trouble == "refuses":
                raise Trouble("refuses")
            if self.trouble != "ignores":
                self.tell(power_w)
        except Trouble as trouble:
            outcome = trouble.kind
            raise
        finally:
            self.note(self.name, power_w, outcome)

    def tell(self, power_w: float) -> None:
        """A person at its panel, too."""
        fit = [watts for watts in self.levels_w.values() if watts <= power_w]
        lowest = min(self.levels_w.values())
        if power_w <= 0:
            self.told_w = 0.0
        elif self.step_w is None:
            self.told_w = max(fit, default=lowest)
        else:
            steps = max(0, int((min(power_w, max(self.levels_w.values())) - lowest) // self.step_w))
            self.told_w = lowest + steps * self.step_w
        self.off_at = None
        if self.told_w and self.own_off_s is not None:
            self.off_at = self.clock.at + timedelta(seconds=self.own_off_s)

    def go(self, now: datetime) -> None:
        if self.off_at is not None and now >= self.off_at:
            self.told_w, self.off_at = 0.0, None
        wants_w = self.told_w if self.has_power and not self.fault else 0.0
        step = (wants_w - self.true_w) * TICK_S / (30.0 if wants_w > self.true_w else 15.0)
        self.true_w = wants_w if abs(wants_w - self.true_w) < 5.0 else self.true_w + step
        aim = 25.0 + self.true_w * 0.018 + self.chips_add_k
        self.chips_celsius += (aim - self.chips_celsius) * TICK_S / 120.0

    def answer(self) -> dict[str, Any]:
        """What its own interface says, in its own words."""
        self.met()
        return self.shown()

    def shown(self) -> dict[str, Any]:
        name = next((key for key, watts in self.levels_w.items() if watts == self.told_w), "")
        left = None if self.off_at is None else (self.off_at - self.clock.at).total_seconds()
        return {
            "told_w": self.told_w,
            "level": name,
            "power_w": round(self.true_w, 0),
            "hash_rate_th_s": round(self.true_w / 1000 * self.th_per_kw, 1),
            "chips_celsius": round(self.chips_celsius, 1),
            "fault": self.fault,
            "is_latched": self.is_latched,
            "pool_alive": self.pool_alive,
            "off_in_s": left if left is not None else (0.0 if self.own_off_s is not None and self.told_w else None),
        }


@dataclass
class Meter:
    """Production, consumption, grid and battery of a home; each part has a time of its own and may stand or vanish."""

    name: str
    sun: Callable[[], float]
    miners_w: Callable[[], float]
    clock: DayClock
    dice: random.Random
    peak_w: float = 6000.0
    capacity_wh: float = 0.0
    soc: float = 50.0
    base_w: float = 350.0
    kettle_w: float = 0.0
    kettle_until: datetime | None = None
    trouble: str = ""
    stands: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    #: Parts whose sign is the wrong way round.
    turned: set[str] = field(default_factory=set)
    values: dict[str, float] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)

    def go(self, now: datetime) -> None:
        if self.kettle_until is None and self.dice.random() < 0.004:
            self.kettle_w = 600.0 + round(self.dice.random() * 1800.0)
            self.kettle_until = now + timedelta(minutes=3 + round(self.dice.random() * 12.0))
        if self.kettle_until is not None and now >= self.kettle_until:
            self.kettle_w, self.kettle_until = 0.0, None
        production = self.peak_w * self.sun()
        household = self.base_w + self.kettle_w
        spare = production - household - self.miners_w()
        battery = 0.0
        if self.capacity_wh:
            room_w = 3000.0 if self.soc < 100.0 else 0.0
            left_w = 3000.0 if self.soc > 10.0 else 0.0
            battery = min(room_w, max(-left_w, spare))
            self.soc = min(100.0, max(0.0, self.soc + battery * TICK_S / 3600.0 / self.capacity_wh * 100.0))
        true = {
            "production_w": production,
            "household_w": household,
            "grid_w": battery - spare,
            "battery_w": battery,
            "battery_soc_percent": self.soc,
        }
        for part, value in true.items():
            if part not in self.stands:
                self.values[part] = round(-value if part in self.turned else value, 0)
                self.times[part] = now

    def answer(self) -> dict[str, Any]:
        if self.trouble:
            raise Trouble(self.trouble)
        return self.shown()

    def shown(self) -> dict[str, Any]:
        parts = [
            part for part in self.values if part not in self.missing and (self.capacity_wh or "battery" not in part)
        ]
        return {
            "values": {part: self.values[part] for part in parts},
            "times": {part: self.times[part] for part in parts},
        }
