"""The three recorded days: what there is in each home, and what happens there by the clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from climate import services as climate
from climate.models import ClimateMonitor, TargetPeriod
from miners import services as miners
from sites import services as sites
from sites.models import Alarm

from .home import Home
from .world import Machine, Meter, Outlet, Room, Weather

BELOW = {"field": "climate.zone.below_target", "operator": "eq", "value": True}
ABOVE = {"field": "climate.zone.above_target", "operator": "eq", "value": True}
KEEP_WARM = [("start", "Room is cold", 10, BELOW), ("stop", "Room is warm", 100, ABOVE)]
EVERY_DAY, WORKDAYS, WEEKEND = 127, 31, 96
Happening = tuple[str, str, Callable[[], Any]]

#: What devices say of themselves when they are identified, as it is stored.
AVALON = {
    "ramp_seconds": 120,
    "min_write_gap_seconds": 600,
    "device_class": "avalon",
    "off_survives_power_cut": False,
    "wears_flash": False,
    "needs_pool": True,
}
ANTMINER = AVALON | {"device_class": "antminer", "wears_flash": True, "off_survives_power_cut": True}
AVALON_LEVELS = {"eco": 800.0, "standard": 1250.0, "high": 1700.0}
ANTMINER_LEVELS = {"900 W": 900.0, "3000 W": 3000.0}


class Winter(Home):
    """Plugs, sensors and contacts of a Home Assistant in January, and everything that goes wrong with them."""

    name = "winter_plugs"
    begins = datetime(2026, 1, 15)
    busy = ("15 15:00", "15 15:30")
    seed = 11

    def set_up(self) -> None:
        self.weather = Weather(random.Random(12), -6.0, 2.0, 8.1, 17.0)
        self.add_hub()
        self.add_outdoor_sensor()
        self.add_room(
            "Living room",
            Room("Living room", 19.0, 45.0, air_j_per_k=600e3, sun_w=500.0),
            sensors=2,
            default_target_celsius=19.0,
            slots=[(EVERY_DAY, "06:00", "22:00", "comfort"), (EVERY_DAY, "22:00", "06:00", "eco")],
            extras={"entity_window": "living_window"},
        )
        self.add_room(
            "Bedroom",
            Room("Bedroom", 18.4, 26.0, air_j_per_k=350e3, sun_w=200.0),
            default_target_celsius=18.5,
            eco_celsius=17.0,
            slots=[(WORKDAYS, "19:00", "23:00", "comfort")],
            extras={"entity_presence": "bedroom_presence"},
        )
        self.add_room(
            "Workshop",
            Room("Workshop", 8.6, 38.0, air_j_per_k=500e3, mass_j_per_k=2e6),
            default_target_celsius=14.0,
            hysteresis_celsius=1.0,
            frost_limit_celsius=7.0,
        )
        self.contacts["bedroom_presence"].is_on = True
        stove = self.add_miner(
            "Stove", self.add_outlet("Stove", Outlet("stove", 1500.0)), {"Living room": 1.0}, nominal_power_w=1500
        )
        bedside = self.add_miner(
            "Bedside",
            self.add_outlet("Bedside", Outlet("bedside", 900.0), auto_off_minutes=30),
            {"Bedroom": 1.0},
            nominal_power_w=900,
            min_on_seconds=300,
            max_starts_per_hour=4,
        )
        bench_outlet = Outlet("bench", 1100.0, has_meter=False)
        bench = self.add_miner(
            "Bench",
            self.add_outlet("Bench", bench_outlet),
            {"Workshop": 1.0},
            nominal_power_w=1100,
            cutoff=self.add_outlet("Bench mains", Outlet("bench_mains", feeds=bench_outlet, on=True)),
        )
        self.add_unit("Rooms", [stove, bedside], KEEP_WARM)
        hours = {"any_of": [
            {"field": "timestamp.hour", "operator": "lt", "value": 9},
            {"field": "timestamp.hour", "operator": "gte", "value": 17},
        ]}  # fmt: skip
        daytime = {"all_of": [
            {"field": "climate.zone.temperature_celsius", "operator": "lt", "value": 12.5, "for": "5m"},
            {"field": "timestamp.hour", "operator": "gte", "value": 9},
            {"field": "timestamp.hour", "operator": "lt", "value": 17},
        ]}  # fmt: skip
        self.add_unit(
            "Works",
            [bench],
            [
                ("start", "Cold for five minutes in the daytime", 10, daytime),
                ("stop", "Warm", 100, ABOVE),
                ("stop", "Nobody works, for ten minutes", 50, {**hours, "for": "10m"}),
            ],
        )

    def happenings(self) -> Iterator[Happening]:
        sensors, outlets, contacts, hub, rows = self.sensors, self.outlets, self.contacts, self.hub, self.rows

        def say(word: str, *names: str) -> Callable[[], None]:
            return lambda: [setattr(sensors[name], "says", word) for name in names]

        def adds(kelvin: float, name: str) -> Callable[[], None]:
            return lambda: setattr(sensors[name], "adds_k", kelvin)

        def plug(name: str, **values: Any) -> Callable[[], None]:
            return lambda: [setattr(outlets[name], key, value) for key, value in values.items()]

        def trouble(name: str, minutes: float, word: str) -> Callable[[], None]:
            return self.while_it_heats(name, minutes, plug(name, trouble=word), plug(name, trouble=""))

        def hand(name: str, on: bool, user: str = "") -> Callable[[], None]:
            return lambda: outlets[name].turn(on, self.clock.at, user)

        yield "15 00:50", "one of two sensors of the living room is unavailable", say("unavailable", "living_room_1")
        yield "15 01:20", "it is back", say("", "living_room_1")
        yield "15 01:40", "the bedroom's only sensor is unavailable", say("unavailable", "bedroom_1")
        yield "15 02:05", "it is back", say("", "bedroom_1")
        yield "15 03:00", "the bedroom's sensor jumps by 7 K", adds(7.0, "bedroom_1")
        yield "15 03:25", "it falls back", adds(0.0, "bedroom_1")
        yield (
            "15 04:30",
            "Ann wants the bedside on for an hour",
            lambda: miners.request_power(rows["Bedside"], 900, by="Ann", until=self.clock.at + timedelta(hours=1)),
        )
        yield (
            "15 05:05",
            "the program is gone for 40 minutes, longer than the bedside's own timer",
            self.while_it_heats("Bedside", 0, lambda: self.process_dies(40)),
        )
        yield (
            "15 06:40",
            "a window of the living room is opened",
            lambda: contacts["living_window"].turn(True, self.clock.at),
        )
        yield "15 06:41", "and it gets cold", lambda: setattr(self.rooms["Living room"], "window_open", True)
        yield (
            "15 07:05",
            "it is closed",
            lambda: (
                contacts["living_window"].turn(False, self.clock.at),
                setattr(self.rooms["Living room"], "window_open", False),
            ),
        )
        yield "15 08:00", "nobody is in the bedroom", lambda: contacts["bedroom_presence"].turn(False, self.clock.at)
        yield (
            "15 08:20",
            "somebody switches the stove off at its plug; 40 minutes later Ann resumes it here",
            (
                self.while_it_heats(
                    "Stove", 40, hand("Stove", False, "Ann"), lambda: miners.resume(rows["Stove"], by="Ann")
                )
            ),
        )
        yield "15 09:30", "the stove's plug is unavailable for 15 minutes", trouble("Stove", 15, "unavailable")
        yield "15 10:10", "the bench's plug is unavailable for 15 minutes", trouble("Bench", 15, "unavailable")
        yield "15 11:00", "Home Assistant does not answer", lambda: setattr(hub, "trouble", "unreachable")
        yield "15 11:06", "it answers again", lambda: setattr(hub, "trouble", "")
        yield "15 12:40", "Ann acknowledges what is open", self.acknowledge
        yield "15 13:00", "Ann wants the bedside on", lambda: miners.request_power(rows["Bedside"], 900, by="Ann")
        yield "15 13:05", "its plug refuses for 25 minutes", trouble("Bedside", 25, "refuses")
        yield "15 13:10", "Ann wants it off", lambda: miners.request_power(rows["Bedside"], 0, by="Ann")
        yield "15 13:50", "and resumes it", lambda: miners.resume(rows["Bedside"], by="Ann")
        yield "15 14:30", "the program is killed and is back in two minutes", lambda: self.process_dies(2)
        yield "15 15:10", "somebody switches the bedside on", hand("Bedside", True, "Ben")
        yield "15 15:13", "again", hand("Bedside", True, "Ben")
        yield "15 15:16", "and again", hand("Bedside", True, "Ben")
        yield (
            "15 16:00",
            "Ann sets the bedroom to 20.5 °C for two hours",
            lambda: climate.set_override(rows["Bedroom"], 20.5, until=self.clock.at + timedelta(hours=2), by="Ann"),
        )
        yield (
            "15 16:20",
            "the bench's relay welds for two hours",
            self.while_it_heats("Bench", 120, plug("Bench", welded=True), plug("Bench", welded=False)),
        )
        yield "15 16:30", "somebody is in the bedroom", lambda: contacts["bedroom_presence"].turn(True, self.clock.at)
        yield "15 17:20", "the stove's meter stands still", plug("Stove", meter_stands=True)
        yield (
            "15 17:50",
            "the program is killed after its next write to the stove, before that is recorded",
            lambda: setattr(self, "dies_after_writing", "stove"),
        )
        yield "15 18:40", "it moves again", plug("Stove", meter_stands=False)
        yield "15 19:10", "Ann acknowledges what is open", self.acknowledge
        yield "15 19:30", "a stove of wood overheats the living room", self.stove_of_wood
        yield "15 20:10", "the wood is burnt", lambda: setattr(self.rooms["Living room"], "other_w", 0.0)
        yield "15 20:30", "Home Assistant hangs", lambda: setattr(hub, "trouble", "hangs")
        yield "15 20:34", "it is back", self.hub_is_back
        yield "15 21:10", "the outdoor sensor is unavailable", say("unavailable", "outdoor")
        yield "15 21:40", "the bedroom's sensor stands still", lambda: setattr(sensors["bedroom_1"], "stands", True)
        yield "15 23:20", "it moves again", lambda: setattr(sensors["bedroom_1"], "stands", False)

    def stove_of_wood(self) -> None:
        self.rooms["Living room"].other_w = 5000.0

    def hub_is_back(self) -> None:
        self.hub.trouble = ""
        self.hub.hanging.end()

    def acknowledge(self) -> None:
        for alarm in Alarm.objects.filter(site=self.site, ended_at=None).order_by("kind", "subject"):
            sites.acknowledge_alarm(alarm, "Ann")


class Spring(Home):
    """Two machines with levels on one line that follow the sun, a battery, and the night that is an hour short."""

    name = "spring_sun"
    begins = datetime(2026, 3, 28, 12)
    period_s = 90
    seed = 21

    def set_up(self) -> None:
        self.weather = Weather(random.Random(22), 1.0, 9.0, 6.2, 18.8)
        self.add_hub()
        self.add_room(
            "Hall",
            Room("Hall", 19.6, 130.0, air_j_per_k=1.2e6, mass_j_per_k=8e6, to_mass_w_per_k=400.0, sun_w=900.0),
            sensors=2,
            default_target_celsius=20.5,
            slots=[(EVERY_DAY, "02:30", "05:30", "eco"), (WEEKEND, "07:00", "22:00", "comfort")],
            comfort_celsius=21.5,
            eco_celsius=18.0,
        )
        self.add_room("Study", Room("Study", 19.0, 14.0, air_j_per_k=250e3), default_target_celsius=20.0)
        line = self.add_circuit("Cellar line", 3600)
        avalon = Machine("Avalon", AVALON_LEVELS, self.clock, self.note, th_per_kw=47.0)
        antminer = Machine("Antminer", ANTMINER_LEVELS, self.clock, self.note, step_w=100.0, th_per_kw=50.0)
        bitaxe = Machine("Bitaxe", {"on": 350.0}, self.clock, self.note)
        one = self.add_miner(
            "Avalon",
            self.add_machine(avalon, AVALON),
            {"Hall": 1.0},
            nominal_power_w=1700,
            device_class="avalon",
            circuit=line,
            min_on_seconds=900,
            max_starts_per_day=12,
            noise_db=44,
        )
        other = self.add_miner(
            "Antminer",
            self.add_machine(antminer, ANTMINER),
            {"Hall": 0.9, "Study": 0.1},
            nominal_power_w=3000,
            device_class="antminer",
            circuit=line,
            min_on_seconds=1200,
            max_starts_per_day=10,
            quiet_from="01:30",
            quiet_until="06:00",
            quiet_max_w=1200,
            noise_db=52,
        )
        other.zones.set([self.rows["Hall"]])
        study = self.add_miner(
            "Bitaxe",
            self.add_machine(bitaxe, AVALON | {"device_class": "bitaxe", "ramp_seconds": 60}),
            {"Study": 1.0},
            nominal_power_w=350,
            device_class="bitaxe",
            min_on_seconds=120,
            min_off_seconds=60,
            max_starts_per_hour=12,
            max_starts_per_day=96,
        )
        meter = Meter(
            "Roof",
            lambda: self.sun,
            lambda: sum(self.true_w.values()),
            self.clock,
            random.Random(23),
            peak_w=7000.0,
            capacity_wh=8000.0,
            soc=62.0,
        )
        roof = self.add_meter(
            "Roof", meter, has_battery=True, battery_capacity_wh=8000, nominal_power_w=7000, contracted_power_w=4000
        )
        surplus = {"field": "energy_state.surplus_power", "operator": "gte", "value_ref": "miner.power_min_w"}
        battery = {"field": "energy_state.battery.state_of_charge", "operator": "gte", "value": 70}
        minimum = {"field": "climate.zone.below_minimum", "operator": "eq", "value": True}
        above = {"field": "climate.zone.above_minimum", "operator": "eq", "value": True}
        imports = {"field": "energy_state.grid.importing_power", "operator": "gt", "value": 100, "for": "3m"}
        short = {"field": "energy_state.surplus_power", "operator": "lt", "value_ref": "miner.power_min_w"}
        low = {"field": "energy_state.battery.state_of_charge", "operator": "lt", "value": 45}
        self.add_unit(
            "Sun",
            [one, other],
            [
                ("start", "Surplus for a minute", 20, {"all_of": [BELOW, {**surplus, "for": "1m"}]}),
                ("start", "The battery is full", 10, {"all_of": [BELOW, battery]}),
                ("start", "Never below", 5, {"all_of": [BELOW, minimum]}),
                ("stop", "Room is warm", 100, ABOVE),
                ("stop", "Import for three minutes", 80, {"all_of": [above, imports]}),
                ("stop", "Surplus too short", 70, {"for": "3m", "all_of": [above, short, low]}),
            ],
            energy_source=roof,
            dosing="surplus",
            never_below_celsius=18.5,
        )
        self.add_unit("Study unit", [study], KEEP_WARM)

    def happenings(self) -> Iterator[Happening]:
        machines, meter, rows = self.machines, self.meters["Roof"], self.rows

        def machine(name: str, **values: Any) -> Callable[[], None]:
            return lambda: [setattr(machines[name], key, value) for key, value in values.items()]

        def trouble(name: str, minutes: float, word: str) -> Callable[[], None]:
            return self.while_it_heats(name, minutes, machine(name, trouble=word), machine(name, trouble=""))

        yield (
            "28 13:30",
            "Ann wants the Avalon at 1250 W for an hour",
            lambda: miners.request_power(rows["Avalon"], 1250, by="Ann", until=self.clock.at + timedelta(hours=1)),
        )
        yield (
            "28 14:40",
            "the Antminer's chips get hot for 18 minutes",
            self.while_it_heats(
                "Antminer", 18, machine("Antminer", chips_add_k=70.0), machine("Antminer", chips_add_k=0.0)
            ),
        )
        yield (
            "28 15:20",
            "the meters are lost for 18 minutes",
            self.while_it_heats(
                "Avalon", 18, lambda: setattr(meter, "trouble", "unreachable"), lambda: setattr(meter, "trouble", "")
            ),
        )
        yield (
            "28 16:00",
            "the Avalon protects itself for 15 minutes",
            self.while_it_heats(
                "Avalon", 15, machine("Avalon", fault="A fan has stopped."), machine("Avalon", fault="")
            ),
        )
        yield "28 17:00", "away", lambda: climate.start_period(self.site, by="Ann", preset="away")
        yield "28 19:30", "back", self.back_home
        yield "28 19:35", "the Antminer refuses for 40 minutes", trouble("Antminer", 40, "refuses")
        yield (
            "28 19:51",
            "Ann wants the hall at 22.5 °C until 22:30",
            lambda: climate.set_override(rows["Hall"], 22.5, until=self.at("28 22:30"), by="Ann"),
        )
        yield "28 20:40", "the Antminer is unreachable for 12 minutes", trouble("Antminer", 12, "unreachable")
        yield (
            "28 21:20",
            "the Bitaxe is switched off at the device",
            self.while_it_heats("Bitaxe", 0, lambda: machines["Bitaxe"].tell(0)),
        )
        yield "28 22:20", "all off", lambda: miners.all_off([self.site], by="Ann")
        yield "28 22:50", "all back to automatic", lambda: miners.resume_all([self.site], by="Ann")
        yield "28 23:30", "the program is killed and is back in three minutes", lambda: self.process_dies(3)
        yield (
            "29 01:00",
            "Ann wants the hall at 21 °C until 3:30",
            lambda: climate.set_override(rows["Hall"], 21.0, until=self.at("29 03:30"), by="Ann"),
        )
        yield (
            "29 01:10",
            "and the Antminer at 2000 W until 5 o'clock",
            lambda: miners.request_power(rows["Antminer"], 2000, by="Ann", until=self.at("29 05:00")),
        )
        yield (
            "29 03:10",
            "the Antminer hangs for seven minutes",
            self.while_it_heats("Antminer", 7, machine("Antminer", trouble="hangs"), self.antminer_is_back),
        )
        yield "29 08:00", "the grid's part stands still", lambda: meter.stands.add("grid_w")
        yield "29 08:45", "it moves", lambda: meter.stands.clear()
        yield "29 09:00", "the grid's sign is turned", lambda: meter.turned.add("grid_w")
        yield "29 09:30", "it is put right", lambda: meter.turned.clear()
        yield "29 10:00", "the charge is not said any more", lambda: meter.missing.add("battery_soc_percent")
        yield "29 10:30", "it is", lambda: meter.missing.clear()
        yield (
            "29 10:40",
            "Ann wants the hall at 24 °C",
            lambda: climate.set_override(rows["Hall"], 24.0, until=None, by="Ann"),
        )
        yield (
            "29 10:45",
            "and the Antminer at 3000 W for an hour",
            lambda: miners.request_power(rows["Antminer"], 3000, by="Ann", until=self.clock.at + timedelta(hours=1)),
        )
        yield (
            "29 11:15",
            "and the Avalon, which the line does not carry",
            lambda: miners.request_power(rows["Avalon"], 1700, by="Ann", until=self.clock.at + timedelta(hours=1)),
        )
        yield "29 12:20", "back to the schedule", lambda: climate.cancel_override(rows["Hall"], by="Ann")

    def back_home(self) -> None:
        for period in TargetPeriod.objects.filter(site=self.site, cancelled_at=None):
            climate.end_period(period, by="Ann")

    def antminer_is_back(self) -> None:
        self.machines["Antminer"].trouble = ""
        self.machines["Antminer"].hanging.end()


class Autumn(Home):
    """Two machines on one line dose for one room, frost in a cellar, a full disk, and the night of 25 hours."""

    name = "autumn_line"
    begins = datetime(2026, 10, 24, 18)
    period_s = 120
    seed = 31

    def set_up(self) -> None:
        self.weather = Weather(random.Random(32), -3.0, 7.0, 7.0, 17.2)
        self.add_hub()
        self.add_outdoor_sensor()
        self.add_room(
            "Parlour",
            Room("Parlour", 18.2, 110.0, air_j_per_k=900e3, mass_j_per_k=7e6, to_mass_w_per_k=350.0, sun_w=600.0),
            default_target_celsius=20.0,
            comfort_celsius=21.0,
            slots=[(EVERY_DAY, "06:00", "23:00", "comfort"), (EVERY_DAY, "01:30", "03:30", "eco")],
            eco_celsius=17.5,
        )
        self.add_room(
            "Cellar",
            Room("Cellar", 7.9, 34.0, air_j_per_k=300e3, mass_j_per_k=1.5e6),
            default_target_celsius=9.0,
            away_celsius=8.0,
            eco_celsius=8.0,
        )
        self.sensors["cellar_1"].every = timedelta(minutes=5)
        line = self.add_circuit("House line", 3000)
        avalon = Machine("Avalon", AVALON_LEVELS, self.clock, self.note, th_per_kw=47.0)
        antminer = Machine("Antminer", ANTMINER_LEVELS, self.clock, self.note, step_w=100.0, th_per_kw=52.0)
        one = self.add_miner(
            "Avalon",
            self.add_machine(avalon, AVALON, own_off_minutes=30),
            {"Parlour": 1.0},
            nominal_power_w=1700,
            device_class="avalon",
            circuit=line,
            min_on_seconds=900,
            max_starts_per_day=14,
        )
        other = self.add_miner(
            "Antminer",
            self.add_machine(antminer, ANTMINER),
            {"Parlour": 1.0},
            nominal_power_w=2400,
            device_class="antminer",
            circuit=line,
            min_on_seconds=1200,
            max_starts_per_day=14,
        )
        cellar = self.add_miner(
            "Heater", self.add_outlet("Heater", Outlet("heater", 600.0)), {"Cellar": 1.0}, nominal_power_w=600
        )
        self.add_prices()
        poor = {"all_of": [
            {"field": "mining_performance.pool_stats.unpaid_balance", "operator": "gte", "value": 200_000},
            {"field": "climate.zone.below_target", "operator": "eq", "value": False},
        ]}  # fmt: skip
        self.add_unit(
            "Dosed", [one, other], [*KEEP_WARM, ("stop", "Paid enough, for ten minutes", 50, {**poor, "for": "10m"})]
        )
        never = {"field": "timestamp.hour", "operator": "gt", "value": 23}
        self.add_unit("Frost only", [cellar], [("start", "Never", 10, never), ("stop", "Warm", 100, ABOVE)])
        self.pool_says(60.0, 1000)

    def happenings(self) -> Iterator[Happening]:
        machines, sensors, outlets, rows = self.machines, self.sensors, self.outlets, self.rows

        def machine(name: str, **values: Any) -> Callable[[], None]:
            return lambda: [setattr(machines[name], key, value) for key, value in values.items()]

        def sensor(name: str, **values: Any) -> Callable[[], None]:
            return lambda: [setattr(sensors[name], key, value) for key, value in values.items()]

        yield "24 19:30", "the parlour's sensor falls by 9 K at once", sensor("parlour_1", adds_k=-9.0)
        yield "24 20:05", "it is right again", sensor("parlour_1", adds_k=0.0)
        yield "24 20:30", "the wall clock is set 400 s ahead", lambda: self.clock.set_wall(400)
        yield (
            "24 21:00",
            "Ann wants the Avalon at 1250 W for four hours",
            lambda: miners.request_power(rows["Avalon"], 1250, by="Ann", until=self.clock.at + timedelta(hours=4)),
        )
        yield (
            "24 21:01",
            "and the Antminer off for as long",
            lambda: miners.request_power(rows["Antminer"], 0, by="Ann", until=self.clock.at + timedelta(hours=4)),
        )
        yield "24 21:20", "somebody moves its own switch-off to eight hours", self.move_own_off
        yield "24 21:40", "and removes it", lambda: setattr(machines["Avalon"], "off_at", None)
        yield (
            "24 22:10",
            "its pool does not answer for half an hour",
            self.while_it_heats("Avalon", 30, machine("Avalon", pool_alive=False), machine("Avalon", pool_alive=True)),
        )
        yield "25 00:20", "the cellar's sensor is in doubt: 8 K too low", sensor("cellar_1", adds_k=-8.0)
        yield "25 02:20", "the program is killed before the hour that comes twice", lambda: self.process_dies(3)
        yield "25 02:40b", "Ann says that the cellar's value is right", self.confirm_cellar
        yield "25 03:40", "the cellar's sensor is right again", sensor("cellar_1", adds_k=0.0)
        yield "25 06:10", "the disk is full", lambda: setattr(self, "disk_is_full", True)
        yield "25 06:22", "there is room again", lambda: setattr(self, "disk_is_full", False)
        yield "25 07:30", "the pool owes enough", lambda: self.pool_says(61.0, 250_000)
        yield (
            "25 08:00",
            "the heater is switched off at its plug while it protects from frost",
            self.while_it_heats("Heater", 0, lambda: outlets["Heater"].turn(False, self.clock.at, "Ben")),
        )
        yield "25 08:20", "and has paid", lambda: self.pool_says(62.0, 300)
        yield (
            "25 09:00",
            "everybody is in the parlour: 22 °C until noon",
            lambda: climate.set_override(rows["Parlour"], 22.0, until=self.at("25 12:00"), by="Ann"),
        )
        yield (
            "25 09:40",
            "for 40 minutes the Antminer takes what it is told and does nothing",
            self.while_it_heats(
                "Antminer", 40, machine("Antminer", trouble="ignores"), machine("Antminer", trouble="")
            ),
        )
        yield (
            "25 09:44",
            "Ann wants it off for half an hour",
            lambda: miners.request_power(rows["Antminer"], 0, by="Ann", until=self.clock.at + timedelta(minutes=30)),
        )
        yield (
            "25 11:00",
            "its answers are garbage for five minutes",
            self.while_it_heats("Antminer", 5, machine("Antminer", trouble="garbage"), machine("Antminer", trouble="")),
        )
        yield "25 12:30", "the parlour's sensor says nothing", sensor("parlour_1", says="unknown")
        yield "25 12:50", "it does", sensor("parlour_1", says="")
        yield (
            "25 13:30",
            "all rooms at eco for an hour",
            lambda: climate.start_period(self.site, by="Ann", preset="eco", ends_at=self.clock.at + timedelta(hours=1)),
        )
        yield "25 15:00", "the parlour is overheated by a stove", self.overheat
        yield "25 15:40", "the stove is out", lambda: setattr(self.rooms["Parlour"], "other_w", 0.0)
        yield "25 16:20", "the mains fail, the machine boots, back in four minutes", lambda: self.power_cut(4)

    def move_own_off(self) -> None:
        self.machines["Avalon"].off_at = self.clock.at + timedelta(hours=8)

    def confirm_cellar(self) -> None:
        monitor = ClimateMonitor.objects.get(pk=self.rows["cellar_1"].pk)
        climate.confirm_value(monitor, self.sensors["cellar_1"].shown, by="Ann")

    def overheat(self) -> None:
        self.rooms["Parlour"].other_w = 11_000.0


DAYS: dict[str, type[Home]] = {day.name: day for day in (Winter, Spring, Autumn)}
