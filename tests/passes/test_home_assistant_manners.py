"""A home whose Home Assistant refuses the token, restarts, and forgets what it was told: passes over it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from integrations import ask, refusals
from integrations.models import HomeAssistant
from miners.models import DesiredState
from miners.services import request_power
from optimization.passes.load import load
from optimization.passes.notifications import tell
from optimization.passes.observe import observe
from optimization.passes.run import run_sites
from sites import live
from sites.clock import SystemClock
from sites.models import Alarm
from sites.store import store
from tests import factories
from tests.adapters.fake_home import LIVING_ROOM, PLUG, TOKEN, FakeHome

SENSOR, SWITCH = LIVING_ROOM["entity_id"], PLUG["entity_id"]


class Clock(SystemClock):
    """Ours, ahead by what a test did not want to wait for."""

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead_seconds)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_seconds


class Switching(FakeHome):
    """A home with a cold room and a plug that obeys; it counts refused tokens and notes what was asked of it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(LIVING_ROOM, PLUG)
        self.clock, self.refused = clock, 0
        self.notifications: dict[str, str] = {}
        self.shows("18.0")
        self.turns("off")

    def now(self) -> datetime:
        return self.clock.now()

    def shows(self, value: str) -> None:
        self._set(SENSOR, LIVING_ROOM, value)

    def turns(self, state: str) -> None:
        self._set(SWITCH, PLUG, state)

    def _set(self, entity_id: str, like: dict[str, Any], state: str) -> None:
        at = self.now().isoformat()
        times = {"last_reported": at, "last_updated": at, "last_changed": at}
        self.states[entity_id] = {**like, "state": state, **times}

    def __call__(self, request, wire):
        is_right = request.headers.get("authorization") == f"Bearer {self.token}"
        self.refused += not is_right and request.path != "/api/websocket"
        is_in_reach = self.states[SWITCH]["state"] != "unavailable"
        if is_right and is_in_reach and request.path.startswith("/api/services/switch/"):
            self.turns(request.path.rpartition("_")[2])
        if is_right and request.path.startswith("/api/services/persistent_notification/"):
            self._notify(request.path.rpartition("/")[2], json.loads(request.body))
        return super().__call__(request, wire)

    def _notify(self, service: str, data: dict[str, str]) -> None:
        if service == "create":
            self.notifications[data["notification_id"]] = data["message"]
        else:
            self.notifications.pop(data["notification_id"], None)

    @property
    def offs(self) -> int:
        return self.paths.count("/api/services/switch/turn_off")


class Home:
    def __init__(self, fake: Switching, server, clock: Clock) -> None:
        self.fake, self.server, self.clock = fake, server, clock
        self.site = factories.site(time_zone="Europe/Zurich")
        self.connection = factories.home_assistant(self.site, url=server.url, token=TOKEN)
        on = {"home_assistant": self.connection}
        monitor = factories.climate_monitor(
            self.site, adapter_type="home_assistant", config={"entity_temperature": SENSOR}, **on
        )
        zone = factories.zone(self.site, monitor=monitor, default_target_celsius=21.0)
        plug = factories.controller(
            self.site, adapter_type="home_assistant_switch", config={"entity_switch": SWITCH}, **on
        )
        self.miner = factories.miner(self.site, zones=[zone], controller=plug, min_on_seconds=0, min_off_seconds=0)
        factories.unit(self.site, miners=[self.miner], policy=factories.policy(self.site))

    def go(self, count: int = 1, after: float = 10) -> None:
        for _ in range(count):
            self.clock.ahead_seconds += after
            assert run_sites([self.site.pk], clock=self.clock).completed == [self.site.pk]

    def heat(self) -> None:
        request_power(self.miner, self.miner.nominal_power_w, by="anna")
        self.go(3)
        assert self.fake.states[SWITCH]["state"] == "on"
        assert DesiredState.objects.get().seen_on

    @property
    def alarms(self) -> dict[str, str]:
        return dict(Alarm.objects.filter(ended_at=None).values_list("kind", "text"))


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """Ours and that of what is held against a token, in one."""
    made = Clock()
    monkeypatch.setattr("sites.store.time", SimpleNamespace(monotonic=made.monotonic))
    monkeypatch.setattr(refusals, "_now", made.now)
    monkeypatch.setattr(
        "integrations.connections.home_assistant.datetime", SimpleNamespace(now=lambda zone: made.now().astimezone(UTC))
    )
    store.cache_clear()
    return made


@pytest.fixture
def house(db, stub, clock):
    ask.forget()
    fake = Switching(clock)
    yield Home(fake, stub(fake), clock)
    ask.forget()


def test_a_refused_token_with_a_plug_that_is_on_is_told_at_once(house):
    house.heat()
    house.fake.token = "another"
    house.go()
    alarms = house.alarms
    assert "may be on and cannot be switched off. Home Assistant refuses the token" in alarms["cannot_switch_off"]
    local = (house.clock.now() + timedelta(minutes=5)).astimezone(house.site.tz)
    times = [f"Next try at {at:%H:%M};" for at in (local, local - timedelta(minutes=1))]
    for kind in ("cannot_switch_off", "connection_lost"):
        assert any(text in alarms[kind] for text in times)
    shown = live.read(house.site.pk)["connections"][str(house.connection.pk)]
    assert (shown["ok"], shown["code"]) == (False, "unauthorized")
    assert any(text in shown["problem"] for text in times)


def test_a_miner_seen_off_is_no_alarm(house):
    house.fake.shows("25.0")
    house.go(2)
    house.fake.token = "another"
    house.go()
    assert set(house.alarms) == {"connection_lost"}


def test_an_hour_of_passes_shows_a_refused_token_three_times_and_the_off_goes_first(house):
    house.heat()
    house.fake.token = "another"
    house.go()
    assert house.fake.refused == 1
    request_power(house.miner, 0, by="anna")
    offs = house.fake.offs
    house.go()
    # The off did not wait for the pause.
    assert (house.fake.refused, house.fake.offs) == (2, offs + 1)
    house.go(113, after=30)
    assert (house.fake.refused, house.fake.offs) == (3, offs + 2)
    house.fake.token = TOKEN  # and is right again
    house.go(5)
    assert house.fake.states[SWITCH]["state"] == "on"
    house.go(30, after=60)
    assert house.fake.states[SWITCH]["state"] == "off"
    assert house.fake.refused == 3
    assert not house.alarms.keys() & {"cannot_switch_off", "connection_lost"}


def test_a_changed_token_is_tried_by_the_very_next_pass(house):
    house.heat()
    house.fake.token = "another"
    house.go(6)
    request_power(house.miner, 0, by="anna")
    house.go(3)
    row = HomeAssistant.objects.get()
    row.token = "another"
    row.save()
    house.go()
    assert house.fake.states[SWITCH]["state"] == "off"
    house.go()
    assert house.alarms == {}


def test_what_lasts_is_notified_again_after_its_restart(house):
    house.heat()
    house.fake.states[SWITCH] = {**house.fake.states[SWITCH], "state": "unavailable"}
    request_power(house.miner, 0, by="anna")
    house.go(2)
    assert house.alarms.keys() == {"cannot_switch_off"}
    (shown,) = house.fake.notifications.values()
    assert "does not answer" in shown

    house.fake.notifications.clear()  # a person took it away: it does not come back by itself
    house.go(3)
    assert house.fake.notifications == {}

    house.server.behave = lambda request, wire: wire.answer(502, b"", "text/plain")
    house.go(2)
    house.server.behave = house.fake
    house.go()
    assert len(house.fake.notifications) == 1
    house.fake.notifications.clear()
    store.cache_clear()  # this program was restarted
    house.go()
    assert len(house.fake.notifications) == 1

    house.fake.turns("off")
    house.go(3)
    assert house.alarms == {}
    assert house.fake.notifications == {}


def test_many_alarms_all_come_back(house):
    """More than a pass tells at once."""
    house.go(2)
    Alarm.objects.bulk_create(
        Alarm(site=house.site, kind="pass_failed_test", subject=f"x:{n}", text=f"Alarm {n}", told="shown")
        for n in range(25)
    )
    rows = list(Alarm.objects.values_list("pk", flat=True))
    store().delete(f"told:{house.connection.pk}")
    for _ in range(3):
        chunk = load([house.site.pk])
        tell(chunk, observe(chunk, 5, house.clock.now()))
    assert len(house.fake.notifications) == len(rows)
