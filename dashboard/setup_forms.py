"""The questions of the wizard about Home Assistant, rooms, energy and the end. What can be chosen comes from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from pydantic import ValidationError as ConfigError

from climate.models import TARGET_MAX_CELSIUS, TARGET_MIN_CELSIUS
from energy.monitors.home_assistant.monitor import HomeAssistantEnergyMonitor
from integrations import tls
from integrations.connections.entities import EntityState
from integrations.connections.home_assistant_address import NoAddress, candidates
from integrations.models import validate_certificate
from integrations.problems import sentence

from . import offers
from .offers import Offer
from .pickers import EntityField, OffersForm

DEFAULT_TARGET_CELSIUS = 20.0


class ConnectForm(forms.Form):
    """Where Home Assistant is, and what opens it. `addresses`, once valid: where it may be, the likeliest first."""

    url = forms.CharField(
        label="Address of Home Assistant",
        max_length=500,
        help_text="As it stands in your browser, for example http://homeassistant.local:8123",
        widget=forms.TextInput(
            attrs={
                "autocomplete": "url", "placeholder": "http://homeassistant.local:8123", "inputmode": "url",
                "autocapitalize": "off", "spellcheck": "false",
            }
        ),
    )  # fmt: skip
    token = forms.CharField(
        label="Long-lived access token",
        max_length=1000,
        help_text="In Home Assistant: your profile → Security → Long-lived access tokens → Create token.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    certificate = forms.CharField(
        label="Certificate",
        required=False,
        validators=[validate_certificate],
        help_text=tls.HELP,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
    )
    addresses: Sequence[str] = ()

    def __init__(self, *args, has_token: bool = False, **kwargs):
        """`has_token`: one was entered before and opened the address that stands there."""
        super().__init__(*args, **kwargs)
        if has_token:
            self.fields["token"].required = False
            self.fields["token"].help_text = "The one you entered is kept. Leave this empty, or paste another one."

    def clean_url(self) -> str:
        typed = self.cleaned_data["url"]
        try:
            self.addresses = candidates(typed)
        except NoAddress:
            text = f"‘{typed[:60]}’ is not an address. Write it like http://homeassistant.local:8123"
            raise forms.ValidationError(text) from None
        return self.addresses[0]


class RoomForm(forms.Form):
    """One temperature sensor: is it a room to keep warm, what is it called, how warm?"""

    use = forms.BooleanField(required=False)
    sure = forms.BooleanField(required=False)
    name = forms.CharField(max_length=80, required=False)
    target = forms.FloatField(
        min_value=TARGET_MIN_CELSIUS, max_value=TARGET_MAX_CELSIUS, required=False, initial=DEFAULT_TARGET_CELSIUS,
        widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}),
    )  # fmt: skip

    def __init__(self, *args, offer: Offer, suggested: str, known: Mapping[str, Any] | None = None, **kwargs):
        initial = {"name": suggested}
        if known:
            initial = {"use": True, "sure": True, "name": known["name"], "target": known["target_celsius"]}
        super().__init__(*args, prefix=offer.id, initial=initial, **kwargs)
        self.offer, self.was_chosen = offer, known is not None
        if offer.taken:
            self.fields["use"].disabled = True

    @property
    def is_typed(self) -> bool:
        """Something of it was entered, whether it is ticked or not."""
        return self.is_bound and any(name in self.changed_data for name in ("name", "target"))

    @property
    def asks(self) -> bool:
        """Whether it is meant is to be asked, or was."""
        return bool(self.offer.doubt) and (self["use"].value() or self["sure"].value())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("use"):
            return cleaned
        if not cleaned.get("name"):
            self.add_error("name", "Give the room a name.")
        if cleaned.get("target") is None and "target" not in self.errors:
            self.add_error("target", "Say how warm it shall be, for example 20.")
        if self.offer.doubt and not cleaned.get("sure"):
            self.add_error("sure", f"{self.offer.doubt} If it is a room all the same, tick the box below.")
        return cleaned

    def as_answers(self) -> dict[str, Any]:
        return {
            "name": self.cleaned_data["name"],
            "entity_temperature": self.offer.id,
            "target_celsius": self.cleaned_data["target"],
        }


class EnergyForm(OffersForm):
    """Sensors of sun, home, grid and battery; each can be left out. Their signs are asked afterwards."""

    entity_production = EntityField(label="Solar production", required=False)
    entity_consumption = EntityField(label="What the home takes", required=False)
    consumption_includes_miners = forms.BooleanField(
        label="The home’s meter counts the miners, too", required=False, initial=True
    )
    entity_grid = EntityField(
        label="Grid, both directions", required=False, help_text="One sensor with a sign, or the two below."
    )
    entity_grid_import = EntityField(
        label="Bought from the grid", required=False, help_text="Where the meter has one sensor for each direction."
    )
    entity_grid_export = EntityField(label="Sold to the grid", required=False)
    entity_battery_soc = EntityField(label="Battery charge", required=False)
    entity_battery_power = EntityField(
        label="Battery power, both directions", required=False, help_text="One sensor with a sign, or the two below."
    )
    entity_battery_charge = EntityField(label="Into the battery", required=False)
    entity_battery_discharge = EntityField(label="Out of the battery", required=False)

    def __init__(self, *args, entities: Iterable[EntityState], **kwargs):
        super().__init__(*args, **kwargs)
        entities = list(entities)
        meters, shares = offers.meters(entities), offers.shares(entities)
        for name, field in self.fields.items():
            if isinstance(field, EntityField):
                field.offer(shares if name == "entity_battery_soc" else meters, "none")

    def clean(self) -> dict[str, Any]:
        """What the adapter refuses is said here, not at the end."""
        cleaned = super().clean()
        try:
            HomeAssistantEnergyMonitor.Config.model_validate(self.config(cleaned))
        except ConfigError as error:
            for problem in error.errors():
                self.add_error(None, sentence(problem))
        return cleaned

    def config(self, cleaned: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The settings of the monitor, as far as they are asked here."""
        return {name: value for name, value in (cleaned or self.cleaned_data).items() if name in self.fields}

    @property
    def chosen(self) -> bool:
        return any(self.cleaned_data.get(name) for name in self.fields if name.startswith("entity_"))

    @property
    def is_typed(self) -> bool:
        """Any sensor is chosen in what was posted."""
        return self.is_bound and any(self.data.get(name) for name in self.fields if name.startswith("entity_"))


class FinishForm(forms.Form):
    """How the home shall heat, and what it is called."""

    name = forms.CharField(label="Name of the home", max_length=80)
    policy = forms.ChoiceField(label="How it shall heat", widget=forms.RadioSelect)
    never_below = forms.FloatField(
        label="With the sun, but never below (°C)",
        required=False,
        min_value=TARGET_MIN_CELSIUS,
        max_value=TARGET_MAX_CELSIUS,
        help_text="A room colder than this is heated from the battery and the grid, too. Empty: in a dark week it may "
        "cool down to its frost limit.",
    )
    remove_demo = forms.BooleanField(label="Remove the simulated home", required=False, initial=True)

    def __init__(self, *args, policies: Sequence[tuple[str, str]], has_sun: bool, has_demo: bool, **kwargs):
        """`has_sun`: a policy that follows the sun is among them."""
        super().__init__(*args, **kwargs)
        self.fields["policy"].choices = policies
        if not has_sun:
            del self.fields["never_below"]
        if not has_demo:
            del self.fields["remove_demo"]
