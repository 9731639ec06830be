"""Set-up pages of pools and of the hash price."""

from __future__ import annotations

from django.contrib import admin

from integrations.admin import AdapterAdmin
from miners.models_pools import HashPriceSource, PoolAccount, Remote
from sites.words import NOTHING, age, number

from .view import money, sats


class RemoteAdmin(AdapterAdmin):
    """A service asked in the background: its list says what it said last, and when."""

    heats = False

    @admin.display(description="last answer")
    def last_answer(self, row: Remote) -> str:
        when = "not asked yet" if row.read_at is None else age(row.read_at)
        return f"{when}: {row.problem}" if row.problem else when


@admin.register(PoolAccount)
class PoolAccountAdmin(RemoteAdmin):
    """Where the miners work: what the pool says they do and are owed."""

    list_display = ("name", "kind", "hash_rate", "unpaid", "last_answer")
    alternative = "Its history goes with it. Nothing at the pool itself is ever changed."

    @admin.display(description="hash rate")
    def hash_rate(self, row: PoolAccount) -> str:
        rate = row.last and row.last.hash_rate_th_s
        return NOTHING if rate is None else f"{number(rate, 1)} TH/s"

    @admin.display(description="not paid out yet")
    def unpaid(self, row: PoolAccount) -> str:
        return sats(row.last and row.last.unpaid_sat)


@admin.register(HashPriceSource)
class HashPriceSourceAdmin(RemoteAdmin):
    """What hashing earns, and what a kWh of electricity costs."""

    after_settings = ("electricity_currency_per_kwh",)
    not_asked_for = frozenset({"name", "electricity_currency_per_kwh"})
    list_display = ("name", "kind", "hash_value", "bitcoin", "electricity", "last_answer")
    alternative = "Earnings recorded so far stay; new ones are not known without it."

    @admin.display(description="1 TH/s a day")
    def hash_value(self, row: HashPriceSource) -> str:
        return sats(row.last and row.last.sat_per_th_s_day)

    @admin.display(description="a bitcoin")
    def bitcoin(self, row: HashPriceSource) -> str:
        value = row.last and row.last.value_in(row.site.currency).currency_per_btc
        return money(value, row.site.currency, 0)

    @admin.display(description="a kWh", ordering="electricity_currency_per_kwh")
    def electricity(self, row: HashPriceSource) -> str:
        return money(row.electricity_currency_per_kwh, row.site.currency, 4)
