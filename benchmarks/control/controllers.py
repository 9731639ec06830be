"""Who decides: one controller a plant, or a team that decides for many at once; and how they are run side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from .case import Case
from .plant import MINUTE_SECONDS, Look, Order, Plant
from .score import Score


class Controller(Protocol):
    """Decides for one plant, every `period_seconds`."""

    period_seconds: int

    def step(self, look: Look) -> Order: ...


@runtime_checkable
class Driver(Protocol):
    """Decides for one plant and tells its machines itself."""

    period_seconds: int

    def drive(self, plant: Plant) -> None: ...


class Team(Protocol):
    """Decides for several plants at the same moment; it tells them itself."""

    period_seconds: int

    def step(self, plants: Sequence[Plant]) -> None: ...


class Alone:
    """A team of controllers that know nothing of each other."""

    def __init__(self, make: Callable[[Case], Controller | Driver], cases: Sequence[Case]):
        self._controllers = {case.key: make(case) for case in cases}
        self._drivers = {key: one for key, one in self._controllers.items() if isinstance(one, Driver)}
        self.period_seconds = min(one.period_seconds for one in self._controllers.values())

    def step(self, plants: Sequence[Plant]) -> None:
        for plant in plants:
            controller = self._controllers[plant.case.key]
            if plant.minute * MINUTE_SECONDS % controller.period_seconds:
                continue
            if (driver := self._drivers.get(plant.case.key)) is not None:
                driver.drive(plant)
            else:
                plant.obey(controller.step(plant.look()))


def run(cases: Sequence[Case], team: Team, watch: Callable[[Sequence[Plant]], None] | None = None) -> dict[str, Score]:
    """Every case to its end, in step; the scores by the key of the case. `watch` sees the plants every minute."""
    plants = running = [Plant(case) for case in cases]
    period_minutes = team.period_seconds // MINUTE_SECONDS
    minute = 0
    while running:
        if minute % period_minutes == 0:
            team.step(running)
        for plant in running:
            plant.advance()
        if watch is not None:
            watch(running)
        minute += 1
        running = [plant for plant in running if not plant.is_over]
    return {plant.case.key: plant.score for plant in plants}


def run_alone(case: Case, make: Callable[[Case], Controller | Driver]) -> Score:
    """One case with one controller."""
    return run([case], Alone(make, [case]))[case.key]


class Wants(Protocol):
    """Only says how many watts it wants of a single machine; the machine's minimum times are `Borne`'s business."""

    def wants_w(self, case: Case, look: Look) -> float: ...


class Borne:
    """Makes a controller of what only wants watts: the nearest level, within the machine's minimum times.

    Wanted off within the minimum on time, it goes on at the lowest level.
    """

    def __init__(self, case: Case, wants: Wants, period_seconds: int = 300):
        (self._machine,) = case.machines
        self._case, self._wants, self.period_seconds = case, wants, period_seconds
        self._since_minute = float("-inf")

    def step(self, look: Look) -> Order:
        machine, told_w = self._machine, look.machines[0].told_w
        power_w, code = self._wants.wants_w(self._case, look), "wants"
        power_w = machine.nearest_w(power_w) if power_w > 0 else 0.0
        held_seconds = (look.minute - self._since_minute) * MINUTE_SECONDS
        if power_w == 0 and told_w > 0 and held_seconds < machine.min_on_seconds:
            power_w, code = machine.every_level_w[0], "min_on"
        elif power_w > 0 and told_w == 0 and held_seconds < machine.min_off_seconds:
            power_w, code = 0.0, "min_off"
        if (power_w > 0) != (told_w > 0):
            self._since_minute = look.minute
        return Order((power_w,), (code,))
