"""A battery sensor that reports every two hours: its limit is suggested, taken in one tap, and heat is rationed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from climate.models import ClimateMonitor
from climate.state import ClimateReading
from sites import live
from tests import factories

from .bench import Home

EVERY = timedelta(hours=2)


class Sleeper:
    """The hall's sensor wakes up every two hours; it is 19.5 or 19.6 °C whatever is done."""

    def __init__(self, **monitor) -> None:
        self.home = Home()
        self.reported_at, self.celsius = self.home.now, 19.5
        ClimateMonitor.objects.filter(site=self.home.site).update(**monitor)

    def go(self, minutes: int, *, step: int = 1) -> None:
        """Time goes on, one pass every `step` minutes."""
        for _ in range(0, minutes, step):
            now = self.home.now + timedelta(minutes=step)
            if now - self.reported_at >= EVERY:
                self.reported_at, self.celsius = now, 39.1 - self.celsius
            self.home.says(ClimateReading(self.celsius, observed_at=self.reported_at))
            self.home.go(seconds=60 * step)

    @property
    def row(self) -> ClimateMonitor:
        return ClimateMonitor.objects.get(site=self.home.site)

    @property
    def seen(self) -> dict:
        return live.read(self.home.site.pk)["zones"][str(self.home.zone.pk)]["monitors"][str(self.row.pk)]


LONG = {"stale_after_seconds": 9300, "long_silence_confirmed": True}


def test_the_usual_limit_loses_it_and_a_fitting_one_is_suggested(db, bench, client):
    sleeper = Sleeper()
    sleeper.go(184, step=4)
    assert sleeper.seen["health"] == "lost"
    assert "suits" not in sleeper.seen
    sleeper.go(64, step=4)
    assert (sleeper.seen["suits_seconds"], sleeper.row.limit_of_age) == (9300, timedelta(hours=1))
    sleeper.go(64, step=4)
    told = "‘Hall sensor’: It was silent for up to 2 h between two reports; a limit of 2 h 35 min suits it."
    assert told in sleeper.home.alarm_text("sensor_lost")
    client.force_login(factories.user())
    page = client.get(reverse("zone", args=[sleeper.home.zone.pk])).content.decode()
    assert "It was silent for up to 2 h between two reports" in page
    assert "Use 2 h 35 min" in page
    client.post(reverse("age-limit", args=[sleeper.row.pk]), {"seconds": "9300"})
    assert sleeper.row.limit_of_age == timedelta(seconds=9300)
    assert sleeper.home.activity[-1] == "Hall sensor: a value may now be 2 h 35 min old."
    sleeper.go(80, step=4)
    assert sleeper.seen["health"] == "ok", sleeper.seen
    assert "suits" not in sleeper.seen


@pytest.mark.parametrize("seconds", ["", "x", "-1", "59", "86401", "²"])
def test_a_limit_that_is_none_is_refused(db, bench, client, seconds):
    sleeper = Sleeper()
    client.force_login(factories.user())
    client.post(reverse("age-limit", args=[sleeper.row.pk]), {"seconds": seconds})
    assert sleeper.row.stale_after_seconds == 3600


def test_between_two_reports_a_room_gets_its_ration_and_no_more(db, bench):
    """400 Wh for 12 m² and 1.5 K: 24 min of 1000 W."""
    sleeper = Sleeper(**LONG)
    sleeper.go(2)
    assert sleeper.home.plug.on
    sleeper.go(20)
    assert sleeper.home.plug.on
    sleeper.go(5)
    assert not sleeper.home.plug.on
    decided = live.read(sleeper.home.site.pk)["miners"][str(sleeper.home.miner.pk)]
    assert decided["guard"] == "between_reports"
    assert decided["reason"].startswith("Hall has received 400 Wh since ‘Hall sensor’ last reported 2")
    sleeper.go(90, step=3)
    assert not sleeper.home.plug.on
    sleeper.go(6)
    assert sleeper.home.plug.on  # it has reported again


def test_a_ration_outlives_a_restart(db, bench):
    sleeper = Sleeper(**LONG)
    sleeper.go(27)
    assert not sleeper.home.plug.on
    sleeper.home.restart()
    sleeper.go(20)
    assert not sleeper.home.plug.on


def test_a_heater_that_does_not_answer_counts_as_on(db, bench):
    sleeper = Sleeper(**LONG)
    sleeper.go(3)
    sleeper.home.plug.reachable = False
    sleeper.go(24)
    sleeper.home.plug.reachable = True
    sleeper.go(2)
    assert not sleeper.home.plug.on


def test_a_sensor_beside_it_that_reports_often_needs_no_ration(db, bench):
    sleeper = Sleeper(**LONG)
    _, key = sleeper.home.add_room("Shelf", 19.5)
    sleeper.home.zone.monitors.add(ClimateMonitor.objects.get(site=sleeper.home.site, name="Shelf sensor"))
    for _ in range(40):
        bench.rooms[key] = ClimateReading(19.5, observed_at=sleeper.home.now)
        sleeper.go(1)
    assert sleeper.home.plug.on
