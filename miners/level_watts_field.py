"""The watts that a person measured at the levels of a miner, typed one level a line: “eco: 810”."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget


class LevelWattsField(forms.CharField):
    """`Miner.level_watts` as lines of a level's name and its watts; the model checks names and figures."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "none"})
        super().__init__(widget=widget, **kwargs)

    def name_levels(self, names: Sequence[str]) -> None:
        """Say which levels there are."""
        if not names:
            self.help_text = "It has no levels, as far as anybody asked it: nothing to enter."
            return
        self.widget.attrs["placeholder"] = f"{names[0]}: 810"
        self.help_text = (
            "What its levels really take, where you measured it: one level a line, its name, a colon and its watts. "
            f"It has: {', '.join(names)}."
        )

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{key}: {watts}" for key, watts in value.items())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial or {}), (data or "").replace("\r\n", "\n"))

    def clean(self, value: Any) -> dict[str, float]:
        found: dict[str, float] = {}
        for line in filter(None, (line.strip() for line in super().clean(value).splitlines())):
            name, colon, watts = line.rpartition(":")
            try:
                number = float(watts.strip().removesuffix("W").strip().replace(",", "."))
            except ValueError:
                colon = ""
            if not colon or not name.strip():
                raise ValidationError(f"‘{line[:60]}’: write a level’s name, a colon and its watts, like “eco: 810”.")
            found[name.strip()] = int(number) if number.is_integer() else number
        return found
