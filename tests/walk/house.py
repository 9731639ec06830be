"""The house of the walk: three heated rooms and a garage, four machines on two circuits, a roof with a battery.

The program is whole: its rows, its real adapters, its passes and its database. Beside it stands what is true.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from climate.models import ClimateMonitor, ClimateZone
from energy.models import EnergyMonitor, EnergySource
from integrations import registry
from integrations.registry import ConnectionKind
from miners import power
from miners.drivers.avalon.driver import AvalonMiner
from miners.models import Circuit, DesiredState, Miner, MinerController
from miners.power import Level, PowerModel
from sites import heartbeat, live, recording, store
from sites.clock import ManualClock
from sites.models import Alarm
from tests import factories
from tests.emulators.avalon import Avalon
from tests.emulators.clock import Clock
from tests.passes import bench
from tests.passes.true_watts import Machine
from tests.servers.process import PATIENT_SECONDS

from .shown import SOC, Sensor, Shown, ShownSession
from .truth import AvalonBehindPlug, Grid, Heater, Outlet, Room, Stepped, Time

PERIOD_S = 30
BEGINS = datetime(2026, 1, 15, 5, tzinfo=UTC)
HIGH_LIMIT_CELSIUS = 24.0
HYSTERESIS_K = 0.5
CIRCUITS = {"upstairs": 1900, "downstairs": 2100}
SITE_LIMIT_W, CONTRACTED_W = 3300, 3600
STOVE_W = 1400.0
MIN_ON_S, MIN_OFF_S, STARTS_PER_HOUR = 400, 300, 4
#: Ramps as told to the program: not shorter than the true ones.
RAMP_S = {"stove": 30, "living": 120, "avalon": 300, "garage": 30}
#: The heater of the solar unit runs on surplus, or where its room is colder than this.
NEVER_BELOW_CELSIUS = 16.0
DEAD_MAN_S = 30 * 60


class DeviceClock(Clock):
    """The device's own time: no setting of ours moves it."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def now(self) -> float:
        return BEGINS.timestamp() + self._time.elapsed


class Mains(Outlet):
    """The plug before the Avalon: it carries what that takes."""

    TROUBLES = ("silent", "refuses")
    behind: Heater

    @property
    def true_w(self) -> float:
        return self.behind.true_w if self.on else 0.0


class House:
    """Everything there is. `heaters`: by name, as the miners are called."""

    def __init__(self, monkeypatch, dice: random.Random) -> None:
        self.dice, self.time = dice, Time()
        self.clock = ManualClock(BEGINS)
        self.outdoor = dice.uniform(-2.0, 6.0)
        rooms = {name: dice.uniform(13.5, 20.5) for name in ("bedroom", "living", "office")}
        self.rooms = {name: Room(name, celsius, celsius) for name, celsius in rooms.items()}
        self.sensors = {room.name: Sensor(room, reports_changes=room.name != "living") for room in self.rooms.values()}
        stove = Outlet("stove", "upstairs", "bedroom", self.time, STOVE_W)
        garage = Outlet("garage", "downstairs", "", self.time, 700.0, metered=False)
        machine = Machine(self.clock, (500.0, 900.0, 1300.0), tells=dice.random() < 0.5)
        self.mains = Mains("mains", "downstairs", "office", self.time, 0.0)
        self.mains.on = True
        self.emulator = Avalon(DeviceClock(self.time))
        self.emulator.has_one_slot = dice.random() < 0.3
        self.emulator.rig.sleep()
        avalon = AvalonBehindPlug("avalon", "downstairs", "office", self.emulator, self.mains)
        avalon.has_mains, self.mains.behind = True, avalon
        self.stove, self.garage, self.living, self.avalon = (
            stove,
            garage,
            Stepped("living", "upstairs", "living", machine),
            avalon,
        )
        self.heaters: dict[str, Heater] = {one.name: one for one in (stove, self.living, avalon, garage)}
        self.grid = Grid(random.Random(dice.random()))
        self.shown = Shown(self.time, self.clock, list(self.sensors.values()), [stove, garage, self.mains])
        monkeypatch.setitem(registry.openers, ConnectionKind.HOME_ASSISTANT, lambda row: ShownSession(self.shown))
        self._rows()
        self.report()

    def close(self) -> None:
        self.emulator.close()

    # -- the program's rows ------------------------------------------------------------------

    def _rows(self) -> None:
        self.site = factories.site(
            id=UUID(int=1), name="Walk", power_limit_w=SITE_LIMIT_W, control_period_seconds=PERIOD_S
        )
        self.connection = factories.home_assistant(self.site)
        circuits = {
            name: Circuit.objects.create(site=self.site, name=name, limit_w=limit_w)
            for name, limit_w in CIRCUITS.items()
        }
        self.zones: dict[str, ClimateZone] = {}
        self.monitors: dict[str, ClimateMonitor] = {}
        for room, sensor in self.sensors.items():
            self.monitors[room] = factories.climate_monitor(
                self.site, name=f"{room} sensor", adapter_type="home_assistant", home_assistant=self.connection,
                config={"entity_temperature": sensor.entity},
            )  # fmt: skip
            self.zones[room] = factories.zone(
                self.site, room, monitor=self.monitors[room], hysteresis_celsius=HYSTERESIS_K,
                high_limit_celsius=HIGH_LIMIT_CELSIUS,
            )  # fmt: skip
        controllers = {
            "stove": self._outlet(self.stove),
            "garage": self._outlet(self.garage),
            "living": self._machine(),
            "avalon": self._avalon(),
        }
        self.miners: dict[str, Miner] = {}
        for number, (name, heater) in enumerate(self.heaters.items()):
            self.miners[name] = factories.miner(
                self.site, name, id=UUID(int=10 + number), controller=controllers[name],
                zones=[self.zones[heater.room]] if heater.room else (), heats_no_room=not heater.room,
                circuit=circuits[heater.circuit], nominal_power_w=round(self._most_w(name)),
                ramp_seconds=RAMP_S[name], min_on_seconds=MIN_ON_S, min_off_seconds=MIN_OFF_S,
                max_starts_per_hour=STARTS_PER_HOUR, max_starts_per_day=96,
                cutoff=self._outlet(self.mains) if name == "avalon" else None,
            )  # fmt: skip
        warm = factories.unit(
            self.site, name="Warm", miners=[self.miners["stove"], self.miners["avalon"]], policy=factories.policy()
        )
        solar = factories.unit(
            self.site,
            name="Solar",
            miners=[self.miners["living"]],
            policy=_solar_policy(),
            energy_source=self._source(),
        )
        self.units = {"Warm": warm, "Solar": solar}

    def _most_w(self, name: str) -> float:
        return {"stove": STOVE_W, "garage": 700.0, "living": 1300.0, "avalon": 1659.0}[name]

    def _outlet(self, outlet: Outlet) -> MinerController:
        power_of = {} if outlet.meter is None else {"entity_power": f"sensor.{outlet.name}_power"}
        return factories.controller(
            self.site, name=outlet.name, adapter_type="home_assistant_switch", home_assistant=self.connection,
            config={"entity_switch": f"switch.{outlet.name}", **power_of},
        )  # fmt: skip

    def _machine(self) -> MinerController:
        levels = tuple(Level(f"l{n}", watts) for n, watts in enumerate(self.living.machine.levels))
        model = PowerModel(levels, min_write_gap_seconds=self.dice.choice([0, 60, 600]), wears_flash=True)
        row = factories.controller(
            self.site, name="living", adapter_type="bench", config={"key": "living"},
            identity={"power": power.to_json(model)},
        )  # fmt: skip
        bench._bench.plugs["living"] = self.living.machine
        return row

    def _avalon(self) -> MinerController:
        config = {"address": self.emulator.address, "dead_man_minutes": DEAD_MAN_S // 60}
        known = AvalonMiner.identify(AvalonMiner.Config.model_validate(config), time.monotonic() + PATIENT_SECONDS)
        return factories.controller(
            self.site, name="avalon", adapter_type=AvalonMiner.key, config=config,
            identity={"model": known.model, "power": power.to_json(known.power)},
        )  # fmt: skip

    def _source(self) -> EnergySource:
        parts = {key: part.entity for key, part in self.shown.parts.items()}
        config = {
            "entity_production": parts["production"],
            "entity_consumption": parts["consumption"],
            "entity_grid": parts["grid"],
            "entity_battery_power": parts["battery"],
            "entity_battery_soc": SOC,
        }
        monitor: EnergyMonitor = factories.energy_monitor(
            self.site, adapter_type="home_assistant", home_assistant=self.connection, config=config
        )
        return factories.energy_source(self.site, monitor=monitor, contracted_power_w=CONTRACTED_W)

    # -- the truth ---------------------------------------------------------------------------

    @property
    def miners_w(self) -> float:
        return sum(one.true_w for one in self.heaters.values())

    @property
    def hour(self) -> float:
        return (BEGINS.hour + self.time.elapsed / 3600) % 24

    def go(self, seconds: float) -> list[str]:
        """Time passes; the heaters that their own timers have switched off."""
        self.time.elapsed += seconds
        self.clock.advance(seconds)
        ended = [one.name for one in (self.stove, self.garage) if one.go()]
        self.mains.go()
        self.avalon.settle_mains()
        self.outdoor = min(8.0, max(-3.0, self.outdoor + self.dice.gauss(0, 0.03)))
        for room in self.rooms.values():
            if self.dice.random() < 0.01:
                room.sun_w = self.dice.choice([0.0, 0.0, 0.0, 400.0, 1500.0]) if 8 < self.hour < 16 else 0.0
            drawn_w = sum(one.true_w for one in self.heaters.values() if one.room == room.name)
            room.go(seconds, drawn_w, self.outdoor)
        self.grid.go(seconds, self.time.elapsed, self.hour, self.miners_w)
        for sensor in self.sensors.values():
            sensor.go(seconds, self.time.elapsed, self.dice)
        self.report()
        return ended

    def report(self) -> None:
        self.shown.report(self.grid, self.miners_w)

    # -- the program as pages show it ----------------------------------------------------------

    def card(self, name: str) -> dict[str, Any]:
        """Empty until a pass of this start has completed."""
        return ((live.read(self.site.pk) or {}).get("miners") or {}).get(str(self.miners[name].pk), {})

    def room_card(self, room: str) -> dict[str, Any]:
        return ((live.read(self.site.pk) or {}).get("zones") or {}).get(str(self.zones[room].pk), {})

    def in_words(self) -> str:
        """What is true and what is shown, in one line, to be read when a walk has failed."""
        rooms = " ".join(
            f"{name} {room.celsius:.1f} °C{f' ({one.fault}: {one.state[0]})' if (one := self.sensors[name]).fault else ''};"  # noqa: E501
            for name, room in self.rooms.items()
        )
        heaters = " | ".join(
            f"{name} {one.true_w:.0f} W{f' ({one.trouble})' if one.trouble else ''}: {card.get('desired_w')} W "
            f"{card.get('status')} {card.get('reason_code')} {card.get('guard')}"
            for name, one in self.heaters.items()
            if (card := self.card(name)) is not None
        )
        grid = f"grid {self.grid.grid_w:.0f} W" + (" HA is down" if self.shown.is_down else "")
        return f"{self.time.elapsed:.0f} s {rooms} {grid} | {heaters}"

    def restart(self, *, boots: bool) -> None:
        """The program starts again: only the database and the devices are as they were."""
        store.store.cache_clear()
        heartbeat.forget()
        recording.forget()
        if boots:
            self.clock.boot_name += "'"

    def alarms(self, *kinds: str) -> list[Alarm]:
        return list(Alarm.objects.filter(site=self.site, kind__in=kinds, ended_at__isnull=True))

    def starts_of_last_hour(self, name: str) -> list[str]:
        row = DesiredState.objects.filter(miner=self.miners[name]).first()
        hour_ago = self.clock.now() - timedelta(hours=1)
        return [at for at in (row.starts if row else ()) if datetime.fromisoformat(at) > hour_ago]


def _solar_policy():
    cold = {"field": "climate.zone.below_target", "operator": "eq", "value": True}
    freezing = {"field": "climate.zone.temperature_celsius", "operator": "lt", "value": NEVER_BELOW_CELSIUS}
    surplus = {
        "field": "energy_state.surplus_power", "operator": "gte", "value_ref": "miner.power_consumption_max", "for": "1m"  # noqa: E501
    }  # fmt: skip
    short = {"field": "energy_state.surplus_power", "operator": "lt", "value": 0, "for": "3m"}
    thawed = {"field": "climate.zone.temperature_celsius", "operator": "gte", "value": NEVER_BELOW_CELSIUS + 0.5}
    return factories.policy(
        rules=[
            ("start", {"all_of": [cold, surplus]}),
            ("start", freezing),
            ("stop", {"field": "climate.zone.above_target", "operator": "eq", "value": True}),
            ("stop", {"all_of": [short, thawed]}),
        ]
    )
