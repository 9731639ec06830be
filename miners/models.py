"""Miners, what drives them, what a person wished, what we want of them and what they did."""

from __future__ import annotations

from math import ceil

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from climate.models import ClimateZone
from integrations.models import AdapterRow, Connection, address_checks
from integrations.registry import Adapter, ConnectionKind, Kind
from miners.identity import devices, host_names
from miners.status import readback
from sites.models import NamedModel, Site, UUIDModel
from sites.rollup import Bucket
from sites.words import listed

from . import power

#: What a miner's class says as long as nobody says otherwise.
_OF_ITS_CLASS = ("min_on_seconds", "min_off_seconds", "max_starts_per_hour", "max_starts_per_day")
CONNECTION_COLUMNS = tuple(f"{kind}_id" for kind in ConnectionKind)


def _may_be_on(miner: Miner) -> bool:
    desired = getattr(miner, "desired", None)
    return desired is not None and readback.may_be_on(desired)


def on_behind(stored: Connection, connection: Connection) -> str | None:
    """Why a connection must stay where it is: a miner that may be on is switched through it."""
    rows = Miner.objects.filter(**{f"controller__{stored.kind}": stored}).select_related("desired")
    on = [miner.name for miner in rows if _may_be_on(miner)]
    if not on:
        return None
    return f"{listed(on)} may be on, and this is what can switch it off. Stop it and wait until it is off first."


address_checks += [on_behind, devices.moves_onto]


class MinerController(AdapterRow):
    """What reads and drives one miner."""

    adapter_kind = Kind.MINER_CONTROLLER

    #: What a probe found there (`services.identify`): model, firmware, version, serial, power, limits, at.
    identity = models.JSONField(default=dict, blank=True, editable=False)
    #: Keys under which another controller may switch the same device (`identity.aliases`, `identity.host_names`).
    known_as = models.JSONField(default=list, blank=True, editable=False)

    @property
    def can_identify(self) -> bool:
        """The device itself can be asked what it is."""
        try:
            return self.adapter.identify.__func__ is not Adapter.identify.__func__
        except LookupError:
            return False

    @property
    def power(self) -> power.PowerModel | None:
        """What the device said it can be told; None while nobody asked it, or it is only switched."""
        return power.from_json(self.identity.get("power") or {})

    @property
    def switching(self) -> dict:
        """The settings that say what is switched, and how."""
        return self.validated().model_dump(exclude=set(self.adapter.only_read))

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        devices.note(self)

    def clean(self):
        """What may be on is not let go: another plug here would leave the old one heating unwatched.

        And nothing is switched by two controllers.
        """
        super().clean()
        host_names.know(self)
        devices.refuse_taken(self)
        stored = MinerController.objects.filter(pk=self.pk).select_related("miner__desired", "cuts__desired").first()
        miner = getattr(stored, "miner", None) or getattr(stored, "cuts", None)
        if miner is None or not _may_be_on(miner):
            return
        names = ("adapter_type", *CONNECTION_COLUMNS)
        same = all(getattr(stored, name) == getattr(self, name) for name in names)
        if not same or (stored.config != self.config and stored.switching != self.switching):
            raise ValidationError(
                f"‘{miner}’ is on, and this is what can switch it off. Stop it, wait until it is off, then change this."
            )


class Circuit(NamedModel):
    """A fused line; the miners on it together never take more than its limit."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="circuits")
    limit_w = models.PositiveIntegerField("limit (W)", validators=[MinValueValidator(1)])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "slug"], name="circuit_slug_unique_in_site")]


class Miner(NamedModel):
    """A heater that earns."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="miners")
    model = models.CharField(max_length=80, blank=True)
    controller = models.OneToOneField(
        MinerController, on_delete=models.SET_NULL, null=True, blank=True, related_name="miner"
    )
    nominal_power_w = models.PositiveIntegerField(
        "nominal power (W)",
        default=1000,
        validators=[MinValueValidator(1), MaxValueValidator(20_000)],
        help_text="What it takes when it runs; every watt becomes heat.",
    )
    zones = models.ManyToManyField(ClimateZone, blank=True, related_name="miners", verbose_name="heats")
    heats_no_room = models.BooleanField(default=False, help_text="It stands where its heat warms no zone.")
    circuit = models.ForeignKey(Circuit, on_delete=models.SET_NULL, null=True, blank=True, related_name="miners")
    min_on_seconds = models.PositiveIntegerField(
        "minimum on time (s)", default=600, validators=[MaxValueValidator(7200)]
    )
    min_off_seconds = models.PositiveIntegerField(
        "minimum off time (s)", default=600, validators=[MaxValueValidator(7200)]
    )
    ramp_seconds = models.PositiveIntegerField(
        "ramp time (s)",
        default=120,
        validators=[MaxValueValidator(3600)],
        help_text="From switching until the power shows what was asked.",
    )
    max_starts_per_hour = models.PositiveSmallIntegerField(
        "starts per hour, at most", default=3, validators=[MinValueValidator(1)]
    )
    max_starts_per_day = models.PositiveSmallIntegerField(
        "starts per 24 h, at most",
        default=40,
        validators=[MinValueValidator(1)],
        help_text="A room held by on and off alone needs about 30 a day.",
    )
    cutoff = models.OneToOneField(
        MinerController,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="cuts",
        verbose_name="plug before it",
        help_text="What the miner hangs on: its meter is believed first, and it cuts the mains when off fails.",
    )
    cut_at = models.DateTimeField(null=True, blank=True, editable=False)
    quiet_from = models.TimeField("quiet from", null=True, blank=True, help_text="In the home's time.")
    quiet_until = models.TimeField("quiet until", null=True, blank=True)
    quiet_max_w = models.PositiveIntegerField(
        "at most in quiet hours (W)", default=0, help_text="0: off. Frost protection still heats."
    )
    level_watts = models.JSONField(
        "levels as measured (W)",
        default=dict,
        blank=True,
        help_text="What its levels really take, where you measured it: the level’s name and its watts.",
    )
    device_class = models.CharField(
        "kind of machine",
        max_length=12,
        blank=True,
        choices=[(one.key, one.label) for one in power.DEVICE_CLASSES.values()],
        help_text="What it bears: its times and starts follow from it as long as nobody changes them.",
    )
    noise_db = models.PositiveSmallIntegerField(
        "noise (dB)",
        null=True,
        blank=True,
        validators=[MaxValueValidator(120)],
        help_text="At full power, as its maker says. Of two that heat a room, the quieter goes first.",
    )
    max_chip_celsius = models.PositiveSmallIntegerField(
        "chips at most (°C)",
        null=True,
        blank=True,
        validators=[MinValueValidator(40), MaxValueValidator(130)],
        help_text="From there on it is switched off, and starts again 10 °C below. Empty: a limit of its kind.",
    )
    max_board_celsius = models.PositiveSmallIntegerField(
        "boards at most (°C)", null=True, blank=True, validators=[MinValueValidator(40), MaxValueValidator(130)]
    )
    start_cost = models.FloatField(
        "price of a start",
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="What a start wears, in the home’s currency: another miner starts only where it is worth that.",
    )
    leave_on = models.BooleanField(
        "leave on when stopping",
        default=False,
        help_text="A clean stop of the program leaves it running. Nothing then watches the room.",
    )
    is_active = models.BooleanField(default=True, help_text="Off: it is switched off and left alone.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "slug"], name="miner_slug_unique_in_site")]

    @property
    def detected_power(self) -> power.PowerModel | None:
        """Its levels as detected and corrected; None: nobody asked it, or it is only switched."""
        told = self.told_power
        return None if told is None else power.corrected(told, self.level_watts)

    @property
    def power(self) -> power.PowerModel:
        """Its levels as detected and corrected, else on or off at its nominal power."""
        return self.detected_power or power.on_or_off(self.nominal_power_w)

    @property
    def told_power(self) -> power.PowerModel | None:
        """Its levels in the device's own watts."""
        return None if self.controller is None else self.controller.power

    def clean(self):
        self._check_level_watts()
        stored = Miner.objects.filter(pk=self.pk).select_related("desired").first()
        self.take_class(stored)
        if stored is not None and stored.controller_id != self.controller_id and _may_be_on(stored):
            raise ValidationError(
                {"controller": f"‘{self}’ is on. Stop it, wait until it is off, then change what drives it."}
            )
        self._check_cutoff(stored)
        self._check_devices(stored)
        if (self.quiet_from is None) != (self.quiet_until is None):
            missing = "quiet_until" if self.quiet_until is None else "quiet_from"
            raise ValidationError({missing: "Quiet hours need both times: from and until. Fill in both, or neither."})
        if self.controller_id and self.controller.site_id != self.site_id:
            raise ValidationError({"controller": f"‘{self.controller}’ belongs to another site."})
        if self.circuit_id and self.circuit.site_id != self.site_id:
            raise ValidationError({"circuit": f"‘{self.circuit}’ belongs to another site."})

    def take_class(self, stored: Miner | None) -> None:
        """What its device said it is, and the times and starts of its class where nobody changed them (not saved)."""
        told = self.told_power
        if told is not None and not self.device_class:
            self.device_class = told.device_class
            if self.ramp_seconds == Miner._meta.get_field("ramp_seconds").default:
                self.ramp_seconds = told.ramp_seconds
            if stored is None and self.nominal_power_w == Miner._meta.get_field("nominal_power_w").default:
                self.nominal_power_w = ceil(told.max_w)
        before = "" if stored is None else stored.device_class
        if self.device_class != before:
            values = {name: getattr(self, name) for name in _OF_ITS_CLASS}
            for name, value in power.followed(values, before, self.device_class).items():
                setattr(self, name, value)

    def _check_cutoff(self, stored: Miner | None) -> None:
        """The upstream plug is another than what drives it, and is not let go while the miner may be on."""
        if stored is not None and stored.cutoff_id not in (None, self.cutoff_id) and _may_be_on(stored):
            raise ValidationError(
                {"cutoff": f"‘{self}’ is on. Stop it, wait until it is off, then change the plug before it."}
            )
        if self.cutoff_id is None:
            return
        if self.cutoff.site_id != self.site_id:
            raise ValidationError({"cutoff": f"‘{self.cutoff}’ belongs to another site."})
        if self.controller_id and devices.is_same(self.cutoff, self.controller):
            raise ValidationError(
                {"cutoff": f"‘{self.cutoff}’ drives ‘{self}’ already. Leave the upstream plug empty."}
            )

    def _check_devices(self, stored: Miner | None) -> None:
        """What drives it and its upstream plug belong to no other miner, by whatever controller."""
        devices.lock()
        for name, remedy in (("controller", "Choose another one"), ("cutoff", "Choose the plug it is plugged into")):
            row = getattr(self, name)
            if row is None or (stored is not None and getattr(stored, f"{name}_id") == row.pk):
                continue
            other = devices.other_miner(row, self)
            if other is not None:
                where = "" if other.site_id == self.site_id else f" in {other.site}"
                text = f"‘{row}’ belongs to ‘{other}’{where} already. {remedy}, or remove that miner first."
                raise ValidationError({name: ValidationError(text, code="unique")})

    @property
    def most_w(self) -> int:
        """The most it may take when nobody sees it."""
        return power.most_w(self.detected_power, self.nominal_power_w)

    def takes_w(self, asked_w: float) -> int:
        """What it really takes when it is asked for so many watts."""
        return power.taken_w(self.detected_power, self.nominal_power_w, asked_w)

    def told_w(self, power_w: float) -> float:
        """What the device is to be told for `power_w`: its own watts of a level that a person has corrected."""
        told = self.told_power
        return power_w if told is None else power.as_told(told, self.level_watts, power_w)

    def _check_level_watts(self) -> None:
        told = self.told_power
        known = {level.key for level in told.levels} if told else set()
        for key, watts in (self.level_watts if isinstance(self.level_watts, dict) else {"": None}).items():
            is_number = isinstance(watts, int | float) and not isinstance(watts, bool)
            if key not in known or not is_number or not 1 <= watts <= 20_000:
                listed_keys = ", ".join(sorted(known)) or "none, as nothing was detected"
                raise ValidationError(
                    {"level_watts": f"‘{key}’: {watts} is no power of a level. Give 1 to 20000 W for: {listed_keys}."}
                )


class ManualRequest(UUIDModel):
    """A wish: these watts by hand. 0 holds until resumed; anything else has an end."""

    miner = models.ForeignKey(Miner, on_delete=models.CASCADE, related_name="requests")
    power_w = models.PositiveIntegerField("power (W)")
    until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    by = models.CharField(max_length=80, blank=True, editable=False)
    #: "person" or "outside" (somebody switched the device itself; adopted by the pass).
    origin = models.CharField(max_length=10, default="person", editable=False)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["miner", "cancelled_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(power_w=0) | models.Q(until__isnull=False), name="manual_on_has_an_end"
            )
        ]

    def __str__(self) -> str:
        return f"{self.miner}: {f'{self.power_w} W' if self.power_w else 'off'}"


class DesiredState(models.Model):
    """What we want of a miner; committed before anything is written to it. Changed by `miners.desired_state` alone."""

    #: In memory: more is wanted than before, and that is not committed yet.
    is_raise_open = False

    miner = models.OneToOneField(Miner, on_delete=models.CASCADE, related_name="desired", primary_key=True)
    power_w = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    #: "policy", "manual", "guard", "frost", "stop", …: who wanted it.
    origin = models.CharField(max_length=20, blank=True)
    changed_at = models.DateTimeField(null=True)
    #: Off → on and on → off as seen or commanded, whichever is later (min on/off count from here).
    switched_on_at = models.DateTimeField(null=True)
    switched_off_at = models.DateTimeField(null=True)
    #: Starts of the last 24 h, ISO times (start budget).
    starts = models.JSONField(default=list)
    confirmed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    #: What it may have drawn before the last change: it counts until the change has been followed (`draw`).
    before_w = models.PositiveIntegerField(default=0)
    #: How much more than it was told it was measured to take when it last ran (W).
    took_more_w = models.PositiveIntegerField(default=0)
    #: What the device last showed, and when; survives a restart.
    seen_on = models.BooleanField(null=True)
    seen_at = models.DateTimeField(null=True)
    #: The last write the device took; a timer in the device counts from its "on".
    written_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.miner}: {self.power_w} W"


class CommandLog(models.Model):
    """Every write to a device, and what came of it."""

    miner = models.ForeignKey(Miner, on_delete=models.CASCADE, related_name="commands")
    at = models.DateTimeField(default=timezone.now)
    power_w = models.PositiveIntegerField()
    origin = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    #: "sent" (accepted, not yet seen), "failed".
    outcome = models.CharField(max_length=10)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["miner", "-at"])]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.miner}: {self.power_w} W {self.outcome}"


class MinerReading(models.Model):
    """One wide row per miner and minute; W and TH/s are means, the rest the last value."""

    miner = models.ForeignKey(Miner, on_delete=models.CASCADE, related_name="readings", db_index=False)
    at = models.DateTimeField(help_text="The minute.")
    status = models.CharField(max_length=12)
    power_w = models.FloatField(null=True)
    desired_w = models.FloatField(default=0)
    hash_rate_th_s = models.FloatField(null=True)
    chip_temperature_celsius = models.FloatField(null=True)
    observed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["miner", "at"]
        constraints = [models.UniqueConstraint(fields=["miner", "at"], name="one_miner_reading_a_minute")]


class MinerBucket(Bucket):
    """What a miner did in 15 or 60 minutes."""

    miner = models.ForeignKey(Miner, on_delete=models.CASCADE, related_name="%(class)ss", db_index=False)
    energy_wh = models.FloatField(help_text="As measured, else as asked for while it was on.")
    hash_rate_th_s = models.FloatField(null=True, help_text="Mean of the minutes that knew it.")
    on_minutes = models.PositiveSmallIntegerField()
    starts = models.PositiveSmallIntegerField(help_text="How often it went from off to on.")

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["miner", "at"], name="one_%(class)s_at_a_time")]


class MinerQuarter(MinerBucket):
    """15 minutes, kept for two years."""


class MinerHour(MinerBucket):
    """One hour, kept for ever."""


# Django looks for tables here; those of devices, pools and earnings stand in files of their own.
from .models_devices import DeviceKey  # noqa: E402, F401
from .models_pools import HashPriceHour, HashPriceSource, MinerEarning, PoolAccount, PoolHour  # noqa: E402, F401
