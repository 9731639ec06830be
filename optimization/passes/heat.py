"""What heats a room: the watts that go into it now, and those that its miners can give."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from miners.state import MinerSnapshot
from miners.status import draw

from .load import SiteRows

Snapshots = Mapping[UUID, MinerSnapshot]


def heating_w(rows: SiteRows, snapshots: Snapshots, zone_pk: UUID) -> float:
    """Watts going into a zone now; a miner that heats several is split evenly between them."""
    return sum(part * drawn_w(rows, snapshots, pk) for pk, part in rows.zones[zone_pk].heated_by)


def at_most_w(rows: SiteRows, snapshots: Snapshots, zone_pk: UUID) -> float:
    """Watts that may go into a zone now, whatever its meters say: a miner that is or may be on counts in full."""
    total = 0.0
    for pk, part in rows.zones[zone_pk].heated_by:
        desired, status = rows.desired.get(pk), snapshots[pk].status
        is_on = status.is_on if status.is_known else desired is not None and desired.seen_on
        watts = _unmeasured_w(rows, snapshots, pk) if is_on else 0.0
        total += part * max(watts, drawn_w(rows, snapshots, pk))
    return total


def installed_w(rows: SiteRows, zone_pk: UUID) -> float:
    """Watts that the zone's miners can give it."""
    return rows.zones[zone_pk].installed_w


def heating_share(rows: SiteRows, zone_pk: UUID, heat_w: float) -> float:
    """`heat_w` (see `heating_w`) of the nominal watts of the zone's miners (split the same way): 0 to 1."""
    installed = installed_w(rows, zone_pk)
    return min(1.0, heat_w / installed) if installed > 0 else 0.0


def drawn_w(rows: SiteRows, snapshots: Snapshots, miner_pk: UUID) -> float:
    """Watts a miner takes as far as anybody can see: measured, else as asked of it while it is seen on."""
    snapshot = snapshots[miner_pk]
    if draw.is_measured(snapshot):
        return max(0.0, snapshot.power_w)
    return _unmeasured_w(rows, snapshots, miner_pk) if snapshot.status.is_on else 0.0


def _unmeasured_w(rows: SiteRows, snapshots: Snapshots, miner_pk: UUID) -> float:
    miner, desired = rows.miners[miner_pk], rows.desired.get(miner_pk)
    wanted_w = desired.power_w if desired else 0
    return draw.unmeasured_w(snapshots[miner_pk], miner.detected_power, miner.nominal_power_w, wanted_w)
