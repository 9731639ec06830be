"""What a person adds to a home in one go, at the first set-up and later: as rows of one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction

from climate.models import ClimateMonitor, ClimateZone
from integrations import registry
from integrations.models import AdapterRow, HomeAssistant
from integrations.registry import ConnectionKind, Kind
from miners.identity import devices
from miners.models import Circuit, Miner, MinerController
from miners.reality import reality_problem
from sites.models import Site
from sites.services import log_activity
from sites.words import listed

from .models import OptimizationUnit
from .services import enable_unit, miner_problems


@dataclass(frozen=True, slots=True)
class NewConnection:
    """A Home Assistant to be. `installation`: as recognised (`miners.identity.aliases`)."""

    url: str
    token: str
    certificate: str = ""
    installation: str = ""


@dataclass(frozen=True, slots=True)
class NewRoom:
    """A room, the entity that reads it, its target (°C), and which miners that are there already heat it."""

    name: str
    entity_temperature: str
    target_celsius: float
    heated_by: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device: its driver, all settings of it, and what it said it is (`miners.power.identity_json`).

    `known_as`: keys of the same device past its connection (`miners.identity.aliases.known_as`).
    """

    adapter_type: str
    config: Mapping[str, Any]
    identity: Mapping[str, Any] = field(default_factory=dict)
    known_as: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NewMiner:
    """A miner to be. `rooms`: ids of zones, and names of rooms that are added with it. Its upstream plug is one that is
    there (`cutoff_id`) or a new one (`plug`), or none. `nominal_power_w`: where its device does not tell it.
    """

    name: str
    device: NewDevice
    rooms: Sequence[UUID | str] = ()
    heats_no_room: bool = False
    nominal_power_w: int | None = None
    cutoff_id: UUID | None = None
    plug: NewDevice | None = None
    circuit_id: UUID | None = None
    unit_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added together. `connection`: the Home Assistant that rooms and plugs are on, new or of this home."""

    rooms: Sequence[NewRoom] = ()
    miners: Sequence[NewMiner] = ()
    connection: NewConnection | UUID | None = None


@dataclass(slots=True)
class Added:
    """The rows that came of it."""

    zones: dict[str, ClimateZone] = field(default_factory=dict)
    miners: list[Miner] = field(default_factory=list)
    connection: HomeAssistant | None = None


@dataclass(slots=True)
class _Problems:
    """Everything that stands against it, by the name of the answer it belongs to."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, *sentences: str) -> None:
        self.found.setdefault(name, []).extend(sentences)

    @contextmanager
    def about(self, answer: str, /, **renamed: str) -> Iterator[None]:
        """Problems with a row belong to `answer`, those of its fields to what `renamed` says."""
        try:
            yield
        except ValidationError as error:
            for key, sentences in getattr(error, "message_dict", {NON_FIELD_ERRORS: error.messages}).items():
                self.add(renamed.get(key, answer), *sentences)

    def stop(self) -> None:
        if self.found:
            raise ValidationError(self.found)


def add_to_home(site: Site, plan: Additions, *, by: str = "") -> Added:
    """Connection, rooms and miners, in this order. Raises ValidationError; then nothing was written.

    The problems of the last miner stand under the names of its answers, as it is the one being asked about.
    """
    added = Added()
    with transaction.atomic():
        added.connection = _connection(site, plan.connection)
        for room in plan.rooms:
            added.zones[room.name] = _room(site, added, room, by)
        for number, miner in enumerate(plan.miners, 1):
            try:
                added.miners.append(_miner(site, added, miner, by))
            except ValidationError as error:
                if number == len(plan.miners):
                    raise
                raise ValidationError(f"{miner.name}: {' '.join(error.messages)}") from None
        site.wake()
    return added


def check_additions(site: Site, plan: Additions) -> None:
    """Raises the ValidationError `add_to_home` would; nothing stays written."""
    with transaction.atomic():
        add_to_home(site, plan)
        transaction.set_rollback(True)


def free_plugs(site: Site) -> models.QuerySet[MinerController]:
    """Controllers that drive nothing and are the upstream plug of nothing yet."""
    return MinerController.objects.filter(site=site, miner__isnull=True, cuts__isnull=True)


def saved(row: AdapterRow) -> AdapterRow:
    """Saved after its config was checked and its defaults filled in."""
    row.full_clean()
    row.config = row.settings.model_dump(mode="json")
    row.save()
    return row


def _connection(site: Site, wanted: NewConnection | UUID | None) -> HomeAssistant | None:
    if wanted is None:
        return None
    if isinstance(wanted, UUID):
        row = HomeAssistant.objects.filter(site=site, pk=wanted).first()
        if row is None:
            raise ValidationError("The connection to Home Assistant is not there any more. Begin again.")
        return row
    row = HomeAssistant(
        site=site,
        url=wanted.url,
        token=wanted.token,
        certificate=wanted.certificate,
        installation=wanted.installation,
    )
    row.full_clean()
    row.save()
    return row


# --- rooms ----------------------------------------------------------------------------------------


def _room(site: Site, added: Added, room: NewRoom, by: str) -> ClimateZone:
    if ClimateZone.objects.filter(site=site, name__iexact=room.name.strip()).exists():
        raise ValidationError(f"There is a room ‘{room.name.strip()}’ in this home already. Choose another name.")
    monitor = saved(
        ClimateMonitor(
            site=site,
            name=f"{room.name[:73]} sensor",
            adapter_type="home_assistant",
            config={"entity_temperature": room.entity_temperature},
            home_assistant=added.connection,
        )
    )
    position = ClimateZone.objects.filter(site=site).count()
    zone = ClimateZone(site=site, name=room.name, default_target_celsius=room.target_celsius, position=position)
    zone.full_clean(exclude=["slug"])
    zone.save()
    zone.monitors.add(monitor)
    heaters = list(Miner.objects.filter(site=site, pk__in=room.heated_by).select_related("controller", "cutoff"))
    if len(heaters) < len(set(room.heated_by)):
        raise ValidationError(f"{room.name}: one of the miners that heat it is not there any more. Choose again.")
    for miner in heaters:
        _heats_too(site, miner, zone)
    by_whom = f"heated by {listed(heaters)}" if heaters else "not heated by a miner that was there"
    log_activity(site, f"‘{zone}’ was added: read by {room.entity_temperature}, {by_whom}.", actor=by)
    return zone


def _heats_too(site: Site, miner: Miner, zone: ClimateZone) -> None:
    """A miner that is there heats a new room, too."""
    problem = reality_problem(miner.controller, [zone], site, miner.cutoff)
    if problem:
        raise ValidationError(problem)
    if miner.heats_no_room:
        miner.heats_no_room = False
        miner.save(update_fields=["heats_no_room"])
    miner.zones.add(zone)
    # A unit that names its zones decides for those alone.
    for unit in miner.units.filter(zones__isnull=False).distinct():
        unit.zones.add(zone)


# --- miners ---------------------------------------------------------------------------------------


def _miner(site: Site, added: Added, plan: NewMiner, by: str) -> Miner:
    miner = _written(site, added, plan)
    unit = _unit(site, plan, miner, by)
    where = listed(miner.zones.all()) or "no room"
    decides = f"‘{unit}’ decides for it" if unit is not None else "no unit decides for it yet"
    log_activity(site, f"‘{miner}’ was added: {miner.model or 'a plug'}, heats {where}; {decides}.", actor=by)
    return miner


def _written(site: Site, added: Added, plan: NewMiner) -> Miner:
    problems = _Problems()
    if Miner.objects.filter(site=site, name__iexact=plan.name.strip()).exists():
        problems.add("name", f"There is a miner ‘{plan.name.strip()}’ in this home already. Choose another name.")
    controller = cutoff = None
    with problems.about("device", name="name"):
        controller = _controller(site, added, f"{plan.name[:68]} controller", plan.device)
    with problems.about("plug"):
        cutoff = _cutoff(site, added, plan, problems)
    zones = _zones(site, added, plan, problems)
    circuit = Circuit.objects.filter(site=site, pk=plan.circuit_id).first()
    if plan.circuit_id is not None and circuit is None:
        problems.add("circuit", "This circuit is not there any more. Choose another.")
    problems.stop()
    reality = reality_problem(controller, zones, site, cutoff)
    if reality:
        problems.add("rooms", reality)
    miner = Miner(
        site=site,
        name=plan.name,
        model=str(plan.device.identity.get("model", ""))[:80],
        controller=controller,
        cutoff=cutoff,
        circuit=circuit,
        heats_no_room=plan.heats_no_room,
    )
    if plan.nominal_power_w is not None:
        miner.nominal_power_w = plan.nominal_power_w
    with problems.about("device", name="name", cutoff="plug", circuit="circuit", nominal_power_w="watts"):
        miner.full_clean(exclude=["slug"])
    problems.stop()
    miner.save()
    miner.zones.set(zones)
    return miner


def _controller(site: Site, added: Added, name: str, device: NewDevice) -> MinerController:
    """A new controller, or the one for this device that a miner has left behind in this home."""
    row = MinerController(
        site=site,
        name=name,
        adapter_type=device.adapter_type,
        config=dict(device.config),
        identity=dict(device.identity),
        known_as=list(device.known_as),
    )
    adapter = registry.adapters(Kind.MINER_CONTROLLER).get(device.adapter_type)
    if adapter is not None and adapter.connection is ConnectionKind.HOME_ASSISTANT:
        row.home_assistant = added.connection
    left = _left_behind(row)
    if left is not None:
        for column in ("name", "adapter_type", "config", "identity", "known_as", "home_assistant"):
            setattr(left, column, getattr(row, column))
        row = left
    return saved(row)


def _left_behind(row: MinerController) -> MinerController | None:
    found = devices.others(devices.keys_of(row))
    if len(found) == 1 and found[0].site_id == row.site_id and not devices.users_of(found[0]):
        return found[0]
    return None


def _cutoff(site: Site, added: Added, plan: NewMiner, problems: _Problems) -> MinerController | None:
    if plan.plug is not None:
        if plan.plug.config.get("address") == plan.device.config.get("address"):
            problems.add("plug", "That is the address of the miner itself. Enter the one of its upstream plug.")
        return _controller(site, added, f"{plan.name[:74]} plug", plan.plug)
    if plan.cutoff_id is None:
        return None
    found = free_plugs(site).filter(pk=plan.cutoff_id).first()
    if found is None:
        problems.add("plug", "This plug is not free any more. Choose another.")
    return found


def _zones(site: Site, added: Added, plan: NewMiner, problems: _Problems) -> list[ClimateZone]:
    ids = {room for room in plan.rooms if isinstance(room, UUID)}
    names = {room for room in plan.rooms if isinstance(room, str)}
    zones = list(ClimateZone.objects.filter(site=site, pk__in=ids).prefetch_related("monitors"))
    zones += [added.zones[name] for name in sorted(names & added.zones.keys())]
    if len(zones) < len(ids) + len(names):
        problems.add("rooms", "One of these rooms is not there any more. Choose again.")
    elif zones and plan.heats_no_room:
        problems.add("rooms", f"It heats {listed(zones)}. Untick ‘It heats no room’, or untick the rooms.")
    elif not zones and not plan.heats_no_room:
        problems.add("rooms", "Which rooms does it heat? Tick them, or tick ‘It heats no room’.")
    return zones


def _unit(site: Site, plan: NewMiner, miner: Miner, by: str) -> OptimizationUnit | None:
    """The unit it joins; one that had no miner yet begins to decide with it."""
    if plan.unit_id is None:
        return None
    problems = _Problems()
    unit = OptimizationUnit.objects.select_related("policy", "site").filter(site=site, pk=plan.unit_id).first()
    if unit is None:
        problems.add("unit", "This unit is not there any more. Choose another, or none.")
        problems.stop()
    begins = not unit.is_enabled and not unit.miners.exists()
    unit.miners.add(miner)
    if unit.is_enabled:
        found = miner_problems(miner, unit)
        if found:
            problems.add("unit", *found)
    elif begins:
        with problems.about("unit"):
            enable_unit(unit, by=by)
    problems.stop()
    return unit
