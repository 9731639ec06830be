"""Units, policies and their rules, and every decision with its reason."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from climate.models import TARGET_VALIDATORS, ClimateZone
from energy.models import EnergySource
from miners.models import Miner
from sites.models import NamedModel, Site, UUIDModel

from .rules.fields import bindings, zones_named


class Policy(UUIDModel):
    """Start rules and stop rules that people write. Without a site it is a template."""

    site = models.ForeignKey(
        Site,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="policies",
        help_text="Empty: for all sites.",
    )
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    #: Key of the shipped policy this row mirrors; empty for people's own.
    shipped_key = models.CharField(max_length=60, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.name


class RuleKind(models.TextChoices):
    START = "start", "start heating"
    STOP = "stop", "stop heating"


class Rule(UUIDModel):
    """One rule of a policy: a condition tree (see `optimization.rules`)."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="rules")
    kind = models.CharField(max_length=5, choices=RuleKind)
    name = models.CharField(max_length=80)
    description = models.TextField(blank=True)
    priority = models.IntegerField(default=0, help_text="The highest is looked at first.")
    enabled = models.BooleanField(default=True)
    conditions = models.JSONField()
    #: The zones its conditions mean, by the names written there: the id of each when it was saved, whatever is renamed,
    #: deleted or called so afterwards; None: there was no such zone.
    zone_ids = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ["kind", "-priority", "name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args, **kwargs):
        self.bind()
        super().save(*args, **kwargs)

    def bind(self) -> None:
        """Note which zones its names mean. A name that is bound already keeps its zone, also when that is gone.

        A policy for all homes has no zones: a name in it is the slug of a zone of each home that uses it.
        """
        names = zones_named(self.conditions)
        kept = {name: pk for name, pk in self.zone_ids.items() if name in names}
        new = names - kept.keys()
        if new and self.policy.site_id is not None:
            zones = ClimateZone.objects.filter(site=self.policy.site_id).values_list("slug", "name", "pk")
            found = bindings(new, [(slug, name, str(pk)) for slug, name, pk in zones])
            kept |= dict.fromkeys(new) | found
        self.zone_ids = kept


class Strategy(models.TextChoices):
    """Who decides when a unit heats, and with how many watts."""

    POLICY = "policy", "the policy decides, at full power"
    POLICY_NEED = "policy_need", "the policy decides, with as much as the rooms need"
    POLICY_SURPLUS = "policy_surplus", "the policy decides, with as much as the rooms need and the sun gives"
    POLICY_THERMOSTAT = "policy_thermostat", "the policy permits, a thermostat heats"
    THERMOSTAT = "thermostat", "a thermostat heats, without a policy"


_DOSING = {Strategy.POLICY_NEED: "need", Strategy.POLICY: "full", Strategy.POLICY_SURPLUS: "surplus"}


class OptimizationUnit(NamedModel):
    """What is decided together: miners and zones, a policy, and (not required) an energy source."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="units")
    description = models.TextField(blank=True)
    is_enabled = models.BooleanField(default=False)
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, null=True, blank=True, related_name="units")
    energy_source = models.ForeignKey(
        EnergySource, on_delete=models.SET_NULL, null=True, blank=True, related_name="units"
    )
    miners = models.ManyToManyField(Miner, blank=True, related_name="units")
    zones = models.ManyToManyField(
        ClimateZone, blank=True, related_name="units", help_text="Empty: the zones its miners heat."
    )
    strategy = models.CharField(
        max_length=20,
        choices=Strategy,
        default=Strategy.POLICY_NEED,
        help_text="A thermostat learns how each room answers to heat, gives it what it needs, has it warm when a slot "
        "begins, and weighs every start against cold and warm hours.",
    )
    never_below_celsius = models.FloatField(
        "never below (°C)",
        null=True,
        blank=True,
        validators=TARGET_VALIDATORS,
        help_text="A room colder than this is heated whatever the sun gives, from the battery and the grid, where the "
        "policy has a rule for it (‘Solar Surplus Room Heating’ has). Empty: without sun it may cool down to its frost "
        "limit.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["site", "slug"], name="unit_slug_unique_in_site")]

    @property
    def dosing(self) -> str:
        """The strategy by the name that the API knew before: need, full or surplus."""
        return _DOSING.get(self.strategy, "need")

    @dosing.setter
    def dosing(self, value: str | None) -> None:
        if value is not None:
            self.strategy = next(strategy for strategy, dosing in _DOSING.items() if dosing == value)

    @property
    def needs_policy(self) -> bool:
        return self.strategy != Strategy.THERMOSTAT

    def clean(self):
        if self.is_enabled and self.policy_id is None and self.needs_policy:
            raise ValidationError({"policy": "An enabled unit needs a policy, unless a thermostat heats without one."})
        if self.policy_id and self.policy.site_id not in (None, self.site_id):
            raise ValidationError({"policy": f"‘{self.policy}’ belongs to another site."})
        if self.energy_source_id and self.energy_source.site_id != self.site_id:
            raise ValidationError({"energy_source": f"‘{self.energy_source}’ belongs to another site."})
        if self.strategy == Strategy.POLICY_SURPLUS and self.energy_source_id is None:
            raise ValidationError(
                {"strategy": "Which surplus? Choose an energy source below, or let it heat as much as the rooms need."}
            )


class Decision(UUIDModel):
    """Why a miner does what it does. Written when action, reason or target changes and once an hour."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="decisions")
    unit = models.ForeignKey(OptimizationUnit, on_delete=models.SET_NULL, null=True, related_name="decisions")
    miner = models.ForeignKey(Miner, on_delete=models.CASCADE, related_name="decisions")
    at = models.DateTimeField(default=timezone.now)
    last_confirmed_at = models.DateTimeField(default=timezone.now)
    #: "start", "stop", "hold", "keep_off", "level".
    action = models.CharField(max_length=10)
    #: What the strategy wanted and what the guards allowed, W.
    intent_w = models.PositiveIntegerField(default=0)
    command_w = models.PositiveIntegerField(default=0)
    origin = models.CharField(max_length=20)
    #: One plain sentence.
    reason = models.CharField(max_length=400)
    #: Stable word for the kind of reason: two decisions differ when this or the action does.
    reason_code = models.CharField(max_length=60)
    rule = models.ForeignKey(Rule, on_delete=models.SET_NULL, null=True, blank=True, related_name="decisions")
    rule_name = models.CharField(max_length=80, blank=True)
    target_celsius = models.FloatField(null=True)
    #: The guard that bound, and what the safety record must say ("breaks min on").
    guard = models.CharField(max_length=40, blank=True)
    broke_min_on = models.BooleanField(default=False)
    #: The decisional context and the explanation tree, as JSON.
    saw = models.JSONField(default=dict)
    explanation = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["miner", "-at"]), models.Index(fields=["site", "-at"])]

    def __str__(self) -> str:
        return self.reason


class PassState(models.Model):
    """What a site's passes remember (timers, trips, sensor memory), saved with each commit."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="pass_state", primary_key=True)
    memory = models.JSONField(default=dict)
    saved_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"memory of {self.site}"
