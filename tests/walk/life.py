"""What happens in the house: faults of everything, people, and an end of the program at any moment."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.exceptions import ValidationError

from climate.services import cancel_override, confirm_value, set_override
from miners.models import ManualRequest
from miners.services import all_off, request_power, resume, resume_all
from optimization.services import store_disabled
from sites.services import acknowledge_alarm

from .house import House
from .shown import FAULTS
from .truth import Meter

#: An off found at the device holds so long; a person's wish for heat at most so.
OUTSIDE_HOLDS_S = 7200.0
#: Auto-off timers of the stove's plug, from its first “on”.
TIMERS_S = (1500.0, 2400.0)
USUAL_CELSIUS = 21.0
KILLS = ("before anything is stored", "before a write", "after a write", "before the record")


@dataclass
class Moment:
    """What stands in the way of the program in one step. `killed`: where its pass dies; `runs`: a pass is begun."""

    runs: bool = True
    killed: str = ""
    can_store: bool = True
    stops_cleanly: bool = False


@dataclass
class Life:
    """People and mishaps. What they did is known here, for the oracle (elapsed seconds)."""

    house: House
    dice: random.Random
    #: Since when a person wants it off, by its name; and until when an off at the device counts as such.
    wished_off: dict[str, float] = field(default_factory=dict)
    outside_until: dict[str, float] = field(default_factory=dict)
    on_by_hand_until: dict[str, float] = field(default_factory=dict)
    #: What may be wanted of a room (°C): by hand, and as usual.
    targets: dict[str, set[float]] = field(default_factory=dict)
    is_enabled: dict[str, bool] = field(default_factory=lambda: {"Warm": True, "Solar": True})
    no_store_until: float = 0.0
    store_fault: str = "full"
    away_until: float = 0.0
    came_back_at: float = 0.0
    clock_set_at: float = -1e9
    #: It began again and its clock was set before anything was recorded: nobody knows how long it was away.
    lost_time: bool = False
    ha_down_until: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    #: What happened in this step, to be read when a walk has failed.
    news: list[str] = field(default_factory=list)
    _killed_since_record: bool = False
    _set_since_record: bool = False

    @property
    def now(self) -> float:
        return self.house.time.elapsed

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
        self.news.append(what)

    def happen(self) -> Moment:
        self._machines()
        self._meters()
        self._sensors()
        self._energy()
        can_store = self._store()
        moment = self._program(can_store)
        if can_store and moment.runs:
            self._people()
        self._hands()
        return moment

    def _long(self, *longest: float) -> float:
        return self.now + self.dice.uniform(30, self.dice.choice(longest))

    # -- faults --------------------------------------------------------------------------------

    def _machines(self) -> None:
        house, dice = self.house, self.dice
        for one in (*house.heaters.values(), house.mains):
            if one.trouble and self.now >= one.trouble_until:
                one.end(dice)
            if not one.trouble and dice.random() < 0.004:
                one.begin(dice.choice(one.TROUBLES))
                one.trouble_until = self._long(120, 120, 1500)
                self.count(f"{one.name} {one.trouble}")
        self.ha_down_until = self._long(60, 60, 900) if dice.random() < 0.002 else self.ha_down_until
        house.shown.is_down = self.now < self.ha_down_until
        if dice.random() < 0.002:
            house.stove.timer_s = dice.choice([None, *TIMERS_S])
            house.stove.timer_restarts = dice.random() < 0.3

    def _meters(self) -> None:
        for meter in filter(None, (one.meter for one in self.house.shown.outlets)):
            if meter.kind and self.now >= meter.until:
                meter.kind = ""
            if not meter.kind and self.dice.random() < 0.003:
                meter.kind, meter.until = self.dice.choice(Meter.KINDS), self._long(600, 3600, 14_400)
                self.count(f"meter {meter.kind}")

    def _sensors(self) -> None:
        for sensor in self.house.sensors.values():
            if not sensor.fault and self.dice.random() < 0.003:
                fault = self.dice.choice(FAULTS)
                longest = {"flaps": 10_800, "repeats": 14_400, "unit": 14_400}.get(fault, 3600)
                sensor.begin(fault, self.now, self._long(120, 900, longest), self.dice)
                self.count(f"sensor {fault}")

    def _energy(self) -> None:
        for key, part in self.house.shown.parts.items():
            if self.now >= part.stands_until and self.dice.random() < 0.0015:
                part.stands_until = self._long(600, 3600, 14_400)
                self.count(f"{key} stands")

    def _store(self) -> bool:
        if self.dice.random() < 0.0015:
            self.no_store_until = self._long(60, 300, 2400)
            self.store_fault = self.dice.choice(["full", "locked"])
            self.count("nothing can be stored")
        return self.now >= self.no_store_until

    # -- the program ---------------------------------------------------------------------------

    def _program(self, can_store: bool) -> Moment:
        dice, chance = self.dice, self.dice.random
        if self.now < self.away_until:
            return Moment(runs=False)
        if self.away_until:
            self.away_until, self.came_back_at = 0.0, self.now
            self.begins_again()
        if chance() < 0.002:
            self.house.clock.step_wall(dice.choice([-1, 1]) * dice.uniform(61, 9000))
            self.clock_set_at, self._set_since_record = self.now, True
            self.count("clock set")
        if chance() < 0.0015:
            self.away_until = self._long(120, 600, 5400)
            self.count("gone")
            if chance() < 0.5:
                return Moment(stops_cleanly=True)
            return Moment(runs=False)
        killed = dice.choice(KILLS) if chance() < 0.006 else ""
        return Moment(killed=killed, can_store=can_store)

    def begins_again(self) -> None:
        self.house.restart(boots=self.dice.random() < 0.5)
        self._killed_since_record = True

    def recorded(self) -> None:
        """A pass is in the database."""
        self.lost_time = self._killed_since_record and self._set_since_record
        self._killed_since_record = self._set_since_record = False

    # -- people --------------------------------------------------------------------------------

    def _people(self) -> None:
        dice, chance = self.dice, self.dice.random
        for name in self.house.miners:
            if chance() < 0.015:
                self._ask(name)
        if chance() < 0.001:
            all_off([self.house.site], by="Ada")
            for name in self.house.miners:
                self._note_off(name)
        if self.wished_off and chance() < 0.004:
            resume_all([self.house.site], by="Ada")
            self.wished_off, self.outside_until, self.on_by_hand_until = {}, {}, {}
        for name in [*self.wished_off, *self.outside_until]:
            if chance() < 0.012:
                self._resume(name)
        for name, unit in self.house.units.items():
            if self.is_enabled[name] and chance() < 0.0005:
                store_disabled(str(unit.pk), "Ada")
                self.is_enabled[name] = False
            elif not self.is_enabled[name] and chance() < 0.02:
                type(unit).objects.filter(pk=unit.pk).update(is_enabled=True)
                self.is_enabled[name] = True
        for room, zone in self.house.zones.items():
            if chance() < 0.002:
                celsius = dice.choice([20.0, 21.0, 22.0])
                set_override(zone, celsius, until=None, by="Ada")
                self.targets[room] = {USUAL_CELSIUS, celsius}
            if chance() < 0.001:
                cancel_override(zone, by="Ada")
            self._confirm(room)
        if chance() < 0.05:
            for alarm in self.house.alarms("cut_off", "high_limit_latched"):
                acknowledge_alarm(alarm, "Ada")
                self.count(f"acknowledged {alarm.kind}")

    def _ask(self, name: str) -> None:
        dice, miner = self.dice, self.house.miners[name]
        what = dice.choice(["resume", "resume", "off", "usual", "watts", "watts", "watts", "row"])
        if what == "resume":
            self._resume(name)
        elif what == "off":
            request_power(miner, 0, by="Ada")
            self._note_off(name)
        else:
            seconds = dice.uniform(60, 7200)
            until = self.house.clock.now() + timedelta(seconds=seconds)
            watts = None if what == "usual" else dice.choice([dice.randint(1, 5000), dice.randint(300, 1700), 900])
            if what == "row":  # of an older version, or of another program
                ManualRequest.objects.filter(miner=miner, cancelled_at__isnull=True).update(
                    cancelled_at=self.house.clock.now()
                )
                ManualRequest.objects.create(
                    miner=miner, power_w=watts, until=until, created_at=self.house.clock.now(), by="Ada"
                )
            else:
                with suppress(ValidationError):
                    request_power(miner, watts, until=until, by="Ada")
                    what = "taken"
            if what in ("row", "taken"):
                self.wished_off.pop(name, None)
                self.outside_until.pop(name, None)
                self.on_by_hand_until[name] = self.now + seconds
                self.count(f"on by hand {name} {watts}")
            else:
                self.count("refused by hand")

    def _resume(self, name: str) -> None:
        resume(self.house.miners[name], by="Ada")
        for known in (self.wished_off, self.outside_until, self.on_by_hand_until):
            known.pop(name, None)

    def _note_off(self, name: str) -> None:
        self.wished_off[name] = self.now
        self.on_by_hand_until.pop(name, None)
        self.count(f"off by hand {name}")

    def _confirm(self, room: str) -> None:
        """What a sensor says is doubted although it has been right for long: somebody looks at it."""
        sensor = self.house.sensors[room]
        if sensor.fault or self.now - sensor.honest_since < 1200 or self.dice.random() > 0.1:
            return
        for seen in self.house.room_card(room).get("monitors", {}).values():
            if seen["doubted_celsius"] is not None:
                confirm_value(self.house.monitors[room], seen["doubted_celsius"], by="Ada")
                self.count("confirmed by hand")

    def _hands(self) -> None:
        """Somebody at the device, or in its maker's app."""
        for name, heater in self.house.heaters.items():
            if self.dice.random() < 0.0025:
                what = heater.by_hand(self.dice)
                self.count(f"hand {name} {what}")
                if what == "off":
                    self.outside_until[name] = self.now + OUTSIDE_HOLDS_S + 120
