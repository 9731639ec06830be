"""What becomes of a sensor's reports on their way: faults by the clock, the same for whoever listens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Fault(StrEnum):
    """How a sensor fails."""

    LOST = "lost"  # it does not answer
    SILENT = "silent"  # its last report stays, and grows old
    FROZEN = "frozen"  # it reports on, always the same
    SHIFTED = "shifted"  # it reports, off by `shift_k`


class Report(NamedTuple):
    """What a sensor said, and in which minute."""

    celsius: float
    minute: int


@dataclass(frozen=True, slots=True)
class SensorFault:
    """One fault, from a minute on for so many minutes."""

    fault: Fault
    from_minute: int
    minutes: int
    shift_k: float = 0.0

    def holds_at(self, minute: int) -> bool:
        return self.from_minute <= minute < self.from_minute + self.minutes


@dataclass(slots=True)
class Sensor:
    """A sensor with its faults (of several at a time the first holds). To be heard minute by minute."""

    faults: Sequence[SensorFault] = ()
    _before: Report | None = None

    def hear(self, report: Report, minute: int) -> Report | None:
        """What is heard of it when it really says `report`; None: nothing."""
        fault = next((one for one in self.faults if one.holds_at(minute)), None)
        if fault is None:
            self._before = report
            return report
        match fault.fault:
            case Fault.LOST:
                return None
            case Fault.SILENT:
                return self._before
            case Fault.FROZEN:
                return None if self._before is None else Report(self._before.celsius, report.minute)
            case Fault.SHIFTED:
                return Report(report.celsius + fault.shift_k, report.minute)
