"""Zones, what reads them, when they should be how warm, and what was measured."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone
from pydantic import ValidationError as ConfigError

from integrations.models import AdapterRow
from integrations.registry import Kind
from sites.models import NamedModel, Site, UUIDModel
from sites.rollup import Bucket
from sites.words import listed

from . import schedule
from .reports import LONGEST_LIMIT, USUAL_LIMIT
from .sensors import PLAUSIBLE_CELSIUS, PLAUSIBLE_OUTDOORS_CELSIUS
from .targets import FROST_PRESET_CELSIUS, Override, Period, Preset
from .wake_up import age_advice

TARGET_MIN_CELSIUS, TARGET_MAX_CELSIUS = 5.0, 35.0
DEFAULT_HIGH_LIMIT_CELSIUS = 28.0
#: The high limit stays at least this far above the highest upper bound (design.md §5.4).
HIGH_LIMIT_MARGIN_K = 1.0
TARGET_VALIDATORS = [MinValueValidator(TARGET_MIN_CELSIUS), MaxValueValidator(TARGET_MAX_CELSIUS)]


class ClimateMonitor(AdapterRow):
    """What reads the temperature of a room."""

    adapter_kind = Kind.CLIMATE_MONITOR

    stale_after_seconds = models.PositiveIntegerField(
        "silent after (s)",
        default=3600,
        validators=[MinValueValidator(60), MaxValueValidator(int(LONGEST_LIMIT.total_seconds()))],
        help_text="A value older than this is not believed. Many sensors report only on change: 3600 s suits them.",
    )
    long_silence_confirmed = models.BooleanField(
        "it may be silent for more than an hour",
        default=False,
        help_text="For battery sensors that report every few hours. Meanwhile nobody knows how warm the room is, so "
        "between two reports its miners give no more energy than lifts the room by about 1.5 K.",
    )
    plausible_low_celsius = models.FloatField(
        "coldest believed (°C)",
        null=True,
        blank=True,
        validators=[MinValueValidator(-60), MaxValueValidator(60)],
        help_text="What is colder is not believed. Empty: −10 in a room, −40 outdoors.",
    )
    plausible_high_celsius = models.FloatField(
        "warmest believed (°C)",
        null=True,
        blank=True,
        validators=[MinValueValidator(-60), MaxValueValidator(60)],
        help_text="What is warmer is not believed. Empty: 45.",
    )
    max_jump_k = models.FloatField(
        "largest jump (K in 10 min)",
        default=5.0,
        validators=[MinValueValidator(0.5), MaxValueValidator(40)],
        help_text="A faster change is in doubt until the value comes back, another sensor of the room agrees with it, "
        "or you say that it is right.",
    )
    #: A person said that a value in doubt is right: when, and which.
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    confirmed_celsius = models.FloatField(null=True, blank=True, editable=False)
    is_outdoor = models.BooleanField(
        "measures outdoors", default=False, help_text="The outdoor temperature of the home; it reads no room."
    )

    class Meta(AdapterRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["site"], condition=models.Q(is_outdoor=True), name="one_outdoor_sensor_per_site"
            ),
        ]

    @property
    def plausible_range_celsius(self) -> tuple[float, float]:
        """From the coldest to the warmest that is believed of it, °C."""
        low, high = PLAUSIBLE_OUTDOORS_CELSIUS if self.is_outdoor else PLAUSIBLE_CELSIUS
        low = low if self.plausible_low_celsius is None else self.plausible_low_celsius
        return low, high if self.plausible_high_celsius is None else self.plausible_high_celsius

    @property
    def confirmed_by_hand(self) -> tuple[datetime, float] | None:
        """When a person said that a value in doubt is right, and which (°C)."""
        if self.confirmed_at is None or self.confirmed_celsius is None:
            return None
        return self.confirmed_at, self.confirmed_celsius

    def clean(self):
        super().clean()
        low, high = self.plausible_low_celsius, self.plausible_high_celsius
        if low is not None and high is not None and low >= high:
            sentence = f"{high:g} °C is not above the coldest believed, {low:g} °C. Choose a higher one."
            raise ValidationError({"plausible_high_celsius": sentence})
        usual = int(USUAL_LIMIT.total_seconds())
        if self.stale_after_seconds and self.stale_after_seconds > usual and not self.long_silence_confirmed:
            sentence = (
                f"{self.stale_after_seconds} s is more than an hour. Confirm that it may be silent for so long, or "
                f"choose at most {usual} s."
            )
            raise ValidationError({"stale_after_seconds": sentence})
        if self.is_outdoor:
            self._check_outdoor()

    @property
    def limit_of_age(self) -> timedelta:
        """How old a value of it may be: more than an hour only where a person has confirmed it."""
        limit = timedelta(seconds=self.stale_after_seconds)
        return limit if self.long_silence_confirmed else min(limit, USUAL_LIMIT)

    def cautions(self) -> list[str]:
        """What is to be known of it before it is relied on, one sentence each."""
        try:
            adapter, config = self.adapter, self.validated()
        except (LookupError, ConfigError):
            return []
        advice = age_advice(adapter.reports_every_seconds(config))
        is_short = advice is not None and self.limit_of_age < timedelta(seconds=advice.fields["stale_after_seconds"])
        return [*adapter.cautions(config), *([advice.sentence] if is_short else [])]

    def _check_outdoor(self) -> None:
        """Raises ValidationError where it reads a room, or the home has another one."""
        rooms = [] if self._state.adding else list(self.zones.all())
        if rooms:
            sentence = f"It reads {listed(rooms)}. Take it out there first, or add another sensor for outdoors."
            raise ValidationError({"is_outdoor": sentence})
        other = ClimateMonitor.objects.filter(site_id=self.site_id, is_outdoor=True).exclude(pk=self.pk).first()
        if other is not None:
            raise ValidationError({"is_outdoor": f"‘{other}’ measures outdoors already; a home has one such sensor."})


class ClimateZone(NamedModel):
    """A room or area to keep warm."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="zones")
    area_sqm = models.FloatField("area (m²)", null=True, blank=True, validators=[MinValueValidator(0)])
    monitors = models.ManyToManyField(ClimateMonitor, blank=True, related_name="zones")
    default_target_celsius = models.FloatField(
        "default target (°C)",
        default=20.0,
        validators=TARGET_VALIDATORS,
        help_text="Holds whenever no slot of the schedule does.",
    )
    hysteresis_celsius = models.FloatField(
        "hysteresis (°C)",
        default=0.5,
        validators=[MinValueValidator(0.1), MaxValueValidator(3.0)],
        help_text="Heating starts this far below the target and stops this far above it.",
    )
    high_limit_celsius = models.FloatField(
        "high limit (°C)",
        default=DEFAULT_HIGH_LIMIT_CELSIUS,
        validators=[MinValueValidator(10), MaxValueValidator(45)],
        help_text="At this temperature every miner heating the zone is switched off, whatever any rule says.",
    )
    comfort_celsius = models.FloatField("comfort (°C)", default=21.0, validators=TARGET_VALIDATORS)
    eco_celsius = models.FloatField(
        "eco (°C)", default=18.0, validators=TARGET_VALIDATORS, help_text="Also the target while nobody is there."
    )
    away_celsius = models.FloatField("away (°C)", default=15.0, validators=TARGET_VALIDATORS)
    frost_protection = models.BooleanField(
        default=True, help_text="Heat below the frost limit, whatever rules and energy say."
    )
    frost_limit_celsius = models.FloatField(
        "frost limit (°C)", default=7.0, validators=[MinValueValidator(4), MaxValueValidator(12)]
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order on the dashboard.")

    class Meta:
        ordering = ["position", "name"]
        constraints = [models.UniqueConstraint(fields=["site", "slug"], name="zone_slug_unique_in_site")]

    @property
    def highest_target_celsius(self) -> float:
        """The warmest target the high limit leaves room for, °C."""
        return round(self.high_limit_celsius - HIGH_LIMIT_MARGIN_K - self.hysteresis_celsius, 6)

    def clean(self):
        if self.high_limit_celsius is None or self.hysteresis_celsius is None:
            return
        presets = {name: getattr(self, name) or 0 for name in ("comfort_celsius", "eco_celsius", "away_celsius")}
        highest = max([self.default_target_celsius or 0, *presets.values(), *self._slot_targets()])
        if not is_too_warm(highest, self):
            return
        upper = highest + self.hysteresis_celsius
        low_limit = (
            f"{self.high_limit_celsius:g} °C is too low: the highest target plus hysteresis is {upper:g} °C "
            f"and the limit must be at least {HIGH_LIMIT_MARGIN_K:g} °C above it."
        )
        warm = {name: too_warm(celsius, self) for name, celsius in presets.items() if is_too_warm(celsius, self)}
        raise ValidationError({"high_limit_celsius": low_limit, **warm})

    def _slot_targets(self) -> list[float]:
        if self._state.adding:
            return []
        return [slot.target_celsius for slot in self.slots.all() if slot.target_celsius is not None]

    def preset_celsius(self, preset: str) -> float:
        """What a preset means in this zone, °C."""
        return FROST_PRESET_CELSIUS if preset == Preset.FROST else getattr(self, f"{Preset(preset)}_celsius")

    def celsius_of(self, preset: str, target_celsius: float | None) -> float:
        """A preset's or the plain target, °C."""
        return self.preset_celsius(preset) if preset else target_celsius


def is_too_warm(target_celsius: float, zone: ClimateZone) -> bool:
    """Whether a target (°C) comes too close to the zone's high limit."""
    return target_celsius > zone.highest_target_celsius + 1e-9


def too_warm(target_celsius: float, zone: ClimateZone, preset: str = "") -> str:
    """The sentence for a target (°C), or a preset of that target, that does."""
    seen = f"{Preset(preset).label}, {target_celsius:g} °C," if preset else f"{target_celsius:g} °C"
    return (
        f"{seen} is too close to the zone's high limit of {zone.high_limit_celsius:g} °C. "
        f"Choose at most {zone.highest_target_celsius:g} °C or raise the limit."
    )


PRESETS = [(str(preset), preset.label) for preset in Preset]


def _one_target(name: str) -> models.CheckConstraint:
    """A preset or a target, never both and never neither."""
    empty = models.Q(target_celsius__isnull=True)
    return models.CheckConstraint(condition=(models.Q(preset="") & ~empty) | (~models.Q(preset="") & empty), name=name)


class TargetFields(models.Model):
    """A target: a preset of the zone, or a temperature."""

    preset = models.CharField(max_length=10, blank=True, choices=PRESETS, help_text="Or a temperature of its own.")
    target_celsius = models.FloatField("target (°C)", null=True, blank=True, validators=TARGET_VALIDATORS)

    class Meta:
        abstract = True

    @property
    def target_words(self) -> str:
        return Preset(self.preset).label if self.preset else f"{self.target_celsius:g} °C"

    def check_one_target(self) -> None:
        """Raises ValidationError unless there is a preset or a target."""
        if bool(self.preset) == (self.target_celsius is not None):
            sentence = "Choose a preset or a target, not both." if self.preset else "Choose a preset or a target in °C."
            raise ValidationError({"target_celsius": sentence})


def validate_weekdays(value: int) -> None:
    if not 1 <= value <= 127:
        raise ValidationError("Choose at least one weekday.")


class TemperatureSlot(TargetFields, UUIDModel):
    """A target for a part of the day on some weekdays; one crossing midnight belongs to the day it starts."""

    zone = models.ForeignKey(ClimateZone, on_delete=models.CASCADE, related_name="slots")
    weekdays = models.PositiveSmallIntegerField(
        default=schedule.ALL_DAYS,
        validators=[validate_weekdays],
        help_text="Bit 0 is Monday, bit 6 Sunday; 127 is every day.",
    )
    start_time = models.TimeField("from")
    end_time = models.TimeField("to", help_text="Earlier than ‘from’: on the next day. Equal: 24 hours.")

    class Meta:
        ordering = ["start_time"]
        constraints = [
            models.CheckConstraint(condition=models.Q(weekdays__gte=1, weekdays__lte=127), name="slot_has_weekdays"),
            _one_target("slot_has_one_target"),
            # Overlaps in general are the services' business; the same stretch twice the database refuses.
            models.UniqueConstraint(fields=["zone", "start_time", "weekdays"], name="slot_stretch_unique_in_zone"),
        ]

    def __str__(self) -> str:
        days = schedule.weekday_names(self.weekdays)
        return f"{days} {self.start_time:%H:%M}–{self.end_time:%H:%M} {self.target_words}"

    def as_slot(self) -> schedule.Slot:
        celsius = self.zone.celsius_of(self.preset, self.target_celsius)
        return schedule.Slot(self.weekdays, self.start_time, self.end_time, celsius, self.preset)

    def clean(self):
        self.check_one_target()
        if self.zone_id is None or self.start_time is None or self.end_time is None:
            return
        others = TemperatureSlot.objects.filter(zone_id=self.zone_id).exclude(pk=self.pk)
        clash = schedule.find_overlap([self.as_slot(), *(slot.as_slot() for slot in others)])
        if clash is not None:
            raise ValidationError({"start_time": clash.sentence})


class TargetOverride(TargetFields, UUIDModel):
    """A wish: this target by hand, until a time or (`until` empty) until resumed."""

    zone = models.ForeignKey(ClimateZone, on_delete=models.CASCADE, related_name="overrides")
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    by = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["zone", "cancelled_at"])]
        constraints = [_one_target("override_has_one_target")]

    def __str__(self) -> str:
        return f"{self.target_words} in {self.zone}"

    def as_override(self) -> Override:
        celsius = self.zone.celsius_of(self.preset, self.target_celsius)
        return Override(celsius, self.until, self.preset, self.created_at)


class TargetPeriod(TargetFields, UUIDModel):
    """A target of the whole home, or of some rooms, from a time until another: holiday, away, all eco."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="target_periods")
    name = models.CharField(max_length=80, default="away", help_text="As the rooms say it: holiday, away, guests.")
    zones = models.ManyToManyField(
        ClimateZone, blank=True, related_name="target_periods", help_text="Which rooms. Empty: the whole home."
    )
    starts_at = models.DateTimeField("from", default=timezone.now)
    ends_at = models.DateTimeField("until", null=True, blank=True, help_text="Empty: until you resume the schedule.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    by = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        ordering = ["starts_at"]
        verbose_name = "away period"
        indexes = [models.Index(fields=["site", "cancelled_at"])]
        constraints = [
            _one_target("period_has_one_target"),
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at")),
                name="period_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.target_words}"

    @property
    def is_planned(self) -> bool:
        """Made for later; the others were tapped for now."""
        return self.starts_at > self.created_at

    def means(self, zone: ClimateZone) -> bool:
        rooms = self.zones.all()
        return not rooms or zone in rooms

    def clean(self):
        self.check_one_target()
        if self.ends_at is not None and self.starts_at is not None and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "It must end after it starts."})

    def as_period(self, zone: ClimateZone) -> Period:
        celsius = zone.celsius_of(self.preset, self.target_celsius)
        return Period(celsius, self.starts_at, self.ends_at, self.name, self.preset, self.created_at)


@receiver(pre_delete, sender=ClimateZone)
def remove_periods_of_the_zone_alone(sender, instance: ClimateZone, **kwargs) -> None:
    """A period of one room goes with it: left without rooms it would mean the whole home."""
    for period in instance.target_periods.prefetch_related("zones"):
        if len(period.zones.all()) == 1:
            period.delete()


class ZoneReading(models.Model):
    """One wide row per zone and minute: the last value with its own time, extremes, target, heating."""

    zone = models.ForeignKey(ClimateZone, on_delete=models.CASCADE, related_name="readings", db_index=False)
    at = models.DateTimeField(help_text="The minute.")
    temperature_celsius = models.FloatField(null=True)
    observed_at = models.DateTimeField(null=True)
    low_celsius = models.FloatField(null=True)
    high_celsius = models.FloatField(null=True)
    humidity_percent = models.FloatField(null=True)
    target_celsius = models.FloatField(null=True)
    heating_w = models.FloatField(default=0)
    sensor = models.CharField(max_length=8, default="ok")
    window_open = models.BooleanField(default=False)
    outdoor_celsius = models.FloatField(null=True)

    class Meta:
        ordering = ["zone", "at"]
        constraints = [models.UniqueConstraint(fields=["zone", "at"], name="one_zone_reading_a_minute")]


class ZoneBucket(Bucket):
    """What a room was like in 15 or 60 minutes; °C are means but for the extremes."""

    zone = models.ForeignKey(ClimateZone, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)
    mean_celsius = models.FloatField(null=True)
    low_celsius = models.FloatField(null=True)
    high_celsius = models.FloatField(null=True)
    target_celsius = models.FloatField(null=True)
    heating_wh = models.FloatField()
    below_target_degree_minutes = models.FloatField(help_text="K·min: how far below the target, and how long.")
    in_band_minutes = models.PositiveSmallIntegerField(help_text="Minutes within the hysteresis around the target.")
    lost_minutes = models.PositiveSmallIntegerField(help_text="Minutes without a sensor to believe.")
    window_minutes = models.PositiveSmallIntegerField(default=0, help_text="Minutes in which a window paused heating.")
    outdoor_celsius = models.FloatField(null=True)
    heating_minutes = models.PositiveSmallIntegerField()
    starts = models.PositiveSmallIntegerField(help_text="How often heating began.")

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["zone", "at"], name="one_%(class)s_at_a_time")]


class ZoneQuarter(ZoneBucket):
    """15 minutes, kept for two years."""


class ZoneHour(ZoneBucket):
    """One hour, kept for ever."""
