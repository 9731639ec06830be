"""Each row of the table of sensors, over whole passes, the real adapter and a plug that really switches."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from climate.sensors import RETURN_AFTER
from sites import live

from . import sensor_happenings, sensors
from .home import Home
from .sensors import ROWS, Row

ROOM_CELSIUS = 20.0
#: When a fault that switches nothing off is looked for.
LOOKED_FOR_S = 60
NOON = datetime(2026, 1, 20, 11, 0, tzinfo=UTC)


def card(home: Home) -> dict:
    return live.read(home.site.pk)["zones"][str(home.zone.pk)]


def reads(home: Home, row: Row) -> bool:
    """Whether the card says what the table says; it may say more after it."""
    said = card(home)["problem"]
    return re.match(".+".join(map(re.escape, row.reads.split("…"))), said) is not None if row.reads else said == ""


@pytest.mark.django_db
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_what_a_sensor_may_do_to_a_heated_room(row: Row, monkeypatch, tmp_path):
    home = Home(monkeypatch, tmp_path, at=NOON, period_s=row.period_s)
    home.settle(on=True, manual=False)
    home.world.held_celsius = ROOM_CELSIUS
    home.periods(1)
    getattr(sensor_happenings, row.key)(home)
    if row.off_after_s is None:
        home.run(LOOKED_FOR_S)
        assert card(home)["sensor"] == ("suspect" if row.key == "differ" else "ok")
        assert card(home)["temperature_celsius"] == pytest.approx(ROOM_CELSIUS)
        assert reads(home, row)
        assert home.world.plug.on
        return
    home.run(row.off_after_s)
    assert home.desired_on(), "switched off too early"
    home.periods(2)
    assert not home.desired_on()
    assert card(home)["sensor"] == row.health
    assert reads(home, row)
    home.world.connect()
    assert row.alarm in home.open_alarms()


@pytest.mark.django_db
def test_a_lost_sensor_is_back_after_five_good_minutes_and_says_how_far_it_is(monkeypatch, tmp_path):
    home = Home(monkeypatch, tmp_path, at=NOON, period_s=60)
    home.settle(on=True, manual=False)
    home.world.held_celsius = ROOM_CELSIUS
    home.world.sensor_shows = "unavailable"
    home.run(240)
    home.world.sensor_shows = None
    home.run(180)
    assert card(home)["problem"] == "The sensor ‘Sensor’ was lost and has been good again for 2 of 5 min."
    home.run(RETURN_AFTER.total_seconds() - 180)
    assert card(home)["sensor"] == "lost"
    home.periods(2)
    assert card(home)["sensor"] == "ok"
    assert home.world.plug.on


def test_the_document_shows_the_table():
    assert sensors.PLACE.read() == sensors.markdown(), "run: python -m tests.faults.sensors"
