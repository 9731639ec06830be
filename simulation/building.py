"""A building to judge control by: one heated room with more inside it than a controller's model has.

Four nodes instead of two: air, furniture, inner mass and the building envelope. Sun through windows of several
orientations, people and cooking, windows and doors opened now and then, a neighbour behind a wall, a sensor behind a
lag that reports in steps, on change and now and then. One node each follows

    C dT/dt = sum of conductance * (T_other - T) + heat

and over a minute the inputs are constant, so the step is a matrix exponential (as in `thermal`). Everything is a
function of the seed and the minute: two controllers meet the same weather and the same people.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import mul
from typing import NamedTuple

from . import sky
from .sky import Climate
from .thermal import Matrix, expm
from .values import check_range

STEP_SECONDS = 60
_HOUR_MINUTES = 60
#: Salts of what people do, beside those of `sky`.
_COOKING, _AIRING, _VISITING = 11, 12, 13
#: So long a window stands open when somebody airs the room, and the door to the neighbour when somebody uses it.
_AIRING_MINUTES, _VISITING_MINUTES = 10, 20


@dataclass(frozen=True, slots=True)
class BuildingSpec:
    """Capacities in J/K, conductances in W/K, heat in W. `windows`: (azimuth in degrees from north, aperture in m²)."""

    key: str
    name: str
    air_j_per_k: float
    furniture_j_per_k: float
    mass_j_per_k: float
    envelope_j_per_k: float
    air_furniture_w_per_k: float
    air_mass_w_per_k: float
    air_envelope_w_per_k: float
    envelope_outdoor_w_per_k: float
    air_outdoor_w_per_k: float  # windows and leaks
    air_neighbour_w_per_k: float = 12.0
    neighbour_celsius: float = 19.0
    windows: tuple[tuple[float, float], ...] = ()
    #: Shares of the sun that reach air, furniture and inner mass.
    sun_shares: tuple[float, float, float] = (0.3, 0.3, 0.4)
    people_w: float = 150.0
    cooking_w: float = 600.0
    #: Added to `air_outdoor_w_per_k` while a window stands open, ten minutes at a time.
    open_window_w_per_k: float = 40.0
    #: Added to `air_neighbour_w_per_k` while the door stands open, twenty minutes at a time.
    open_door_w_per_k: float = 30.0
    sensor_lag_seconds: float = 600.0
    sensor_step_celsius: float = 0.1
    #: It reports on change, and after this long without one.
    sensor_silence_minutes: int = 30

    def __post_init__(self) -> None:
        for name in ("air_j_per_k", "furniture_j_per_k", "mass_j_per_k", "envelope_j_per_k"):
            check_range(f"{self.key}.{name}", getattr(self, name), 1e4, 1e10)
        for name in ("air_furniture_w_per_k", "air_mass_w_per_k", "air_envelope_w_per_k", "envelope_outdoor_w_per_k"):
            check_range(f"{self.key}.{name}", getattr(self, name), 0.1, 1e5)
        for name in ("open_window_w_per_k", "open_door_w_per_k", "air_neighbour_w_per_k"):
            check_range(f"{self.key}.{name}", getattr(self, name), 0, 1e4)
        check_range(f"{self.key}.sensor_silence_minutes", self.sensor_silence_minutes, 1, 1440)

    @property
    def ua_w_per_k(self) -> float:
        """What it loses to outdoors at rest, the neighbour left out."""
        through = 1 / (1 / self.air_envelope_w_per_k + 1 / self.envelope_outdoor_w_per_k)
        return self.air_outdoor_w_per_k + through

    def closed(self) -> BuildingSpec:
        """The same building without sun, and with its windows and doors shut."""
        return replace(self, windows=(), open_window_w_per_k=0.0, open_door_w_per_k=0.0)


@dataclass(frozen=True, slots=True)
class Weather:
    """A place, its weather's habits and the seed of this winter."""

    climate: Climate
    seed: int
    latitude: float = 47.0
    longitude: float = 0.0


@dataclass(slots=True)
class Building:
    """One run of a building through a weather: `advance` it, then read `air_celsius` and `reported_celsius`.

    `minute` counts from midnight solar time.
    """

    spec: BuildingSpec
    weather: Weather
    minute: int = 0
    #: Air, furniture, inner mass, envelope, sensor.
    celsius: list[float] = field(default_factory=lambda: [20.0, 20.0, 20.0, 15.0, 20.0])
    reported_celsius: float = 20.0
    reported_minute: int = 0
    window_is_open: bool = False
    door_is_open: bool = False

    @classmethod
    def at_rest(cls, spec: BuildingSpec, weather: Weather, air_celsius: float) -> Building:
        """As if it had been held at this temperature for long."""
        inner, outer = spec.air_envelope_w_per_k, spec.envelope_outdoor_w_per_k
        envelope_celsius = (inner * air_celsius + outer * weather.climate.mean_celsius) / (inner + outer)
        return cls(spec, weather, 0, [air_celsius] * 3 + [envelope_celsius, air_celsius], air_celsius)

    @property
    def air_celsius(self) -> float:
        return self.celsius[0]

    @property
    def outdoor_celsius(self) -> float:
        return sky.outdoor_celsius(self.weather.climate, self.weather.seed, self.minute, self.weather.longitude)

    def advance(self, heat_w: float) -> None:
        """One minute on, with `heat_w` into the air."""
        course = conditions(self.spec, self.weather, self.minute)
        self.window_is_open, self.door_is_open = course.window_is_open, course.door_is_open
        air_w, *other_w = course.heat_w
        rows = transition(self.spec, course.window_is_open, course.door_is_open)
        inputs = (*self.celsius, heat_w + air_w, *other_w, course.outdoor_celsius, self.spec.neighbour_celsius)
        self.celsius = [sum(map(mul, row, inputs)) for row in rows]
        self.minute += 1
        self._report()

    def _report(self) -> None:
        """The sensor reports on change, in steps, with a little hysteresis as such sensors have; or to be heard of."""
        step, silent_minutes = self.spec.sensor_step_celsius, self.minute - self.reported_minute
        is_change = abs(self.celsius[4] - self.reported_celsius) > 0.6 * step
        if is_change or silent_minutes >= self.spec.sensor_silence_minutes:
            self.reported_celsius = round(round(self.celsius[4] / step) * step, 9)
            self.reported_minute = self.minute


class Conditions(NamedTuple):
    """What a building meets in one minute, whatever heats it."""

    outdoor_celsius: float
    #: Sun, people and cooking, into air, furniture and inner mass (W).
    heat_w: tuple[float, float, float]
    window_is_open: bool
    door_is_open: bool


@lru_cache(maxsize=200_000)
def conditions(spec: BuildingSpec, weather: Weather, minute: int) -> Conditions:
    """The weather and the people of this minute."""
    cover = sky.cloud(weather.climate, weather.seed, minute)
    position = sky.sun(minute, weather.latitude, weather.longitude, weather.climate.sun_day_of_year)
    sun_w = sum(area * sky.plane_w_m2(position, cover, 90.0, azimuth) for azimuth, area in spec.windows)
    people_w, window_is_open, door_is_open = _people(spec, weather.seed, minute)
    to_air, to_furniture, to_mass = spec.sun_shares
    return Conditions(
        sky.outdoor_celsius(weather.climate, weather.seed, minute, weather.longitude),
        (0.7 * people_w + to_air * sun_w, 0.3 * people_w + to_furniture * sun_w, to_mass * sun_w),
        window_is_open,
        door_is_open,
    )


def _people(spec: BuildingSpec, seed: int, minute: int) -> tuple[float, bool, bool]:
    """What people and their cooking give (W), and whether they have a window and the door open."""
    index, within = divmod(minute, _HOUR_MINUTES)
    hour = index % 24
    at_home = hour < 8 or hour >= 16
    awake = 7 <= hour < 23
    heat_w = spec.people_w * (1.0 if at_home and awake else 0.4)
    if at_home and awake and sky.uniform(seed, _COOKING, index) < 0.08:
        heat_w += spec.cooking_w
    airs = awake and within < _AIRING_MINUTES and sky.uniform(seed, _AIRING, index) < 0.04
    visits = awake and within < _VISITING_MINUTES and sky.uniform(seed, _VISITING, index) < 0.1
    return heat_w, airs, visits


@lru_cache(maxsize=512)
def transition(spec: BuildingSpec, window_is_open: bool, door_is_open: bool) -> Matrix:
    """Rows [air, furniture, mass, envelope, sensor] over [those, heat into the first three, outdoor, neighbour]."""
    outdoor_w_per_k = spec.air_outdoor_w_per_k + (spec.open_window_w_per_k if window_is_open else 0.0)
    neighbour_w_per_k = spec.air_neighbour_w_per_k + (spec.open_door_w_per_k if door_is_open else 0.0)
    outdoor, neighbour, size = 8, 9, 10
    matrix = [[0.0] * size for _ in range(size)]
    capacities = (spec.air_j_per_k, spec.furniture_j_per_k, spec.mass_j_per_k, spec.envelope_j_per_k)

    def couple(node: int, other: int, w_per_k: float) -> None:
        matrix[node][node] -= w_per_k / capacities[node]
        matrix[node][other] += w_per_k / capacities[node]

    inner = ((1, spec.air_furniture_w_per_k), (2, spec.air_mass_w_per_k), (3, spec.air_envelope_w_per_k))
    for node, w_per_k in inner:
        couple(0, node, w_per_k)
        couple(node, 0, w_per_k)
    couple(0, outdoor, outdoor_w_per_k)
    couple(0, neighbour, neighbour_w_per_k)
    couple(3, outdoor, spec.envelope_outdoor_w_per_k)
    for node in range(3):
        matrix[node][5 + node] = 1 / capacities[node]
    matrix[4][0], matrix[4][4] = 1 / spec.sensor_lag_seconds, -1 / spec.sensor_lag_seconds
    return expm([[value * STEP_SECONDS for value in row] for row in matrix])[:5]
