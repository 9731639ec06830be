"""What switches a miner, as far as it is there."""

from __future__ import annotations

from integrations.registry import Adapter
from optimization.site_plan.plan import AdapterPlan, ControllerPlan


def adapter_of(controller: AdapterPlan | None) -> type[Adapter] | None:
    """The adapter class; None without a controller, or when its adapter is not installed (any more)."""
    return None if controller is None else controller.adapter_class


def rearm_seconds(controller: ControllerPlan | None) -> float | None:
    """How long after its last "on" the device switches itself off (s); None: never, or nothing is known of it."""
    return None if controller is None else controller.rearm_seconds
