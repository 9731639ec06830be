"""What switches a miner, as far as it is there."""

from __future__ import annotations

from integrations.models import AdapterRow
from integrations.registry import Adapter


def adapter_of(controller: AdapterRow | None) -> type[Adapter] | None:
    """The adapter class; None without a controller, or when its adapter is not installed (any more)."""
    try:
        return None if controller is None else controller.adapter
    except LookupError:
        return None
