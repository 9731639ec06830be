"""Which controller, of whatever home, drives a device at an address already: nothing is driven twice."""

from __future__ import annotations

from sites.models import Site

from .models import MinerController
from .typed_addresses import Target


def driven_places() -> dict[Target, MinerController]:
    """What the controllers of all homes drive, by place."""
    found = {}
    for row in MinerController.objects.select_related("site", "miner", "cuts"):
        place = _place_of(row)
        if place is not None:
            found[place] = row
    return found


def driving(address: str, serial: str = "", driven: dict[Target, MinerController] | None = None):
    """The controller that drives this address, or this very device by another address; None: nobody does."""
    wanted = Target.of(address)
    for place, row in (driven_places() if driven is None else driven).items():
        is_there = place.host == wanted.host and (place.port == wanted.port or None in (place.port, wanted.port))
        if is_there or (serial and row.identity.get("serial") == serial):
            return row
    return None


def driven_by(row: MinerController, site: Site) -> str:
    """“it drives ‘Avalon’ here”, from where `site` is."""
    home = "here" if row.site_id == site.pk else f"in {row.site}"
    miner, behind = getattr(row, "miner", None), getattr(row, "cuts", None)
    if miner is not None:
        return f"it drives ‘{miner}’ {home}"
    return f"it is the plug before ‘{behind}’ {home}" if behind is not None else f"‘{row}’ {home} drives it"


def _place_of(row: MinerController) -> Target | None:
    address = row.config.get("address")
    try:
        return Target.of(address) if isinstance(address, str) else None
    except ValueError:
        return None
