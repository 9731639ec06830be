"""Days of a room under dosing: with the errors of its sensor, it is kept warm with few starts and few writes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from miners.power import Level, PowerModel
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.decide import decide
from optimization.control.memory import Memory

from . import worlds
from .worlds import NOW, site, unit, zone

STEP = timedelta(seconds=60)
TARGET_CELSIUS, HYSTERESIS_K, SENSOR_ERRS_K = 21.0, 0.5, 0.1
#: A room that is 20 K warmer than outside at its target, and cools by 1/e in 20 h.
DIFFERENCE_K, COOLS_IN_HOURS = 20.0, 20.0

AVALON = PowerModel((Level("eco", 800.0), Level("standard", 1300.0), Level("super", 1600.0)), device_class="avalon")
LUXOS = PowerModel((Level("low", 900.0), Level("high", 3000.0)), step_w=100.0, device_class="antminer")
#: Kind → its levels, nominal power (W), minimum on and off (s), starts an hour and a day.
KINDS = {
    "avalon": (AVALON, 1600, 1200, 600, 2, 8),
    "luxos": (LUXOS, 3000, 1800, 600, 2, 8),
    "switched": (None, 1600, 1200, 600, 2, 8),
    "plug": (None, 1000, 600, 600, 3, 40),
}


@dataclass
class Machine:
    """A miner as it is wanted; it follows at once."""

    kind: str
    desired_w: int = 0
    changed_at: object = None
    switched_on_at: object = None
    switched_off_at: object = None
    starts: list = field(default_factory=list)
    levels: list = field(default_factory=list)

    def situation(self, key, room):
        power, nominal_w, min_on, min_off, an_hour, a_day = KINDS[self.kind]
        status = MinerStatus.HEATING if self.desired_w else MinerStatus.OFF
        return worlds.miner(
            room,
            key=key,
            power=power,
            nominal_power_w=nominal_w,
            snapshot=MinerSnapshot(status, float(self.desired_w), True),
            desired_w=self.desired_w,
            level_since=self.changed_at,
            switched_on_at=self.switched_on_at,
            switched_off_at=self.switched_off_at,
            starts=tuple(self.starts[-50:]),
            min_on_seconds=min_on,
            min_off_seconds=min_off,
            max_starts_per_hour=an_hour,
            max_starts_per_day=a_day,
        )

    def take(self, power_w, now):
        if power_w == self.desired_w:
            return
        if self.desired_w == 0:
            self.switched_on_at = now
            self.starts.append(now)
        elif power_w == 0:
            self.switched_off_at = now
        else:
            self.levels.append(now)
        self.desired_w, self.changed_at = power_w, now


@dataclass
class Days:
    machines: list
    too_cold_kh: float = 0.0  # below the lower bound, K·h
    decisions: int = 0  # that differ from the one before, as a row would be written for
    celsius: list = field(default_factory=list)

    @property
    def starts(self):
        return sum(len(one.starts) for one in self.machines)

    @property
    def levels(self):
        return sum(len(one.levels) for one in self.machines)


def days_of(kinds, load, strategy, days=2):
    """`load`: what the room loses at its target, as a share of all its miners can give."""
    errs, machines = random.Random(7), [Machine(kind) for kind in kinds]
    told = Days(machines)
    loses_w = load * sum(KINDS[kind][1] for kind in kinds)
    holds_wh_per_k = loses_w / DIFFERENCE_K * COOLS_IN_HOURS
    celsius, memory, before, hours = TARGET_CELSIUS - HYSTERESIS_K, Memory(), {}, STEP / timedelta(hours=1)
    for n in range(round(days * 24 / hours)):
        now = NOW + n * STEP
        room = zone(round(celsius + errs.uniform(-SENSOR_ERRS_K, SENSOR_ERRS_K), 2), target=TARGET_CELSIUS,
                    hysteresis_celsius=HYSTERESIS_K)  # fmt: skip
        found = [one.situation(str(key), room) for key, one in enumerate(machines)]
        commands, memory = decide(site(unit(*found, strategy=strategy, at=now), now=now), memory)
        for command in commands:
            row = (command.action, command.code, command.guard, command.power_w)
            told.decisions += before.get(command.miner_id) != row
            before[command.miner_id] = row
            machines[int(command.miner_id)].take(command.power_w, now)
        outside = TARGET_CELSIUS - DIFFERENCE_K
        gives_w = sum(one.desired_w for one in machines)
        celsius += (gives_w - loses_w / DIFFERENCE_K * (celsius - outside)) * hours / holds_wh_per_k
        told.too_cold_kh += max(0.0, TARGET_CELSIUS - HYSTERESIS_K - celsius) * hours
        told.celsius.append(celsius)
    return told


TOGETHER = (["switched", "switched"], ["switched"] * 4, ["luxos", "avalon"], ["avalon", "avalon", "plug"])


@pytest.mark.parametrize("load", [0.6, 0.9])
@pytest.mark.parametrize("kinds", TOGETHER, ids=" ".join)
def test_dosing_leaves_no_room_colder_and_starts_no_more_often(kinds, load):
    """The last to start must not use up its starts by heating a narrow part of the band: then the room went cold."""
    need, full = days_of(kinds, load, "policy_need"), days_of(kinds, load, "policy")
    assert need.too_cold_kh <= full.too_cold_kh + 0.2
    assert need.starts <= full.starts
    assert sum(need.celsius) / len(need.celsius) > TARGET_CELSIUS - 0.3  # well within its band


@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
def test_a_sensor_that_errs_by_a_tenth_sends_no_machine_up_and_down(load):
    """One with many levels settles at one that fits: neither writes nor decisions follow the errors of the sensor."""
    seen = days_of(["luxos"], load, "policy_need")
    assert seen.levels <= 2 * 40  # with its write gap of 10 min it could be 288
    assert seen.decisions <= 3 * seen.levels + 20


@pytest.mark.parametrize("strategy", ["policy_need", "policy"])
def test_a_machine_of_few_starts_a_day_makes_them_last_the_day(strategy):
    """Mild weather, less than its lowest level: with all 8 starts used by noon the room fell to 11 °C every night."""
    seen = days_of(["avalon"], 0.3, strategy, days=3)
    assert min(seen.celsius) > 17.2
    assert all(
        sum(begun - timedelta(days=1) < other <= begun for other in one.starts) <= 8
        for one in seen.machines
        for begun in one.starts
    )
