"""A home over the faulty world: real rows, real passes, real adapters, its own watchdog, a manual clock.

`run(seconds)` is the program's life: a pass a period, the watchdog's look every second, an end of
the process and its new start.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from integrations import ask, registry
from integrations.registry import ConnectionKind
from miners.models import DesiredState, ManualRequest
from optimization.demo import ensure_shipped_policies
from optimization.passes import act, last_resort, late, run
from optimization.watchdog import Watchdog
from sites import live
from sites.clock import ManualClock
from sites.models import Alarm
from sites.store import store
from tests import factories

from .world import (
    BATTERY_W,
    GRID,
    LOAD,
    MIN_OFF_SECONDS,
    MIN_ON_SECONDS,
    NOMINAL_W,
    PLUG,
    PLUG_POWER,
    PV,
    SECOND_SENSOR,
    SENSOR,
    SOC,
    World,
    WorldSession,
)

#: Longer than the usual 10 s only to spare the tests half the passes.
PERIOD_S = 20
#: From the death of the program to its first pass (measured of the real one: 3 to 6 s).
RESTART_S = 5
TARGET_CELSIUS, HIGH_LIMIT_CELSIUS = 21.0, 28.0
COLD_CELSIUS, BETWEEN_CELSIUS, HOT_CELSIUS = 20.0, 21.0, 29.0
#: What answers is waited for as long as a busy machine needs; what hangs hardly at all.
ANSWER_S, HUNG_S = 5.0, 0.1

METER = {
    "entity_production": PV,
    "entity_consumption": LOAD,
    "entity_grid": GRID,
    "entity_battery_soc": SOC,
    "entity_battery_power": BATTERY_W,
}


class KilledError(BaseException):
    """kill −9: nothing in the pass may catch it."""


class Home:
    """One room, one heater, "Solar Surplus Room Heating" on a bright day."""

    def __init__(
        self, monkeypatch, folder: Path, *, at: datetime, period_s: int = PERIOD_S, second_sensor: bool = False
    ) -> None:
        self.clock = ManualClock(at)
        self.world = World(self.clock)
        self.period_s = period_s
        #: No pass runs: both workers hang, or nobody sends ticks.
        self.no_passes = False
        #: What passes need does not answer: a new start would change nothing.
        self.is_excused = False
        #: "before" or "after": die at the next write to the device.
        self.dies: str | None = None
        #: None, "locked" or "full".
        self.database: str | None = None
        self.alarms_seen: set[str] = set()
        self.guards_seen: set[str] = set()
        self.reasons_seen: set[str] = set()
        self.ended_by_watchdog = 0
        self._seconds = 0
        self._later: list[tuple[int, Callable[[], None]]] = []
        self._dead_until: int | None = None
        self._patch = monkeypatch
        self._marker = folder / "watchdog.json"
        self._prepare()
        self._make_rows()
        if second_sensor:
            self.zone.monitors.add(self.second_sensor)
        self._start_program()

    def _prepare(self) -> None:
        patch = self._patch
        patch.setitem(registry.openers, ConnectionKind.HOME_ASSISTANT, lambda row: WorldSession(self.world))
        patch.setattr(run, "SystemClock", lambda: self.clock)
        patch.setattr(timezone, "now", self.clock.now)
        patch.setattr(act, "write_all", self._mortal(act.write_all))

    def _make_rows(self) -> None:
        self.site = factories.site(control_period_seconds=self.period_s)
        on = {"home_assistant": factories.home_assistant(self.site)}
        self.sensor = factories.climate_monitor(
            self.site, name="Sensor", adapter_type="home_assistant", config={"entity_temperature": SENSOR}, **on
        )
        self.second_sensor = factories.climate_monitor(
            self.site, name="Second", adapter_type="home_assistant", config={"entity_temperature": SECOND_SENSOR}, **on
        )
        self.meter = factories.energy_monitor(self.site, adapter_type="home_assistant", config=METER, **on)
        self.source = factories.energy_source(self.site, monitor=self.meter, type="other")
        self.controller = factories.controller(
            self.site,
            name="Plug",
            adapter_type="home_assistant_switch",
            config={"entity_switch": PLUG, "entity_power": PLUG_POWER},
            **on,
        )
        self.zone = self.make_zone()
        self.miner = factories.miner(
            self.site,
            zones=[self.zone],
            controller=self.controller,
            nominal_power_w=NOMINAL_W,
            min_on_seconds=MIN_ON_SECONDS,
            min_off_seconds=MIN_OFF_SECONDS,
            max_starts_per_hour=99,
            max_starts_per_day=99,
        )
        policy = ensure_shipped_policies()["solar_surplus_room_heating"]
        self.unit = factories.unit(self.site, miners=[self.miner], policy=policy, energy_source=self.source)

    def make_zone(self):
        return factories.zone(
            self.site,
            "Bath",
            monitor=self.sensor,
            default_target_celsius=TARGET_CELSIUS,
            high_limit_celsius=HIGH_LIMIT_CELSIUS,
        )

    # The program's life

    def _start_program(self) -> None:
        """What a new process starts with: nothing but the database and the watchdog's marker."""
        store.cache_clear()
        ask.forget()
        self.watchdog = Watchdog(self.clock.monotonic)
        self.watchdog.arm(self._marker, end=self._end, tell=self._late, is_excused=lambda: self.is_excused)
        self._patch.setattr(last_resort, "watchdog", self.watchdog)
        self._dead_until = None

    def _late(self, site_ids: Collection[str]) -> None:
        """What the program does in a thread of its own; a locked or full database refuses it."""
        with self._database():
            late.raise_alarms(site_ids)
        self._note_alarms()

    def _end(self) -> None:
        self.ended_by_watchdog += 1
        self.die()

    def die(self, seconds: int = RESTART_S) -> None:
        """The process is gone; the supervisor has it back after this long."""
        self._dead_until = self._seconds + seconds

    def power_cut(self, seconds: int) -> None:
        """Everything is dark, then the machine boots."""
        self.world.plug.turn(False, by_us=False)
        self.die(seconds)
        self.clock.boot_name = f"boot {self._seconds}"

    def at(self, seconds: int, do: Callable[[], None]) -> None:
        """Do this so many seconds from now, while the home runs."""
        self._later.append((self._seconds + seconds, do))

    def run(self, seconds: float) -> None:
        """So many seconds of the home."""
        for _ in range(round(seconds)):
            self.clock.advance(1)
            self._seconds += 1
            self.world.second()
            for _, do in [one for one in self._later if one[0] == self._seconds]:
                do()
            if self._dead_until is not None:
                if self._seconds < self._dead_until:
                    continue
                self._start_program()
                self._pass()
            elif self._seconds % self.period_s == 0:
                self._pass()
            if self._dead_until is None:
                self.watchdog.look()

    def periods(self, count: int) -> None:
        self.run(count * self.period_s)

    def _pass(self) -> None:
        """One pass as a Celery task runs it: what it raises is logged, and the next one comes."""
        if self.no_passes:
            return
        deadline_s = HUNG_S if self.world.connection == "hung" else ANSWER_S
        self._patch.setattr(run, "OBSERVE_SECONDS", deadline_s)
        self._patch.setattr(act, "WRITE_SECONDS", deadline_s)
        try:
            with self._database():
                run.run_sites([self.site.pk])
        except KilledError:
            self.die()
            return
        except OperationalError:
            if self.database is None:
                raise
            return
        self._note()

    def _note(self) -> None:
        self._note_alarms()
        told = self.miner_live()
        self.guards_seen.add(told["guard"])
        self.reasons_seen.add(told["reason_code"])

    def _note_alarms(self) -> None:
        self.alarms_seen |= set(self.open_alarms())

    def _mortal(self, write_all):
        """`write_all` of a process that is killed before or after it writes."""

        def write(work: Iterable, observation: Any, now: datetime, **options: Any) -> None:
            work = list(work)
            due = any(act.due_writes(rows, commands, seen, now) for rows, seen, _, commands, _ in work)
            how, self.dies = (self.dies, None) if due else (None, self.dies)
            if how == "before":
                raise KilledError
            write_all(work, observation, now, **options)
            if how == "after":
                raise KilledError

        return write

    def _database(self) -> AbstractContextManager:
        return nullcontext() if self.database is None else connection.execute_wrapper(self._faulty)

    def _faulty(self, execute, sql, params, many, context):
        """SQLite as it is: reading goes on; locked, no transaction begins; full, no row is written."""
        word = sql.lstrip().partition(" ")[0].upper()
        if self.database == "locked" and word in ("BEGIN", "SAVEPOINT"):
            raise OperationalError("database is locked")
        if self.database == "full" and word in ("INSERT", "UPDATE", "DELETE"):
            raise OperationalError("database or disk is full")
        return execute(sql, params, many, context)

    # Settling, wishing, looking

    def settle(self, *, on: bool, manual: bool) -> None:
        """Cold and heating, or warm enough and off; long enough for every minimum time to be over."""
        self.world.room_celsius = COLD_CELSIUS if on else BETWEEN_CELSIUS
        if on and manual:
            self.wish_on()
        self.run(2 * self.period_s + MIN_ON_SECONDS)
        assert self.world.plug.on is on, "the home did not settle"
        assert self.open_alarms() == {}
        self.world.room_celsius = min(self.world.room_celsius, BETWEEN_CELSIUS)

    def wish_on(self) -> None:
        now = self.clock.now()
        ManualRequest.objects.create(
            miner=self.miner, power_w=NOMINAL_W, until=now + timedelta(hours=23), by="Ann", created_at=now
        )

    def miner_live(self) -> dict[str, Any]:
        return live.read(self.site.pk)["miners"][str(self.miner.pk)]

    def open_alarms(self) -> dict[str, str]:
        return dict(Alarm.objects.filter(site=self.site, ended_at=None).values_list("kind", "text"))

    def desired_on(self) -> bool:
        return DesiredState.objects.get(miner=self.miner).power_w > 0

    def starts_too_early(self) -> list[tuple[float, bool, bool]]:
        """Our own starts closer to the end of the heating before than the minimum off time."""
        early, off_since = [], None
        for at, on, by_us in self.world.plug.log:
            if on and by_us and off_since is not None and at - off_since < MIN_OFF_SECONDS:
                early.append((at, on, by_us))
            if not on:
                off_since = at
        return early


@contextmanager
def without_adapter(kind: registry.Kind, key: str):
    """An adapter whose package is gone."""
    slot = registry._Key(kind, key)
    adapter = registry._adapters.pop(slot)
    try:
        yield
    finally:
        registry._adapters[slot] = adapter
