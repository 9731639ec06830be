"""What a pass makes of windows, people, the outdoors and sensors that lie: on the bench, with the database."""

from __future__ import annotations

import pytest

from climate.models import ClimateMonitor, TargetOverride, ZoneReading
from climate.state import ClimateReading
from integrations.errors import Unreachable
from optimization.models import Decision
from sites import live
from tests import factories

SILENT = Unreachable("It is off.")


def zone_live(home, zone=None):
    return live.read(home.site.pk)["zones"][str((zone or home.zone).pk)]


def miner_live(home):
    return live.read(home.site.pk)["miners"][str(home.miner.pk)]


def says(home, celsius=20.0, **more):
    home.says(ClimateReading(celsius, **more))


# -- windows ---------------------------------------------------------------------------------------------------


def test_an_open_window_pauses_heating_says_so_and_resumes_by_itself(bench_home):
    bench_home.go()
    assert bench_home.plug.on
    says(bench_home, window_open=True)
    bench_home.go(3)
    assert bench_home.plug.on
    bench_home.go()
    assert not bench_home.plug.on
    assert miner_live(bench_home)["reason"] == "The window of Hall is open, so Avalon is switched off."
    told = zone_live(bench_home)
    assert (told["requested_celsius"], told["target_celsius"], told["lowered"]) == (21.0, 7.0, "window")
    assert told["window_open_since"] is not None
    assert told["target_reason"].endswith("paused: the window is open")
    assert bench_home.open_alarms == []
    says(bench_home, window_open=False)
    bench_home.go()
    assert bench_home.plug.on
    assert zone_live(bench_home)["window_open_since"] is None
    assert Decision.objects.filter(reason_code="window_open").count() == 1


def test_frost_is_kept_out_through_an_open_window(bench_home):
    says(bench_home, 5.0, window_open=True)
    bench_home.go(10)
    assert bench_home.plug.on
    assert miner_live(bench_home)["origin"] == "frost"


def test_a_contact_that_says_nothing_counts_as_closed_and_is_told(bench_home):
    says(bench_home, window_problem="‘binary_sensor.w’ is unavailable.")
    bench_home.go(10)
    assert bench_home.plug.on
    assert zone_live(bench_home)["problem"] == (
        "The window of Hall counts as closed. ‘binary_sensor.w’ is unavailable."
    )
    assert zone_live(bench_home)["sensor"] == "ok"


def test_a_window_outlives_a_restart(bench_home):
    says(bench_home, window_open=True)
    bench_home.go(10)
    since = zone_live(bench_home)["window_open_since"]
    bench_home.go(seconds=60)  # what is remembered is saved with the minute
    bench_home.restart()
    bench_home.go()
    assert zone_live(bench_home)["window_open_since"] == since


def test_a_sudden_fall_counts_as_a_window_for_half_an_hour_at_most(bench_home):
    bench_home.plug.power_w = 0
    celsius = 22.0  # warm enough: no heater explains anything
    bench_home.says(celsius)
    bench_home.go(2, seconds=6000)
    bench_home.go(20, seconds=60)
    paused = 0
    for _ in range(40):
        celsius -= 0.1
        bench_home.says(celsius)
        bench_home.go(seconds=60)
        paused += zone_live(bench_home)["window_by_slope"]
        if paused == 1:
            told = zone_live(bench_home)
            assert (told["lowered"], told["target_celsius"]) == ("window", 7.0)
            assert "falls as if a window were open" in miner_live(bench_home)["reason"]
    assert paused == 30
    assert bench_home.plug.on  # it is cold by now


# -- people ----------------------------------------------------------------------------------------------------


def test_a_room_nobody_is_in_for_half_an_hour_is_kept_at_eco(bench_home):
    says(bench_home, is_occupied=False)
    bench_home.go(6, seconds=350)
    assert bench_home.plug.on
    bench_home.go(seconds=60)
    assert zone_live(bench_home)["target_celsius"] == 18.0
    assert zone_live(bench_home)["lowered"] == "absence"
    assert not bench_home.plug.on
    says(bench_home, is_occupied=True)
    bench_home.go()
    assert bench_home.plug.on  # back within a pass
    assert zone_live(bench_home)["is_occupied"] is True


def test_what_tells_of_people_and_does_not_counts_as_somebody(bench_home):
    says(bench_home, is_occupied=False)
    bench_home.go(2, seconds=1000)
    says(bench_home, presence_problem="‘person.ada’ is unknown.")
    bench_home.go(2, seconds=1000)
    says(bench_home, is_occupied=False)
    bench_home.go(2, seconds=1000)
    assert zone_live(bench_home)["target_celsius"] == 21.0


def test_a_target_by_hand_holds_though_nobody_moves(bench_home):
    TargetOverride.objects.create(zone=bench_home.zone, target_celsius=23.0, created_at=bench_home.now)
    says(bench_home, is_occupied=False)
    bench_home.go(3, seconds=1000)
    assert zone_live(bench_home)["target_celsius"] == 23.0


# -- outdoors --------------------------------------------------------------------------------------------------


@pytest.fixture
def outdoors(bench, bench_home):
    """`outdoors(value)`: what the home's outdoor sensor says from now on."""
    key = f"{bench_home.site.pk}-out"
    bench.rooms[key] = -15.0
    factories.climate_monitor(
        bench_home.site, name="Balcony", adapter_type="bench", config={"key": key}, is_outdoor=True
    )
    return lambda value: bench.rooms.__setitem__(key, value)


def test_the_outdoors_is_read_shown_and_recorded(bench_home, outdoors):
    bench_home.clock.at = bench_home.clock.at.replace(second=0)
    bench_home.go()
    assert live.read(bench_home.site.pk)["outdoor"] == {
        "temperature_celsius": -15.0,
        "observed_at": bench_home.now.isoformat(),
        "sensor": "ok",
        "problem": "",
    }
    bench_home.go(seconds=60)
    assert ZoneReading.objects.get().outdoor_celsius == -15.0


def test_an_outdoor_sensor_that_is_lost_disturbs_no_room(bench_home, outdoors):
    outdoors(SILENT)
    bench_home.go(20)
    assert bench_home.plug.on
    assert bench_home.open_alarms == []
    assert live.read(bench_home.site.pk)["outdoor"]["sensor"] == "lost"
    outdoors(-51.0)
    bench_home.go()
    assert live.read(bench_home.site.pk)["outdoor"]["problem"] == "says −51.0 °C, which no weather has"


@pytest.mark.parametrize(("says", "heats"), [(-15.0, True), (10.0, False), (SILENT, False)])
def test_rules_may_ask_for_the_outdoors(bench_home, outdoors, says, heats):
    rules = bench_home.unit.policy.rules
    rules.filter(kind="start").update(
        conditions={"field": "climate.outdoor_temperature_celsius", "operator": "lt", "value": 5}
    )
    outdoors(says)
    bench_home.go()
    assert bench_home.plug.on == heats
    codes = {-15.0: "rule_start", 10.0: "stays_off"}
    assert Decision.objects.get().reason_code == (codes[says] if isinstance(says, float) else "start_unknown")


def test_without_an_outdoor_sensor_a_rule_about_it_does_not_apply(bench_home):
    bench_home.unit.policy.rules.filter(kind="stop").update(
        conditions={"field": "climate.outdoor_temperature_celsius", "operator": "gt", "value": -50}
    )
    bench_home.go()
    assert bench_home.plug.on
    assert live.read(bench_home.site.pk)["outdoor"] is None


def test_a_sensor_that_hangs_outdoors_reads_no_room(bench_home):
    ClimateMonitor.objects.update(is_outdoor=True)
    bench_home.go()
    assert not bench_home.plug.on
    assert zone_live(bench_home)["problem"] == "Hall has no temperature sensor, so it is not heated."


# -- sensors ---------------------------------------------------------------------------------------------------


def test_each_sensor_has_the_limits_of_its_row(bench_home):
    ClimateMonitor.objects.update(plausible_low_celsius=5, plausible_high_celsius=19.5, max_jump_k=1)
    bench_home.go()
    assert zone_live(bench_home)["problem"] == (
        "The sensor ‘Hall sensor’ says 20.0 °C, but only 5.0 to 19.5 °C are believed of it."
    )
    ClimateMonitor.objects.update(plausible_high_celsius=45)
    bench_home.go()
    bench_home.says(21.5)
    bench_home.go()
    assert "jumped from 20.0 to 21.5 °C" in zone_live(bench_home)["problem"]


def test_a_sensor_that_stands_still_while_heated_hard_is_found_out_and_forgiven(bench_home):
    """Its time moves, its value does not: after 2 h suspect, 10 min later lost and off; any change ends it."""
    bench_home.go(2)
    bench_home.go(11, seconds=650)
    assert zone_live(bench_home)["sensor"] == "ok"
    bench_home.go(seconds=60)
    assert zone_live(bench_home)["sensor"] == "suspect"
    told = zone_live(bench_home)["monitors"].values()
    assert [one["problem"] for one in told] == ["has not moved while its room was heated hard"]
    assert bench_home.plug.on  # held: it may yet move
    assert "was heated hard for 2 h and nothing moved" in zone_live(bench_home)["problem"]
    bench_home.go(seconds=590)
    assert bench_home.plug.on
    bench_home.go()
    assert not bench_home.plug.on
    assert bench_home.open_alarms == ["sensor_lost"]
    bench_home.go(4, seconds=3600)
    assert not bench_home.plug.on
    bench_home.restart()
    bench_home.go(seconds=60)
    assert not bench_home.plug.on  # nor does a restart forgive it
    bench_home.says(19.9)
    bench_home.go(2)
    assert bench_home.plug.on
    assert bench_home.open_alarms == []


def test_two_cold_sensors_that_differ_keep_the_frost_out(bench, bench_home):
    bench_home.says(8.9)
    key = f"{bench_home.site.pk}-second"
    bench.rooms[key] = 6.5
    second = factories.climate_monitor(bench_home.site, name="Second", adapter_type="bench", config={"key": key})
    bench_home.zone.monitors.add(second)
    bench_home.zone.default_target_celsius = 5.0
    bench_home.zone.save()
    bench_home.go(2)
    assert bench_home.plug.on
    assert miner_live(bench_home)["origin"] == "frost"
    assert zone_live(bench_home)["sensor"] == "suspect"
    told = zone_live(bench_home)["monitors"].values()
    assert {one["problem"] for one in told} == {"and the others differ by 2.4 K"}
    assert sorted(one["temperature_celsius"] for one in told) == [6.5, 8.9]


def test_what_a_lost_sensor_measured_is_unknown_what_a_room_never_had_is_absent(bench_home):
    """A rule on it waits, and is not taken for one that does not apply."""
    config = {"humidity_percent": 50, "presence": "nobody", "fail": "unreachable"}
    bench_home.zone.monitors.set([factories.climate_monitor(bench_home.site, config=config)])
    bench_home.go(20)
    saw = Decision.objects.latest("at").saw
    values = {path: value for part in saw.values() for path, value in part.items()}
    assert values["climate.zone.is_occupied"] is values["climate.zone.humidity"] is None
    bench_home.zone.monitors.set([factories.climate_monitor(bench_home.site)])
    bench_home.becomes(20.5)
    saw = Decision.objects.latest("at").saw
    assert not any(path.endswith(("is_occupied", "humidity")) for part in saw.values() for path in part)
