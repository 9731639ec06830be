"""Random days of a home with a fault in its meters: surplus is never invented, but for the limit of age of a part.

The oracle is the home's true balance, which no code of ours calculates.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from energy import balance
from energy.ages import FLOW_LIMIT, Sky
from energy.balance import SourceFacts
from energy.state import EnergySnapshot

MIDNIGHT = datetime(2026, 3, 21, tzinfo=UTC)
SUNRISE, SUNSET = 6.0, 18.0
STEP = timedelta(minutes=5)
ROOF = SourceFacts("Roof", "solar", 6000, True, True, 10_000, True, None)
#: A surplus that starts a miner, and one that is none: between them meters may differ.
STARTS_W, NONE_W = 900.0, 100.0


@dataclass
class Truth:
    """What really flows (W), at an hour of the day."""

    hour: float
    sun_w: float
    household_w: float
    miner_w: float
    battery_w: float  # + charging

    @property
    def grid_w(self) -> float:
        return self.household_w + self.miner_w + self.battery_w - self.sun_w

    @property
    def surplus_w(self) -> float:
        return self.sun_w - self.household_w


def days(seed: int) -> list[Truth]:
    """A day with clouds, a home, a battery that follows them, and a miner that is on now and then."""
    dice, charge_wh, found = random.Random(seed), 5000.0, []
    for number in range(24 * 12):
        hour = number / 12
        height = math.sin(math.pi * (hour - SUNRISE) / (SUNSET - SUNRISE)) if SUNRISE < hour < SUNSET else 0.0
        sun_w = 6000 * height * dice.choice([1.0, 0.9, 0.3])
        household_w, miner_w = dice.uniform(200, 1500), dice.choice([0.0, 1200.0])
        left_w = sun_w - household_w - miner_w
        battery_w = min(3000.0, max(-3000.0, left_w))
        if (battery_w > 0 and charge_wh >= 10_000) or (battery_w < 0 and charge_wh <= 500):
            battery_w = 0.0
        charge_wh += battery_w / 12
        found.append(Truth(hour, sun_w, household_w, miner_w, battery_w))
    return found


def sky(hour: float) -> Sky:
    since = timedelta(hours=max(0.0, hour - SUNRISE))
    return Sky(60 * math.sin(math.pi * (hour - SUNRISE) / (SUNSET - SUNRISE)), since)


PARTS = ("production_w", "household_w", "grid_w", "battery_w")


def shown(truth: Truth, includes: bool) -> dict[str, float]:
    load = truth.household_w + (truth.miner_w if includes else 0.0)
    values = {"production_w": truth.sun_w, "household_w": load, "grid_w": truth.grid_w, "battery_w": truth.battery_w}
    return {part: float(value) for part, value in values.items()}


#: Faults that are there all day: what the meters show of what is true.
LASTING = {
    "production counts the battery": lambda seen: {
        **seen,
        "production_w": seen["production_w"] - min(0.0, seen["battery_w"]),
    },
    "battery inverted": lambda seen: {**seen, "battery_w": -seen["battery_w"]},
    "grid inverted": lambda seen: {**seen, "grid_w": -seen["grid_w"]},
    "consumption inverted": lambda seen: {**seen, "household_w": -seen["household_w"]},
    "production stuck high": lambda seen: {**seen, "production_w": 3000.0},
    "consumption stuck low": lambda seen: {**seen, "household_w": 0.0},
}


def judged(values: dict[str, float], observed: dict[str, datetime], truth: Truth, includes: bool, now: datetime):
    snapshot = EnergySnapshot(
        **values, household_includes_miners=includes, observed_at=max(observed.values()), observed=observed
    )
    return balance.build(
        ROOF, snapshot, "", stale_after=timedelta(hours=1), now=now, own_miners_w=truth.miner_w, other_miners_w=0.0,
        sky=sky(truth.hour),
    )  # fmt: skip


@pytest.mark.parametrize("includes", [True, False])
@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("seed", range(3))
def test_a_meter_that_is_wrong_all_day_never_invents_a_surplus(fault, seed, includes):
    starts = 0
    for number, truth in enumerate(days(seed)):
        now = MIDNIGHT + number * STEP
        values = LASTING[fault](shown(truth, includes))
        seen = judged(values, dict.fromkeys(values, now), truth, includes, now)
        if seen.surplus_w is not None and seen.surplus_w >= STARTS_W:
            starts += 1
            assert truth.surplus_w >= NONE_W, (truth, seen)
    assert starts or "inverted" in fault  # it is not just never a surplus


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", range(3))
def test_a_part_that_freezes_invents_a_surplus_no_longer_than_its_limit(part, seed):
    """It freezes at the moment of the largest surplus; the others live on."""
    truths = days(seed)
    at = max(range(len(truths)), key=lambda number: truths[number].surplus_w)
    frozen = shown(truths[at], True)[part]
    for number in range(at, len(truths)):
        truth, now = truths[number], MIDNIGHT + number * STEP
        values, observed = shown(truth, True), dict.fromkeys(PARTS, now)
        values[part], observed[part] = frozen, MIDNIGHT + at * STEP
        seen = judged(values, observed, truth, True, now)
        if now - observed[part] > FLOW_LIMIT and abs(frozen) > 50:
            assert getattr(seen, part) is None
            assert seen.surplus_w is None or seen.surplus_w < STARTS_W or truth.surplus_w >= NONE_W, (truth, seen)


@pytest.mark.parametrize("includes", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_on_a_day_without_faults_all_surplus_is_found_and_nothing_is_told(seed, includes):
    for number, truth in enumerate(days(seed)):
        now = MIDNIGHT + number * STEP
        values = shown(truth, includes)
        seen = judged(values, dict.fromkeys(values, now), truth, includes, now)
        assert (seen.contradiction, seen.problem) == ("", "")
        assert seen.surplus_w == pytest.approx(truth.surplus_w)
