"""The questions about a miner: what switches it or where to look for it, what opens it, how its heat is used."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django import forms
from pydantic import ValidationError as ConfigError
from pydantic.fields import FieldInfo

from integrations.connections.entities import EntityState
from integrations.forms import base_type, choices_of, extra_of, label_of, shown
from integrations.problems import sentence
from integrations.registry import Adapter
from miners.discovery.typed_addresses import MOST_CHARACTERS, NotAPlace, targets
from miners.drivers.home_assistant_switch.driver import HomeAssistantSwitch
from miners.models import Circuit, Miner
from optimization.adding import free_plugs
from optimization.models import OptimizationUnit
from sites.models import Site
from sites.words import watts

from . import offers
from .pickers import EntityField, OffersForm

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


class SwitchForm(OffersForm):
    """A miner behind a plug of Home Assistant."""

    switch = EntityField(label="What switches it", help_text="A smart plug or switch in Home Assistant.")
    power = EntityField(
        label="What measures its power", required=False, help_text="With it the program sees that off is really off."
    )
    watts = forms.IntegerField(label="Power when it runs (W)", min_value=1, max_value=20_000, initial=1000)
    auto_off = forms.IntegerField(
        label="The plug’s own auto-off timer (min)", required=False, min_value=15, max_value=1440,
        help_text="It switches the miner off when this program and Home Assistant are gone. Empty: the plug has none.",
    )  # fmt: skip
    #: What else is to be known, to be opened where it is wanted.
    more = MappingProxyType({"auto_off": HomeAssistantSwitch.dead_man_help})

    def __init__(self, *args, entities: Sequence[EntityState], taken: Mapping[str, str], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["switch"].offer(offers.switches(entities, taken), "Choose …")
        self.fields["power"].offer(offers.meters(entities), "nothing")
        for name, text in self.more.items():
            self.fields[name].more = text

    @property
    def device(self) -> dict[str, Any]:
        """The settings of the driver."""
        return {
            "entity_switch": self.cleaned_data["switch"],
            "entity_power": self.cleaned_data["power"],
            "auto_off_minutes": self.cleaned_data["auto_off"],
        }


class HeatersForm(forms.Form):
    """Which miners that are there already heat the new rooms. What another tab added meanwhile stays."""

    def __init__(self, *args, rooms: Sequence[Mapping[str, Any]], miners: Sequence[Miner], **kwargs):
        super().__init__(*args, **kwargs)
        self._rooms = rooms
        choices = [(str(miner.pk), _miner_label(miner)) for miner in miners]
        for room in rooms:
            self.fields[_heaters(room)] = forms.MultipleChoiceField(
                label=f"Which of your miners heat ‘{room['name']}’, too?",
                choices=choices,
                required=False,
                initial=list(room.get("heated_by", ())),
                widget=forms.CheckboxSelectMultiple,
            )

    def rooms(self) -> list[dict[str, Any]]:
        """The rooms with what was ticked."""
        asked = self.data.getlist("asked") if "asked" in self.data else [_heaters(room) for room in self._rooms]
        return [
            {**room, "heated_by": self.cleaned_data[_heaters(room)]} if _heaters(room) in asked else room
            for room in self._rooms
        ]


def _heaters(room: Mapping[str, Any]) -> str:
    return f"heaters-{room['entity_temperature']}"


def _miner_label(miner: Miner) -> str:
    rooms = ", ".join(zone.name for zone in miner.zones.all())
    return f"{miner.name} ({watts(miner.nominal_power_w)}, heats {rooms or 'no room'})"


class HeatForm(forms.Form):
    """How it is called, what it heats, what is upstream of it, who decides.

    `home`: the home it is added to, None for one to be; `rooms`: what it may heat, by id or name. A miner that is only
    a plug has no plug upstream.
    """

    name = forms.CharField(label="Name of the miner", max_length=_MOST_NAME)
    rooms = forms.MultipleChoiceField(label="Which rooms it heats", required=False, widget=forms.CheckboxSelectMultiple)
    heats_no_room = forms.BooleanField(
        label="It heats no room", required=False, help_text="It stands where its heat warms none of your rooms."
    )
    plug = forms.ChoiceField(
        label="Its upstream plug",
        required=False,
        help_text="The plug it is plugged into: its meter is believed first, and it cuts the mains when nothing else "
        "switches off.",
    )
    plug_address = forms.CharField(
        label="Address of its upstream plug",
        required=False,
        max_length=260,
        help_text="Only where you chose a plug at an address above.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    circuit = forms.ChoiceField(
        label="Its circuit", required=False, help_text="Miners on one circuit together stay below its limit."
    )
    unit = forms.ChoiceField(label="Who decides when it heats", required=False)

    def __init__(
        self,
        *args,
        home: Site | None,
        rooms: Sequence[tuple[str, str]],
        names: Collection[str] = (),
        model: str = "",
        is_plug: bool = False,
        **kwargs,
    ):
        super().__init__(*args, **kwargs)
        self.fields["rooms"].choices = rooms
        self.fields["name"].initial = free_name(home, model, names)
        self._taken_names = {name.lower() for name in names}
        if not rooms:
            self.fields["rooms"].help_text = "There is no room in this home yet."
        elif len(rooms) == 1:
            self.fields["rooms"].initial = [rooms[0][0]]
        if is_plug:
            del self.fields["plug"], self.fields["plug_address"]
        else:
            plugs = [] if home is None else [(str(row.pk), row.name) for row in free_plugs(home)]
            self.fields["plug"].choices = [("", "none"), *plugs, (NEW_PLUG, "a plug at an address")]
        self._offer_circuits(home)
        self._offer_units(home)

    def _offer_circuits(self, home: Site | None) -> None:
        circuits = [] if home is None else list(Circuit.objects.filter(site=home))
        if not circuits:
            del self.fields["circuit"]
            return
        self.fields["circuit"].choices = [
            ("", "no limit but the home’s"),
            *((str(row.pk), f"{row.name} (at most {watts(row.limit_w)})") for row in circuits),
        ]

    def _offer_units(self, home: Site | None) -> None:
        """A home to be has one unit, which decides for all its miners."""
        if home is None:
            del self.fields["unit"]
            return
        units = list(home.units.prefetch_related("miners"))
        self.fields["unit"].choices = [
            *((str(unit.pk), _unit_label(unit)) for unit in units),
            ("", "nobody yet: it is only watched, and switched by hand"),
        ]
        self.fields["unit"].initial = next(
            (str(unit.pk) for unit in units if unit.is_enabled), str(units[0].pk) if units else ""
        )

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if name.lower() in self._taken_names:
            raise forms.ValidationError(f"You are adding a miner ‘{name}’ already. Choose another name.")
        return name

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

    def as_answers(self) -> dict[str, Any]:
        """As a draft keeps them."""
        cleaned = self.cleaned_data
        plug = cleaned.get("plug", "")
        return {
            "name": cleaned["name"],
            "rooms": cleaned["rooms"],
            "heats_no_room": cleaned["heats_no_room"],
            "plug": plug,
            "plug_address": cleaned.get("plug_address", ""),
            "cutoff": "" if plug == NEW_PLUG else plug,
            "circuit": cleaned.get("circuit", ""),
            "unit": cleaned.get("unit", ""),
        }

    def said(self, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """The answers in words, for a last look."""
        rooms = dict(self.fields["rooms"].choices)
        heats = ", ".join(rooms.get(room, "a room that is gone") for room in answers["rooms"])
        told = [("Heats", heats or "no room")]
        for name, label in (("plug", "Upstream plug"), ("circuit", "Circuit"), ("unit", "Decided by")):
            if name in self.fields:
                told.append((label, dict(self.fields[name].choices).get(answers[name], "–")))
        if answers.get("plug") == NEW_PLUG:
            told[1] = ("Upstream plug", answers["plug_address"])
        return told


def _unit_label(unit: OptimizationUnit) -> str:
    """Its name, and whether it decides: one without miners begins with its first (`optimization.adding`)."""
    if unit.is_enabled:
        return unit.name
    return f"{unit.name} (switched {'off' if unit.miners.all() else 'on with this miner'})"


def free_name(home: Site | None, model: str, names: Collection[str] = ()) -> str:
    """The model as a name nobody in this home has yet: “Avalon Q”, “Avalon Q 2”."""
    base = (model or "Miner")[: _MOST_NAME - 4]
    there = () if home is None else Miner.objects.filter(site=home).values_list("name", flat=True)
    taken = {name.lower() for name in (*there, *names)}
    name, number = base, 2
    while name.lower() in taken:
        name, number = f"{base} {number}", number + 1
    return name
