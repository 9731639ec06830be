"""A plug that switches itself off some minutes after the last "on": what its adapters have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from integrations.registry import Adapter


def auto_off_field(minutes: int | None, title: str, description: str) -> Any:
    """The setting `auto_off_minutes`: at least 15, half of which outlasts the longest control period (5 min)."""
    return Field(minutes, ge=15, le=1440, title=title, description=description, json_schema_extra={"unit": "min"})


class AutoOff(Adapter):
    """Base of controllers whose `Config` has `auto_off_minutes` (None: it stays on)."""

    @classmethod
    def dead_man_of(cls, config: Any) -> str | None:
        if config.auto_off_minutes is None:
            return None
        return f"the plug’s own timer switches it off within {config.auto_off_minutes} min"

    @classmethod
    def upstream_settings(cls, load_w: int, auto_off_minutes: int) -> Mapping[str, Any] | None:
        if cls.connection is not None or "load_w" not in cls.Config.model_fields:
            return None
        return {"load_w": max(10, min(16_000, load_w)), "auto_off_minutes": auto_off_minutes}

    @classmethod
    def rearm_seconds(cls, config: Any) -> float | None:
        return None if config.auto_off_minutes is None else config.auto_off_minutes * 60.0
