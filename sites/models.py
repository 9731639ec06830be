"""A site, and what every floor above needs of it: activity, alarms, API tokens, sign-in links."""

from __future__ import annotations

import uuid
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.text import slugify

from .fields import VersionField
from .slugs import make_slug, unique_slug


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(f"‘{value}’ is not a time zone. Use a name like Europe/Rome.")


class UUIDModel(models.Model):
    """Base of everything the API names by id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class NamedModel(UUIDModel):
    """A named thing of a site whose slug is unique there and survives renaming."""

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=90, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs):
        if not self.slug:
            others = type(self).objects.filter(site_id=self.site_id).exclude(pk=self.pk)
            self.slug = unique_slug(self.name, set(others.values_list("slug", flat=True)))
        super().save(*args, **kwargs)


class TemperatureUnit(models.TextChoices):
    """How pages show temperatures; everything stored is °C."""

    CELSIUS = "C", "°C"
    FAHRENHEIT = "F", "°F"


class Site(UUIDModel):
    """One home or building: place, time zone, currency and how often it is controlled."""

    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    latitude = models.FloatField(
        "latitude (°)", null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        "longitude (°)", null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    currency = models.CharField(
        max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters, like EUR.")]
    )
    temperature_unit = models.CharField(
        "temperatures in",
        max_length=1,
        choices=TemperatureUnit,
        default=TemperatureUnit.CELSIUS,
        help_text="On the pages of the home, where targets are typed in it, too. Set-up and the API stay in °C.",
    )
    control_period_seconds = models.PositiveSmallIntegerField(
        "control period (s)",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(300)],
        help_text="How often every room is looked at. 10 s suits a home.",
    )
    power_limit_w = models.PositiveIntegerField(
        "power limit (W)",
        null=True,
        blank=True,
        help_text="The miners of this site together never take more. Empty: no limit.",
    )
    is_active = models.BooleanField(
        default=True, help_text="Off: nothing here is heated; miners are switched off first."
    )
    is_demo = models.BooleanField(default=False, editable=False)
    #: A face that wrote a wish sets this to now; the next tick runs a pass and clears it.
    next_pass_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: Moves in the transaction of any write to what a person set up here (`optimization.site_plan.triggers`).
    config_version = VersionField(default=0, editable=False)

    class Meta:
        ordering = ["is_demo", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def is_test_bench(self) -> bool:
        """The environment says real controllers may run on simulated sensors here."""
        benches = set(settings.TEST_BENCH_SITES)
        # Settings written before names of any script had a slug keep their form.
        before = slugify(self.name).replace("-", "_")
        return bool(benches) and not benches.isdisjoint({str(self.pk), self.name, make_slug(self.name), before} - {""})

    def wake(self) -> None:
        """Ask for a pass as soon as possible."""
        self.next_pass_at = timezone.now()
        type(self).objects.filter(pk=self.pk).update(next_pass_at=self.next_pass_at)


class Severity(models.TextChoices):
    INFO = "info", "info"
    WARNING = "warning", "warning"
    ALARM = "alarm", "alarm"


class ActivityLog(models.Model):
    """What happened at a site, in plain sentences, newest first."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="activity", null=True)
    at = models.DateTimeField(default=timezone.now)
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.INFO)
    text = models.CharField(max_length=500)
    actor = models.CharField(max_length=80, blank=True, help_text="Who did it; empty: the program.")

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = "activity"
        verbose_name_plural = "activity log"
        indexes = [models.Index(fields=["site", "-at"])]

    def __str__(self) -> str:
        return self.text


class Alarm(UUIDModel):
    """Something wrong at a site, from when it began until it ended; one open row per kind and subject."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="alarms")
    kind = models.CharField(max_length=40)
    #: What it is about: "miner:<id>", "zone:<id>", "connection:<id>", "site".
    subject = models.CharField(max_length=80)
    severity = models.CharField(max_length=8, choices=Severity, default=Severity.ALARM)
    text = models.CharField(max_length=500)
    did = models.CharField("what the program did", max_length=300, blank=True)
    remedy = models.CharField("what you can do", max_length=300, blank=True)
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=80, blank=True)
    #: Told outside (Home Assistant): "" not yet, "shown", "cleared".
    told = models.CharField(max_length=8, blank=True, editable=False)

    class Meta:
        ordering = ["-since"]
        indexes = [models.Index(fields=["site", "ended_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "subject"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_alarm_per_subject",
            )
        ]

    def __str__(self) -> str:
        return self.text


class ApiToken(UUIDModel):
    """A bearer token of the API; only its digest is kept."""

    name = models.CharField(max_length=80, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """A one-time sign-in link; only its digest is kept."""

    digest = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"


class HistoryDay(models.Model):
    """A day (UTC) on which something was recorded: what is kept is counted in these, not by the clock of now."""

    day = models.DateField(primary_key=True)

    def __str__(self) -> str:
        return f"{self.day}"


class HistoryMark(models.Model):
    """How far the minute rows of a series are folded into quarters and hours (see `sites.rollup`)."""

    series = models.CharField(max_length=20, primary_key=True)
    last_reading_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.series}: {self.last_reading_id}"
