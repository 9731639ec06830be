"""A day's starts: spread by what is left, a room somebody sits in first, never more than the cap; rooms stay warm."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from climate.state import Lowered, Target
from optimization.control import guards
from optimization.control.guards import Guarded, start_budget
from optimization.control.situation import Intent

from .worlds import NOW, miner, zone

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
ANTMINER = {"max_starts_per_day": 8, "max_starts_per_hour": 2}


def waits(celsius: float, *hours_ago: float, preset: str = "comfort", lowered=None, origin: str = "policy") -> str:
    """What keeps a miner of 8 starts a day from its next one, in words; empty: nothing. The band begins at 20.5 °C."""
    target = Target(21.0, 21.0, "slot", preset=preset, lowered=lowered)
    starts = tuple(NOW - hours * HOUR for hours in sorted(hours_ago, reverse=True))
    one = miner(replace(zone(celsius), target=target), starts=starts, **ANTMINER)
    ceiling = start_budget(Guarded(one, Intent(1000, origin, "", ""), {}, NOW))
    return "" if ceiling is None else ceiling.reason


@pytest.mark.parametrize("hours_ago", [(2, 1.1), (3, 2, 1.5), (14, 12, 3, 1.1), (20, 18, 16, 9, 5, 3, 1.1)])
def test_a_cold_room_in_its_comfort_slot_does_not_wait_while_enough_is_left(hours_ago):
    assert waits(19.9, *hours_ago) == ""
    assert waits(19.9, *hours_ago, preset="") == ""  # its default, or a target of a person's own
    for set_back in ({"preset": "eco"}, {"preset": "away"}, {"lowered": Lowered.ABSENCE}):
        assert "of its 8 starts in 24 hours" in waits(19.9, *hours_ago, **set_back)


def test_what_is_left_is_spread_and_the_sentence_is_true():
    assert waits(20.2, 2, 1.1) == (
        "Avalon has used 2 of its 8 starts in 24 hours. The rest are spread over the day: "
        "the next one waits 114 min at most."
    )
    assert waits(20.2, 5, 3.1) == ""  # an even share
    assert waits(20.2, 23.5, 20, 1.1) == ""  # the oldest comes back in half an hour: five for that time
    assert waits(20.2, 1.1) == ""  # less than a quarter is used


def test_a_burst_is_held_even_for_a_cold_room_until_what_is_left_is_enough():
    assert waits(19.9, 4.2, 3.3, 2.2, 1.1).endswith("the next one waits 108 min at most.")
    assert waits(19.9, 6.1, 5.2, 4.1, 3.0) == ""
    assert waits(16.4, 6, 5, 4, 3, 2, 1.5, 1.1) == ""  # this cold, it takes the last one


@pytest.mark.parametrize("celsius", [20.2, 19.0, 10.0])
@pytest.mark.parametrize("origin", ["policy", "manual"])
def test_the_cap_is_hard(celsius, origin):
    said = waits(celsius, *range(2, 10), origin=origin)
    assert said == "Avalon started 8 times in 24 hours; its limit is 8."


def test_by_hand_nothing_is_spread_and_frost_has_one_an_hour():
    assert waits(20.2, 2, 1.1, origin="manual") == ""
    assert waits(5.0, *range(2, 10), origin="frost") == ""
    assert "2 times in the last hour" in waits(5.0, *range(2, 8), 0.5, 0.6, origin="frost")


# --- a fortnight ------------------------------------------------------------------------------------------------------

STEP = timedelta(minutes=2)
WANTED = Intent(1000, "policy", "rule_start", "It is cold.")
#: Weeks with or without a setback; hours in which the room cools by 1/e; what it loses, as a share of what its miner
#: gives.
HOMES = (
    ("nights", 30, 0.35),
    ("nights", 40, 0.35),
    ("mornings and evenings", 20, 0.5),
    ("mornings and evenings", 30, 0.35),
    ("always", 30, 0.5),
)
#: These need more starts than a day has: only spread they come through it.
TOO_FEW = (("always", 15, 0.35), ("always", 20, 0.5))


def three_hours_apart(one, last_day, now) -> timedelta:
    """As it was spread before: from the third start on, or from the fifth in a room 1 K too cold."""
    room = one.zones[0]
    cold = room.temperature_celsius < room.lower_bound - 1
    return DAY / 8 - (now - max(last_day)) if len(last_day) >= (4 if cold else 2) else timedelta(0)


def cold_at_once(one, last_day, now) -> timedelta:
    """A cold room never waits, until all are used."""
    room = one.zones[0]
    cold = room.temperature_celsius < room.lower_bound - 0.5
    return timedelta(0) if cold else three_hours_apart(one, last_day, now)


def fortnight(week: str, cools_in_hours: float, load: float, is_limited: bool) -> tuple[float, float]:
    """K·h below its band in comfort slots, and hours held off, of a room with one on-or-off miner of 8 starts a day."""
    celsius, is_on, changed_at, starts = 20.5, False, NOW - DAY, ()
    too_cold_kh = held_hours = 0.0
    for n in range(round(14 * DAY / STEP)):
        now, hours = NOW + n * STEP, STEP / HOUR
        clock = (n * hours) % 24
        comfort = {"always": True, "nights": 6 <= clock < 22, "mornings and evenings": 6 <= clock < 9 or clock >= 17}
        preset, aim = ("comfort", 21.0) if comfort[week] else ("eco", 18.5)
        outside = 1.0 + 4 * math.sin((clock - 9) / 24 * 2 * math.pi)
        celsius += hours / cools_in_hours * ((20 / load if is_on else 0.0) - (celsius - outside))
        too_cold_kh += hours * max(0.0, aim - 0.5 - celsius) if preset == "comfort" else 0.0
        if is_on and celsius >= aim + 0.5 and now - changed_at >= timedelta(minutes=20):
            is_on, changed_at = False, now
        elif not is_on and celsius < aim - 0.5 and now - changed_at >= timedelta(minutes=10):
            room = replace(zone(celsius), target=Target(aim, aim, "slot", preset=preset))
            asks = Guarded(miner(room, starts=starts, **ANTMINER), WANTED, {}, now)
            if is_limited and start_budget(asks) is not None:
                held_hours += hours
            else:
                is_on, changed_at, starts = True, now, (*(at for at in starts if now - at < DAY), now)
                assert not is_limited or len(starts) <= 8
    return too_cold_kh, held_hours


def held_off(homes, spread, monkeypatch) -> tuple[float, float]:
    """K·h that the budget costs, and hours held off, of all these homes together."""
    monkeypatch.setattr(guards, "_until_next", spread)
    found = [fortnight(*home, is_limited=True) for home in homes]
    free_kh = sum(fortnight(*home, is_limited=False)[0] for home in homes)
    return sum(kh for kh, _ in found) - free_kh, sum(hours for _, hours in found)


def test_in_a_fortnight_less_than_half_is_held_off_than_three_hours_apart(monkeypatch):
    now_kh, now_hours = held_off(HOMES, guards._until_next, monkeypatch)
    before_kh, before_hours = held_off(HOMES, three_hours_apart, monkeypatch)
    assert now_kh < 0.4 * before_kh
    assert now_hours < 0.5 * before_hours


def test_rooms_that_need_more_starts_than_a_day_has_come_through_it(monkeypatch):
    """Who gives a cold room all it asks leaves it without heat for half a day."""
    now_kh, _ = held_off(TOO_FEW, guards._until_next, monkeypatch)
    assert now_kh < 1.4 * held_off(TOO_FEW, three_hours_apart, monkeypatch)[0]
    assert now_kh < 0.7 * held_off(TOO_FEW, cold_at_once, monkeypatch)[0]
