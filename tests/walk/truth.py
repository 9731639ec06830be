"""The house as it truly is: rooms, machines, sun and grid. Nothing here knows the program, or is shared with it.

Watts, °C, seconds. Time is `Time.elapsed`, which no setting of a clock moves.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from tests.emulators.avalon import Avalon
from tests.emulators.rig import Phase
from tests.passes.true_watts import Machine

#: What is held in a heater's body reaches the room with this lag; a sensor follows its air with that one (s).
BODY_LAG_S, SENSOR_LAG_S = 120.0, 60.0
AIR_J_PER_K, WALLS_J_PER_K = 250e3, 500e3
AIR_TO_WALLS_W_PER_K, AIR_TO_OUT_W_PER_K, WALLS_TO_OUT_W_PER_K = 350.0, 15.0, 30.0


@dataclass
class Room:
    """Air with its furniture, and walls."""

    name: str
    celsius: float
    walls_celsius: float
    sun_w: float = 0.0
    body_w: float = 0.0

    def go(self, seconds: float, drawn_w: float, outdoor_celsius: float) -> None:
        self.body_w += (drawn_w - self.body_w) * min(1.0, seconds / BODY_LAG_S)
        to_walls_w = AIR_TO_WALLS_W_PER_K * (self.celsius - self.walls_celsius)
        to_out_w = AIR_TO_OUT_W_PER_K * (self.celsius - outdoor_celsius)
        walls_out_w = WALLS_TO_OUT_W_PER_K * (self.walls_celsius - outdoor_celsius)
        self.celsius += (self.body_w + self.sun_w - to_walls_w - to_out_w) * seconds / AIR_J_PER_K
        self.walls_celsius += (to_walls_w - walls_out_w) * seconds / WALLS_J_PER_K


def rises_on_by_k(watts: float, seen_after_s: float) -> float:
    """How far a room may rise above what its sensor shows when its heater is told off that much later."""
    return watts / AIR_J_PER_K * (SENSOR_LAG_S + BODY_LAG_S + seen_after_s)


@dataclass
class Time:
    """Seconds since the walk began."""

    elapsed: float = 0.0


class Heater:
    """What a heater of any kind is to the oracle. `room` empty: its heat warms none.

    `trouble`: what is wrong with it ("": nothing); `trouble_until`: elapsed s.
    """

    TROUBLES: tuple[str, ...] = ()

    def __init__(self, name: str, circuit: str, room: str) -> None:
        self.name, self.circuit, self.room = name, circuit, room
        self.trouble, self.trouble_until = "", 0.0

    @property
    def is_on(self) -> bool:
        """It heats, or is about to."""
        raise NotImplementedError

    @property
    def true_w(self) -> float:
        raise NotImplementedError

    @property
    def could_draw_w(self) -> float:
        """What it draws, or will by itself."""
        raise NotImplementedError

    @property
    def answers(self) -> bool:
        return self.trouble not in ("silent", "no power")

    @property
    def is_well(self) -> bool:
        return not self.trouble

    def begin(self, trouble: str) -> None:
        self.trouble = trouble

    def end(self, dice: random.Random) -> None:
        self.trouble = ""

    def by_hand(self, dice: random.Random) -> str:
        """Somebody switches it at the device; says what was done ("": nothing could be)."""
        raise NotImplementedError


@dataclass
class Meter:
    """The power sensor of an outlet: when it reports. `kind`: what is wrong with it."""

    KINDS = ("stuck", "stuck when off", "slow", "lost", "turned round")

    kind: str = ""
    until: float = 0.0
    shown_w: float = 0.0
    shown_at: float = 0.0

    def report(self, watts: float, is_on: bool, elapsed: float) -> None:
        if self.kind == "stuck" or (self.kind == "stuck when off" and not is_on):
            return
        if self.kind == "slow" and elapsed - self.shown_at < 300:
            return
        self.shown_w, self.shown_at = watts, elapsed


class Outlet(Heater):
    """A relay in Home Assistant with a heater behind it. `timer_s`: its own auto-off, from its first or last “on”."""

    TROUBLES = ("silent", "refuses", "lies", "no power", "no power, comes back on")

    def __init__(self, name: str, circuit: str, room: str, time: Time, watts: float, *, metered: bool = True) -> None:
        super().__init__(name, circuit, room)
        self.time, self.watts, self.meter = time, watts, Meter() if metered else None
        self.on, self.changed_at, self.user = False, 0.0, ""
        self.timer_s: float | None = None
        self.timer_restarts = True
        self.timer_from = 0.0

    @property
    def answers(self) -> bool:
        return self.trouble != "silent" and not self.trouble.startswith("no power")

    @property
    def is_on(self) -> bool:
        return self.on

    @property
    def true_w(self) -> float:
        return self.watts if self.on else 0.0

    could_draw_w = true_w

    def turn(self, on: bool, user: str = "") -> None:
        if on is not self.on:
            self.on, self.changed_at, self.user, self.timer_from = on, self.time.elapsed, user, self.time.elapsed

    def command(self, on: bool) -> str:
        """What the program sends; "" when it is taken."""
        if not self.answers:
            return "silent"
        if self.trouble == "refuses":
            return "refuses"
        if self.trouble != "lies":
            self.turn(on, "the program's")
            if on and self.timer_restarts:
                self.timer_from = self.time.elapsed
        return ""

    def begin(self, trouble: str) -> None:
        super().begin(trouble)
        if trouble.startswith("no power"):
            self._was_on = self.on
            self.turn(False)

    def end(self, dice: random.Random) -> None:
        if self.trouble == "no power, comes back on":
            self.turn(self._was_on)
        super().end(dice)

    def by_hand(self, dice: random.Random) -> str:
        if self.trouble.startswith("no power"):
            return ""
        self.turn(not self.on, dice.choice(["", "a person"]))
        return "on" if self.on else "off"

    def go(self) -> bool:
        """True: its own timer has switched it off."""
        ended = self.on and self.timer_s is not None and self.time.elapsed - self.timer_from >= self.timer_s
        if ended:
            self.turn(False)
        if self.meter is not None:
            self.meter.report(self.true_w, self.on, self.time.elapsed)
        return ended


class Stepped(Heater):
    """A machine with levels that nothing measures; a change takes its whole ramp, at the worst of before and after."""

    TROUBLES = ("silent", "refuses")

    def __init__(self, name: str, circuit: str, room: str, machine: Machine) -> None:
        super().__init__(name, circuit, room)
        self.machine = machine

    @property
    def is_on(self) -> bool:
        return self.machine.told_w > 0

    @property
    def true_w(self) -> float:
        return self.machine.true_w

    could_draw_w = true_w

    def begin(self, trouble: str) -> None:
        super().begin(trouble)
        self.machine.reachable, self.machine.refuses = trouble != "silent", trouble == "refuses"

    def end(self, dice: random.Random) -> None:
        super().end(dice)
        self.machine.reachable, self.machine.refuses = True, False

    def by_hand(self, dice: random.Random) -> str:
        reachable, refuses = self.machine.reachable, self.machine.refuses
        self.machine.reachable, self.machine.refuses = True, False
        self.machine.write(0.0 if self.is_on else dice.choice(self.machine.levels))
        del self.machine.writes[-1]
        self.machine.reachable, self.machine.refuses = reachable, refuses
        return "on" if self.is_on else "off"


class AvalonBehindPlug(Heater):
    """An Avalon Q, emulated byte by byte, behind a plug that can cut it."""

    TROUBLES = ("silent", "calibrates", "stuck", "no power")

    def __init__(self, name: str, circuit: str, room: str, emulator: Avalon, mains: Outlet) -> None:
        super().__init__(name, circuit, room)
        self.emulator, self.mains = emulator, mains
        self.has_mains = True

    @property
    def rig(self):
        return self.emulator.settle()

    @property
    def has_power(self) -> bool:
        return self.mains.on and self.trouble != "no power"

    @property
    def starts_at(self) -> float | None:
        """When it starts by itself (its own clock), by a schedule that nobody has cancelled."""
        rig, ahead = self.rig, sorted(self.emulator.schedules)
        if rig.phase is not Phase.SLEEP or not ahead:
            return None
        return next((at for at, what in ahead if what == "softon"), None)

    @property
    def is_on(self) -> bool:
        return self.rig.phase in (Phase.BOOT, Phase.INIT, Phase.WORK)

    @property
    def true_w(self) -> float:
        return self.rig.power_w

    @property
    def could_draw_w(self) -> float:
        rig = self.rig
        ahead = self.starts_at
        soon = ahead is not None and ahead - self.emulator.clock.now() <= 60 and not self._ends_in_boot(ahead)
        return max(rig.power_w, rig.nature.settings[rig.setting].watts if self.is_on or soon else 0.0)

    def _ends_in_boot(self, starts_at: float) -> bool:
        """A start that is brought forward to be cancelled: off again before it has booted, let alone works."""
        return any(what == "softoff" and 0 < at - starts_at <= 10 for at, what in self.emulator.schedules)

    def settle_mains(self) -> None:
        """What its plug does, it feels: without power it forgets its schedules; with it, it works again."""
        if self.has_power is self.has_mains:
            return
        self.has_mains = self.has_power
        if self.has_mains:
            self.emulator.restore_mains()
        else:
            self.emulator.cut_mains()
        self._wire()

    def begin(self, trouble: str) -> None:
        super().begin(trouble)
        self._wire()

    def end(self, dice: random.Random) -> None:
        super().end(dice)
        self._wire()

    def _wire(self) -> None:
        from tests.emulators.faults import Fault, Scope

        self.emulator.calibrates = self.trouble == "calibrates"
        self.emulator.fail(Fault.ACK_NOT_DONE if self.trouble == "stuck" else None, scope=Scope.WRITE)
        self.emulator.refuse(self.trouble == "silent" or not self.has_mains)

    @property
    def answers(self) -> bool:
        return self.trouble not in ("silent", "no power") and self.has_mains

    def by_hand(self, dice: random.Random) -> str:
        """At its buttons, or by its maker's app: at once, or scheduled."""
        rig, emulator = self.rig, self.emulator
        if not self.has_mains:
            return ""
        now = int(emulator.clock.now())
        match dice.choice(["switch", "switch", "on later", "off later", "no off"]):
            case "switch":
                what = "off" if self.is_on else "on"
                (rig.sleep if self.is_on else rig.wake)()
                return what
            case "on later":
                emulator._schedule("softon", now + dice.choice([5, 40, 600, 7200]))
                return "on later"
            case "off later":
                emulator._schedule("softoff", now + dice.choice([600, 8 * 3600]))
                return "off later"
        emulator.schedules, emulator.soft_off_time = [one for one in emulator.schedules if one[1] != "softoff"], 0
        return "no off"


@dataclass
class Grid:
    """Sun, household, battery and what is bought."""

    dice: random.Random
    clouds: float = 1.0
    pv_w: float = 0.0
    household_w: float = 400.0
    kettle_until: float = 0.0
    soc_percent: float = 50.0
    battery_w: float = 0.0
    grid_w: float = 0.0
    BATTERY_WH: float = field(default=6000.0, init=False)

    def go(self, seconds: float, elapsed: float, hour: float, miners_w: float) -> None:
        dice = self.dice
        if dice.random() < 0.05:
            self.clouds = dice.choice([1.0, 0.9, 0.5, 0.15])
        height = math.sin(math.pi * (hour - 8) / 7) if 8 < hour < 15 else 0.0
        self.pv_w = 4500 * height * self.clouds
        if dice.random() < 0.01:
            self.kettle_until = elapsed + dice.uniform(60, 400)
        self.household_w = dice.uniform(200, 700) + (2000 if elapsed < self.kettle_until else 0)
        left_w = self.pv_w - self.household_w - miners_w
        wanted_w = min(2500.0, max(-2500.0, left_w))
        if (wanted_w > 0 and self.soc_percent >= 100) or (wanted_w < 0 and self.soc_percent <= 10):
            wanted_w = 0.0
        self.battery_w = wanted_w
        self.soc_percent += 100 * self.battery_w * seconds / 3600 / self.BATTERY_WH
        self.grid_w = self.battery_w - left_w
