"""How fast the simulated house is: `python -m benchmarks.simulation`.

One row per figure: name, value, unit, target, ok or short. CPU time of one thread; targets are never
loosened to pass.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import process_time

import simulation
from benchmarks.rows import Row, row
from simulation.house import conditions
from simulation.thermal import transition_matrix

AT = datetime(2025, 1, 10, 18, 0, tzinfo=UTC)


def rows() -> list[Row]:
    """All figures of the simulation."""
    return [
        row("simulation: one day, step and read every 10 s", _best(_day, 3), "s", 2.0),
        row("simulation: catch up 24 h in one step", _best(lambda: _catch_up(timedelta(days=1)), 3), "s", 1.0),
        row("simulation: catch up a year in one step", _best(lambda: _catch_up(timedelta(days=365)), 3), "s", 1.0),
        row("simulation: load, step 10 s, save as JSON", _best(_one_pass, 3) * 1e3, "ms", 1.0),
        row("simulation: first step in a process", _best(_first, 3) * 1e3, "ms", 50.0),
    ]


def _best(work: Callable[[], float], times: int) -> float:
    gc.collect()
    return min(work() for _ in range(times))


def _heating() -> simulation.HouseState:
    conditions.cache_clear()  # the weather is part of the work
    state = simulation.demo_house(1, AT)
    return simulation.set_power(simulation.set_power(state, "avalon", 1600), "heater", 850)


def _day() -> float:
    state = _heating()
    began = process_time()
    for i in range(8640):
        state = simulation.step(state, AT + timedelta(seconds=10 * (i + 1)))
        for key in simulation.rooms(state):
            simulation.room(state, key)
        for key in simulation.miners(state):
            simulation.miner(state, key)
        simulation.energy(state)
        simulation.weather(state)
    return process_time() - began


def _catch_up(gap: timedelta) -> float:
    state = _heating()
    began = process_time()
    simulation.step(state, AT + gap)
    return process_time() - began


def _one_pass(count: int = 500) -> float:
    """What a control pass costs that keeps the house in a database: text in, text out."""
    saved = json.dumps(_heating().to_json())
    began = process_time()
    for i in range(count):
        state = simulation.HouseState.from_json(json.loads(saved))
        saved = json.dumps(simulation.step(state, AT + timedelta(seconds=10 * (i + 1))).to_json())
    return (process_time() - began) / count


def _first() -> float:
    """The one matrix exponential that later steps reuse."""
    state = simulation.demo_house(1, AT)
    transition_matrix.cache_clear()
    began = process_time()
    simulation.step(state, AT + timedelta(seconds=10))
    return process_time() - began


if __name__ == "__main__":
    for one in rows():
        print(one)
