"""The lease of a site: who holds it may run a pass there, nobody else (design.md §4)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from .store import store

#: Longer than the observe and act deadlines together.
LEASE_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class Lease:
    """Held from `acquire` until `release` or until it runs out."""

    key: str
    token: str

    def holds(self) -> bool:
        """Still ours? Asked before every write to a device."""
        return store().get(self.key) == self.token

    def release(self) -> None:
        store().delete_if(self.key, self.token)


def acquire(site_id, seconds: float = LEASE_SECONDS) -> Lease | None:
    """The lease of a site, or None while somebody else has it."""
    lease = Lease(f"lease:{site_id}", secrets.token_hex(8))
    return lease if store().add(lease.key, lease.token, seconds) else None


def take_over(site_id, seconds: float = LEASE_SECONDS) -> Lease:
    """The lease of a site whoever has it: he writes to no device any more, should he still live."""
    lease = Lease(f"lease:{site_id}", secrets.token_hex(8))
    store().set(lease.key, lease.token, seconds)
    return lease
