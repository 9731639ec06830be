"""Rooms as a 2R2C network, advanced exactly.

Each room has an air node (air, furniture, the first millimetres of the walls: what a thermometer
feels within minutes) and a mass node (walls and floors: what keeps a house warm overnight):

    C_air  dT_air/dt  = UA (T_out - T_air) + H (T_mass - T_air) + sum U_ij (T_air_j - T_air) + q_air
    C_mass dT_mass/dt = H (T_air - T_mass) + q_mass
    dT_sensor/dt      = (T_air - T_sensor) / lag
    dlost/dt          = sum UA (T_air - T_out)

The structure is the usual grey-box one (Bacher & Madsen 2011, "Identifying suitable models for
the heat dynamics of buildings"); default proportions follow EN ISO 13790:2008, 7.2.2 and 12.2
(H about 15.5 W/K and mass 80-370 kJ/K per m2 of floor).

Over one tick the inputs are constant, so the solution is a matrix exponential: no stability limit,
and the heat lost is integrated in the same matrix, so that energy balances to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from operator import mul

from .values import check_range

Matrix = list[list[float]]
_J_PER_MJ = 1e6  # the heat lost is integrated in MJ, which keeps the matrix well scaled


@dataclass(frozen=True, slots=True)
class RoomSpec:
    """One room. W/K, J/K, m2, degrees clockwise from north, seconds, Kelvin."""

    key: str
    name: str
    ua_w_per_k: float  # to outdoors: walls, windows, ventilation
    air_j_per_k: float
    mass_j_per_k: float
    air_mass_w_per_k: float  # H
    solar_aperture_m2: float = 0.0  # window area x g-value x frame x usual shading
    window_azimuth_degrees: float = 180.0
    internal_gain_w: float = 0.0  # people, lamps, appliances
    moisture_excess_pa: float = 300.0  # vapour pressure above outdoors (EN ISO 13788, class 2)
    sensor_lag_seconds: float = 180.0
    sensor_noise_celsius: float = 0.02  # half-width
    sensor_resolution_celsius: float = 0.01
    #: Added to `ua_w_per_k` while its window stands open: about 600 m³/h of air.
    window_ua_w_per_k: float = 200.0

    def __post_init__(self) -> None:
        check_range(f"{self.key}.ua_w_per_k", self.ua_w_per_k, 0.1, 1e5)
        check_range(f"{self.key}.air_j_per_k", self.air_j_per_k, 1e3, 1e10)
        check_range(f"{self.key}.mass_j_per_k", self.mass_j_per_k, 1e3, 1e10)
        check_range(f"{self.key}.air_mass_w_per_k", self.air_mass_w_per_k, 0.1, 1e5)
        check_range(f"{self.key}.solar_aperture_m2", self.solar_aperture_m2, 0, 1e3)
        check_range(f"{self.key}.window_azimuth_degrees", self.window_azimuth_degrees, 0, 360)
        check_range(f"{self.key}.internal_gain_w", self.internal_gain_w, 0, 1e5)
        check_range(f"{self.key}.moisture_excess_pa", self.moisture_excess_pa, 0, 2000)
        check_range(f"{self.key}.sensor_lag_seconds", self.sensor_lag_seconds, 1, 86400)
        check_range(f"{self.key}.sensor_noise_celsius", self.sensor_noise_celsius, 0, 5)
        check_range(f"{self.key}.sensor_resolution_celsius", self.sensor_resolution_celsius, 1e-6, 5)
        check_range(f"{self.key}.window_ua_w_per_k", self.window_ua_w_per_k, 0, 1e4)


@dataclass(frozen=True, slots=True)
class Adjacency:
    """Two rooms that share a wall or a door: `ua_w_per_k` between their airs."""

    room: str
    neighbour: str
    ua_w_per_k: float

    def __post_init__(self) -> None:
        check_range(f"{self.room}/{self.neighbour}.ua_w_per_k", self.ua_w_per_k, 0, 1e5)


@dataclass(frozen=True, slots=True)
class RoomState:
    """Temperatures of one room; the sensor's before its noise and rounding. And what people do there."""

    air_celsius: float
    mass_celsius: float
    sensor_celsius: float
    window_open: bool = False
    is_occupied: bool = True


def advance_rooms(
    transition: Matrix,
    temperatures: list[float],
    air_w: list[float],
    mass_w: list[float],
    outdoor_celsius: float,
) -> tuple[list[float], float]:
    """One tick of all rooms.

    `temperatures` is `[air..., mass..., sensor...]`, `air_w` and `mass_w` are heat per room,
    constant over the tick. Answers the new temperatures and the heat lost outdoors in J.
    """
    inputs = [*temperatures, *air_w, *mass_w, outdoor_celsius]
    after = [sum(map(mul, row, inputs)) for row in transition]
    return after, after.pop()


@lru_cache(maxsize=64)
def transition_matrix(rooms: tuple[RoomSpec, ...], adjacency: tuple[Adjacency, ...], seconds: float) -> Matrix:
    """Rows `[air..., mass..., sensor..., lost]` over columns `[temperatures, air_w, mass_w, out]`.

    The exponential of the system with its inputs appended as constants (Van Loan 1978) holds both
    the free response and the integral of the input response.
    """
    n = len(rooms)
    matrix = _dynamics(rooms, adjacency)
    exponential = expm([[value * seconds for value in row] for row in matrix])
    lost = 3 * n
    rows = [row[:lost] + row[lost + 1 :] for row in exponential[: lost + 1]]
    rows[lost] = [value * _J_PER_MJ for value in rows[lost]]
    return rows


def _dynamics(rooms: tuple[RoomSpec, ...], adjacency: tuple[Adjacency, ...]) -> Matrix:
    """Continuous-time matrix over `[air, mass, sensor, lost, air_w, mass_w, outdoor]`."""
    n = len(rooms)
    lost, heat, outdoor = 3 * n, 3 * n + 1, 5 * n + 1
    matrix = [[0.0] * (outdoor + 1) for _ in range(outdoor + 1)]
    for i, room in enumerate(rooms):
        mass, sensor = n + i, 2 * n + i
        air_row, mass_row, sensor_row = matrix[i], matrix[mass], matrix[sensor]
        air_row[i] = -(room.ua_w_per_k + room.air_mass_w_per_k) / room.air_j_per_k
        air_row[mass] = room.air_mass_w_per_k / room.air_j_per_k
        air_row[outdoor] = room.ua_w_per_k / room.air_j_per_k
        air_row[heat + i] = 1 / room.air_j_per_k
        mass_row[i] = room.air_mass_w_per_k / room.mass_j_per_k
        mass_row[mass] = -room.air_mass_w_per_k / room.mass_j_per_k
        mass_row[heat + mass] = 1 / room.mass_j_per_k
        sensor_row[i] = 1 / room.sensor_lag_seconds
        sensor_row[sensor] = -1 / room.sensor_lag_seconds
        matrix[lost][i] = room.ua_w_per_k / _J_PER_MJ
        matrix[lost][outdoor] -= room.ua_w_per_k / _J_PER_MJ
    index = {room.key: i for i, room in enumerate(rooms)}
    for link in adjacency:
        a, b = index[link.room], index[link.neighbour]
        for here, there in ((a, b), (b, a)):
            flow = link.ua_w_per_k / rooms[here].air_j_per_k
            matrix[here][here] -= flow
            matrix[here][there] += flow
    return matrix


def expm(matrix: Matrix) -> Matrix:
    """Matrix exponential by scaling and squaring with a Taylor series (norm <= 1/2, 16 terms).

    1/2 ** 17 / 17! is below 1e-19, under the last bit.
    """
    size = len(matrix)
    norm = max(sum(map(abs, row)) for row in matrix)
    squarings = max(0, math.ceil(math.log2(norm)) + 1) if norm > 0 else 0
    scaled = [[value / 2**squarings for value in row] for row in matrix]
    term = [[float(i == j) for j in range(size)] for i in range(size)]
    total = [row[:] for row in term]
    for k in range(1, 17):
        term = [[value / k for value in row] for row in _product(term, scaled)]
        total = [list(map(sum, zip(a, b, strict=True))) for a, b in zip(total, term, strict=True)]
    for _ in range(squarings):
        total = _product(total, total)
    return total


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(map(mul, row, column)) for column in columns] for row in left]


def saturation_pa(celsius: float) -> float:
    """Saturation vapour pressure over water in Pa (Magnus; WMO No. 8, annex 4.B)."""
    return 611.2 * math.exp(17.62 * celsius / (243.12 + celsius))


def humidity_percent(air_celsius: float, outdoor_celsius: float, excess_pa: float) -> float:
    """Relative humidity indoors: outdoor air at 85 % plus what people add, warmed to room air."""
    vapour_pa = 0.85 * saturation_pa(outdoor_celsius) + excess_pa
    return min(95.0, max(5.0, 100 * vapour_pa / saturation_pa(air_celsius)))
