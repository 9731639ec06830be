"""Which witness is believed: switch, meter, firmware and the plug upstream, each with its own age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from integrations.connections.entities import EntityAnswers, EntityState
from miners.drivers.home_assistant_switch.driver import HomeAssistantSwitch
from miners.power import Level, OffBy, PowerModel, on_or_off
from miners.state import MinerSnapshot, MinerStatus
from miners.status import evidence
from optimization.evidence_table import markdown

AT = datetime(2026, 1, 10, 12, tzinfo=UTC)
OFF, ON, UNCONFIRMED, UNREACHABLE = (
    MinerStatus.OFF, MinerStatus.HEATING, MinerStatus.UNCONFIRMED, MinerStatus.UNREACHABLE,
)  # fmt: skip
STARTING, STOPPING = MinerStatus.STARTING, MinerStatus.STOPPING


@pytest.mark.parametrize(
    ("is_on", "watts", "reported_s", "status", "measured_w", "last_w"),
    [
        # After the switch changed: the meter outranks its word.
        (False, 0.4, 20, OFF, 0.4, None),
        (False, 20.0, 20, STOPPING, 20.0, None),
        (False, 1180.0, 20, ON, 1180.0, None),
        (True, 0.0, 20, STARTING, 0.0, None),
        (True, 1180.0, 20, ON, 1180.0, None),
        # Before it, or at the very moment: what contradicts it proves nothing.
        (False, 1180.0, 0, UNCONFIRMED, None, 1180.0),
        (False, 1180.0, 15, UNCONFIRMED, None, 1180.0),
        (False, 1180.0, -300, UNCONFIRMED, None, 1180.0),
        (False, 20.0, -300, UNCONFIRMED, None, 20.0),
        (False, 0.4, -300, OFF, None, 0.4),
        (True, 0.0, 0, STARTING, None, 0.0),
        (True, 0.0, -300, STARTING, None, 0.0),
        (True, 1180.0, -300, ON, None, 1180.0),
        # What agrees with it may have come a little before.
        (False, 0.4, -10, OFF, 0.4, None),
        (True, 1180.0, -10, ON, 1180.0, None),
    ],
)
def test_a_switch_and_its_meter(is_on, watts, reported_s, status, measured_w, last_w):
    shown = evidence.of_switch(is_on, watts, switched_at=AT, power_at=AT + timedelta(seconds=reported_s))
    assert (shown.status, shown.power_w, shown.last_power_w) == (status, measured_w, last_w)


def test_a_meter_that_stands_still_proves_nothing_against_its_switch():
    later = AT + timedelta(minutes=5)
    cases = ((False, 1180.0, UNCONFIRMED, True), (True, 0.0, STARTING, True), (True, 1180.0, ON, False))
    for is_on, watts, status, is_old in cases:
        shown = evidence.of_switch(is_on, watts, switched_at=AT, power_at=later, stands=True)
        assert (shown.status, shown.is_old) == (status, is_old)


def test_without_times_or_without_a_meter_there_is_nothing_to_weigh():
    assert evidence.of_switch(False, 1180.0).status is ON
    assert evidence.of_switch(False, None) == evidence.Shown(OFF)
    assert evidence.of_switch(True, None) == evidence.Shown(ON)


def read(switch: str, power: str | None, unit: str = "W", reported_s: float = 60) -> MinerSnapshot:
    config = HomeAssistantSwitch.Config(entity_switch="switch.p", entity_power="sensor.w")
    answers = EntityAnswers({"switch.p": EntityState("switch.p", switch, observed_at=AT, changed_at=AT)})
    if power is not None:
        at = AT + timedelta(seconds=reported_s)
        answers["sensor.w"] = EntityState("sensor.w", power, unit, observed_at=at)
    return HomeAssistantSwitch.read(config, answers)


@pytest.mark.parametrize("watts", ["-1180", "1180", "-1.18"])
def test_the_sign_only_tells_how_a_meter_is_wired(watts):
    """Turned round, its watts are negative: that is heat, never off."""
    for switch in ("on", "off"):
        seen = read(switch, watts, "kW" if "." in watts else "W")
        assert (seen.status, seen.power_w) == (ON, 1180.0)


@pytest.mark.parametrize(
    ("power", "unit"),
    [("unavailable", "W"), ("unknown", "W"), ("4.9", "A"), ("12", "kWh"), ("nonsense", "W"), (None, "W")],
)
def test_a_lost_meter_is_no_witness(power, unit):
    """As without one: the switch's word counts, its power is not measured, and that is said."""
    for switch, status in (("on", ON), ("off", OFF)):
        seen = read(switch, power, unit)
        assert (seen.status, seen.power_w, seen.power_is_measured, seen.last_power_w) == (status, None, False, None)
        assert "‘sensor.w’" in seen.problem


def test_each_part_carries_its_own_time():
    seen = read("off", "1180", reported_s=0)
    assert (seen.switched_at, seen.power_at, seen.switch_is_on) == (AT, AT, False)
    assert "shows 1180 W and has reported nothing since" in seen.problem


# -- a device and the plug upstream of it ------------------------------------------------------------------------------

MODEL = PowerModel((Level("eco", 600.0), Level("full", 1200.0)), standby_w=10.0)


def device(status: MinerStatus, watts: float | None = None, **more) -> MinerSnapshot:
    return MinerSnapshot(status, watts, watts is not None, **more)


def plug(status: MinerStatus, watts: float | None = None, **more) -> MinerSnapshot:
    return MinerSnapshot(status, watts, watts is not None, **more)


@pytest.mark.parametrize(
    ("what", "shows", "is_old", "status", "measured_w", "last_w"),
    [
        # A fresh meter upstream outranks the firmware, in both directions.
        (device(OFF, 12.0), plug(ON, 1200.0), False, ON, 1200.0, None),
        (device(ON, 1200.0), plug(ON, 3.0), False, STARTING, 3.0, None),
        (device(UNCONFIRMED, last_power_w=1180.0), plug(ON, 3.0), False, OFF, 3.0, None),
        (device(UNCONFIRMED, last_power_w=1180.0), plug(ON, 1180.0), False, ON, 1180.0, None),
        (device(UNREACHABLE), plug(ON, 1200.0), False, ON, 1200.0, None),
        # An old one proves nothing, but an off it contradicts is not confirmed.
        (device(OFF, 12.0), plug(ON, 1200.0), True, UNCONFIRMED, 12.0, 1200.0),
        (device(OFF, 12.0), plug(ON, 12.0), True, OFF, 12.0, None),
        (device(ON, 1200.0), plug(ON, 3.0), True, ON, 1200.0, 3.0),
        (device(UNREACHABLE), plug(ON, 1200.0), True, UNREACHABLE, None, 1200.0),
        # Behind an open plug.
        (device(UNREACHABLE), plug(OFF, 0.0), False, OFF, 0.0, None),
        (device(UNREACHABLE), plug(OFF, None, last_power_w=0.0), False, OFF, None, None),
        (device(UNREACHABLE), plug(OFF), False, UNREACHABLE, None, None),
        (device(UNREACHABLE), plug(UNCONFIRMED, last_power_w=1180.0), False, UNCONFIRMED, None, 1180.0),
        (device(ON, 1200.0), plug(UNCONFIRMED, last_power_w=1180.0), False, ON, 1200.0, None),
        (device(UNCONFIRMED, last_power_w=1180.0), plug(OFF, 0.0), False, OFF, 0.0, None),
    ],
)
def test_a_device_and_its_upstream_plug(what, shows, is_old, status, measured_w, last_w):
    seen = evidence.joined("It", what, shows, MODEL, meter_is_old=is_old)
    assert (seen.status, seen.power_w, seen.last_power_w) == (status, measured_w, last_w)


def test_a_plug_that_is_the_only_switch_is_unconfirmed_by_its_own_meter():
    nano = PowerModel((Level("0", 70.0), Level("2", 140.0)), off_by=OffBy.PLUG)
    seen = evidence.joined("Nano", device(UNREACHABLE), plug(UNCONFIRMED, last_power_w=140.0), nano)
    assert (seen.status, seen.last_power_w) == (UNCONFIRMED, 140.0)
    seen = evidence.joined("Nano", device(UNREACHABLE), plug(OFF), on_or_off(140))
    assert seen.status is UNREACHABLE


def test_the_page_is_what_the_code_answers():
    page = Path(settings.BASE_DIR, "docs", "evidence.md").read_text(encoding="utf-8")
    assert page == markdown(), "docs/evidence.md is old: write it again with `manage.py evidence_table`"
    # Off is never off against watts, old or new.
    assert "| off | 50 W or more | heating (measured) | **unconfirmed** (not measured, 1000 W count) |" in page
