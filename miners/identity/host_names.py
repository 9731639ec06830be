"""Devices that are set up by name: which addresses the name leads to now, so that one set up by address is the same.

Looked up when an address is entered and every ten minutes, never by a pass. Two controllers that share an address now
do command the same device. A name that is not known now leads to where it led before.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from pydantic import ValidationError as ConfigError

from integrations.ask import call_all
from miners.protocols.address import is_private, split

from . import devices

if TYPE_CHECKING:
    from miners.models import MinerController

#: A router answers within milliseconds; a name nobody knows may take seconds, for which nobody waits.
LOOK_UP_SECONDS = 1.0


def note_names() -> None:
    """Look up the names of all devices that are asked by name, and note where they lead."""
    from miners.models import MinerController

    rows = [row for row in MinerController.objects.select_related("site") if name_of(row)]
    led = look_up({name_of(row) for row in rows})
    for row in rows:
        keys = devices.keys_at(row, led.get(name_of(row), ()))
        if keys and keys != row.known_as:
            row.known_as = keys
            MinerController.objects.filter(pk=row.pk).update(known_as=keys)
            devices.note(row)
            row.site.wake()


def know(controller: MinerController) -> None:
    """The same for one whose address was just entered (not saved)."""
    if not _is_asked_itself(controller):
        return
    stored = type(controller).objects.filter(pk=controller.pk).first()
    if stored is not None and stored.config == controller.config:
        return
    name = name_of(controller)
    controller.known_as = devices.keys_at(controller, look_up({name}).get(name, ())) if name else []


def name_of(controller: MinerController) -> str:
    """The name a device is asked by; empty where it is asked by its address, or by a connection."""
    if not _is_asked_itself(controller):
        return ""
    try:
        switched = controller.adapter.switched(controller.validated())
        host, _ = split(switched.address if switched is not None else "")
    except (ConfigError, ValueError):
        return ""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    return ""


def _is_asked_itself(controller: MinerController) -> bool:
    try:
        return controller.adapter.connection is None
    except LookupError:
        return False


def look_up(names: Collection[str]) -> dict[str, list[str]]:
    """The private addresses that each name leads to now (≤ 1 s); names that lead nowhere are left out."""
    outcomes = call_all({("name", name): _looking_up(name) for name in names}, LOOK_UP_SECONDS)
    found = {name: outcomes[("name", name)].value for name in names}
    return {name: ips for name, ips in found.items() if ips}


def _looking_up(name: str):
    def look(deadline: float) -> list[str]:
        return _private(where[0] for *_, where in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM))

    return look


def _private(ips: Iterable[str]) -> list[str]:
    return sorted({ip for ip in ips if is_private(ip)})
