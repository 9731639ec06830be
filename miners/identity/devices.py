"""One physical switch or device belongs to one miner in the whole installation (design.md §5.13).

Each controller has keys of what it switches: where it is, and its serial number where it told one. Whoever writes a
controller, or the connection it is on, asks `refuse_taken` first: wizard, admin and API all do, by the rows' `clean`.
What was doubled before that rule is found by passes, told, and kept off.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import permutations, product
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import models
from django.db.models import Q
from pydantic import ValidationError as ConfigError

from integrations import registry
from integrations.models import CONNECTIONS, Connection
from integrations.registry import Adapter, Kind
from integrations.whereabouts import same_host
from miners.protocols.address import split

if TYPE_CHECKING:
    from miners.models import Miner, MinerController
    from miners.models_devices import DeviceKey
    from sites.models import Site

#: Any number that means nothing else in this database.
_LOCK = 5_13_2009
#: A serial number has so many letters and digits.
_LEAST_SERIAL = 4


def lock() -> None:
    """Let no two transactions check and write devices at the same time: whoever comes second sees what the first wrote.

    On SQLite every writing transaction is alone from its beginning (`transaction_mode`).
    """
    if database.vendor == "postgresql" and database.in_atomic_block:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def keys_of(controller: MinerController, connection: Connection | None = None) -> set[str]:
    """What this controller switches; empty where that is nothing physical, or where its settings do not hold.

    `connection`: instead of its own as stored.
    """
    try:
        adapter, config = controller.adapter, controller.validated()
        switched = adapter.switched(config)
    except (LookupError, ConfigError):
        return set()
    if switched is None:
        return set()
    part = switched.part.casefold()
    if adapter.connection is None:
        places = _places(switched.address, _usual_ports(adapter))
    else:
        connection = connection or controller.connection
        places = set() if connection is None else connection.whereabouts()
    serial = same_serial(controller.identity.get("serial"))
    if serial:
        places.add(f"serial:{serial}")
    return {f"{place}#{part}"[:700] for place in places} | {str(key)[:700] for key in controller.known_as}


def keys_at(controller: MinerController, ips: Iterable[str]) -> list[str]:
    """The keys of what this controller, set up by a name, switches at the addresses that the name leads to."""
    switched, ports = controller.adapter.switched(controller.validated()), _usual_ports(controller.adapter)
    _, port = split(switched.address)
    typed = [ip if port is None else f"[{ip}]:{port}" for ip in ips]
    places = set().union(*(_places(address, ports) for address in typed))
    return sorted(f"{place}#{switched.part.casefold()}" for place in places)


def _usual_ports(adapter: type[Adapter]) -> set[int]:
    """Where what it switches may be asked when no port was typed: a generalist's devices have drivers of their own."""
    every = registry.adapters(Kind.MINER_CONTROLLER).values() if adapter.is_generalist else (adapter,)
    return {port for one in every for port in one.usual_ports}


def serial_key(serial: object, part: str = "") -> str:
    """The key of a device, or of an output of it, by its serial number; empty where that tells nothing apart."""
    same = same_serial(serial)
    return f"serial:{same}#{part}" if same else ""


def _places(address: str, usual_ports: Iterable[int]) -> set[str]:
    """The device at an address: at each port it is asked, and, where none was typed, whatever its ports are."""
    try:
        host, port = split(address)
    except ValueError:
        return set()
    host = same_host(host)
    if port is not None:
        return {f"net:{host}|{port}"}
    return {f"net:{host}|", *(f"net:{host}|{one}" for one in usual_ports)}


def same_serial(told: object) -> str:
    """A serial number or MAC in one spelling; empty where it tells nothing apart (“000000”, “unknown”)."""
    text = re.sub(r"[^0-9a-z]", "", str(told or "").casefold())
    is_filler = len(set(text)) < 2 or not any(letter.isdigit() for letter in text)
    return "" if len(text) < _LEAST_SERIAL or is_filler else text


# --- what is stored -------------------------------------------------------------------------------


def _stored() -> models.QuerySet:
    from miners.models import DeviceKey

    return DeviceKey.objects


def note(controller: MinerController) -> None:
    """Store what this controller switches now."""
    keys = keys_of(controller)
    kept = set(_stored().filter(controller=controller).values_list("key", flat=True))
    if kept - keys:
        _stored().filter(controller=controller, key__in=kept - keys).delete()
    if keys - kept:
        model = _stored().model
        model.objects.bulk_create(
            [model(controller=controller, key=key) for key in sorted(keys - kept)], ignore_conflicts=True
        )


def note_on(connection: Connection) -> None:
    """The same for all controllers of a connection, which has just been saved."""
    for controller in _controllers().filter(**{str(connection.kind): connection}):
        note(controller)


def note_all() -> None:
    """The same for all there are; what did not change is not written."""
    for controller in _controllers().prefetch_related("device_keys"):
        if keys_of(controller) != {row.key for row in controller.device_keys.all()}:
            note(controller)


def _controllers() -> models.QuerySet:
    from miners.models import MinerController

    return MinerController.objects.select_related("site", *CONNECTIONS)


def others(keys: Collection[str], controller: MinerController | None = None) -> list[MinerController]:
    """Other controllers that switch any of this, those of a miner first."""
    from miners.models import MinerController

    if not keys:
        return []
    found = MinerController.objects.filter(pk__in=_stored().filter(key__in=keys).values("controller"))
    if controller is not None:
        found = found.exclude(pk=controller.pk)
    return sorted(found.select_related("site", "miner", "cuts"), key=lambda row: not users_of(row))


def on_same(connection: Connection) -> list[MinerController]:
    """All controllers that switch something through what this connection, stored or not, leads to."""
    places = Q()
    for place in connection.whereabouts():
        places |= Q(key__startswith=f"{place}#")
    return list(
        _controllers().select_related("miner", "cuts").filter(pk__in=_stored().filter(places).values("controller"))
    )


def users_of(controller: MinerController) -> list[Miner]:
    """The miners that this controller drives or is the upstream plug of; more than one only by mistake."""
    return [miner for name in ("miner", "cuts") if (miner := getattr(controller, name, None)) is not None]


def is_same(one: MinerController, other: MinerController) -> bool:
    """They switch the same thing."""
    return one.pk == other.pk or bool(keys_of(one) & keys_of(other))


def other_miner(controller: MinerController, miner: Miner) -> Miner | None:
    """Another miner that what this controller switches belongs to, be it by another controller."""
    rows = [_fresh(controller), *others(keys_of(controller), controller)]
    return next((user for row in rows for user in users_of(row) if user.pk != miner.pk), None)


def _fresh(controller: MinerController) -> MinerController:
    """As stored: the row at hand may be tied to a miner that is not saved yet."""
    return (
        type(controller).objects.select_related("site", "miner", "cuts").filter(pk=controller.pk).first() or controller
    )


def doubled_at(site_ids: Collection[UUID]) -> models.QuerySet:
    """The keys of what controllers of these sites switch and any other controller, too; those of the others as well."""
    model = _stored().model
    another = model.objects.filter(key=models.OuterRef("key")).exclude(controller=models.OuterRef("controller"))
    here = model.objects.filter(models.Exists(another), controller__site__in=site_ids)
    found = model.objects.filter(key__in=here.values("key"))
    return found.select_related("controller__site", "controller__miner", "controller__cuts")


@dataclass(frozen=True, slots=True)
class Doubled:
    """Why a miner must stay off, in a sentence that names both; and the other one."""

    text: str
    rival_id: UUID


def doubled_miners(found: Iterable[DeviceKey]) -> dict[UUID, Doubled]:
    """By miner, from `doubled_at`: what has two miners. Miners of other sites are among them."""
    by_key: dict[str, list[MinerController]] = defaultdict(list)
    for row in found:
        by_key[row.key].append(row.controller)
    doubled: dict[UUID, Doubled] = {}
    for controllers in by_key.values():
        for one, other in product(controllers, controllers):
            for miner, rival in product(users_of(one), users_of(other)):
                if miner.pk != rival.pk:
                    doubled.setdefault(miner.pk, _doubled(miner, one, rival, other))
    return doubled


def shared_rows(miners: Iterable[Miner]) -> dict[UUID, Doubled]:
    """The same for miners of a site that have one controller between them, as controller of one and plug of another."""
    users: dict[UUID, list[Miner]] = defaultdict(list)
    for miner in miners:
        for pk in {miner.controller_id, miner.cutoff_id} - {None}:
            users[pk].append(miner)
    doubled: dict[UUID, Doubled] = {}
    for pk, several in users.items():
        for miner, rival in permutations(several, 2):
            row = miner.controller if miner.controller_id == pk else miner.cutoff
            doubled.setdefault(miner.pk, _doubled(miner, row, rival, row))
    return doubled


def _doubled(miner: Miner, one: MinerController, rival: Miner, other: MinerController) -> Doubled:
    home = "" if other.site_id == one.site_id else f" in {other.site}"
    return Doubled(f"{called(one)} is set up for ‘{miner}’ and for ‘{rival}’{home}.", rival.pk)


# --- the check ------------------------------------------------------------------------------------


def refuse_taken(controller: MinerController) -> None:
    """Raises ValidationError where another controller switches this already. What a row had before it may keep."""
    lock()
    stored = set(_stored().filter(controller=controller).values_list("key", flat=True))
    found = others(keys_of(controller) - stored, controller)
    if found:
        raise ValidationError(taken_words(controller, found[0]), code="unique")


def taken_words(controller: MinerController, other: MinerController) -> str:
    """“switch.plug is set up already: it drives ‘Avalon’ in Our home. …”, from where `controller` is."""
    remedy = "Change that one, or remove it first."
    if not users_of(other):
        remedy = "Choose that controller instead, or remove it first."
    return f"{called(controller)} is set up already: {driven_by(other, controller.site)}. {remedy}"


def driven_by(row: MinerController, site: Site) -> str:
    """“it drives ‘Avalon’ here”, from where `site` is."""
    home = "here" if row.site_id == site.pk else f"in {row.site}"
    miner, behind = getattr(row, "miner", None), getattr(row, "cuts", None)
    if miner is not None:
        return f"it drives ‘{miner}’ {home}"
    if behind is not None:
        return f"it is the upstream plug of ‘{behind}’ {home}"
    return f"the controller ‘{row}’ {home} switches it and has no miner yet"


def called(controller: MinerController) -> str:
    """What it switches, as a person calls it: “switch.miner_plug”, “192.168.1.40 (output 1)”."""
    try:
        switched = controller.adapter.switched(controller.validated())
    except (LookupError, ConfigError):
        switched = None
    if switched is None:
        return str(controller)
    if not switched.address:
        return switched.part or str(controller)
    return f"{switched.address} (output {switched.part})" if switched.part not in ("", "0") else switched.address


def doubled_words(controller: MinerController) -> str | None:
    """What to tell where it turned out that another controller switches the same device; None: none does."""
    found = others(keys_of(controller), controller)
    if not found:
        return None
    return (
        f"{called(controller)} is a device that is set up already: {driven_by(found[0], controller.site)}. Remove one "
        "of the two controllers; until then no miner on this device is started."
    )


def moves_onto(stored: Connection, connection: Connection) -> str | None:
    """Why a connection may not be moved: there, something it switches is driven already."""
    lock()
    for controller in _controllers().filter(**{str(stored.kind): stored}):
        found = others(keys_of(controller, connection) - keys_of(controller), controller)
        if found:
            return taken_words(controller, found[0])
    return None
