"""Beat's schedule, kept in memory and on the monotonic clock: a wall-clock step changes nothing."""

from __future__ import annotations

import time

from celery.beat import ScheduleEntry, Scheduler
from celery.schedules import schedule

#: Work of longer intervals is first done this long after the start, so that a program that is
#: restarted every day still does its daily work.
FIRST_ROUND_SECONDS = 60.0


class MonotonicScheduler(Scheduler):
    """Entries of `CELERY_BEAT_SCHEDULE` whose schedule is a number of seconds."""

    def __init__(self, *args, **kwargs) -> None:
        self._due: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        super().setup_schedule()
        now = time.monotonic()
        for name, entry in self.schedule.items():
            interval = _interval_seconds(entry)
            self._due[name] = now if interval <= FIRST_ROUND_SECONDS else now + FIRST_ROUND_SECONDS

    def install_default_entries(self, data) -> None:
        """None: Celery's own clean-up of results has nothing to do here."""

    def tick(self) -> float:
        """Send what is due; returns the seconds until the next entry is."""
        for name, due in self._due.items():
            if time.monotonic() >= due:
                entry = self.schedule[name]
                self.apply_entry(entry, producer=self.producer)
                self._due[name] = max(due + _interval_seconds(entry), time.monotonic())
        soonest = min(self._due.values(), default=time.monotonic() + self.max_interval)
        return min(max(0.0, soonest - time.monotonic()), self.max_interval)


def _interval_seconds(entry: ScheduleEntry) -> float:
    if not isinstance(entry.schedule, schedule):
        raise TypeError(f"beat entry {entry.name!r}: its schedule is {entry.schedule!r}; give a number of seconds")
    return entry.schedule.run_every.total_seconds()
