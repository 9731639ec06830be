"""A new miner in one step: what the add-wizard asked, as rows of one transaction, or nothing at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction

from climate.models import ClimateZone
from miners.models import Circuit, Miner, MinerController
from miners.reality import reality_problem
from sites.models import Site
from sites.services import log_activity
from sites.words import listed

from .models import OptimizationUnit
from .services import enable_unit, miner_problems


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device at an address: its driver, all settings of it, and what it said it is (`miners.power.identity_json`)."""

    adapter_type: str
    config: Mapping[str, Any]
    identity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NewMiner:
    """A miner to be. The plug before it is one that is there (`cutoff_id`) or a new one (`plug`), or none."""

    name: str
    device: NewDevice
    zone_ids: Sequence[UUID] = ()
    heats_no_room: bool = False
    cutoff_id: UUID | None = None
    plug: NewDevice | None = None
    circuit_id: UUID | None = None
    unit_id: UUID | None = None


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


def add_miner(site: Site, plan: NewMiner, *, by: str = "") -> Miner:
    """Controller, plug, miner and its place in a unit. Raises ValidationError by answer; then nothing was written."""
    with transaction.atomic():
        miner = _written(site, plan)
        unit = _unit(site, plan, miner, by)
        where = listed(miner.zones.all()) or "no room"
        decides = f"‘{unit}’ decides for it" if unit is not None else "no unit decides for it yet"
        log_activity(site, f"‘{miner}’ was added: {miner.model}, heats {where}; {decides}.", actor=by)
        site.wake()
    return miner


def check_new_miner(site: Site, plan: NewMiner) -> None:
    """Raises the ValidationError `add_miner` would; nothing stays written."""
    with transaction.atomic():
        add_miner(site, plan)
        transaction.set_rollback(True)


def _written(site: Site, plan: NewMiner) -> Miner:
    problems = _Problems()
    if Miner.objects.filter(site=site, name__iexact=plan.name.strip()).exists():
        problems.add("name", f"There is a miner ‘{plan.name.strip()}’ in this home already. Choose another name.")
    with problems.about("device", name="name"):
        controller = _controller(site, f"{plan.name[:68]} controller", plan.device)
    cutoff = None
    with problems.about("plug"):
        cutoff = _cutoff(site, plan, problems)
    zones = list(ClimateZone.objects.filter(site=site, pk__in=plan.zone_ids).prefetch_related("monitors"))
    circuit = Circuit.objects.filter(site=site, pk=plan.circuit_id).first()
    _check_rooms(problems, plan, zones)
    if plan.circuit_id is not None and circuit is None:
        problems.add("circuit", "This circuit is not there any more. Choose another.")
    problems.stop()
    reality = reality_problem(controller, zones, site, cutoff)
    if reality:
        problems.add("zones", reality)
    miner = Miner(
        site=site,
        name=plan.name,
        model=str(plan.device.identity.get("model", ""))[:80],
        controller=controller,
        cutoff=cutoff,
        circuit=circuit,
        heats_no_room=plan.heats_no_room,
    )
    with problems.about("device", name="name", cutoff="plug", circuit="circuit", controller="device"):
        miner.full_clean(exclude=["slug"])
    problems.stop()
    miner.save()
    miner.zones.set(zones)
    return miner


def _controller(site: Site, name: str, device: NewDevice) -> MinerController:
    row = MinerController(
        site=site,
        name=name,
        adapter_type=device.adapter_type,
        config=dict(device.config),
        identity=dict(device.identity),
    )
    row.full_clean()
    row.config = row.settings.model_dump(mode="json")
    row.save()
    return row


def _cutoff(site: Site, plan: NewMiner, problems: _Problems) -> MinerController | None:
    if plan.plug is not None:
        if plan.plug.config.get("address") == plan.device.config.get("address"):
            problems.add("plug", "That is the address of the miner itself. Enter the one of the plug before it.")
        return _controller(site, f"{plan.name[:74]} plug", plan.plug)
    if plan.cutoff_id is None:
        return None
    found = free_plugs(site).filter(pk=plan.cutoff_id).first()
    if found is None:
        problems.add("plug", "This plug is not free any more. Choose another.")
    return found


def free_plugs(site: Site) -> models.QuerySet[MinerController]:
    """Controllers that drive nothing and stand before nothing yet."""
    return MinerController.objects.filter(site=site, miner__isnull=True, cuts__isnull=True)


def _check_rooms(problems: _Problems, plan: NewMiner, zones: Sequence[ClimateZone]) -> None:
    if len(zones) < len(set(plan.zone_ids)):
        problems.add("zones", "One of these rooms is not there any more. Choose again.")
    elif zones and plan.heats_no_room:
        problems.add("zones", f"It heats {listed(zones)}. Untick ‘heats no room’, or untick the rooms.")
    elif not zones and not plan.heats_no_room:
        problems.add("zones", "Which rooms does it heat? Tick them, or tick ‘heats no room’.")


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
