"""Which controller, of whatever home, drives the device at an address already: discovery leaves it alone."""

from __future__ import annotations

from django.db.models import Q

from integrations.whereabouts import same_host
from miners.discovery.typed_addresses import Target
from miners.models import MinerController
from miners.models_devices import DeviceKey

from .devices import same_serial


class Driven:
    """What has a controller, by address and serial number; read once."""

    def __init__(self) -> None:
        #: By host and port as typed or usual; port "" where none was typed.
        self._at: dict[str, dict[str, MinerController]] = {}
        self._of: dict[str, MinerController] = {}
        keys = DeviceKey.objects.filter(Q(key__startswith="net:") | Q(key__startswith="serial:"))
        for row in keys.select_related("controller__site", "controller__miner", "controller__cuts"):
            kind, _, what = row.key.rpartition("#")[0].partition(":")
            if kind == "serial":
                self._of[what] = row.controller
            else:
                host, _, port = what.rpartition("|")
                self._at.setdefault(host, {})[port] = row.controller

    def by(self, address: str, serial: str = "") -> MinerController | None:
        """Who drives what is at this address, or this very device at another. Without a port it is the whole host."""
        wanted = Target.of(address)
        there = self._at.get(same_host(wanted.host), {})
        anywhere = next(iter(there.values()), None) if wanted.port is None else there.get("")
        return there.get(_port(wanted)) or anywhere or self._of.get(same_serial(serial))

    def __contains__(self, place: Target) -> bool:
        """Exactly this place, not another port of it."""
        return _port(place) in self._at.get(same_host(place.host), {})


def _port(place: Target) -> str:
    return "" if place.port is None else str(place.port)
