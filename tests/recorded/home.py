"""A recorded home: its rows, its world, what happens to both by the clock, and its passes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from django.db import OperationalError, connection

from climate.models import ClimateMonitor, ClimateZone, TemperatureSlot
from energy.models import EnergyMonitor, EnergySource
from integrations.models import HomeAssistant
from miners.models import Circuit, DesiredState, HashPriceSource, Miner, MinerController, PoolAccount
from optimization.models import OptimizationUnit, Policy, Rule
from optimization.passes.run import run_sites
from sites import heartbeat
from sites.models import Site
from tests import process_memory

from . import seam
from .world import TICK_S, Contact, DayClock, Hub, Machine, Meter, Outlet, Room, Sensor, Weather

_HEATS_FROM_W = 100.0
_BUSY_S = 20
_NEVER_LATE_S = 3600.0
#: Ids follow from names, so that no order depends on chance.
_NAMESPACE = uuid.UUID("5f0c1c1e-6d2b-4a57-9a53-2f8f6d1f9f10")


class _KilledError(BaseException):
    """kill −9: nothing in the pass may catch it."""


class Home:
    """One day. Subclasses say what there is (`set_up`) and what happens (`happenings`)."""

    name: str
    zone = ZoneInfo("Europe/Zurich")
    begins: datetime  # local
    hours = 24.0
    period_s = 60
    #: From when until when passes come every 20 s, as where somebody keeps tapping: several in a minute.
    busy = ("", "")
    seed = 1

    def __init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.began = self.begins.replace(tzinfo=self.zone).astimezone(UTC)
        self.clock = DayClock(self.began)
        self.rooms: dict[str, Room] = {}
        self.sensors: dict[str, Sensor] = {}
        self.contacts: dict[str, Contact] = {}
        self.outlets: dict[str, Outlet] = {}
        self.machines: dict[str, Machine] = {}
        self.meters: dict[str, Meter] = {}
        self.hub = Hub("Home Assistant", self.clock, self.note)
        #: Which rooms a machine or outlet heats, and how much of it each gets.
        self.heats: dict[str, dict[str, float]] = {}
        self.weather = Weather(random.Random(self.seed + 1), -4.0, 3.0, 8.0, 17.0)
        self.names: dict[str, str] = {}
        self.description: dict[str, Any] = {}
        self.rows: dict[str, Any] = {}
        self.down_until: datetime | None = None
        #: What waits until something heats, and what is still to be undone: by name, and by moment.
        self._waiting: list[tuple[str, float, Callable[[], Any], Callable[[], Any]]] = []
        self._undoing: list[tuple[datetime, Callable[[], Any]]] = []
        #: No row can be written; and the program is killed between its next write to this device and the record of it.
        self.disk_is_full = False
        self.dies_after_writing = ""
        # What is recorded while the day runs.
        self.writes: list[list[Any]] = []
        self.told: list[list[Any]] = []
        self.readings: list[list[Any]] = []
        self.steps: list[list[Any]] = []
        self._heard: list[list[Any]] = []
        self._last_shown: dict[str, Any] = {}
        self._last_wanted: dict[str, list[Any]] = {}

    # --- rows ---

    def save(self, model: type, key: str, /, **fields: Any) -> Any:
        """A row whose id follows from its name."""
        pk = uuid.uuid5(_NAMESPACE, f"{self.name} {model.__name__} {key}")
        if any(field.name == "site" for field in model._meta.fields):
            fields.setdefault("site", self.site)
        row = model(id=pk, **fields)
        row.save(force_insert=True)
        self.names[str(pk)] = key
        self.rows[key] = row
        return row

    @property
    def site(self) -> Site | None:
        return self.rows.get("site")

    def add_site(self, **fields: Any) -> None:
        fields = {"latitude": 47.37, "longitude": 8.54, "control_period_seconds": self.period_s} | fields
        self.save(Site, "site", name=f"Recorded {self.name}", time_zone=str(self.zone), **fields)

    def add_hub(self) -> None:
        self.save(HomeAssistant, "hub", url="http://127.0.0.1:1", token="token-of-a-recorded-home")

    def add_room(self, name: str, room: Room, sensors: int = 1, **fields: Any) -> ClimateZone:
        """A zone read by sensors of Home Assistant. `slots`: (weekdays, from, to, preset)."""
        slots, extras = fields.pop("slots", ()), fields.pop("extras", {})
        self.rooms[name] = room
        zone = self.save(ClimateZone, name, name=name, **fields)
        for number in range(1, sensors + 1):
            key = f"{name.lower().replace(' ', '_')}_{number}"
            self.add_sensor(key, lambda: room.celsius, extras if number == 1 else {})
            zone.monitors.add(self.rows[key])
        for number, (weekdays, begins, ends, preset) in enumerate(slots):
            start, end = time.fromisoformat(begins), time.fromisoformat(ends)
            day = {"weekdays": weekdays, "start_time": start, "end_time": end, "preset": preset}
            pk = uuid.uuid5(_NAMESPACE, f"{self.name} slot {name} {number}")
            TemperatureSlot.objects.create(id=pk, zone=zone, **day)
        return zone

    def add_sensor(self, key: str, truth: Callable[[], float], extras: dict[str, str], **fields: Any) -> None:
        """`extras`: more entities of the monitor, as contacts (`entity_window`, `entity_presence`)."""
        sensor = self.sensors[key] = Sensor(key, truth, random.Random(f"{self.seed} {key}"))
        config = {"entity_temperature": sensor.entity_id}
        for setting, contact in extras.items():
            self.contacts[contact] = Contact(contact, changed_at=self.began)
            config[setting] = self.contacts[contact].entity_id
        self.save(
            ClimateMonitor,
            key,
            name=key.replace("_", " ").capitalize(),
            adapter_type="home_assistant",
            config=config,
            home_assistant=self.rows["hub"],
            **fields,
        )

    def add_outdoor_sensor(self) -> None:
        self.add_sensor("outdoor", lambda: self.outdoor_celsius, {}, is_outdoor=True)

    def add_outlet(self, name: str, outlet: Outlet, auto_off_minutes: int | None = None) -> MinerController:
        self.outlets[name] = outlet
        outlet.changed_at = outlet.shown_at = self.began
        config: dict[str, Any] = {"entity_switch": outlet.switch}
        if outlet.has_meter:
            config["entity_power"] = outlet.sensor
        if auto_off_minutes is not None:
            config["auto_off_minutes"] = auto_off_minutes
            outlet.timer_s = auto_off_minutes * 60.0
        hub = self.rows["hub"]
        return self.save(
            MinerController, f"{name} plug", name=name, adapter_type="home_assistant_switch", config=config,
            home_assistant=hub,
        )  # fmt: skip

    def add_machine(self, machine: Machine, power: dict[str, Any], own_off_minutes: int | None = None):
        """`power`: the power model as it is stored with a controller that was identified."""
        self.machines[machine.name] = machine
        config: dict[str, Any] = {"key": machine.name}
        if own_off_minutes is not None:
            config["own_off_minutes"] = own_off_minutes
            machine.own_off_s = own_off_minutes * 60.0
        hash_rates = {key: round(watts / 1000 * machine.th_per_kw, 1) for key, watts in machine.levels_w.items()}
        levels = [
            {"key": key, "power_w": watts, "hash_rate_th_s": hash_rates[key], "is_measured": False}
            for key, watts in machine.levels_w.items()
        ]
        model = {"levels": levels, "step_w": machine.step_w, "standby_w": 0.0, "off_by": "device"} | power
        return self.save(
            MinerController, f"{machine.name} control", name=f"{machine.name} control", adapter_type="recorded",
            config=config, identity={"power": model},
        )  # fmt: skip

    def add_miner(self, name: str, controller: MinerController, heats: dict[str, float], **fields: Any) -> Miner:
        """`heats`: the share of its watts by room."""
        self.heats[name] = heats
        miner = self.save(Miner, name, name=name, controller=controller, **fields)
        miner.zones.set([self.rows[room] for room in heats])
        return miner

    def add_circuit(self, name: str, limit_w: int) -> Circuit:
        return self.save(Circuit, name, name=name, limit_w=limit_w)

    def add_meter(self, name: str, meter: Meter, **source: Any) -> EnergySource:
        self.meters[name] = meter
        monitor = self.save(
            EnergyMonitor, f"{name} monitor", name=f"{name} meters", adapter_type="recorded", config={"key": name}
        )
        return self.save(EnergySource, name, name=name, monitor=monitor, **source)

    def add_unit(self, name: str, miners: list[Miner], rules: list[tuple[str, str, int, dict]], **fields: Any) -> None:
        """An enabled unit with a policy of its own. `rules`: kind, name, priority, conditions."""
        policy = self.save(Policy, f"{name} policy", name=f"{name} policy")
        for kind, rule, priority, conditions in rules:
            pk = uuid.uuid5(_NAMESPACE, f"{self.name} rule {name} {rule}")
            self.names[str(pk)] = rule
            Rule.objects.create(
                id=pk, policy=policy, kind=kind, name=rule, priority=priority, conditions=conditions
            )  # fmt: skip
        unit = self.save(OptimizationUnit, name, name=name, policy=policy, is_enabled=True, **fields)
        unit.miners.set(miners)

    def add_prices(self) -> None:
        """A pool that was asked and what hashing and electricity are worth, as the background job stores them."""
        pool = {"adapter_type": "simulated", "name": "Pool", "config": {}}
        self.save(PoolAccount, "pool", **pool)
        price = {"sat_per_th_s_day": 45, "currency_per_btc": 60_000}
        self.save(
            HashPriceSource, "price", name="Hash price", adapter_type="typed", config=price,
            electricity_currency_per_kwh=0.28,
        )  # fmt: skip

    def pool_says(self, th_s: float, unpaid_sat: int) -> None:
        reading = {"hash_rate_th_s": th_s, "hash_rate_24h_th_s": th_s, "unpaid_sat": unpaid_sat}
        PoolAccount.objects.filter(pk=self.rows["pool"].pk).update(reading=reading, read_at=self.clock.now())

    # --- what a day is made of ---

    def set_up(self) -> None:
        raise NotImplementedError

    def happenings(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """What happens when: local times as in `at`, rising; in words; and what it does."""
        raise NotImplementedError

    def at(self, text: str) -> datetime:
        """“26 13:05” of the month of the day; a “b” behind it: the second one of the night with 25 hours."""
        day, _, clock = text.rstrip("b").partition(" ")
        local = datetime.combine(self.begins.replace(day=int(day)).date(), time.fromisoformat(clock), self.zone)
        return local.replace(fold=int(text.endswith("b"))).astimezone(UTC)

    def local(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat(timespec="seconds")

    def while_it_heats(
        self, name: str, minutes: float, do: Callable[[], Any], undo: Callable[[], Any] = lambda: None
    ) -> Callable[[], None]:
        """From the next moment on in which it draws its watts, for so long: a fault of what is off shows little."""
        return lambda: self._waiting.append((name, minutes, do, undo))

    def _go_on(self) -> None:
        """What was waited for, and what is over."""
        now, true_w = self.clock.now(), self.true_w
        for one in [one for one in self._waiting if true_w[one[0]] >= _HEATS_FROM_W]:
            _, minutes, do, undo = one
            self._waiting.remove(one)
            self._undoing.append((now + timedelta(minutes=minutes), undo))
            do()
        for one in [one for one in self._undoing if one[0] <= now]:
            self._undoing.remove(one)
            one[1]()

    # --- the program ---

    def process_dies(self, back_after_minutes: float) -> None:
        """It is gone, and another begins after so long: it knows what is in the database."""
        process_memory.forget()
        heartbeat.completed_tick(_NEVER_LATE_S)
        self.down_until = self.clock.now() + timedelta(minutes=back_after_minutes)

    def power_cut(self, back_after_minutes: float) -> None:
        """Everything goes dark and comes back as it does by itself: plugs as they were, machines off."""
        for machine in self.machines.values():
            machine.told_w, machine.off_at = 0.0, None
        self.clock.reboot()
        self.process_dies(back_after_minutes)

    # --- running ---

    def run(self) -> Home:
        """The whole day."""
        with time_machine.travel(self.began, tick=False) as traveller:
            process_memory.forget()
            self.add_site()
            self.set_up()
            self.description = self._described()
            self.hub.things = [*self.sensors.values(), *self.contacts.values(), *self.outlets.values()]
            with seam.connected(self.hub, self.machines, self.meters):
                self._live(traveller)
        return self

    def _live(self, traveller: Any) -> None:
        due = [(self.at(when), do) for when, _, do in self.happenings()]
        if due != sorted(due, key=lambda one: one[0]):
            raise ValueError("happenings are told in their order")
        begins, ends = (self.at(text) if text else self.began for text in self.busy)
        passed_s = 0.0
        while passed_s < self.hours * 3600:
            span_s = _BUSY_S if begins <= self.clock.now() < ends else self.period_s
            for _ in range(round(span_s / TICK_S)):
                self.clock.advance(TICK_S)
                passed_s += TICK_S
                self._tick(passed_s)
            traveller.move_to(self.clock.now())
            while due and due[0][0] <= self.clock.now():
                due.pop(0)[1]()
                traveller.move_to(self.clock.now())
            self._go_on()
            if self.down_until is None or self.clock.now() >= self.down_until:
                self.down_until = None
                self._pass()
        if due or self._waiting or self._undoing:
            raise ValueError(f"left at the end of the day: {due}, {self._waiting}, {self._undoing}")

    @property
    def hour(self) -> float:
        """Of the local day, by the sun: standard time."""
        at = self.clock.at + timedelta(hours=1)
        return at.hour + at.minute / 60 + at.second / 3600

    @property
    def outdoor_celsius(self) -> float:
        return self.weather.outdoor_celsius(self.hour)

    @property
    def sun(self) -> float:
        return self.weather.sun(self.hour)

    @property
    def true_w(self) -> dict[str, float]:
        """What each miner takes now."""
        found = {name: machine.true_w for name, machine in self.machines.items()}
        return found | {name: outlet.true_w for name, outlet in self.outlets.items() if outlet.feeds is None}

    def _tick(self, passed_s: float) -> None:
        now = self.clock.at
        if passed_s % 600 == 0:
            self.weather.change()
        for thing in (*self.machines.values(), *self.outlets.values(), *self.meters.values()):
            thing.go(now)
        heat = dict.fromkeys(self.rooms, 0.0)
        for name, watts in self.true_w.items():
            for room, share in self.heats.get(name, {}).items():
                heat[room] += watts * share
        for name, room in self.rooms.items():
            room.go(heat[name], self.outdoor_celsius, self.sun)
        for sensor in self.sensors.values():
            sensor.go(now)

    def _pass(self) -> None:
        at = self.local(self.clock.now())
        self._note_readings(at)
        self._heard = []
        hangs = any(one.trouble == "hangs" for one in (self.hub, *self.machines.values()))
        seam.wait_at_most(seam.HUNG_SECONDS if hangs else seam.ANSWER_SECONDS)
        try:
            with connection.execute_wrapper(self._execute):
                report = run_sites([self.site.pk], clock=self.clock)
        except _KilledError:
            self.dies_after_writing = ""
            self.process_dies(1)
        else:
            if list(report.completed) != [self.site.pk]:
                raise AssertionError(f"{at}: the pass was not completed: {report}")
            # As the tick that runs passes does: else control counts as stopped after a minute of real time.
            heartbeat.completed_tick(_NEVER_LATE_S)
        for device, what, outcome in sorted(self._heard, key=lambda one: one[0]):
            (self.told if device == "notification" else self.writes).append([at, device, what, outcome])
        self._note_wanted(at)

    def _execute(self, execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
        """The database as it is: on a full disk reading goes on, and no row is written."""
        word = sql.partition(" ")[0]
        if self.disk_is_full and word in ("INSERT", "UPDATE", "DELETE"):
            raise OperationalError("database or disk is full")
        is_log = word == "INSERT" and "miners_commandlog" in sql
        if is_log and self.dies_after_writing in [device for device, *_ in self._heard]:
            raise _KilledError
        return execute(sql, params, many, context)

    def note(self, device: str, what: Any, outcome: str) -> None:
        """A device was told something. Several write at once, so only the order of each is kept."""
        self._heard.append([device, what, outcome])

    def _note_readings(self, at: str) -> None:
        """What the world answers now, where it changed."""
        shown: dict[str, Any] = {}
        if self.hub.trouble:
            shown["hub"] = self.hub.trouble
        else:
            shown |= {key: [one.state, one.user] for key, one in self.hub.entities().items()}
        for name, one in (self.machines | self.meters).items():
            dark = not getattr(one, "has_power", True)
            shown[name] = one.trouble or ("dark" if dark else one.shown())
            if isinstance(shown[name], dict) and "times" in shown[name]:
                shown[name] = shown[name]["values"]
        changed = {key: value for key, value in shown.items() if self._last_shown.get(key) != value}
        gone = [key for key in self._last_shown if key not in shown]
        if changed or gone:
            self.readings.append([at, changed | dict.fromkeys(gone)])
        self._last_shown = shown

    def _note_wanted(self, at: str) -> None:
        """Every step of what is wanted of a miner."""
        for row in DesiredState.objects.order_by("pk"):
            now = [row.power_w, row.origin, row.confirmed_at is not None, row.seen_on, row.attempts]
            now += [len(row.starts), row.before_w, row.took_more_w]
            miner = self.names[str(row.pk)]
            if self._last_wanted.get(miner) != now:
                self._last_wanted[miner] = now
                self.steps.append([at, miner, *now])

    def _described(self) -> dict[str, Any]:
        """What is set up, for a reader."""
        things = (self.rooms, self.outlets, self.machines)
        return {
            "day": self.name,
            "first": self.local(self.began),
            "hours": self.hours,
            "period_seconds": self.period_s,
            "seed": self.seed,
            "rooms, plugs, machines": {name: _plain(one) for those in things for name, one in those.items()},
            "miners": {name: {"heats": share} for name, share in self.heats.items()},
            "happens": [f"{when}: {what}" for when, what, _ in self.happenings()],
        }


def _plain(one: Any) -> dict[str, Any]:
    """The numbers and words of a thing, without what belongs to a moment."""
    names = [name for name, value in vars(one).items() if isinstance(value, int | float | str | dict)]
    return {name: getattr(one, name) for name in names}
