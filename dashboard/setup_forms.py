"""The questions of the set-up wizard. What can be chosen comes from Home Assistant, with its value now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.validators import URLValidator
from pydantic import ValidationError as ConfigError

from climate.models import TARGET_MAX_CELSIUS, TARGET_MIN_CELSIUS
from climate.monitors.home_assistant import is_thermostat, thermostat_caution
from energy.monitors.home_assistant import HomeAssistantEnergyMonitor
from integrations import tls
from integrations.connections.entities import EntityState
from integrations.models import validate_certificate
from integrations.problems import sentence
from miners.controllers.home_assistant_switch import HomeAssistantSwitch

#: As the adapters accept them.
TEMPERATURE_UNITS = {"°C", "°F", "K"}
POWER_UNITS = {"W", "kW", "MW"}
SWITCH_DOMAINS = ("switch", "input_boolean", "light", "fan")
DEFAULT_TARGET_CELSIUS = 20.0


def reads_temperature(entity: EntityState) -> bool:
    return entity.domain == "climate" or (entity.domain == "sensor" and entity.unit in TEMPERATURE_UNITS)


def measures_power(entity: EntityState) -> bool:
    return entity.domain == "sensor" and entity.unit in POWER_UNITS


def measures_share(entity: EntityState) -> bool:
    return entity.domain == "sensor" and entity.unit == "%"


def switches(entity: EntityState) -> bool:
    return entity.domain in SWITCH_DOMAINS


def room_name(entity: EntityState) -> str:
    """“Living Room Temperature” → “Living Room”."""
    words = [word for word in entity.name.split() if word.lower() not in ("temperature", "temp", "sensor")]
    return " ".join(words)[:80] or entity.name[:80]


def _value_now(entity: EntityState) -> str:
    if entity.domain == "climate":
        return "" if entity.current_temperature is None else f"{entity.current_temperature}°"
    return f"{entity.state} {entity.unit or ''}".strip()


def _label(entity: EntityState) -> str:
    value = _value_now(entity)
    return f"{entity.name} ({value})" if value else entity.name


def _choices(entities: Iterable[EntityState], empty: str | None = None) -> list[tuple[str, str]]:
    found = sorted(((one.entity_id, _label(one)) for one in entities), key=lambda choice: choice[1].lower())
    return found if empty is None else [("", empty), *found]


class ConnectForm(forms.Form):
    """Where Home Assistant is, and what opens it."""

    url = forms.CharField(
        label="Address of Home Assistant",
        max_length=200,
        validators=[URLValidator(schemes=["http", "https"], message="Write it like http://homeassistant.local:8123")],
        help_text="As you open it in the browser, for example http://homeassistant.local:8123",
        widget=forms.URLInput(attrs={"autocomplete": "url", "placeholder": "http://homeassistant.local:8123"}),
    )
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


class RoomForm(forms.Form):
    """One temperature sensor: is it a room to keep warm, what is it called, how warm?"""

    use = forms.BooleanField(required=False)
    name = forms.CharField(max_length=80, required=False)
    target = forms.FloatField(
        min_value=TARGET_MIN_CELSIUS, max_value=TARGET_MAX_CELSIUS, required=False, initial=DEFAULT_TARGET_CELSIUS,
        widget=forms.NumberInput(attrs={"step": "0.5", "inputmode": "decimal"}),
    )  # fmt: skip

    def __init__(self, *args, entity: EntityState, **kwargs):
        super().__init__(*args, prefix=entity.entity_id, **kwargs)
        self.entity, self.value_now = entity, _value_now(entity)
        self.caution = thermostat_caution(entity.entity_id) if is_thermostat(entity.entity_id) else ""
        self.fields["name"].initial = room_name(entity)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("use"):
            if not cleaned.get("name"):
                self.add_error("name", "Give the room a name.")
            if cleaned.get("target") is None and "target" not in self.errors:
                self.add_error("target", "Say how warm it shall be, for example 20.")
        return cleaned


class MinerForm(forms.Form):
    """A miner behind a plug."""

    name = forms.CharField(label="Name of the miner", max_length=80, initial="Miner")
    switch = forms.ChoiceField(label="What switches it", help_text="A smart plug or switch in Home Assistant.")
    power = forms.ChoiceField(
        label="What measures its power", required=False, help_text="With it the program sees that off is really off."
    )
    watts = forms.IntegerField(label="Power when it runs (W)", min_value=1, max_value=20_000, initial=1000)
    auto_off = forms.IntegerField(
        label="The plug’s own auto-off timer (min)", required=False, min_value=15, max_value=1440,
        help_text=f"{HomeAssistantSwitch.dead_man_help} Empty: the plug has none.",
    )  # fmt: skip
    rooms = forms.MultipleChoiceField(
        label="Which rooms it heats", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None: it stands where its heat warms no room.",
    )  # fmt: skip

    def __init__(self, *args, entities: Sequence[EntityState], rooms: Sequence[str], taken: set[str], **kwargs):
        super().__init__(*args, **kwargs)
        free = [one for one in entities if switches(one) and one.entity_id not in taken]
        self.fields["switch"].choices = _choices(free, "Choose …")
        self.fields["power"].choices = _choices(filter(measures_power, entities), "nothing")
        self.fields["rooms"].choices = [(room, room) for room in rooms]
        if len(rooms) == 1:
            self.fields["rooms"].initial = list(rooms)


class EnergyForm(forms.Form):
    """Sensors of sun, home, grid and battery; each can be left out."""

    entity_production = forms.ChoiceField(label="Solar production", required=False)
    entity_consumption = forms.ChoiceField(label="What the home takes", required=False)
    consumption_includes_miners = forms.BooleanField(
        label="The home’s meter counts the miners, too", required=False, initial=True
    )
    entity_grid = forms.ChoiceField(
        label="Grid, both directions", required=False, help_text="One sensor with a sign, or the two below."
    )
    grid_positive_export = forms.BooleanField(
        label="A positive grid value means selling", required=False, help_text="Off: it means buying."
    )
    entity_grid_import = forms.ChoiceField(
        label="Bought from the grid", required=False, help_text="Where the meter has one sensor for each direction."
    )
    entity_grid_export = forms.ChoiceField(label="Sold to the grid", required=False)
    entity_battery_soc = forms.ChoiceField(label="Battery charge", required=False)
    entity_battery_power = forms.ChoiceField(label="Battery power, both directions", required=False)
    battery_positive_charge = forms.BooleanField(
        label="A positive battery value means charging", required=False, initial=True, help_text="Off: it means giving."
    )

    def __init__(self, *args, entities: Sequence[EntityState], **kwargs):
        super().__init__(*args, **kwargs)
        power = _choices(filter(measures_power, entities), "none")
        for name in self.fields:
            if name.startswith("entity_"):
                self.fields[name].choices = power
        self.fields["entity_battery_soc"].choices = _choices(filter(measures_share, entities), "none")

    def clean(self) -> dict[str, Any]:
        """What the adapter refuses is said here, not at the end."""
        cleaned = super().clean()
        try:
            HomeAssistantEnergyMonitor.Config.model_validate(cleaned)
        except ConfigError as error:
            for problem in error.errors():
                self.add_error(None, sentence(problem))
        return cleaned

    @property
    def chosen(self) -> bool:
        return any(self.cleaned_data[name] for name in self.cleaned_data if name.startswith("entity_"))


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
