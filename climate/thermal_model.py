"""How a room answers to heat, learned while it is observed. Pure.

The air temperature is taken as the sum of the *free temperature* (what the room would have without our heat: weather,
sun, people, other heaters) and of a handful of first-order responses to the heat put into it, from the air itself to
the walls. One Kalman filter a room estimates the free temperature, its drift and the gain of each response. The
disturbance estimate serves as feed-forward and integral action in one; its course over past days is the forecast.
Source of the form: heating-control reference, §2.10; filter: R. E. Kalman, 1960.

Times are epoch seconds, heat is kW, temperatures °C, gains K/kW, hours where a name says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sites import remembered

#: Time constants of the responses (h), and before anything is learned their gains (K/kW) and how sure those are.
TIME_CONSTANTS_H = (0.15, 0.4, 1.5, 8.0, 50.0)
PRIOR_GAINS = (0.5, 0.9, 0.5, 0.8, 7.0)
PRIOR_SPREAD = (0.6, 0.7, 0.7, 0.8, 0.5)
#: A room sensor answers to its room like this (h).
SENSOR_LAG_H = 1 / 6
#: Random walk of the free temperature (K/√h) and of its drift (K/h/√h), which fades within hours.
_FREE_WALK, _DRIFT_WALK, DRIFT_FADES_H = 0.12, 0.06, 4.0
#: While a window is open the room is another one: the free temperature moves by itself (K/√h).
_OPEN_WALK = 2.0
#: What a reading errs by when one comes every five minutes (K): steps of 0.1 K, noise, what the form leaves out.
_READING_ERROR_K, _READING_EVERY_S = 0.05, 300.0
#: Without a look for longer than this, the heat in between is not known.
_UNSEEN_SECONDS = 3600.0
#: The course of a day: half-hours, how fast it follows, and how much of it is forecast.
HALF_HOURS, _COURSE_FOLLOWS, COURSE_COUNTS = 48, 0.3, 0.7
#: Gains stay between nothing and so many times the usual ones.
_MOST_GAIN = 5.0
_N = len(TIME_CONSTANTS_H)
_SIZE = _N + 2


@lru_cache(maxsize=256)
def _decays(hours: float) -> tuple[float, ...]:
    return tuple(math.exp(-hours / tau) for tau in TIME_CONSTANTS_H)


@dataclass(slots=True)
class ThermalModel:
    """What is known of one room. `heat`, `lagged`: kW through each response, and through the sensor's lag as well."""

    at: float
    free_celsius: float
    drift_k_per_h: float = 0.0
    gains: list[float] = field(default_factory=lambda: list(PRIOR_GAINS))
    heat: list[float] = field(default_factory=lambda: [0.0] * _N)
    lagged: list[float] = field(default_factory=lambda: [0.0] * _N)
    covariance: list[list[float]] = field(default_factory=lambda: _prior_covariance())
    #: Change of the free temperature in each half-hour of a day (UTC, K), as far as seen; and since when this one runs.
    course: list[float | None] = field(default_factory=lambda: [None] * HALF_HOURS)
    course_from: tuple[int, float] | None = None
    #: Hours observed.
    seen_h: float = 0.0

    @property
    def temperature_celsius(self) -> float:
        """Of the air, the sensor's lag undone."""
        return self.free_celsius + sum(gain * heat for gain, heat in zip(self.gains, self.heat, strict=True))

    def rise_k_per_kw(self, hours: float) -> float:
        """What a kW, given from now on, adds within so many hours."""
        if hours <= 0:
            return 0.0
        return sum(gain * (1 - decay) for gain, decay in zip(self.gains, _decays(hours), strict=True))

    def unheated_celsius(self, hours: float) -> float:
        """The temperature so many hours ahead when nothing heats from now on."""
        left = 0.0
        for gain, heat, decay in zip(self.gains, self.heat, _decays(hours), strict=True):
            left += gain * heat * decay
        drift = self.drift_k_per_h * DRIFT_FADES_H * (1 - math.exp(-hours / DRIFT_FADES_H))
        return self.free_celsius + drift + COURSE_COUNTS * self._course_k(hours) + left

    def _course_k(self, hours: float) -> float:
        """By how much the free temperature changes until then on usual days (K)."""
        place, left, total = self.at / 1800.0 % HALF_HOURS, hours * 2, 0.0
        index, step = int(place), 1 - place % 1
        while left > 1e-9:
            part = min(step, left)
            total += part * (self.course[index % HALF_HOURS] or 0.0)
            left, index, step = left - part, index + 1, 1.0
        return total

    def observe(
        self, at: float, heat_kw: float, temperature_celsius: float | None, *, window_open: bool = False
    ) -> None:
        """On to `at`, with the heat since the last time and what the sensor says (°C; None: there is none to believe).

        A clock that was set back, or nobody having looked for long, begins the free temperature afresh and keeps what
        was learned of the room.
        """
        seconds = at - self.at
        if not 0 < seconds <= _UNSEEN_SECONDS:
            self._begin_again(at, temperature_celsius)
            return
        self._advance(seconds / 3600, heat_kw, window_open)
        self.at = at
        if temperature_celsius is not None:
            self._correct(temperature_celsius, seconds)
            self.seen_h += seconds / 3600
        self._follow_course(window_open or temperature_celsius is None)

    def _begin_again(self, at: float, temperature_celsius: float | None) -> None:
        hours = max(0.0, min(at - self.at, 14 * 86400.0)) / 3600
        for values in (self.heat, self.lagged):
            values[:] = [value * decay for value, decay in zip(values, _decays(hours), strict=True)]
        heated = sum(gain * heat for gain, heat in zip(self.gains, self.heat, strict=True))
        if temperature_celsius is not None:
            self.free_celsius = temperature_celsius - heated
        self.drift_k_per_h, self.course_from, self.at = 0.0, None, at
        for i in range(_SIZE):
            self.covariance[0][i] = self.covariance[i][0] = self.covariance[1][i] = self.covariance[i][1] = 0.0
        self.covariance[0][0], self.covariance[1][1] = 1.0, 0.04

    def _advance(self, hours: float, heat_kw: float, window_open: bool) -> None:
        lag, cov = math.exp(-hours / SENSOR_LAG_H), self.covariance
        for i, tau in enumerate(TIME_CONSTANTS_H):
            decay, before = math.exp(-hours / tau), self.heat[i]
            self.heat[i] = before * decay + heat_kw * (1 - decay)
            self.lagged[i] = self.lagged[i] * lag + (before + self.heat[i]) / 2 * (1 - lag)
        fade = math.exp(-hours / DRIFT_FADES_H)
        moves = DRIFT_FADES_H * (1 - fade)
        slope = self.course[int(self.at / 1800.0) % HALF_HOURS] or 0.0
        self.free_celsius += moves * self.drift_k_per_h + COURSE_COUNTS * slope * 2 * hours
        self.drift_k_per_h *= fade
        first, second = cov[0], cov[1]
        for j in range(_SIZE):
            first[j] += moves * second[j]
        for row in cov:
            row[0] += moves * row[1]
        for j in range(_SIZE):
            second[j] *= fade
        for row in cov:
            row[1] *= fade
        first[0] += (_OPEN_WALK if window_open else _FREE_WALK) ** 2 * hours
        second[1] += _DRIFT_WALK**2 * hours

    def _correct(self, temperature_celsius: float, seconds: float) -> None:
        sees = [1.0, -SENSOR_LAG_H, *self.lagged]
        expected = self.free_celsius - SENSOR_LAG_H * self.drift_k_per_h
        expected += sum(gain * heat for gain, heat in zip(self.gains, self.lagged, strict=True))
        error = _READING_ERROR_K**2 * max(1.0, _READING_EVERY_S / seconds)
        self._update(sees, temperature_celsius - expected, error)
        for i, usual in enumerate(PRIOR_GAINS):
            bound = min(max(self.gains[i], 0.0), _MOST_GAIN * usual)
            if bound != self.gains[i]:
                only = [0.0] * _SIZE
                only[i + 2] = 1.0
                self._update(only, bound - self.gains[i], (0.05 * usual) ** 2)
                self.gains[i] = max(self.gains[i], 0.0)

    def _update(self, sees: Sequence[float], off_by: float, variance: float) -> None:
        """The Kalman update for one number that is seen as `sees` times the state and differs by `off_by`."""
        cov = self.covariance
        shared = [sum(map(_times, row, sees)) for row in cov]
        total = sum(map(_times, sees, shared)) + variance
        if total <= 0 or not math.isfinite(total) or not math.isfinite(off_by):
            return
        weights = [one / total for one in shared]
        self.free_celsius += weights[0] * off_by
        self.drift_k_per_h += weights[1] * off_by
        for i in range(_N):
            self.gains[i] += weights[i + 2] * off_by
        for i, row in enumerate(cov):
            weight = weights[i]
            for j in range(i + 1):
                row[j] -= weight * shared[j]
                cov[j][i] = row[j]
            row[i] = max(row[i], 1e-8)

    def _follow_course(self, is_unusual: bool) -> None:
        """Learn by how much the free temperature moves in this half-hour of a day."""
        index = int(self.at / 1800.0) % HALF_HOURS
        if is_unusual:
            self.course_from = None
        elif self.course_from is None:
            self.course_from = (index, self.free_celsius) if self.at % 1800.0 < 2 * _READING_EVERY_S else None
        elif self.course_from[0] != index:
            before, moved = self.course[self.course_from[0]], self.free_celsius - self.course_from[1]
            self.course[self.course_from[0]] = moved if before is None else before + _COURSE_FOLLOWS * (moved - before)
            self.course_from = index, self.free_celsius

    def to_json(self) -> dict[str, Any]:
        """Plain data, rounded: what is learned changes slowly."""
        return {
            "at": round(self.at, 1),
            "free": round(self.free_celsius, 4),
            "drift": round(self.drift_k_per_h, 4),
            "gains": [round(one, 4) for one in self.gains],
            "heat": [round(one, 5) for one in self.heat],
            "lagged": [round(one, 5) for one in self.lagged],
            "covariance": [float(f"{self.covariance[i][j]:.5g}") for i in range(_SIZE) for j in range(i + 1)],
            "course": [None if one is None else round(one, 3) for one in self.course],
            "course_from": None if self.course_from is None else [self.course_from[0], round(self.course_from[1], 4)],
            "seen_h": round(self.seen_h, 2),
        }

    @classmethod
    def from_json(cls, data: Any) -> ThermalModel | None:
        """The model kept in `data`; None when there is none, or it is damaged."""
        try:
            return _from_json(data)
        except (KeyError, TypeError, ValueError, IndexError):
            return None


def _times(a: float, b: float) -> float:
    return a * b


def _from_json(data: Mapping[str, Any]) -> ThermalModel:
    flat = _finite(data["covariance"], _SIZE * (_SIZE + 1) // 2)
    covariance = [[0.0] * _SIZE for _ in range(_SIZE)]
    values = iter(flat)
    for i in range(_SIZE):
        for j in range(i + 1):
            covariance[i][j] = covariance[j][i] = next(values)
    if any(covariance[i][i] <= 0 for i in range(_SIZE)):
        raise ValueError("a variance is not above 0")
    course, begun = data["course"], data["course_from"]
    if len(course) != HALF_HOURS:
        raise ValueError("a day has 48 half-hours")
    return ThermalModel(
        at=_number(data["at"]),
        free_celsius=_number(data["free"]),
        drift_k_per_h=_number(data["drift"]),
        gains=_finite(data["gains"], _N),
        heat=_finite(data["heat"], _N),
        lagged=_finite(data["lagged"], _N),
        covariance=covariance,
        course=[None if one is None else _number(one) for one in course],
        course_from=None if begun is None else (int(begun[0]) % HALF_HOURS, _number(begun[1])),
        seen_h=_number(data["seen_h"]),
    )


def _number(value: Any) -> float:
    found = remembered.number(value)
    if found is None:
        raise ValueError(f"{value!r} is not a finite number")
    return found


def _finite(values: Sequence[Any], count: int) -> list[float]:
    if len(values) != count:
        raise ValueError(f"{len(values)} numbers, not {count}")
    return [_number(one) for one in values]


def _prior_covariance() -> list[list[float]]:
    spread = (1.0, 0.2, *(part * gain for part, gain in zip(PRIOR_SPREAD, PRIOR_GAINS, strict=True)))
    return [[spread[i] ** 2 if i == j else 0.0 for j in range(_SIZE)] for i in range(_SIZE)]


def begin(at: float, temperature_celsius: float) -> ThermalModel:
    """A room seen for the first time."""
    return ThermalModel(at, temperature_celsius)
