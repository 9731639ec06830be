"""What cuts a miner's power when this program is gone, as its controller is configured."""

from __future__ import annotations

from pydantic import ValidationError as ConfigError

from integrations.errors import AdapterError
from miners.models import MinerController


def rearm_seconds(controller: MinerController | None) -> float | None:
    """How long after its last "on" the device switches itself off (s); None: never, or nothing is known of it."""
    try:
        return None if controller is None else controller.adapter.rearm_seconds(controller.settings)
    except (LookupError, ConfigError, AdapterError):
        return None  # the pass and the pages say what is wrong with it


def dead_man_of(controller: MinerController) -> str | None:
    """The dead-man in words, None when there is none (or nothing is known of it)."""
    try:
        return controller.adapter.dead_man_of(controller.settings)
    except (LookupError, ConfigError, AdapterError):
        return None


def together(own: str | None, upstream: str | None) -> str | None:
    """What cuts the power of a device behind a plug; None: neither does."""
    return "; ".join(filter(None, (own, upstream and f"upstream, {upstream}"))) or None


def help_of(controller: MinerController) -> str:
    """How to set one up."""
    try:
        return controller.adapter.dead_man_help
    except LookupError:
        return ""
