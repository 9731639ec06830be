"""The schedule as rows of a form: weekdays to tick, and overlaps refused also between rows typed together."""

from __future__ import annotations

from django import forms
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSingleTimeWidget

from .models import PRESETS, ClimateZone, TemperatureSlot, is_too_warm, too_warm
from .schedule import ALL_DAYS, DAY_NAMES, Slot, find_overlap


class WeekdaysField(forms.MultipleChoiceField):
    """Seven ticks that become the bit mask of `TemperatureSlot.weekdays` (bit 0 = Monday)."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def __init__(self, **kwargs):
        choices = [(str(day), name) for day, name in enumerate(DAY_NAMES)]
        super().__init__(choices=choices, error_messages={"required": "Choose at least one weekday."}, **kwargs)

    def prepare_value(self, value):
        return [str(day) for day in range(7) if value >> day & 1] if isinstance(value, int) else value

    def clean(self, value) -> int:
        return sum(1 << int(day) for day in super().clean(value))

    def has_changed(self, initial, data) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class SlotForm(forms.ModelForm):
    """One stretch of the schedule."""

    weekdays = WeekdaysField(initial=ALL_DAYS)

    class Meta:
        model = TemperatureSlot
        fields = ("weekdays", "start_time", "end_time", "preset", "target_celsius")
        widgets = dict.fromkeys(("start_time", "end_time"), UnfoldAdminSingleTimeWidget(format="%H:%M"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["preset"].choices = [("", "own °C"), *PRESETS]

    def _post_clean(self):
        """The row itself compares with what is stored; here the formset compares all rows as typed."""
        self.instance.clean = self.instance.check_one_target
        try:
            super()._post_clean()
        finally:
            del self.instance.clean

    def slot(self, zone: ClimateZone) -> Slot | None:
        """The slot as typed, with the zone's presets; None while the row is empty, wrong or to be deleted."""
        cleaned = getattr(self, "cleaned_data", {})
        times = [cleaned.get(name) for name in ("weekdays", "start_time", "end_time")]
        preset, target = cleaned.get("preset") or "", cleaned.get("target_celsius")
        if cleaned.get("DELETE") or None in times or bool(preset) == (target is not None):
            return None
        return Slot(*times, zone.celsius_of(preset, target), preset)


class SlotFormSet(PaginationInlineFormSet):
    """All slots of one zone, checked together."""

    @property
    def slots(self) -> list[tuple[SlotForm, Slot]]:
        typed = ((form, form.slot(self.instance)) for form in self.forms)
        return [(form, slot) for form, slot in typed if slot is not None]

    def clean(self):
        super().clean()
        rows = self.slots
        clash = find_overlap([slot for _, slot in rows])
        if clash is not None:
            form = next(form for form, slot in reversed(rows) if slot in (clash.first, clash.second))
            form.add_error("start_time", clash.sentence)
        for form, slot in rows:
            self._check_high_limit(form, slot)

    def _check_high_limit(self, form: SlotForm, slot: Slot) -> None:
        zone = self.instance
        if zone.high_limit_celsius is None or zone.hysteresis_celsius is None:
            return
        if is_too_warm(slot.target_celsius, zone):
            field = "preset" if slot.preset else "target_celsius"
            form.add_error(field, too_warm(slot.target_celsius, zone, slot.preset))
