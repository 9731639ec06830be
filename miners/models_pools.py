"""Pool accounts, where the hash price comes from, and what both and the miners themselves came to, hour by hour.

Pools and price services are asked in the background (`earnings.refresh`); passes and pages read what is stored here.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from integrations.models import AdapterRow
from integrations.registry import Kind
from miners.earnings.hash_price.reading import HashPriceReading
from miners.earnings.pools.performance import Account
from miners.earnings.pools.reading import PoolReading, from_json


class Remote(AdapterRow):
    """A service asked now and then: its last good answer stays while it fails."""

    #: What its answer is.
    reading_kind: type[Any]

    reading = models.JSONField(default=dict, editable=False)
    read_at = models.DateTimeField(null=True, editable=False, help_text="Of the last good answer.")
    next_read_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False, help_text="In a row.")
    problem = models.CharField(max_length=300, blank=True, editable=False)

    class Meta(AdapterRow.Meta):
        abstract = True

    @property
    def last(self) -> Any | None:
        """The last good answer; None before the first."""
        return from_json(self.reading, self.reading_kind)

    def save(self, *args, **kwargs):
        """Other settings, other service: what the old one said is forgotten and the new one asked soon."""
        stored = type(self).objects.filter(pk=self.pk).only("adapter_type", "config").first()
        if stored is not None and (stored.adapter_type, stored.config) != (self.adapter_type, self.config):
            self.forget()
        super().save(*args, **kwargs)

    def forget(self) -> None:
        self.reading, self.read_at, self.next_read_at, self.failures, self.problem = {}, None, None, 0, ""


class PoolAccount(Remote):
    """Where the miners of a home work: what the pool says they do and are owed."""

    adapter_kind = Kind.POOL_TRACKER
    reading_kind = PoolReading

    workers = models.JSONField(default=list, editable=False)
    #: The next request is for the list of machines; pools want a minute between two.
    asks_workers_next = models.BooleanField(default=False, editable=False)

    class Meta(Remote.Meta):
        verbose_name = "pool"

    @property
    def account(self) -> Account:
        """For rules: what its pool tells, and what it told last."""
        try:
            tells = getattr(self.adapter, "tells", frozenset())
        except LookupError:
            tells = frozenset()
        return Account(tells, self.last, self.read_at)

    def forget(self) -> None:
        super().forget()
        self.workers, self.asks_workers_next = [], False


class HashPriceSource(Remote):
    """What hashing earns in this home, and what its electricity costs."""

    adapter_kind = Kind.HASH_PRICE_SOURCE
    reading_kind = HashPriceReading

    electricity_currency_per_kwh = models.FloatField(
        "price of electricity (per kWh)",
        null=True,
        blank=True,
        validators=[MinValueValidator(-10), MaxValueValidator(1000)],
        help_text="In the home’s money, as on the bill. Empty: earnings are shown, the cost of heat is not.",
    )

    class Meta(Remote.Meta):
        verbose_name = "hash price"
        constraints = [
            models.UniqueConstraint(
                fields=["site"],
                name="one_hash_price_source_a_site",
                violation_error_message="This home has a source of the hash price already. Change that one.",
            )
        ]

    def clean(self):
        """A price in other money than the home's would be shown as if it were its own."""
        super().clean()
        currency = getattr(self.settings, "currency", "")
        if currency and self.site_id and currency != self.site.currency:
            raise ValidationError(
                {
                    "config": f"currency: {currency}, but ‘{self.site}’ counts in {self.site.currency}. "
                    f"Choose {self.site.currency}, or type the price in."
                }
            )


class Hourly(models.Model):
    """What one hour came to, from `at` (UTC); kept for ever."""

    at = models.DateTimeField(help_text="Where it begins.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class HashPriceHour(Hourly):
    """The last good answer of an hour."""

    source = models.ForeignKey(HashPriceSource, on_delete=models.CASCADE, related_name="hours", db_index=False)
    sat_per_th_s_day = models.FloatField()
    currency_per_btc = models.FloatField(null=True)

    class Meta:
        ordering = ["source", "at"]
        constraints = [models.UniqueConstraint(fields=["source", "at"], name="one_hash_price_an_hour")]


class PoolHour(Hourly):
    """The last good answer of an hour; null: the pool does not say."""

    account = models.ForeignKey(PoolAccount, on_delete=models.CASCADE, related_name="hours", db_index=False)
    hash_rate_th_s = models.FloatField(null=True)
    unpaid_sat = models.BigIntegerField(null=True)
    rewards_ever_sat = models.BigIntegerField(null=True)
    workers_ok = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["account", "at"]
        constraints = [models.UniqueConstraint(fields=["account", "at"], name="one_pool_answer_an_hour")]


class MinerEarning(Hourly):
    """What a miner drew, hashed, earned and cost in an hour; null: not known. Expected, not what a pool paid."""

    miner = models.ForeignKey("miners.Miner", on_delete=models.CASCADE, related_name="earnings", db_index=False)
    energy_wh = models.FloatField(help_text="All of it heat.")
    hashed_th = models.FloatField(null=True, help_text="Terahashes, of 10¹² each.")
    earned_sat = models.FloatField(null=True)
    earned_currency = models.FloatField(null=True)
    electricity_currency = models.FloatField(null=True)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["miner", "at"]
        constraints = [models.UniqueConstraint(fields=["miner", "at"], name="one_earning_a_miner_and_hour")]
