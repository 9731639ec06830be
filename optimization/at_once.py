"""Requests that lower heat, carried out from memory: not stored, and not left to a pass (`sites.lowering`).

In the process that controls a home, the watchdog knows how to switch off what may be on. Any other process reads the
home's devices from the database, where that answers. What was told is looked at again: the answer is what was seen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from integrations.ask import call_all
from sites.faults import DATABASE_ERRORS, fault_of
from sites.held import Order
from sites.words import listed

from .passes import due, last_resort
from .watchdog import Heater, watchdog

log = logging.getLogger(__name__)

OFF_SECONDS, LOOK_SECONDS = 5.0, 4.0


@dataclass(slots=True)
class Done:
    """What happened, a sentence by id of the order. `is_sure`: every miner concerned was seen off."""

    texts: dict[str, str] = field(default_factory=dict)
    is_sure: bool = True
    miners: int = 0


@dataclass(slots=True)
class _Home:
    """What is known of the miners of an order: those to tell, those seen off already."""

    heaters: list[Heater]
    resting: set[str]
    is_known: bool = True


def lower_now(orders: Sequence[Order]) -> Done:
    """Switch off at once what these orders want off, all of them at the same time; the rest is the next pass's."""
    homes = {order.id: _home(order) for order in orders}
    heaters = {("at once", one.miner_id): one for home in homes.values() for one in home.heaters}
    told = call_all({key: one.off for key, one in heaters.items()}, OFF_SECONDS)
    looks = {key: one.is_off for key, one in heaters.items() if one.is_off is not None}
    seen = call_all(looks, LOOK_SECONDS)
    done = Done()
    for order in orders:
        home = homes[order.id]
        off = {one.miner_id for one in home.heaters if _is_true(seen, one)} | home.resting
        done.texts[order.id] = _words(order, home, off, told)
        done.is_sure = done.is_sure and home.is_known and len(off) == len(home.heaters) + len(home.resting)
        done.miners += len(home.heaters) + len(home.resting)
    for site_id in {order.site_id for order in orders}:
        due.wake(site_id)
    log.warning("done at once: %s", " ".join(f"{order.what}: {done.texts[order.id]}" for order in orders))
    return done


def _home(order: Order) -> _Home:
    wanted = set(order.off)
    if not wanted:
        return _Home([], set())
    watched = watchdog.watched(order.site_id)
    if watched is not None:
        heaters, resting = watched
        return _Home([one for one in heaters if one.miner_id in wanted], wanted & set(resting))
    try:
        heaters = last_resort.heaters_of(order.site_id)
    except DATABASE_ERRORS as error:
        if fault_of(error) is None:
            raise
        return _Home([], set(), is_known=False)
    return _Home([one for one in heaters if one.miner_id in wanted], set())


def _is_true(seen: dict, heater: Heater) -> bool:
    outcome = seen.get(("at once", heater.miner_id))
    return outcome is not None and outcome.error is None and outcome.value is True


def _words(order: Order, home: _Home, off: set[str], told: dict) -> str:
    if not home.is_known:
        return (
            "The devices cannot be read from the database here. The watchdog of the program that controls them "
            "switches them off within about a minute; in doubt switch them off by hand."
        )
    total = len(home.heaters) + len(home.resting)
    if total == 0:
        return "The next control pass acts on it."
    parts = [f"{len(off)} of {total} miner{'' if total == 1 else 's'} seen off."]
    failed = [one for one in home.heaters if told[("at once", one.miner_id)].error is not None]
    failed = [one for one in failed if one.miner_id not in off]
    silent = [one for one in home.heaters if one.miner_id not in off and one not in failed]
    if silent:
        parts.append(f"{_names(silent)} took the command and {_was(silent)} not seen off yet.")
    for one in failed:
        parts.append(f"{one.name} could not be told: {told[('at once', one.miner_id)].error}")
    if failed or silent:
        parts.append("It is tried again with every control pass. In doubt switch the plug or the breaker off by hand.")
    return " ".join(parts)


def _names(heaters: Iterable[Heater]) -> str:
    return listed([one.name for one in heaters])


def _was(heaters: Sequence[Heater]) -> str:
    return "was" if len(heaters) == 1 else "were"
