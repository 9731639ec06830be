"""The base of pool trackers: what an adapter of a pool gives beside `read_alone`."""

from __future__ import annotations

from typing import ClassVar

from integrations.registry import Adapter, AdapterConfig, Kind

from .reading import PoolWorker


class PoolTracker(Adapter):
    """`read_alone` answers a `PoolReading` with one request; the list of machines is a request of its own, later.

    Pools count requests and ban: two never go out in a row (`miners.value` leaves a minute between them).
    """

    kind = Kind.POOL_TRACKER
    #: The fields of `PoolReading` this pool tells; for rules the others are absent, not unknown.
    tells: ClassVar[frozenset[str]]
    tells_workers: ClassVar[bool] = True

    @classmethod
    def read_workers(cls, config: AdapterConfig, deadline: float) -> tuple[PoolWorker, ...]:
        """The machines, at most `MOST_WORKERS` of them, by name. Raises `AdapterError`."""
        raise NotImplementedError


#: A home has a handful; more would only fill its database.
MOST_WORKERS = 200
