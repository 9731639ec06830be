"""What of a Home Assistant is offered for what: rooms, plugs, meters; and in words why something is not. Pure.

Nothing is forbidden by this: what looks wrong is kept apart, with its reason, for whoever asks for it. It goes
by domain, unit, device class, integration, category, the value now, and the words of name, id and area.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from climate.monitors.home_assistant.monitor import is_thermostat, thermostat_caution
from integrations import units
from integrations.connections.entities import EntityState
from integrations.errors import AdapterError
from sites.words import THIN, celsius, watts

#: As the adapters accept them.
TEMPERATURE_UNITS = frozenset({"°C", "°F", "K"})
POWER_UNITS = frozenset({"W", "kW", "MW"})
SWITCH_DOMAINS = ("switch", "input_boolean", "light", "fan")
#: Warmer is no room to be heated.
_WARMEST_ROOM_CELSIUS = 40.0
_COLDEST_ROOM_CELSIUS = -10.0
#: Below this nothing flows: the sign of a meter cannot be seen (W).
FLOWS_FROM_W = 20.0


@dataclass(frozen=True)
class Offer:
    """An entity as a list shows it. `doubt`: why it does not look like what is asked for (empty: it does); `caution`:
    what to know before choosing it; `taken`: what has it already.
    """

    entity: EntityState
    doubt: str = ""
    caution: str = ""
    taken: str = ""
    rank: int = 0

    @property
    def id(self) -> str:
        return self.entity.entity_id

    @property
    def name(self) -> str:
        return self.entity.name or self.id

    @property
    def area(self) -> str:
        return self.entity.area

    @property
    def value(self) -> str:
        """What it shows now, with its unit."""
        return value_now(self.entity)

    @property
    def words(self) -> str:
        """All of it in one line, for a list that can hold no more."""
        return " · ".join(filter(None, (self.name, self.area, self.id, self.value)))

    @property
    def searched(self) -> str:
        return f"{self.name} {self.area} {self.id}".casefold()


def value_now(entity: EntityState) -> str:
    if entity.domain == "climate":
        shown = entity.current_temperature
        return "shows no temperature" if shown is None else f"{shown}{THIN}{entity.unit or '°'}"
    if entity.state in ("unavailable", "unknown", ""):
        return "shows nothing now"
    return f"{entity.state}{THIN}{entity.unit}" if entity.unit else entity.state


# --- rooms ----------------------------------------------------------------------------------------


def rooms(entities: Iterable[EntityState]) -> list[Offer]:
    """Temperature sensors and thermostats; those of rooms first."""
    return _sorted(
        Offer(one, _no_room(one), thermostat_caution(one.entity_id) if is_thermostat(one.entity_id) else "")
        for one in entities
        if one.domain == "climate" or (one.domain == "sensor" and one.unit in TEMPERATURE_UNITS)
    )


def room_names(offers: Iterable[Offer]) -> dict[str, str]:
    """What each room may be called: its area where it is the only sensor there, else “Living Room” of “Living Room
    Temperature”.
    """
    fitting = [offer for offer in offers if not offer.doubt]
    areas = [offer.area for offer in fitting]
    return {
        offer.id: offer.area[:80] if offer.area and areas.count(offer.area) == 1 and not offer.doubt else _bare(offer)
        for offer in offers
    }


def _bare(offer: Offer) -> str:
    words = [word for word in offer.name.split() if word.lower() not in _SENSOR_WORDS]
    return " ".join(words)[:80] or offer.name[:80]


def _no_room(entity: EntityState) -> str:
    if entity.platform in _WEATHER:
        return f"It comes from ‘{entity.platform}’, a weather service, not from a sensor in a room."
    outdoor = _word_of(entity, _OUTDOOR)
    if outdoor:
        return f"It looks like an outdoor sensor (‘{outdoor}’)."
    device = _word_of(entity, _INSIDE_DEVICES)
    if device or entity.category:
        why = f"‘{device}’" if device else f"Home Assistant counts it as {entity.category}"
        return f"It looks like the temperature of a device, not of a room ({why})."
    if entity.device_class not in (None, "temperature"):
        return f"Home Assistant says that it measures {entity.device_class.replace('_', ' ')}."
    shown = _celsius(entity)
    if shown is not None and not _COLDEST_ROOM_CELSIUS <= shown <= _WARMEST_ROOM_CELSIUS:
        return f"It shows {celsius(shown)}, as no room does."
    return ""


def _celsius(entity: EntityState) -> float | None:
    value = entity.current_temperature if entity.domain == "climate" else entity.state
    try:
        return units.measured(value, entity.unit, units.celsius, "it")
    except AdapterError:
        return None


# --- plugs ----------------------------------------------------------------------------------------


def switches(entities: Iterable[EntityState], taken: Mapping[str, str] | None = None) -> list[Offer]:
    """What could switch a miner; plugs and switches first. `taken`: what drives one already, by entity id."""
    return _sorted(
        Offer(
            one,
            _no_plug(one),
            taken=(taken or {}).get(one.entity_id, ""),
            rank=0 if one.device_class == "outlet" or _word_of(one, _PLUGS) else 1,
        )
        for one in entities
        if one.domain in SWITCH_DOMAINS
    )


def _no_plug(entity: EntityState) -> str:
    if entity.domain == "light":
        return "It is a light."
    if entity.domain == "fan":
        return "It is a fan."
    if entity.domain == "input_boolean":
        return "It is a helper in Home Assistant: it switches something only where an automation follows it."
    if entity.category:
        return f"It is a setting of a device (Home Assistant counts it as {entity.category}), not a plug."
    word = _word_of(entity, _SETTINGS)
    return f"It looks like a setting of a device (‘{word}’), not a plug." if word else ""


# --- meters ---------------------------------------------------------------------------------------


def meters(entities: Iterable[EntityState]) -> list[Offer]:
    """Sensors of power; those that measure it now first."""
    return _sorted(
        Offer(one, _no_meter(one), rank=0 if one.device_class == "power" else 1)
        for one in entities
        if one.domain == "sensor" and one.unit in POWER_UNITS
    )


def shares(entities: Iterable[EntityState]) -> list[Offer]:
    """Sensors of a share, for the charge of a home battery."""
    return _sorted(
        Offer(one, _no_charge(one), rank=0 if _word_of(one, _HOME_BATTERY) else 1)
        for one in entities
        if one.domain == "sensor" and one.unit == "%"
    )


def _no_meter(entity: EntityState) -> str:
    if entity.platform in _FORECASTS:
        return f"It is a forecast (of ‘{entity.platform}’), not a meter."
    forecast = _word_of(entity, _FORECAST_WORDS) or next((one for one in _FORECAST_IDS if one in entity.entity_id), "")
    if forecast:
        return f"It looks like a forecast (‘{forecast}’), not a meter."
    if entity.device_class not in (None, "power"):
        return f"Home Assistant says that it measures {entity.device_class.replace('_', ' ')}, not power."
    setting = _word_of(entity, _LIMITS)
    return f"It looks like a limit or a statistic (‘{setting}’), not what flows now." if setting else ""


def _no_charge(entity: EntityState) -> str:
    if entity.device_class not in (None, "battery"):
        return f"Home Assistant says that it measures {entity.device_class.replace('_', ' ')}."
    forecast = _word_of(entity, _FORECAST_WORDS)
    if forecast:
        return f"It looks like a forecast (‘{forecast}’)."
    if entity.category or (entity.device_class == "battery" and _word_of(entity, _SMALL_BATTERIES)):
        return "It looks like the battery of a small device."
    return ""


def power_w(entity: EntityState) -> float | None:
    """The watts it shows now; None where it shows none."""
    try:
        return units.measured(entity.state, entity.unit, units.watts, "it", unit_is_told=True)
    except AdapterError:
        return None


def flow(entity: EntityState | None) -> str:
    """“1.5 kW” of what it shows, without its sign."""
    shown = None if entity is None else power_w(entity)
    return watts(None if shown is None else abs(shown))


# --- words ----------------------------------------------------------------------------------------


def _sorted(offers: Iterable[Offer]) -> list[Offer]:
    return sorted(offers, key=lambda one: (bool(one.doubt), bool(one.taken), one.rank, one.name.casefold(), one.id))


def _word_of(entity: EntityState, words: Collection[str]) -> str:
    """The first of the entity's words that begins with one of these; short ones must be the whole word."""
    text = f"{entity.name} {entity.entity_id.partition('.')[2].replace('_', ' ')} {entity.area}"
    for word in re.findall(r"[^\W\d_]+", text.lower()):
        if word in words or any(len(stem) > 4 and word.startswith(stem) for stem in words):
            return word
    return ""


def _stems(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())


_SENSOR_WORDS = _stems("temperature temp sensor temperatur température temperatura")
#: English, German, French, Italian, Spanish, Dutch and the Nordic languages, as homes are named.
_OUTDOOR = _stems(
    "outdoor outdoors outside exterior external garden balcony terrace patio yard porch weather forecast "
    "außen aussen draußen draussen garten balkon terrasse wetter extérieur exterieur jardin dehors météo meteo "
    "esterno esterna giardino terrazza balcone exterior jardín terraza buiten tuin balkon ute utomhus ulkona udendørs "
    "dewpoint taupunkt windchill apparent"
)
_INSIDE_DEVICES = _stems(
    "cpu gpu processor prozessor chip soc core disk ssd hdd nvme nas board motherboard inverter wechselrichter battery "
    "batterie boiler kessel burner brenner flow vorlauf return rücklauf ruecklauf supply water wasser acqua agua "
    "dhw warmwasser tank buffer puffer speicher cylinder radiator pipe fridge refrigerator kühlschrank freezer gefrier "
    "oven backofen dishwasher dryer washer pool printer extruder nozzle hotend setpoint sollwert target ziel charger "
    "wallbox car vehicle evaporator condenser compressor coolant exhaust solarthermie collector kollektor asic miner"
)
_PLUGS = _stems("plug socket outlet steckdose stecker prise presa enchufe relay relais miner heater avalon bitaxe")
_SETTINGS = _stems(
    "lock led indicator update schedule disturb shuffle loop crossfade camera motion siren alarm notify notification "
    "privacy recording detection automation scene mute bluetooth beta adblock blocking pause"
)
_FORECAST_WORDS = _stems(
    "forecast prognose vorhersage prévision prevision previsione previsioni estimate estimated expected predicted "
    "prediction tomorrow morgen demain domani remaining next highest solcast"
)
#: Entities of forecast integrations that call themselves nothing else.
_FORECAST_IDS = ("power_production_now", "power_production_next", "power_highest_peak", "peak_forecast")
_LIMITS = _stems("limit limits setpoint maximum minimum max min average mean rated nominal reactive apparent target")
_HOME_BATTERY = _stems("soc storage speicher powerwall hausbatterie heimspeicher accumulo batterie battery inverter")
_SMALL_BATTERIES = _stems(
    "phone iphone ipad tablet watch laptop door window remote motion button sensor lock thermostat vacuum robot "
    "doorbell fenster tür handy smoke contact trv valve mouse keyboard"
)
#: Integrations, by the names Home Assistant gives them.
_WEATHER = _stems(
    "met openweathermap accuweather dwd_weather tomorrowio pirateweather meteo_france buienradar ipma aemet "
    "environment_canada nws weatherkit metoffice open_meteo google_weather"
)
_FORECASTS = _stems("forecast_solar solcast_solar open_meteo_solar_forecast pv_forecast solar_forecast helios")
