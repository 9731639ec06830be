"""A simulated house as a connection: its sensors and miners answer from one physical state.

Keys: `room:<key>`, `energy`, `miner:<key>`, `weather`; answers are the readings of `simulation`
wrapped in `Observed`. Asking carries the state to now; nothing is saved here: what `state` and
`at` hold afterwards belongs into the row (under the site's lease) when `dirty`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import simulation
from simulation import HouseState
from sites.clock import is_ahead

from ..errors import BadAnswer, NotFound
from ..registry import ConnectionKind, opener


@dataclass(frozen=True, slots=True)
class Observed:
    """One reading of `simulation` and the time in the house (aware UTC)."""

    reading: Any
    at: datetime


class SimulatedHouseSession:
    """One pass over a `SimulatedHouse` row. Not for several threads, and not kept between passes."""

    may_block = False

    def __init__(self, row: Any) -> None:
        #: The time to carry the house to; None: the wall clock.
        self.now: datetime | None = None
        self._seed = row.seed
        self._stored = row.state
        self._house: HouseState | None = None
        self.dirty = False

    @property
    def house(self) -> HouseState:
        """The house at the last question. Raises `BadAnswer` when the stored state is damaged."""
        if self._house is None:
            self._house = self._loaded()
        return self._house

    @property
    def state(self) -> dict[str, Any]:
        """What belongs into `row.state`, where that is stored."""
        return self.house.to_json()

    @property
    def at(self) -> datetime:
        """What belongs into `row.at`."""
        return self.house.at

    def ask(self, keys: Collection[str], deadline: float) -> dict[str, Observed]:
        """Readings at now by key; unknown keys are absent."""
        self._become(simulation.step(self._dated(), self._now()))
        readings = ((key, self._reading(key)) for key in keys)
        return {key: Observed(reading, self.at) for key, reading in readings if reading is not None}

    def set_power(self, key: str, power_w: float) -> None:
        """Command the miner of `miner:<key>`, in W; 0 is off."""
        kind, _, name = key.partition(":")
        if kind != "miner" or name not in simulation.miners(self.house):
            raise NotFound(_unknown("miner", name, simulation.miners(self.house)))
        self._become(simulation.set_power(simulation.step(self._dated(), self._now()), name, power_w))

    def set_window(self, room: str, is_open: bool) -> None:
        """Open or close the window of a room; what people do, for tests and demonstrations."""
        self._become(simulation.set_window(simulation.step(self._dated(), self._now()), room, is_open))

    def set_occupied(self, room: str, is_occupied: bool) -> None:
        """Somebody comes into a room, or the last one leaves it."""
        self._become(simulation.set_occupied(simulation.step(self._dated(), self._now()), room, is_occupied))

    def check(self, deadline: float) -> str:
        """One sentence on what is there."""
        self.ask((), deadline)
        names = " and ".join(
            ", ".join(names) for names in (simulation.rooms(self.house), simulation.miners(self.house))
        )
        outdoor = simulation.weather(self.house).outdoor_celsius
        return f"The simulated house answers: {names}; {outdoor:.1f} °C outside."

    def close(self) -> None:
        """Nothing is open."""

    def _reading(self, key: str) -> Any | None:
        kind, _, name = key.partition(":")
        if key in ("energy", "weather"):
            return (simulation.energy if key == "energy" else simulation.weather)(self.house)
        if kind == "room" and name in simulation.rooms(self.house):
            return simulation.room(self.house, name)
        if kind == "miner" and name in simulation.miners(self.house):
            return simulation.miner(self.house, name)
        return None

    def _become(self, house: HouseState) -> None:
        if house is not self.house:
            self._house, self.dirty = house, True

    def _dated(self) -> HouseState:
        """The house; one from the future goes on from now, for the clock was set back since."""
        now = self._now()
        return simulation.redated(self.house, now - self.house.at) if is_ahead(self.house.at, now) else self.house

    def _loaded(self) -> HouseState:
        if isinstance(self._stored, HouseState):
            return self._stored
        if not self._stored:
            self.dirty = True
            return simulation.demo_house(self._seed, self._now())
        try:
            return HouseState.from_json(self._stored)
        except ValueError:
            raise BadAnswer(
                "The stored state of the simulated house cannot be read. Remove the house and add it again."
            ) from None

    def _now(self) -> datetime:
        return self.now or datetime.now(UTC)


def redated(state: dict[str, Any] | HouseState, by: timedelta) -> dict[str, Any] | HouseState:
    """A `state`, stored or not, after the clock was set by so much; one that is damaged stays as it is."""
    if isinstance(state, HouseState):
        return simulation.redated(state, by)
    try:
        return simulation.redated(HouseState.from_json(state), by).to_json() if state else state
    except (ValueError, OverflowError):
        return state


@opener(ConnectionKind.SIMULATED_HOUSE)
def open_simulated_house(row: Any) -> SimulatedHouseSession:
    """A session over a `SimulatedHouse` row (`seed`, `state`)."""
    return SimulatedHouseSession(row)


def observed(answers: Any, key: str) -> Observed:
    """The answer to `key`; `NotFound` when the house has no such thing."""
    found = answers.get(key)
    if found is None:
        kind, _, name = key.partition(":")
        raise NotFound(f"The simulated house has no {kind} ‘{name}’.")
    return found


def _unknown(kind: str, name: str, there: Collection[str]) -> str:
    return f"The simulated house has no {kind} ‘{name}’; there are: {', '.join(there)}."
