"""The questions of the add-wizard: where to look, what opens the device, how its heat is used."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django import forms
from pydantic import ValidationError as ConfigError
from pydantic.fields import FieldInfo

from integrations.forms import base_type, choices_of, extra_of, label_of, shown
from integrations.problems import sentence
from integrations.registry import Adapter
from miners.models import Circuit, Miner
from miners.typed_addresses import MOST_CHARACTERS, NotAPlace, targets
from optimization.adding import free_plugs
from optimization.models import OptimizationUnit
from sites.models import Site
from sites.words import watts

NEW_PLUG = "new"
_MOST_NAME = 80


class WhereForm(forms.Form):
    """Where to look."""

    addresses = forms.CharField(
        label="Address of the miner, or where to look",
        max_length=MOST_CHARACTERS,
        help_text="An address (192.168.1.40), a name, several of them, a range (192.168.1.40-60), or your whole "
        "network (192.168.1.0/24). Only these are looked at, and nothing is changed on any device.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "placeholder": "192.168.1.40"}
        ),
    )

    def clean_addresses(self) -> str:
        try:
            targets(self.cleaned_data["addresses"])
        except NotAPlace as error:
            raise forms.ValidationError(str(error)) from None
        return self.cleaned_data["addresses"]


class DriverForm(forms.Form):
    """The settings of a driver but the address; `only` these, where given.

    `settings`, once valid: all of them as checked. A secret that is left empty stays as it was.
    """

    def __init__(
        self,
        *args,
        adapter: type[Adapter],
        address: str,
        known: Mapping[str, Any],
        only: Collection[str] | None = None,
        **kwargs,
    ):
        super().__init__(*args, prefix="with", **kwargs)
        self._adapter, self._address, self._known = adapter, address, known
        self.settings: dict[str, Any] = {}
        for name, info in adapter.Config.model_fields.items():
            if name != "address" and (only is None or name in only):
                self.fields[name] = _input(name, info, known)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        typed = {**self._known, **self._typed(cleaned), "address": self._address}
        try:
            config = self._adapter.Config.model_validate(typed)
        except ConfigError as error:
            for problem in error.errors():
                self._show(problem)
            return cleaned
        self.settings = {name: value for name, value in config.model_dump(mode="json").items() if name != "address"}
        return cleaned

    def _typed(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        typed: dict[str, Any] = {}
        for name in self.fields:
            info, value = self._adapter.Config.model_fields[name], cleaned.get(name)
            if value not in ("", None):
                typed[name] = value
            elif not extra_of(info).get("secret"):
                typed[name] = None if base_type(info.annotation)[1] else _default(info)
        return typed

    def _show(self, problem: Mapping[str, Any]) -> None:
        name = str(problem["loc"][0]) if problem["loc"] else ""
        info = self._adapter.Config.model_fields.get(name)
        extra = {} if info is None else extra_of(info)
        text = sentence(problem, unit=extra.get("unit", ""), is_secret=bool(extra.get("secret")))
        self.add_error(name if name in self.fields else None, text)


def _default(info: FieldInfo) -> Any:
    return info.get_default(call_default_factory=True)


def _input(name: str, info: FieldInfo, known: Mapping[str, Any]) -> forms.Field:
    kind, _ = base_type(info.annotation)
    extra = extra_of(info)
    unit = f" ({extra['unit']})" if extra.get("unit") else ""
    common = {"label": f"{label_of(name, info)}{unit}", "help_text": info.description or "", "required": False}
    value = shown(known[name]) if name in known else shown(_default(info))
    if extra.get("secret"):
        if known.get(name):
            common["help_text"] = f"{common['help_text']} Leave it empty to keep what is set.".strip()
        return forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "off"}), max_length=200, **common)
    if kind is bool:
        return forms.BooleanField(initial=value, **common)
    values = choices_of(kind)
    if values is not None:
        return forms.ChoiceField(choices=[(one, str(one).replace("_", " ")) for one in values], initial=value, **common)
    attributes = {"autocomplete": "off", **({"inputmode": "decimal"} if kind in (int, float) else {})}
    return forms.CharField(initial=value, widget=forms.TextInput(attrs=attributes), max_length=200, **common)


class HeatForm(forms.Form):
    """How it is called, what it heats, what stands before it, who decides."""

    name = forms.CharField(label="Name of the miner", max_length=_MOST_NAME)
    zones = forms.MultipleChoiceField(label="Which rooms it heats", required=False, widget=forms.CheckboxSelectMultiple)
    heats_no_room = forms.BooleanField(
        label="It heats no room", required=False, help_text="It stands where its heat warms none of your rooms."
    )
    plug = forms.ChoiceField(
        label="The plug before it",
        required=False,
        help_text="Its meter is believed first, and it cuts the mains when nothing else switches off.",
    )
    plug_address = forms.CharField(
        label="Address of the Shelly plug before it",
        required=False,
        max_length=260,
        help_text="Only where you chose a Shelly plug at an address above.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    circuit = forms.ChoiceField(
        label="The line it hangs on", required=False, help_text="Miners on one line together keep below its limit."
    )
    unit = forms.ChoiceField(label="Who decides when it heats", required=False)

    def __init__(self, *args, site: Site, model: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        zones = [(str(zone.pk), zone.name) for zone in site.zones.all()]
        self.fields["zones"].choices = zones
        if not zones:
            self.fields["zones"].help_text = "There is no room in this home yet."
        plugs = [(str(row.pk), row.name) for row in free_plugs(site)]
        self.fields["plug"].choices = [("", "none"), *plugs, (NEW_PLUG, "a Shelly plug at an address")]
        circuits = Circuit.objects.filter(site=site)
        self.fields["circuit"].choices = [
            ("", "no limit but the home’s"),
            *((str(row.pk), f"{row.name} (at most {watts(row.limit_w)})") for row in circuits),
        ]
        units = list(site.units.prefetch_related("miners"))
        self.fields["unit"].choices = [
            *((str(unit.pk), _unit_label(unit)) for unit in units),
            ("", "nobody yet: it is only watched, and switched by hand"),
        ]
        self.fields["name"].initial = free_name(site, model)
        if len(zones) == 1:
            self.fields["zones"].initial = [zones[0][0]]
        self.fields["unit"].initial = next(
            (str(unit.pk) for unit in units if unit.is_enabled), str(units[0].pk) if units else ""
        )

    def clean_plug_address(self) -> str:
        typed = self.cleaned_data["plug_address"].strip()
        if self.cleaned_data.get("plug") != NEW_PLUG:
            return ""
        if not typed:
            raise forms.ValidationError("Enter the address of the plug, like 192.168.1.41, or choose no plug.")
        try:
            places = targets(typed)
        except NotAPlace as error:
            raise forms.ValidationError(str(error)) from None
        if len(places) > 1:
            raise forms.ValidationError(f"That is {len(places)} addresses. Enter the one of the plug.")
        return places[0].address


def _unit_label(unit: OptimizationUnit) -> str:
    """Its name, and whether it decides: one without miners begins with its first (`optimization.adding`)."""
    if unit.is_enabled:
        return unit.name
    return f"{unit.name} (switched {'off' if unit.miners.all() else 'on with this miner'})"


def free_name(site: Site, model: str) -> str:
    """The model as a name nobody in this home has yet: “Avalon Q”, “Avalon Q 2”."""
    base = (model or "Miner")[: _MOST_NAME - 4]
    taken = {name.lower() for name in Miner.objects.filter(site=site).values_list("name", flat=True)}
    name, number = base, 2
    while name.lower() in taken:
        name, number = f"{base} {number}", number + 1
    return name


def uuid_or_none(text: str) -> UUID | None:
    return UUID(text) if text else None
