"""What must hold in every step, judged by what is true: watts on every line, temperatures of rooms, hands and timers.

Of the program it looks at what it sends to devices, and at what its pages say is wanted and off; at no reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from miners.models import Miner

from .house import (
    CIRCUITS,
    CONTRACTED_W,
    DEAD_MAN_S,
    HIGH_LIMIT_CELSIUS,
    HYSTERESIS_K,
    MIN_OFF_S,
    MIN_ON_S,
    NEVER_BELOW_CELSIUS,
    PERIOD_S,
    RAMP_S,
    SITE_LIMIT_W,
    STARTS_PER_HOUR,
    STOVE_W,
    House,
)
from .life import USUAL_CELSIUS, Life, Moment
from .shown import DECEIVING
from .truth import AvalonBehindPlug, Heater, Outlet, rises_on_by_k

#: Passes within which what can be done must have been done: pauses between tries reach two of them.
PASSES = 4
#: A room that is colder than this has been left cold, when a start was allowed for so long (s).
COLD_CELSIUS, COLD_AFTER_S = 15.0, 2700.0
#: A sensor is lost after its limit of age; one in doubt, or that says nothing, after two minutes.
SILENT_AFTER_S, BAD_AFTER_S = 3600.0, 120.0
#: One that repeats itself: after two hours of hard heating and ten minutes.
REPEATS_AFTER_S = 2 * 3600 + 600.0
#: A sensor that was lost or in doubt is believed again after so long.
BELIEVED_AFTER_S = 300.0
#: Pulses on a sensor in doubt: 125 W on average, 250 Wh at most ahead of that.
PULSE_MEAN_W, PULSE_WH = 125.0, 250.0
#: What a sensor shows differs from its room by lag and rounding.
SHOWS_WITHIN_K = 0.6
#: Guards whose off may come within a minimum on time.
SAFETY = {
    "stopping", "inactive", "high_limit", "high_limit_latched", "sensor_lost", "sensor_doubted", "device_fault",
    "device_hot", "power_limit", "cut_off", "unrecorded", "doubled",
}  # fmt: skip
#: What a line may carry too much for: a hand, a kettle or a fault came first, and this is how long it takes to give way.  # noqa: E501
GIVES_WAY_PASSES = PASSES + max(RAMP_S.values()) // PERIOD_S


@dataclass
class Known:
    """What the oracle remembers of one heater (elapsed s)."""

    #: Passes in a row that could do with it what they want.
    reach: int = 0
    wanted_for: int = 0
    wanted: bool | None = None
    was_on: bool = False
    on_at: float = -1e9
    off_at: float = -1e9
    #: It is on by the program's command, not by a hand or a mishap.
    is_ours: bool = False
    starts: list[float] = field(default_factory=list)
    start_sent_at: float = -1e9
    #: A pass has seen it on; what nobody saw rests no minimum. From when its minimum off time counts.
    seen_on: bool = False
    rests_from: float = -1e9
    #: An off for safety was sent and did not reach it yet: it is one when it does, too.
    stops_for_safety: bool = False
    #: What it could draw as the program could see it last.
    seen_w: float = 0.0
    heated_at: float = 0.0
    start_allowed_since: float | None = None
    bought_since: float | None = None
    doubt_wh: float = 0.0


class Broken(AssertionError):
    """What must hold does not."""


def must(holds: bool, text: str) -> None:
    if not holds:
        raise Broken(text)


class Oracle:
    def __init__(self, house: House, life: Life) -> None:
        self.house, self.life = house, life
        self.known = {name: Known() for name in house.heaters}
        self.over: Counter[str] = Counter()
        self.odd_until = dict.fromkeys(("site", "import", *CIRCUITS), 0.0)
        self.counts: Counter[str] = Counter()
        self.hottest = dict.fromkeys(house.rooms, 0.0)
        self.hot_for: Counter[str] = Counter()
        self.excused_hot = dict.fromkeys(house.rooms, False)
        self.blind_since: dict[str, float | None] = dict.fromkeys(house.rooms)
        self.hard_s = dict.fromkeys(house.rooms, 0.0)
        self.sent: list[Any] = []
        self.moment = Moment()

    @property
    def now(self) -> float:
        return self.house.time.elapsed

    # -- before a pass: what it can see ---------------------------------------------------------

    def looks(self, moment: Moment) -> None:
        """A pass is about to begin; time has gone on since the last one."""
        self.moment, self.sent = moment, []
        for name, heater in self.house.heaters.items():
            known = self.known[name]
            self._transition(known, heater, by_program=False)
            if self._answers(heater):
                known.seen_w = heater.could_draw_w

    def _answers(self, heater: Heater) -> bool:
        needs_ha = isinstance(heater, Outlet)
        return heater.answers and not (needs_ha and self.house.shown.is_down)

    def _transition(self, known: Known, heater: Heater, *, by_program: bool) -> None:
        is_on = heater.is_on
        if is_on is known.was_on:
            return
        known.was_on, known.stops_for_safety = is_on, False
        if is_on:
            known.on_at = self.now
            known.is_ours = by_program or self._was_started(known)
            known.starts = [at for at in known.starts if self.now - at < 3600] + [self.now] * known.is_ours
            # One that was decided in the hour before may have come late, after a fault.
            must(
                len(known.starts) <= STARTS_PER_HOUR + 1, f"{heater.name} started {len(known.starts)} times in an hour"
            )
        else:
            known.off_at = self.now
            if known.seen_on:
                known.rests_from, known.seen_on = self.now, False

    def _was_started(self, known: Known) -> bool:
        """A start that was sent seconds ahead has come."""
        return self.now - known.start_sent_at <= 2 * PERIOD_S and known.off_at < known.start_sent_at

    # -- a command arrives -----------------------------------------------------------------------

    def about_to(self, name: str) -> dict[str, float]:
        """What every line could carry before a command, as far as the program can know."""
        return self._could_carry()

    def _could_carry(self) -> dict[str, float]:
        found = dict.fromkeys(("site", *CIRCUITS), 0.0)
        for name, heater in self.house.heaters.items():
            watts = heater.could_draw_w
            if not self._answers(heater):
                watts = min(watts, self.known[name].seen_w)
            for line in ("site", heater.circuit):
                found[line] += watts
        return found

    def told(self, name: str, one: Any, error: object, could_before: dict[str, float]) -> None:
        """The program has sent `one` to a heater or its plug: judged by what was and is true."""
        heater, known = self.house.heaters[name], self.known[name]
        self.sent.append((name, one))
        what = (
            "cut" if one.cuts else "keep" if one.keeps else "rearm" if one.rearms else "plug" if one.by_plug else "to"
        )
        self.life.news.append(f"{name} {what} {one.told_w:.0f} W{f': {error}' if error else ''}")
        if error is not None:
            self.counts["refused"] += 1
            known.stops_for_safety |= one.told_w <= 0 and self._is_safety(one)
            return
        if one.by_plug and one.told_w > 0:
            is_cut = Miner.objects.filter(pk=one.miner.pk, cut_at__isnull=False).exists()
            must(not is_cut or self.house.mains.on, "a cut plug is switched on before it is acknowledged")
        could = self._could_carry()
        for line, limit_w in (("site", SITE_LIMIT_W), *CIRCUITS.items()):
            if could[line] > could_before[line] + 1:
                must(
                    could[line] <= limit_w + 1, f"{name} told {one.told_w:.0f} W: {line} may carry {could[line]:.0f} W"
                )
        if could["site"] > could_before["site"] + 1:
            self._import(name, could["site"] - could_before["site"])
        if one.told_w > 0 and not known.was_on and not one.rearms and not one.keeps:
            self._start(name, heater, known, one)
        elif one.told_w <= 0 and known.was_on:
            self._stop(name, known, one)
        known.seen_w = heater.could_draw_w
        self._transition(known, heater, by_program=True)

    def _import(self, name: str, more_w: float) -> None:
        part = self.house.shown.parts["grid"]
        if part.live_since == self.now or self.house.shown.is_down:
            return
        rest_w = self.house.grid.grid_w - self.house.miners_w
        will_w = rest_w + sum(
            max(one.could_draw_w, one.true_w) if self._answers(one) else one.true_w
            for one in self.house.heaters.values()
        )
        must(will_w <= CONTRACTED_W + 1, f"{name} started: {will_w:.0f} W would be bought")

    def _start(self, name: str, heater: Heater, known: Known, one: Any) -> None:
        self.counts["starts"] += 1
        rest_s = self.now - known.rests_from
        # An Avalon goes off some seconds after it took that, which is seen a look later.
        late_s = PERIOD_S if isinstance(heater, AvalonBehindPlug) else 0
        if not self.life.lost_time:
            must(rest_s >= MIN_OFF_S - late_s, f"{name} started {rest_s:.0f} s after its off")
        known.start_sent_at = self.now
        must(self.moment.can_store, f"{name} started while nothing can be stored")
        must(self.life.clock_set_at < self.now, f"{name} started in the pass that found the clock set")
        must(name not in self.life.wished_off, f"{name} started against a person's off")
        if heater.room and one.command.intent.origin == "policy":
            room, sensor = self.house.rooms[heater.room], self.house.sensors[heater.room]
            deceived = sensor.fault in DECEIVING
            if not deceived:
                lowest = self._lower_bound(heater.room)
                must(
                    room.celsius < lowest + SHOWS_WITHIN_K,
                    f"{name} started at {room.celsius:.2f} °C, wanted from {lowest:.1f} °C on ({sensor.fault})",
                )
        if heater.room and one.command.intent.origin != "frost":
            sensor = self.house.sensors[heater.room]
            # Which of two values is true nobody can know where the one before was not believed again yet.
            was_believed = sensor.began - sensor.honest_since >= BELIEVED_AFTER_S + 3 * PERIOD_S
            odd = ("unavailable", "nan", "85", "-127", "unit", *(("jump",) if was_believed else ()))
            must(sensor.fault not in odd, f"{name} started on a sensor with {sensor.fault}")

    def _lower_bound(self, room: str) -> float:
        return max(self.life.targets.get(room, {USUAL_CELSIUS})) - HYSTERESIS_K

    def _stop(self, name: str, known: Known, one: Any) -> None:
        self.counts["stops"] += 1
        ran_s = self.now - known.on_at
        if ran_s >= MIN_ON_S or not known.is_ours or one.cuts or self.moment.stops_cleanly:
            return
        command = one.command
        by_person = name in self.life.wished_off or command.intent.origin in ("manual", "outside", "none")
        must(
            self._is_safety(one) or known.stops_for_safety or by_person,
            f"{name} off after {ran_s:.0f} s: {command.guard or command.code}",
        )

    @staticmethod
    def _is_safety(one: Any) -> bool:
        return one.command.guard in SAFETY or one.command.is_safety

    # -- after a pass ------------------------------------------------------------------------------

    def judge(self, *, completed: bool) -> None:
        for name, heater in self.house.heaters.items():
            known = self.known[name]
            self._transition(known, heater, by_program=any(one == name for one, _ in self.sent))
            is_in_reach = completed and self._answers(heater) and heater.is_well and self._mains_well(heater)
            known.reach = known.reach + 1 if is_in_reach else 0
            known.heated_at = self.now if heater.is_on else known.heated_at
            known.seen_on |= completed and self._answers(heater) and heater.is_on
        self._lines()
        for room in self.house.rooms:
            self._hot(room)
            self._blind(room)
        if completed:
            for name in self.house.heaters:
                self._wanted(name)
                self._said_off(name)
                self._people(name)
            self._dead_man()
        for name in self.house.heaters:
            self._cold(name)
            self._bought()

    def _mains_well(self, heater: Heater) -> bool:
        mains = self.house.mains
        return not isinstance(heater, AvalonBehindPlug) or (mains.is_well and not self.house.shown.is_down)

    def _lines(self) -> None:
        """More than its limit a line carries only while what came by itself gives way."""
        carries = dict.fromkeys(("site", *CIRCUITS), 0.0)
        for heater in self.house.heaters.values():
            for line in ("site", heater.circuit):
                carries[line] += heater.true_w
        limits = {"site": SITE_LIMIT_W, **CIRCUITS}
        for line, watts in carries.items():
            members = [one for one in self.house.heaters if line in ("site", self.house.heaters[one].circuit)]
            # By themselves: a hand, a mishap, what does not do as it is told; all in reach, they give way.
            by_itself = any(
                (not self.known[one].is_ours and self.house.heaters[one].true_w > 50)
                or self.known[one].reach < GIVES_WAY_PASSES
                for one in members
            )
            over = watts > limits[line] + 1
            self.over[line] = self.over[line] + 1 if over and all(self.known[one].reach for one in members) else 0
            self.counts["full"] += watts > 0.8 * limits[line]
            must(not over or by_itself or self.over[line] <= GIVES_WAY_PASSES, f"{line} carries {watts:.0f} W")
            must(self.over[line] <= GIVES_WAY_PASSES, f"{line} has carried {watts:.0f} W for {self.over[line]} passes")
        self._bought_line()

    def _bought_line(self) -> None:
        live = self.now - self.house.shown.parts["grid"].live_since > PASSES * PERIOD_S
        heats_w = sum(one.true_w for one in self.house.heaters.values() if one.true_w > 50)
        in_reach = all(known.reach for known in self.known.values())
        over = self.house.grid.grid_w > CONTRACTED_W and heats_w > 0 and live and in_reach
        self.over["import"] = self.over["import"] + 1 if over else 0
        must(self.over["import"] <= GIVES_WAY_PASSES, f"{self.house.grid.grid_w:.0f} W are bought")

    def _hot(self, room: str) -> None:
        """At the high limit nothing heats; above it by more than what is in the heater no room gets by the program."""
        here, sensor = self.house.rooms[room], self.house.sensors[room]
        heaters = [(name, one) for name, one in self.house.heaters.items() if one.room == room]
        self.hottest[room] = max(self.hottest[room], here.celsius)
        deceived = sensor.fault in DECEIVING
        honest_for = self.now - sensor.honest_since if not sensor.fault else 0.0
        tells = not deceived and (sensor.felt_celsius >= HIGH_LIMIT_CELSIUS + 0.1 and not sensor.fault)
        self.hot_for[room] = self.hot_for[room] + 1 if tells and honest_for > 60 else 0
        for name, heater in heaters:
            if self.hot_for[room] >= PASSES and self.known[name].reach >= PASSES:
                self.counts["hot"] += 1
                must(
                    not heater.is_on or self._so_for(self.known[name]) < PASSES,
                    f"{name} heats at {here.celsius:.2f} °C",
                )
            if (
                deceived
                or here.sun_w
                or (heater.is_on and (self.known[name].reach < PASSES or not self.known[name].is_ours))
            ):
                self.excused_hot[room] = True
        if here.celsius < HIGH_LIMIT_CELSIUS - 0.2 and not deceived:
            helped = any(
                one.is_on and (self.known[name].reach < PASSES or not self.known[name].is_ours) for name, one in heaters
            )
            self.excused_hot[room] = helped or bool(here.sun_w)
        most_w = sum(max(one.true_w, one.could_draw_w, STOVE_W) for _, one in heaters)
        limit = HIGH_LIMIT_CELSIUS + rises_on_by_k(most_w, PASSES * PERIOD_S)
        must(self.excused_hot[room] or here.celsius < limit, f"{room} has {here.celsius:.2f} °C")

    def _blind(self, room: str) -> None:
        """What nobody knows is not heated, but for pulses against frost."""
        sensor = self.house.sensors[room]
        for name, heater in self.house.heaters.items():
            if heater.room != room:
                continue
            known = self.known[name]
            fault_for = self.now - sensor.began if sensor.fault else 0.0
            silent_for = self.now - sensor.shown_at
            self.hard_s[room] = self.hard_s[room] + PERIOD_S if sensor.fault == "repeats" and heater.is_on else 0.0
            slack_s = PASSES * PERIOD_S
            is_blind = (
                (sensor.fault in ("unavailable", "nan", "85", "-127") and fault_for > BAD_AFTER_S + slack_s)
                or silent_for > SILENT_AFTER_S + slack_s
                or self.hard_s[room] > REPEATS_AFTER_S + slack_s
            )
            if is_blind and known.reach >= PASSES:
                self.counts["blind"] += 1
                must(
                    not heater.is_on or self._so_for(known) < PASSES,
                    f"{name} heats blind ({sensor.fault}, {fault_for:.0f} s)",
                )
            in_doubt = sensor.fault in ("unit", "jump") and fault_for > BAD_AFTER_S + slack_s
            ours_w = heater.true_w if known.is_ours and known.reach >= PASSES else 0.0
            known.doubt_wh = known.doubt_wh + ours_w * PERIOD_S / 3600 if in_doubt else 0.0
            if in_doubt:
                self.counts["in doubt"] += 1
                at_once_wh = PULSE_WH + 2 * max(1659.0, ours_w) * (PASSES + 8) * PERIOD_S / 3600
                must(
                    known.doubt_wh <= PULSE_MEAN_W * fault_for / 3600 + at_once_wh,
                    f"{name} has given {known.doubt_wh:.0f} Wh on a sensor in doubt ({sensor.fault})",
                )

    def _wanted(self, name: str) -> None:
        """What pages say is wanted is so."""
        heater, known, card = self.house.heaters[name], self.known[name], self.house.card(name)
        wanted = None if card["action"] == "leave" else card["desired_w"] > 0
        known.wanted_for = known.wanted_for + 1 if wanted is known.wanted else 0
        known.wanted = wanted
        if min(known.reach, known.wanted_for, self._so_for(known)) < PASSES:
            return  # somebody has just switched it, or it waits for its plug
        if wanted is not None and not self._is_cut(heater):
            self.counts["settled"] += 1
            must(heater.is_on is wanted, f"{name} is {'on' if heater.is_on else 'off'}, wanted {card['desired_w']} W")

    def _so_for(self, known: Known) -> int:
        """For how many passes it has been on or off, as it is."""
        return int((self.now - max(known.on_at, known.off_at)) // PERIOD_S)

    def _is_cut(self, heater: Heater) -> bool:
        return isinstance(heater, AvalonBehindPlug) and not self.house.mains.on

    def _said_off(self, name: str) -> None:
        """“Off” on its page is off: nothing drawn, nothing ahead."""
        heater, card = self.house.heaters[name], self.house.card(name)
        if card["status"] != "off" or not self._answers(heater):
            return
        self.counts["said off"] += 1
        if isinstance(heater, AvalonBehindPlug):
            must(heater.starts_at is None, f"{name} is said to be off and starts by itself")
            must(heater.true_w < 60, f"{name} is said to be off and draws {heater.true_w:.0f} W")
        elif isinstance(heater, Outlet):
            must(not heater.on, f"{name} is said to be off and is on")

    def _people(self, name: str) -> None:
        heater, known = self.house.heaters[name], self.known[name]
        at = self.life.wished_off.get(name)
        if at is not None and self.now - at >= PASSES * PERIOD_S and min(known.reach, self._so_for(known)) >= PASSES:
            self.counts["wished off"] += 1
            must(not heater.is_on, f"{name} is on against a person's off")

    def _dead_man(self) -> None:
        """The Avalon's own switch-off is set while it heats, and not too late."""
        avalon, known = self.house.avalon, self.known["avalon"]
        if not avalon.is_on or min(known.reach, known.wanted_for) < PASSES + 4 or not known.wanted:
            return
        now = self.house.emulator.clock.now()
        left = [at - now for at, what in self.house.emulator.schedules if what == "softoff"]
        self.counts["dead-man"] += 1
        must(bool(left) and 0 < min(left) <= DEAD_MAN_S + 70, f"the Avalon switches itself off in {left} s")

    # -- warm enough -------------------------------------------------------------------------------

    def _stands_in_the_way(self, name: str) -> str:
        """Why a start of it is not to be expected now; empty: it is allowed."""
        house, life, known = self.house, self.life, self.known[name]
        heater, sensor = house.heaters[name], house.sensors[house.heaters[name].room]
        unit = "Solar" if name == "living" else "Warm"
        others = [one for one in house.heaters if one != name]
        settling_s = 2 * MIN_OFF_S
        carries = self._could_carry()
        least_w = {"stove": STOVE_W, "living": 500.0, "avalon": 836.0}[name]
        used_w = heater.could_draw_w
        room_w = min(
            limit_w - carries[line] + used_w
            for line, limit_w in (("site", SITE_LIMIT_W), *CIRCUITS.items())
            if line in ("site", heater.circuit)
        )
        import_w = (
            CONTRACTED_W
            - (house.grid.grid_w - house.miners_w)
            - sum(max(house.heaters[one].could_draw_w, house.heaters[one].true_w) for one in others)
        )
        checks = {
            "no card": not house.card(name),
            "no pass": not self.moment.runs or bool(self.moment.killed) or self.now - life.came_back_at < 600,
            "nothing can be stored": not self.moment.can_store,
            "out of reach": known.reach < PASSES + 2,
            "the clock": self.now - life.clock_set_at < 1200,
            "its sensor": bool(sensor.fault) or self.now - sensor.honest_since < BELIEVED_AFTER_S + 3 * PERIOD_S,
            "doubted": house.room_card(heater.room).get("sensor") != "ok" and self.now - sensor.honest_since < 3600,
            "a person": name in life.wished_off or self.now < life.outside_until.get(name, 0.0),
            "its unit": not life.is_enabled[unit],
            "cut": self._is_cut(heater),
            "latched": bool(house.alarms("high_limit_latched", "cut_off")),
            "budget": len(house.starts_of_last_hour(name)) >= STARTS_PER_HOUR,
            "rest": self.now - known.off_at < settling_s,
            "no room on its lines": room_w < least_w or import_w < 1.1 * 1659 + 100,
            "others": any(self.known[one].reach < GIVES_WAY_PASSES for one in others),
            "a meter": any(
                one.meter is not None and one.meter.kind for one in house.shown.outlets if one is not heater
            ),
            "the grid": self.now - house.shown.parts["grid"].live_since < 300,
        }
        return next((why for why, stands in checks.items() if stands), "")

    def _cold(self, name: str) -> None:
        """No room below 15 °C for want of a start that was allowed."""
        heater, known = self.house.heaters[name], self.known[name]
        if not heater.room:
            return
        is_cold = self.house.rooms[heater.room].celsius < COLD_CELSIUS
        why = self._stands_in_the_way(name) if is_cold else ""
        self.counts[f"cold: {why or 'allowed'}"] += is_cold
        if not is_cold or why or heater.is_on:
            known.start_allowed_since = None
            return
        if known.start_allowed_since is None:
            known.start_allowed_since = self.now
        must(
            self.now - known.start_allowed_since < COLD_AFTER_S,
            f"{heater.room} has {self.house.rooms[heater.room].celsius:.1f} °C and {name} is off: "
            f"{self.house.card(name)['reason']} | {self.house.room_card(heater.room)}",
        )

    def _bought(self) -> None:
        """The heater of the solar unit does not run on bought power but for cold, by hand, or as long as it may."""
        house, known = self.house, self.known["living"]
        heater, grid = house.living, house.grid
        others_w = sum(one.true_w for name, one in house.heaters.items() if name != "living")
        surplus_w = grid.pv_w - grid.household_w - others_w
        is_asked = self.now < self.life.on_by_hand_until.get("living", 0.0) + MIN_ON_S + 120
        room = house.rooms["living"]
        buys = heater.is_on and known.is_ours and surplus_w < -100 and room.celsius > NEVER_BELOW_CELSIUS + 1.2
        if not buys or is_asked or known.reach < PASSES or house.sensors["living"].fault:
            known.bought_since = None
            return
        if known.bought_since is None:
            known.bought_since = self.now
        lasts = self.now - known.bought_since
        was_blind = any(self.now - one.live_since < 3600 for one in house.shown.parts.values()) or (
            self.now - self.life.ha_down_until < 3600
        )
        most_s = (45 if was_blind else 20) * 60
        self.counts["bought"] += 1
        must(lasts < most_s, f"the solar heater has run on bought power for {lasts / 60:.0f} min")
