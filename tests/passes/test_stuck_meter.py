"""A meter that disagrees with its switch, over whole passes and the real adapter; judged by the true watts."""

import json
from pathlib import Path

import pytest

from integrations.connections.entities import EntityAnswers, EntityState
from miners.models import Circuit
from miners.services import request_power, resume

from .outlet import Meter, Outlet, OutletSession, Street

CASE = json.loads((Path(__file__).parent / "cases" / "plug_meter_stuck_after_off.json").read_text())


@pytest.fixture
def street(db, bench, monkeypatch):
    return Street(monkeypatch, period_seconds=60)


def stuck(street, **kwargs) -> Outlet:
    """The outlet of the case: from its off on, its meter reports nothing any more."""
    return street.outlet("plug", meter=Meter(stops_when_off=True), **kwargs)


def heat_and_switch_off(street) -> None:
    """Cold for what is wanted until it heats, then warm enough and off."""
    street.wants(23.0)
    street.run(2)
    assert street.outlets[0].on, street.shown()["reason"]
    street.wants(17.0)
    street.run(1)
    assert not street.outlets[0].on


def told(street, words: str) -> list[str]:
    return [text for text in street.activity if words in text]


def test_it_is_unconfirmed_told_once_and_off_is_repeated_more_and_more_rarely(street):
    outlet = stuck(street)
    street.heater(outlet)
    heat_and_switch_off(street)
    street.run(120)
    assert street.shown()["status"] == "unconfirmed"
    assert (street.shown()["power_w"], street.shown()["confirmed"]) == (None, False)
    assert 5 <= outlet.offs <= 12
    assert street.open_alarms == ["meter_disagrees"]
    assert "1180 W" in street.alarm_text("meter_disagrees")
    street.restart()
    heat_and_switch_off(street)
    street.run(10)
    assert len(told(street, "its meter does not confirm it")) == 1, "once, not at each off again"


def test_the_case_byte_for_byte(street, monkeypatch):
    """`right`: the switch's word counts within minutes, power is not measured, told once; heated again when cold."""
    before, on, off = CASE["states"]
    outlet = stuck(street)
    street.heater(outlet)

    def answers(self, keys, deadline):
        said = before if not outlet.writes else on if outlet.on else off
        at = outlet.changed_at or street.now
        watts, unit = said["sensor.plug_power"].split(" ")
        reported_at = at if said is off else street.now
        return EntityAnswers({
            outlet.switch: EntityState(outlet.switch, said["switch.plug"], observed_at=at, changed_at=at),
            outlet.sensor: EntityState(outlet.sensor, watts, unit, observed_at=reported_at),
        })  # fmt: skip

    monkeypatch.setattr(OutletSession, "ask", answers)
    heat_and_switch_off(street)
    street.run(5)
    assert (street.shown()["status"], street.shown()["power_is_measured"]) == ("unconfirmed", False)
    street.wants(23.0)
    street.run(2)
    assert outlet.on, "a cold room is heated again"
    assert street.shown()["status"] == "heating"
    assert street.open_alarms == ["meter_disagrees"]
    assert len(told(street, "its meter does not confirm it")) == 1


@pytest.mark.parametrize("welded", [False, True], ids=["stuck meter", "welded relay"])
def test_its_last_watts_count_in_every_limit(street, welded):
    """Truly off or on, nobody can tell: another may not start into its watts, and it may start again itself."""
    outlet, other = stuck(street), street.outlet("other")
    line = Circuit.objects.create(site=street.site, name="Kitchen", limit_w=2000)
    miner = street.heater(outlet, circuit=line)
    heat_and_switch_off(street)
    outlet.welded = welded
    second = street.heater(other, circuit=line)
    street.wants(23.0)
    request_power(miner, 0, by="Ada")
    street.run(4)
    assert not other.on
    assert street.shown(second)["guard"] == "power_limit"
    resume(miner, by="Ada")
    street.run(3)
    assert outlet.on
    assert street.most_w <= 2000
