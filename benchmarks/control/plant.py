"""The plant of a case while it runs: rooms, machines, sensors; what a controller sees of it and may tell it."""

from __future__ import annotations

from typing import NamedTuple

from simulation import dwelling
from simulation.appliance import Appliance
from simulation.building import Building
from simulation.sensor_faults import Report, Sensor

from .case import Case
from .score import Score

MINUTE_SECONDS = 60
START_CELSIUS = 20.0


class MachineLook(NamedTuple):
    """What a machine shows: what it was told last and took, what it draws (W), its phase (`simulation.machine`)."""

    told_w: float
    power_w: float
    phase: str


class Look(NamedTuple):
    """What a controller may know at a minute. A report is None while its sensor does not answer."""

    minute: int
    reports: tuple[Report | None, ...]
    outdoor_celsius: float | None
    machines: tuple[MachineLook, ...]


class Order(NamedTuple):
    """Watts for each machine, and the code of the reason for each."""

    power_w: tuple[float, ...]
    codes: tuple[str, ...]


class Plant:
    """A case under way. `obey` or `tell` it, then `advance` it by a minute; `score` counts what it came to."""

    def __init__(self, case: Case):
        self.case = case
        self.minute = 0
        self.rooms = [Building.at_rest(spec, case.weather, START_CELSIUS) for spec in case.rooms]
        self.machines = [
            Appliance(machine.spec(), case.weather.seed + place, machine.refused_share)
            for place, machine in enumerate(case.machines)
        ]
        self.codes = ["" for _ in self.machines]
        self.score = Score(len(self.rooms))
        self._sensors = [Sensor(case.sensor_faults) for _ in self.rooms]
        self._reports = self._hear()

    @property
    def is_over(self) -> bool:
        return self.minute >= self.case.days * 24 * 60

    def look(self) -> Look:
        outdoor_celsius = self.rooms[0].outdoor_celsius if self.case.has_outdoor_sensor else None
        machines = tuple(MachineLook(one.state.target_w, one.state.power_w, one.state.phase) for one in self.machines)
        return Look(self.minute, self._reports, outdoor_celsius, machines)

    def obey(self, order: Order) -> None:
        """Tell each machine what differs from what it does."""
        for place, (power_w, code) in enumerate(zip(order.power_w, order.codes, strict=True)):
            self.codes[place] = code
            if power_w != self.machines[place].state.target_w:
                self.tell(place, power_w)

    def tell(self, place: int, power_w: float) -> bool:
        """One write to one machine; whether it was taken."""
        machine = self.machines[place]
        is_hasty = machine.is_on and not machine.is_settled and power_w > machine.state.target_w
        self.score.writes += 1
        self.score.hasty_writes += is_hasty
        return machine.tell(power_w)

    def advance(self) -> None:
        """One minute on."""
        heat_w = [0.0] * len(self.rooms)
        drawn_w = 0.0
        for machine, kind in zip(self.machines, self.case.machines, strict=True):
            power_w = machine.advance(MINUTE_SECONDS)
            drawn_w += power_w
            for place, share in enumerate(kind.shares):
                heat_w[place] += share * power_w
        dwelling.advance(self.rooms, heat_w, self.case.passages)
        schedule = self.case.schedule
        self.score.count(
            [room.air_celsius for room in self.rooms],
            schedule.target_celsius(self.minute),
            is_comfort=schedule.is_comfort(self.minute),
            is_rise=schedule.rises_at(self.minute),
            drawn_w=drawn_w,
            code=self._deciding_code(),
            blind_target_celsius=schedule.comfort_celsius if self._is_blind else None,
        )
        self.minute += 1
        self.score.starts = sum(machine.starts for machine in self.machines)
        self._reports = self._hear()

    @property
    def _is_blind(self) -> bool:
        return any(fault.holds_at(self.minute) for fault in self.case.sensor_faults)

    def _deciding_code(self) -> str:
        """The reason of the first machine that could give more, else of the first."""
        for code, machine, kind in zip(self.codes, self.machines, self.case.machines, strict=True):
            if machine.state.target_w < kind.full_w:
                return code
        return self.codes[0]

    def _hear(self) -> tuple[Report | None, ...]:
        return tuple(
            sensor.hear(Report(room.reported_celsius, room.reported_minute), self.minute)
            for sensor, room in zip(self._sensors, self.rooms, strict=True)
        )
