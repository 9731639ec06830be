"""Every operation of the API, from its own description, with addresses of real or foreign rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from uuid import uuid4

from edgemining.api import api


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    details: dict

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, ids: dict[str, object]) -> str:
        """The path with `ids` (by parameter, or by “resource row_id”) filled in; anything else is random."""

        def fill(found: re.Match) -> str:
            name = found[1]
            resource = self.path.split("/")[3]
            if name == "adapter_type":
                return {"pool-trackers": "simulated", "hash-price-sources": "typed"}.get(resource, "dummy")
            return str(ids.get(f"{resource} {name}", ids.get(name, uuid4())))

        return re.sub(r"\{(\w+)\}", fill, self.path)


@lru_cache(maxsize=1)
def schema() -> dict:
    return api.get_openapi_schema()


def operations() -> Iterator[Operation]:
    for path, methods in schema()["paths"].items():
        for method, details in methods.items():
            yield Operation(method.upper(), path, details)


def ids_of(home) -> dict[str, object]:
    """Where the rows of a furnished home stand in addresses."""
    rule = home.policy.rules.first()
    return {
        "site_id": home.site.pk,
        "service_id": home.home_assistant.pk,
        "zone_id": home.zone.pk,
        "period_id": home.period.pk,
        "source_id": home.source.pk,
        "circuit_id": home.circuit.pk,
        "miner_id": home.miner.pk,
        "unit_id": home.unit.pk,
        "policy_id": home.policy.pk,
        "rule_id": rule.pk if rule else uuid4(),
        "climate-monitors row_id": home.sensor.pk,
        "energy-monitors row_id": home.meter.pk,
        "miner-controllers row_id": home.plug.pk,
        "pool-trackers row_id": home.pool.pk,
        "hash-price-sources row_id": home.price.pk,
    }
