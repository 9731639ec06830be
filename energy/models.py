"""PV, battery and grid of a site, what reads them, and what was measured."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models import AdapterRow
from integrations.registry import Kind
from sites.models import NamedModel, Site
from sites.rollup import Bucket

from .ages import CHARGE_LIMIT, FLOW_LIMIT


def _part_limit(what: str, usual: timedelta) -> models.PositiveIntegerField:
    minutes = int(usual.total_seconds() // 60)
    return models.PositiveIntegerField(
        f"{what} silent after (s)",
        null=True,
        blank=True,
        validators=[MinValueValidator(10), MaxValueValidator(86_400)],
        help_text=f"Empty: {minutes * 60} s; less or more where ‘silent after’ was set to less or more than 3600 s.",
    )


class EnergyMonitor(AdapterRow):
    """What reads production, consumption, battery and grid."""

    adapter_kind = Kind.ENERGY_MONITOR

    stale_after_seconds = models.PositiveIntegerField(
        "silent after (s)",
        default=3600,
        validators=[MinValueValidator(10)],
        help_text="Older values are not believed. Parts with a time of their own have limits of their own.",
    )
    production_stale_after_seconds = _part_limit("production", FLOW_LIMIT)
    household_stale_after_seconds = _part_limit("consumption", FLOW_LIMIT)
    grid_stale_after_seconds = _part_limit("grid", FLOW_LIMIT)
    battery_stale_after_seconds = _part_limit("battery power", FLOW_LIMIT)
    charge_stale_after_seconds = _part_limit("battery charge", CHARGE_LIMIT)

    @property
    def part_limits(self) -> dict[str, timedelta]:
        """The limits of age a person set for single parts, by part."""
        charge = self.charge_stale_after_seconds
        typed = {
            "production_w": self.production_stale_after_seconds,
            "household_w": self.household_stale_after_seconds,
            "grid_w": self.grid_stale_after_seconds,
            "battery_w": self.battery_stale_after_seconds,
            "battery_soc_percent": charge,
            "battery_remaining_wh": charge,
        }
        return {part: timedelta(seconds=seconds) for part, seconds in typed.items() if seconds}


class SourceType(models.TextChoices):
    SOLAR = "solar", "solar"
    WIND = "wind", "wind"
    GRID = "grid", "grid only"
    HYDROELECTRIC = "hydroelectric", "hydroelectric"
    OTHER = "other", "other"


class EnergySource(NamedModel):
    """Where the power of a site comes from. What it does not have is *absent*, never unknown."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="energy_sources")
    type = models.CharField(max_length=16, choices=SourceType, default=SourceType.SOLAR)
    nominal_power_w = models.PositiveIntegerField("nominal power (W)", null=True, blank=True)
    has_battery = models.BooleanField(default=False)
    battery_capacity_wh = models.PositiveIntegerField("battery capacity (Wh)", null=True, blank=True)
    has_grid = models.BooleanField("grid connection", default=True)
    contracted_power_w = models.PositiveIntegerField(
        "contracted power (W)", null=True, blank=True, help_text="What the grid connection may carry."
    )
    monitor = models.ForeignKey(EnergyMonitor, on_delete=models.SET_NULL, null=True, blank=True, related_name="sources")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "slug"], name="source_slug_unique_in_site")]

    @property
    def has_production(self) -> bool:
        return self.type != SourceType.GRID


class EnergyReading(models.Model):
    """One wide row per source and minute; W are means of the minute, the rest its last value."""

    source = models.ForeignKey(EnergySource, on_delete=models.CASCADE, related_name="readings", db_index=False)
    at = models.DateTimeField(help_text="The minute.")
    production_w = models.FloatField(null=True)
    household_w = models.FloatField(null=True)
    grid_w = models.FloatField(null=True)
    battery_w = models.FloatField(null=True)
    battery_soc_percent = models.FloatField(null=True)
    surplus_w = models.FloatField(null=True)
    observed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["source", "at"]
        constraints = [models.UniqueConstraint(fields=["source", "at"], name="one_energy_reading_a_minute")]


class EnergyBucket(Bucket):
    """Wh of 15 or 60 minutes in each direction; null where no minute knew it."""

    source = models.ForeignKey(EnergySource, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)
    production_wh = models.FloatField(null=True)
    household_wh = models.FloatField(null=True)
    import_wh = models.FloatField(null=True)
    export_wh = models.FloatField(null=True)
    charge_wh = models.FloatField(null=True)
    discharge_wh = models.FloatField(null=True)
    battery_soc_percent = models.FloatField(null=True, help_text="The last one known.")

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["source", "at"], name="one_%(class)s_at_a_time")]


class EnergyQuarter(EnergyBucket):
    """15 minutes, kept for two years."""


class EnergyHour(EnergyBucket):
    """One hour, kept for ever."""
