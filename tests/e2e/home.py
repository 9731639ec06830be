"""A home on the real Home Assistant: one heated room, its energy, one plug; and passes over it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from climate.sensors import RETURN_AFTER
from miners.models import CommandLog
from optimization.demo import ensure_shipped_policies
from optimization.passes.run import run_sites
from sites import live
from sites.clock import SystemClock
from sites.models import Alarm, Site
from tests import factories
from tests.servers.homeassistant import HomeAssistantServer
from tests.servers.homeassistant_config import MINER_PLUG_W
from tests.servers.process import wait_until

PERIOD_S = 10
TARGET, LOWER, UPPER = 21.0, 20.5, 21.5

KEEP_WARM, SOLAR = "keep_the_room_warm", "solar_surplus_room_heating"

ENERGY = {
    "entity_production": "sensor.pv_power",
    "entity_consumption": "sensor.house_load",
    "entity_grid": "sensor.grid_power",
    "entity_battery_soc": "sensor.battery_soc",
    "entity_battery_power": "sensor.battery_power",
    "entity_battery_remaining_capacity": "sensor.battery_remaining",
}
#: A clear day: 5.0 kW from the roof, the home takes 0.6 kW, 0.9 kW charge the battery, the rest is exported.
SUNNY = {"pv_power": 5000, "house_load": 600, "battery_power": 900, "grid_power": -3500, "battery_soc": 62}


class SkippingClock(SystemClock):
    """The machine's clocks, set ahead by the minutes a test did not want to wait for."""

    def __init__(self) -> None:
        self._ahead_seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead_seconds)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_seconds

    def skip(self, seconds: float) -> None:
        self._ahead_seconds += seconds


def show(ha: HomeAssistantServer, **values: float) -> None:
    """Let these sensors show these values, and wait until they do."""
    for sensor, value in values.items():
        ha.set(sensor, value)
    for sensor, value in values.items():
        wait_until(lambda s=sensor, v=value: _shows(ha, f"sensor.{s}", v), f"sensor.{sensor} shows {value}")


def _shows(ha: HomeAssistantServer, entity_id: str, value: float) -> bool:
    try:
        return float(ha.state(entity_id)["state"]) == value
    except ValueError:  # unavailable
        return False


def become(ha: HomeAssistantServer, entity_id: str, state: str) -> None:
    """Wait until an entity has this state."""
    wait_until(lambda: ha.state(entity_id)["state"] == state, f"{entity_id} is {state}")


class Home:
    """One site with a living room, a plug and a unit, and the clock of its passes."""

    def __init__(self, ha: HomeAssistantServer, policy: str = KEEP_WARM, **config: dict[str, Any]) -> None:
        """`config`: other settings of an adapter: climate, energy or plug."""
        self.ha, self.clock = ha, SkippingClock()
        self.site = factories.site(control_period_seconds=PERIOD_S)
        self.connection = factories.home_assistant(self.site, url=ha.url, token=ha.token)
        on = {"home_assistant": self.connection}
        self.sensor = factories.climate_monitor(
            self.site,
            name="Living room sensor",
            adapter_type="home_assistant",
            config={"entity_temperature": "sensor.living_room_temperature"} | config.get("climate", {}),
            **on,
        )
        self.zone = factories.zone(self.site, monitor=self.sensor, default_target_celsius=TARGET)
        self.meter = factories.energy_monitor(
            self.site, name="Meter", adapter_type="home_assistant", config=ENERGY | config.get("energy", {}), **on
        )
        self.source = factories.energy_source(self.site, monitor=self.meter, type="other")
        plug = {"entity_switch": "switch.miner_plug", "entity_power": "sensor.miner_power"}
        self.plug = factories.controller(
            self.site,
            name="Miner plug",
            adapter_type="home_assistant_switch",
            config=plug | config.get("plug", {}),
            **on,
        )
        self.miner = factories.miner(
            self.site,
            zones=[self.zone],
            controller=self.plug,
            nominal_power_w=MINER_PLUG_W,
            min_on_seconds=0,
            min_off_seconds=0,
            max_starts_per_hour=100,
            max_starts_per_day=100,
        )
        rules = ensure_shipped_policies()[policy]
        self.unit = factories.unit(self.site, miners=[self.miner], policy=rules, energy_source=self.source)

    def look(self, *, after: float = PERIOD_S) -> dict[str, Any]:
        """One pass, this many seconds later; the live snapshot it leaves."""
        self.clock.skip(after)
        report = run_sites([self.site.pk], clock=self.clock)
        assert report.completed == [self.site.pk]
        return live.read(self.site.pk)

    def becomes(self, celsius: float) -> dict[str, Any]:
        """The room gets there as a room does, no more than a kelvin from report to report; the last snapshot."""
        shown = float(self.ha.state("sensor.living_room_temperature")["state"])
        while True:
            shown = round(shown + max(-1.0, min(1.0, celsius - shown)), 3)
            show(self.ha, living_room_temperature=shown)
            snapshot = self.look()
            if shown == celsius:
                return snapshot

    def periods(self, count: int) -> dict[str, Any]:
        """So many control periods, a pass each; the last snapshot."""
        for _ in range(count):
            snapshot = self.look()
        return snapshot

    def believe_again(self) -> None:
        """The minutes a lost sensor has to be good before it is believed; the last pass believes it."""
        self.periods(1)
        assert "has been good again for 0 of 5 min" in self.zone_live["problem"]
        self.clock.skip(RETURN_AFTER.total_seconds() - PERIOD_S)
        self.periods(1)

    def believe_for(self, age: timedelta) -> None:
        """Let a value of the room's sensor be so old, in a hall so large that its ration never ends."""
        self.sensor.stale_after_seconds, self.sensor.long_silence_confirmed = int(age.total_seconds()), True
        self.sensor.save()
        self.zone.area_sqm = 1e6
        self.zone.save()

    def heat(self) -> None:
        """Make the room cold and see it heated."""
        show(self.ha, living_room_temperature=19.0, **SUNNY)
        self.periods(2)
        become(self.ha, "switch.miner_plug", "on")
        self.periods(1)
        assert self.miner_live["confirmed"]

    @property
    def zone_live(self) -> dict[str, Any]:
        return live.read(self.site.pk)["zones"][str(self.zone.pk)]

    @property
    def miner_live(self) -> dict[str, Any]:
        return live.read(self.site.pk)["miners"][str(self.miner.pk)]

    @property
    def energy_live(self) -> dict[str, Any]:
        return live.read(self.site.pk)["energy"][str(self.source.pk)]

    @property
    def connection_live(self) -> dict[str, Any]:
        return live.read(self.site.pk)["connections"][str(self.connection.pk)]

    def is_on(self) -> bool:
        """What Home Assistant itself says of the plug."""
        return self.ha.state("switch.miner_plug")["state"] == "on"

    def commands(self) -> list[int]:
        """The watts of every command sent so far, oldest first."""
        return list(
            CommandLog.objects.filter(miner=self.miner, outcome="sent").order_by("id").values_list("power_w", flat=True)
        )

    def alarms(self) -> dict[str, str]:
        """Open alarms: kind → text."""
        return dict(Alarm.objects.filter(site=self.site, ended_at=None).values_list("kind", "text"))

    def wake_time(self) -> datetime | None:
        return Site.objects.get(pk=self.site.pk).next_pass_at
