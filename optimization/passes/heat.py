"""What heats a room: the watts that go into it now, and those that its miners can give."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from miners import draw
from miners.state import MinerSnapshot

from .load import SiteRows

Snapshots = Mapping[UUID, MinerSnapshot]


def heating_w(rows: SiteRows, snapshots: Snapshots, zone_pk: UUID) -> float:
    """Watts going into a zone now; a miner that heats several is split evenly between them."""
    return sum(part * drawn_w(rows, snapshots, pk) for pk, part in _parts(rows, zone_pk))


def heating_share(rows: SiteRows, snapshots: Snapshots, zone_pk: UUID) -> float:
    """What heats the zone now, of the nominal watts of its miners (split the same way): 0 to 1."""
    parts = _parts(rows, zone_pk)
    installed_w = sum(part * rows.miners[pk].nominal_power_w for pk, part in parts)
    drawn = sum(part * drawn_w(rows, snapshots, pk) for pk, part in parts)
    return min(1.0, drawn / installed_w) if installed_w > 0 else 0.0


def drawn_w(rows: SiteRows, snapshots: Snapshots, miner_pk: UUID) -> float:
    """Watts a miner takes as far as anybody can see: measured, else as asked of it while it is seen on."""
    snapshot, miner = snapshots[miner_pk], rows.miners[miner_pk]
    if draw.is_measured(snapshot):
        return max(0.0, snapshot.power_w)
    if not snapshot.status.is_on:
        return 0.0
    desired = rows.desired.get(miner_pk)
    return draw.unmeasured_w(snapshot, miner.detected_power, miner.nominal_power_w, desired.power_w if desired else 0)


def _parts(rows: SiteRows, zone_pk: UUID) -> list[tuple[UUID, float]]:
    """The miners of a zone, and which part of each one's heat is the zone's."""
    found = []
    for pk, miner in rows.miners.items():
        zones = [zone.pk for zone in miner.zones.all()]
        if zone_pk in zones:
            found.append((pk, 1 / len(zones)))
    return found
