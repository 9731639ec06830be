"""Outlets in a Home Assistant of their own, with all that relays, meters and timers do; the truth is in watts.

Nothing here is shared with the program but the shape of Home Assistant's states. `Street` is a home whose miners are
real `home_assistant_switch` controllers on such outlets, in one real room.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from climate.models import ClimateZone
from integrations import registry
from integrations.connections.entities import EntityAnswers, EntityState
from integrations.connections.home_assistant import HomeAssistantSession
from integrations.registry import ConnectionKind
from miners.models import Miner
from sites import live
from sites.clock import ManualClock
from tests import factories

from .bench import Home

LOAD_W = 1180.0


@dataclass
class Meter:
    """How the power sensor of an outlet reports.

    `every_seconds`: 0 is at every look; `stops_when_off`: its last report is of the moment of switching, or before;
    `on_change_part`: only what changed by more than that; `lost_when_off`: unavailable then.
    """

    every_seconds: float = 0.0
    stops_when_off: bool = False
    on_change_part: float | None = None
    lost_when_off: bool = False
    sign: float = 1.0
    unit: str = "W"
    shown_w: float = 0.0
    shown_at: datetime | None = None

    def report(self, watts: float, is_on: bool, now: datetime) -> None:
        if self.stops_when_off and not is_on:
            return
        is_due = self.shown_at is None or (now - self.shown_at).total_seconds() >= self.every_seconds
        if self.on_change_part is not None:
            is_due = abs(watts - self.shown_w) > self.on_change_part * max(self.shown_w, 20.0)
        if is_due:
            self.shown_w, self.shown_at = watts, now

    def state(self, is_on: bool) -> str:
        if self.lost_when_off and not is_on:
            return "unavailable"
        return f"{self.sign * self.shown_w / (1000 if self.unit == 'kW' else 1):g}"


@dataclass
class Outlet:
    """A relay with a load. `timer_seconds`: its own auto-off; `restarts`: a repeated “on” starts it again."""

    name: str
    clock: ManualClock
    load_w: float = LOAD_W
    meter: Meter | None = field(default_factory=Meter)
    on: bool = False
    welded: bool = False
    #: What is behind it is counted where it is.
    upstream: bool = False
    changed_at: datetime | None = None
    user: str = ""
    timer_seconds: float | None = None
    restarts: bool = True
    writes: list[tuple[float, bool]] = field(default_factory=list)
    ends_at: datetime | None = None
    #: Every true change: elapsed s, on.
    log: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def switch(self) -> str:
        return f"switch.{self.name}"

    @property
    def sensor(self) -> str:
        return f"sensor.{self.name}_power"

    @property
    def true_w(self) -> float:
        return self.load_w if self.on or self.welded else 0.0

    @property
    def offs(self) -> int:
        return sum(1 for _, on in self.writes if not on)

    def command(self, on: bool) -> None:
        """What the program sends; Home Assistant notes its user."""
        self.writes.append((self.clock.elapsed, on))
        if on and self.timer_seconds is not None and (self.restarts or not self.on):
            self.ends_at = self.clock.now() + timedelta(seconds=self.timer_seconds)
        self.turn(on, user="the program's")

    def turn(self, on: bool, *, user: str = "") -> None:
        if on is not self.on:
            self.on, self.changed_at, self.user = on, self.clock.now(), user
            self.log.append((self.clock.elapsed, on))
        if not on:
            self.ends_at = None

    def happen(self) -> None:
        now = self.clock.now()
        if self.on and self.ends_at is not None and now >= self.ends_at:
            at = self.ends_at
            self.turn(False)
            self.changed_at = at
        if self.meter is not None:
            self.meter.report(self.true_w, self.on, now)

    def states(self) -> list[EntityState]:
        changed = self.changed_at or self.clock.now() - timedelta(days=1)
        word = "on" if self.on else "off"
        found = [EntityState(self.switch, word, observed_at=changed, changed_at=changed, user_id=self.user)]
        if self.meter is not None:
            at = self.meter.shown_at or changed
            found.append(EntityState(self.sensor, self.meter.state(self.on), self.meter.unit, observed_at=at))
        return found


class OutletSession(HomeAssistantSession):
    """Home Assistant as the outlets are."""

    def __init__(self, outlets: Collection[Outlet]) -> None:
        self._outlets = outlets

    def ask(self, keys: Collection[str], deadline: float) -> EntityAnswers:
        answers = EntityAnswers()
        for outlet in self._outlets:
            answers.update((state.entity_id, state) for state in outlet.states() if state.entity_id in keys)
        return answers

    def call_service(self, domain: str, service: str, entity_id: str, deadline: float) -> None:
        next(one for one in self._outlets if one.switch == entity_id).command(service == "turn_on")

    def notify(self, *args: Any) -> None:
        """Nobody looks."""

    clear_notification = notify


class Street(Home):
    """One cold room (21 ± 0.5 °C wanted), heated by what hangs on outlets; air 600 kJ/K, 60 W/K to 5 °C outside."""

    def __init__(self, monkeypatch, *, period_seconds: int = 30, **miner: Any) -> None:
        self.outlets: list[Outlet] = []
        super().__init__(**{"is_active": False, **miner})
        Miner.objects.all().delete()
        monkeypatch.setitem(registry.openers, ConnectionKind.HOME_ASSISTANT, lambda row: OutletSession(self.outlets))
        self.period_seconds = period_seconds
        self.site.control_period_seconds = period_seconds
        self.site.save()
        self.connection = factories.home_assistant(self.site)
        self.celsius, self.outdoor = 20.0, 20.0
        self.most_w = 0.0

    def outlet(self, name: str, **kwargs: Any) -> Outlet:
        self.outlets.append(Outlet(name, self.clock, **kwargs))
        return self.outlets[-1]

    def controller(self, outlet: Outlet, **config: Any):
        power = {} if outlet.meter is None else {"entity_power": outlet.sensor}
        return factories.controller(
            self.site,
            name=outlet.name,
            adapter_type="home_assistant_switch",
            config={"entity_switch": outlet.switch, **power, **config},
            home_assistant=self.connection,
        )

    def heater(self, outlet: Outlet, *, cutoff=None, auto_off_minutes: int | None = None, **kwargs: Any) -> Miner:
        """A miner on this outlet, in the room and in the unit."""
        config = {} if auto_off_minutes is None else {"auto_off_minutes": auto_off_minutes}
        defaults = {"min_on_seconds": 0, "min_off_seconds": 0, "max_starts_per_hour": 99, "max_starts_per_day": 999}
        miner = factories.miner(
            self.site, outlet.name.title(), zones=[self.zone], controller=self.controller(outlet, **config),
            nominal_power_w=round(outlet.load_w), cutoff=cutoff, **{**defaults, **kwargs},
        )  # fmt: skip
        self.unit.miners.add(miner)
        self.miner = miner
        return miner

    def run(self, minutes: float) -> None:
        """Truth and passes."""
        for _ in range(round(minutes * 60 / self.period_seconds)):
            self.clock.advance(self.period_seconds)
            true_w = sum(outlet.true_w for outlet in self.outlets if not outlet.upstream)
            self.most_w = max(self.most_w, true_w)
            flow_w = true_w - 60.0 * (self.celsius - self.outdoor)
            self.celsius += flow_w * self.period_seconds / 600e3
            self.says(self.celsius)
            for outlet in self.outlets:
                outlet.happen()
            self.go(seconds=0)

    def wants(self, celsius: float) -> None:
        """The room is to have this from now on."""
        ClimateZone.objects.filter(pk=self.zone.pk).update(default_target_celsius=celsius)

    def shown(self, miner: Miner | None = None) -> dict[str, Any]:
        return live.read(self.site.pk)["miners"][str((miner or self.miner).pk)]
