"""Outdoor temperature, cloud and sun as pure functions of (seed, time).

There is no random state to carry: noise is a hash of the seed and a point in time, smoothed
between lattice points ("value noise"). Any minute can be asked for in any order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from .values import check_range

_MASK = 2**64 - 1
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Climate:
    """The weather's habits. The temperature never leaves mean +/- (diurnal + synoptic + gust)."""

    mean_celsius: float
    diurnal_celsius: float = 3.5  # half of the day-night swing
    synoptic_celsius: float = 4.0  # fronts, over days
    gust_celsius: float = 0.4  # within the half hour
    mean_cloud: float = 0.45  # 0 clear, 1 overcast
    sun_day_of_year: int | None = None  # keep the sun of this day; None follows the calendar

    def __post_init__(self) -> None:
        check_range("climate.mean_celsius", self.mean_celsius, -60, 50)
        check_range("climate.diurnal_celsius", self.diurnal_celsius, 0, 30)
        check_range("climate.synoptic_celsius", self.synoptic_celsius, 0, 30)
        check_range("climate.gust_celsius", self.gust_celsius, 0, 10)
        check_range("climate.mean_cloud", self.mean_cloud, 0, 1)
        if self.sun_day_of_year is not None:
            check_range("climate.sun_day_of_year", self.sun_day_of_year, 1, 366)


@dataclass(frozen=True, slots=True)
class Sun:
    """Direction of the sun as a unit vector: east, north, up (up < 0 is night)."""

    east: float
    north: float
    up: float


def uniform(seed: int, salt: int, index: int) -> float:
    """A number in [0, 1) that is always the same for the same three integers (SplitMix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03 + index) & _MASK
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((x ^ (x >> 31)) >> 11) / 2**53


def smooth_noise(seed: int, salt: int, minute: int, period_minutes: int) -> float:
    """Noise in [-1, 1] that bends once per period, without steps."""
    index, rest = divmod(minute, period_minutes)
    here, there = uniform(seed, salt, index), uniform(seed, salt, index + 1)
    x = rest / period_minutes
    return 2 * (here + (there - here) * x * x * (3 - 2 * x)) - 1


def solar_hour(minute: int, longitude: float) -> float:
    """Mean solar time in hours 0-24; stands in for the household's clock, without a zone."""
    return (minute / 60 + longitude / 15) % 24


def outdoor_celsius(climate: Climate, seed: int, minute: int, longitude: float) -> float:
    """Outdoor temperature: warmest at 15 h solar time, fronts over two and a half days, gusts."""
    day = math.cos((solar_hour(minute, longitude) - 15) * math.tau / 24)
    return (
        climate.mean_celsius
        + climate.diurnal_celsius * day
        + climate.synoptic_celsius * smooth_noise(seed, 1, minute, 3600)
        + climate.gust_celsius * smooth_noise(seed, 2, minute, 30)
    )


def cloud(climate: Climate, seed: int, minute: int) -> float:
    """Cloud cover 0-1: a slow part (8 h) and passing clouds (20 min)."""
    slow = smooth_noise(seed, 3, minute, 480)
    passing = smooth_noise(seed, 4, minute, 20)
    return min(1.0, max(0.0, climate.mean_cloud + 0.5 * slow + 0.2 * passing))


@lru_cache(maxsize=512)
def _day_of_year(day_number: int) -> int:
    return datetime.fromtimestamp(day_number * 86400, UTC).timetuple().tm_yday


def sun(minute: int, latitude: float, longitude: float, day_of_year: int | None) -> Sun:
    """Where the sun stands; good to about a degree.

    Declination after Cooper 1969, equation of time after Spencer/Whillier, as in Duffie & Beckman,
    "Solar Engineering of Thermal Processes", 1.5 and 1.6.
    """
    day = day_of_year or _day_of_year(minute // DAY_MINUTES)
    declination = math.radians(23.45) * math.sin(math.tau * (284 + day) / 365)
    b = math.tau * (day - 81) / 364
    equation_hours = (9.87 * math.sin(2 * b) - 7.53 * math.cos(b) - 1.5 * math.sin(b)) / 60
    hour_angle = (solar_hour(minute, longitude) + equation_hours - 12) * math.tau / 24
    phi = math.radians(latitude)
    level = math.cos(declination) * math.cos(hour_angle)
    return Sun(
        east=-math.cos(declination) * math.sin(hour_angle),
        north=math.cos(phi) * math.sin(declination) - math.sin(phi) * level,
        up=math.sin(phi) * math.sin(declination) + math.cos(phi) * level,
    )


def horizontal_w_m2(up: float, cloud_cover: float) -> float:
    """Global irradiance on the level ground.

    Clear sky after Haurwitz 1945, cloud after Kasten & Czeplak 1980 (1 - 0.75 n^3.4).
    """
    if up <= 0.005:  # below a third of a degree: night
        return 0.0
    return 1098 * up * math.exp(-0.057 / up) * (1 - 0.75 * cloud_cover**3.4)


def plane_w_m2(position: Sun, cloud_cover: float, tilt_degrees: float, azimuth_degrees: float) -> float:
    """Irradiance on a tilted plane: direct beam plus an even (isotropic) sky, no ground.

    The diffuse share grows with a low sun and with cloud: a plain fit, between 0.14 (clear, high)
    and 1 (overcast), in the range of Erbs et al. 1982.
    """
    level = horizontal_w_m2(position.up, cloud_cover)
    if level == 0.0:
        return 0.0
    clear_diffuse = min(1.0, 0.1 + 0.04 / position.up)
    diffuse = level * (clear_diffuse + (1 - clear_diffuse) * cloud_cover)
    tilt, azimuth = math.radians(tilt_degrees), math.radians(azimuth_degrees)
    incidence = math.cos(tilt) * position.up + math.sin(tilt) * (
        math.sin(azimuth) * position.east + math.cos(azimuth) * position.north
    )
    beam = (level - diffuse) / position.up * max(0.0, incidence)
    return beam + diffuse * (1 + math.cos(tilt)) / 2
