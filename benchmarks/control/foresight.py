"""What perfect foresight reaches: a dynamic programme that knows the building, the weather and the people.

Every five minutes each state it keeps is carried on with every power the machine can take, through the equations of
the building itself; of states that are nearly alike (machine, temperatures of air, furniture and mass) the cheapest is
kept. The cost is K·h below and above, a price of a start, and a little for energy, so that no heat is hoarded. The best
course is then run minute by minute in the bench like any other controller. It is no proof that nothing is better, as
nearly alike is not alike; how much that may be: docs/control-bench.md.

`python -m benchmarks.control.foresight [case …]` searches again with several prices of a start and writes
`foresight.json`, which the table shows. Only this needs NumPy; it takes minutes a case.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from simulation.appliance import Appliance
from simulation.building import conditions, transition

from .case import Case
from .controllers import run_alone
from .plant import MINUTE_SECONDS, Look, Order, Plant
from .reference import ENERGY_SHARE, beside

FOUND = Path(__file__).with_name("foresight.json")
STEP_MINUTES = 5
#: A step is carried on in two parts, of so many minutes; degree-hours are taken between their ends.
PARTS = (2, 3)
#: Temperatures of air, furniture and mass that differ by less are alike (K).
ALIKE_K = (0.1, 0.1, 0.02)
#: States kept a step, and how much dearer than the cheapest one may be (K·h, beside two starts).
KEPT, DEARER_K_H = 4000, 2.5
#: What a kWh costs, in K·h: the first of these with which no more is heated than the thermostat does (and 3 %).
ENERGY_K_H_PER_KWH = (0.02, 0.05, 0.12)
#: Prices of a start (K·h) that are tried, by whether the machine is only switched.
START_K_H = {False: (0.05, 0.2, 0.6), True: (0.0, 0.03, 0.1)}
#: Of the steps of a modulating machine every so many watts.
EVERY_W = 300.0


class Point(NamedTuple):
    """One course: what it came to with this price of a start."""

    start_k_h: float
    below_k_h: float
    above_k_h: float
    starts: int
    kwh: float

    @property
    def k_h(self) -> float:
        return self.below_k_h + self.above_k_h


def fingerprint(case: Case) -> str:
    """Of all that a course depends on: another building or machine needs another search."""
    parts = (case.rooms, case.weather, case.machines, case.schedule, case.days)
    return sha256(repr(parts).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def stored() -> dict[str, dict[str, Any]]:
    return json.loads(FOUND.read_text()) if FOUND.exists() else {}


def found(case: Case) -> list[Point]:
    """The courses that were found for this very case, the fewest starts first."""
    one = stored().get(case.key)
    if one is None or one["case"] != fingerprint(case):
        return []
    return sorted((Point(*point) for point in one["points"]), key=lambda point: point.starts)


def with_starts(points: Sequence[Point], starts: int) -> Point | None:
    """The best course with no more starts; the one with the fewest where all have more; None: none was searched."""
    fitting = [one for one in points if one.starts <= starts] or list(points[:1])
    return min(fitting, key=lambda one: one.k_h, default=None)


class Scripted:
    """Tells a single machine a course: watts for each step."""

    period_seconds = STEP_MINUTES * MINUTE_SECONDS

    def __init__(self, power_w: Sequence[float]):
        self._power_w = power_w

    def step(self, look: Look) -> Order:
        return Order((self._power_w[look.minute // STEP_MINUTES],), ("foresight",))


def searched(case: Case, start_k_h: float) -> Point:
    """The best course for this price of a start, as it comes out in the bench."""
    for kwh_k_h in ENERGY_K_H_PER_KWH:
        course = _Search(case, start_k_h, kwh_k_h).course()
        score = run_alone(case, lambda _, course=course: Scripted(course))
        if score.kwh <= (1 + ENERGY_SHARE) * beside(case).kwh:
            break
    return Point(start_k_h, round(score.below_k_h, 2), round(score.above_k_h, 2), score.starts, round(score.kwh, 1))


class _Search:
    def __init__(self, case: Case, start_k_h: float, kwh_k_h: float):
        import numpy

        self._np, self._case, self._start_k_h, self._kwh_k_h = numpy, case, start_k_h, kwh_k_h
        (self._machine,), (self._room,) = case.machines, case.rooms
        levels_w = self._machine.every_level_w
        every = max(1, round(EVERY_W / (self._machine.step_w or EVERY_W)))
        self._levels_w = sorted({*levels_w[::every], levels_w[-1]})
        step_seconds = STEP_MINUTES * MINUTE_SECONDS
        #: A machine that is off waits for so many steps more (0 … off), then: on, for so many more at least.
        self._off = max(1, -(-self._machine.min_off_seconds // step_seconds))
        self._on = max(1, -(-self._machine.min_on_seconds // step_seconds))
        self._drawn_w = {power_w: self._means_w(power_w) for power_w in (0.0, *self._levels_w)}

    def course(self) -> list[float]:
        """Watts for each step."""
        np = self._np
        celsius = np.array([Plant(self._case).rooms[0].celsius[:4]])
        states, costs = np.zeros(1, dtype=np.int64), np.zeros(1)
        trail: list[tuple[Any, Any]] = []
        for step in range(self._case.days * 24 * 60 // STEP_MINUTES):
            celsius, states, costs, parents, powers = self._carried_on(step, celsius, states, costs)
            kept = self._kept(celsius, states, costs)
            celsius, states, costs = celsius[kept], states[kept], costs[kept]
            trail.append((parents[kept].astype(np.int32), powers[kept].astype(np.float32)))
        place, course = int(np.argmin(costs)), []
        for parents, powers in reversed(trail):
            course.append(float(powers[place]))
            place = int(parents[place])
        return course[::-1]

    def _carried_on(self, step: int, celsius: Any, states: Any, costs: Any) -> tuple[Any, ...]:
        """Every state with every power it may take next: temperatures, machine, cost, whence, watts."""
        np = self._np
        minute = step * STEP_MINUTES
        parts = [self._part(minute, PARTS[0]), self._part(minute + PARTS[0], PARTS[1])]
        schedule = self._case.schedule
        target_celsius, is_comfort = schedule.target_celsius(minute), schedule.is_comfort(minute)
        is_off = states < self._off
        results = []
        for power_w in (0.0, *self._levels_w):
            may = is_off | (states == self._off) if power_w == 0 else ~is_off | (states == 0)
            (whence,) = np.nonzero(may)
            if not len(whence):
                continue
            was_off = is_off[whence]
            now, cost = celsius[whence], costs[whence]
            before = self._off_band(now[:, 0], target_celsius, is_comfort)
            drawn_w = self._drawn_w[power_w]
            for (matrix, constant, by_heat), minutes, (from_off_w, from_on_w) in zip(
                parts, PARTS, drawn_w, strict=True
            ):
                heat_w = np.where(was_off, from_off_w, from_on_w)
                now = now @ matrix.T + constant + heat_w[:, None] * by_heat
                after = self._off_band(now[:, 0], target_celsius, is_comfort)
                cost = cost + (before + after) / 2 * minutes / 60 + heat_w * (minutes / 6e4 * self._kwh_k_h)
                before = after
            if power_w == 0:
                state = np.where(was_off, np.maximum(states[whence] - 1, 0), self._off - 1)
            else:
                cost = cost + np.where(was_off, self._start_k_h, 0.0)
                left = np.where(was_off, self._on - 1, np.maximum(states[whence] - self._off - 1, 0))
                state = self._off + left
            results.append((now, state, cost, whence, np.full(len(whence), power_w)))
        return tuple(np.concatenate(one) for one in zip(*results, strict=True))

    def _off_band(self, air_celsius: Any, target_celsius: float, is_comfort: bool) -> Any:
        """How far outside the band (K), as it counts."""
        np = self._np
        below = np.maximum(target_celsius - 0.5 - air_celsius, 0.0)
        return below + np.maximum(air_celsius - target_celsius - 0.5, 0.0) if is_comfort else below

    def _kept(self, celsius: Any, states: Any, costs: Any) -> Any:
        """Of those that are alike the cheapest, and of these as many as are kept."""
        np = self._np
        key = states.copy()
        for node, alike_k in enumerate(ALIKE_K):
            key = key * 4096 + np.clip(np.round(celsius[:, node] / alike_k).astype(np.int64) + 1000, 0, 4095)
        order = np.argsort(costs, kind="stable")
        _, first = np.unique(key[order], return_index=True)
        kept = order[np.sort(first)]
        most = costs[kept[0]] + DEARER_K_H + 2 * self._start_k_h
        return kept[costs[kept] <= most][:KEPT]

    def _part(self, minute: int, minutes: int) -> tuple[Any, Any, Any]:
        """Over some minutes: the matrix of the temperatures, what is added anyway, and what a watt adds."""
        np = self._np
        matrix, constant, by_heat = np.eye(4), np.zeros(4), np.zeros(4)
        for one in range(minute, minute + minutes):
            course = conditions(self._room, self._case.weather, one)
            rows = transition(self._room, course.window_is_open, course.door_is_open)
            whole = np.array(rows)[:4]
            inputs = (*course.heat_w, course.outdoor_celsius, self._room.neighbour_celsius)
            matrix = whole[:, :4] @ matrix
            constant = whole[:, :4] @ constant + whole[:, 5:] @ np.array(inputs)
            by_heat = whole[:, :4] @ by_heat + whole[:, 5]
        return matrix, constant, by_heat

    def _means_w(self, power_w: float) -> list[tuple[float, float]]:
        """Mean watts in each part of the step: from off, and from on (for off, from the lowest level)."""
        means = []
        for from_w in (0.0, power_w or self._levels_w[0]):
            machine = Appliance(self._machine.spec())
            machine.tell(from_w)
            for _ in range(15):
                machine.advance(MINUTE_SECONDS)
            machine.tell(power_w)
            means.append([sum(machine.advance(MINUTE_SECONDS) for _ in range(count)) / count for count in PARTS])
        return list(zip(*means, strict=True))


def main(names: list[str]) -> int:
    from .cases import chosen

    for name in names or [None]:
        for case in chosen(name):
            points = []
            for start_k_h in START_K_H[len(case.machines[0].every_level_w) == 1]:
                points.append(searched(case, start_k_h))
                print(case.key, points[-1], flush=True)
            store(case, points)
    return 0


def store(case: Case, points: Sequence[Point]) -> None:
    """Keep the courses of one case, in place of those found before."""
    stored.cache_clear()
    all_of_them = stored() | {case.key: {"case": fingerprint(case), "points": points}}
    lines = ",\n".join(f'  "{key}": {json.dumps(one)}' for key, one in sorted(all_of_them.items()))
    FOUND.write_text("{\n" + lines + "\n}\n")
    stored.cache_clear()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
