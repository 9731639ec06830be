"""What holds for a room and for a miner is one answer for the control pass, the pages and the API."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from climate import services
from climate.models import TargetOverride
from dashboard import queries
from miners.models import ManualRequest
from miners.requests.in_force import in_force
from miners.requests.queries import request_in_force
from optimization.passes import rooms
from optimization.passes.load import load
from sites import held
from sites.held import Order
from tests import factories
from tests.chance import examples

NOW = datetime(2026, 11, 25, 15, 20, tzinfo=UTC)

minutes = st.integers(-3 * 60, 3 * 60)
#: Made so many minutes from now, ending (None: never) and cancelled or not.
made = st.tuples(minutes, st.one_of(st.none(), minutes), st.booleans())


@pytest.fixture
def home(db):
    site = factories.site()
    room = factories.zone(site)
    miner = factories.miner(site, zones=[room])
    return site, room, miner


def at(offset_minutes: int | None) -> datetime | None:
    return None if offset_minutes is None else NOW + timedelta(minutes=offset_minutes)


def in_memory(site, ahead_minutes, **what) -> Order:
    return Order(str(site.pk), "asked", until=None, at=at(ahead_minutes).isoformat(), do="x", **what)


@examples(40, HealthCheck.function_scoped_fixture)
@given(rows=st.lists(made, max_size=4, unique_by=lambda one: one[0]), waits=st.one_of(st.none(), minutes))
def test_a_request_in_force_is_the_same_for_all(home, rows, waits):
    site, _, miner = home
    with transaction.atomic():
        for number, (created, until, is_cancelled) in enumerate(rows):
            ManualRequest.objects.create(
                miner=miner, power_w=0 if until is None else 1000 + number, until=at(until), created_at=at(created),
                cancelled_at=NOW if is_cancelled else None,
            )  # fmt: skip
        order = None if waits is None else in_memory(site, waits, watts={str(miner.pk): 0})
        if order is not None:
            held.keep(order)
        try:
            in_pass = in_force(load([site.pk])[0].requests[miner.pk], NOW)
            on_page = queries.wishes(site, NOW).get(str(miner.pk))
            in_api = request_in_force(miner, NOW)
        finally:
            if order is not None:
                held.drop(order)
        transaction.set_rollback(True)
    assert (in_pass is None) == (on_page is None) == (in_api is None)
    if in_pass is not None:
        said = (in_pass.power_w, in_pass.until, in_pass.created_at)
        assert said == (on_page.power_w, on_page.until, on_page.since)
        assert said == (in_api.power_w, in_api.until, in_api.created_at)


@examples(40, HealthCheck.function_scoped_fixture)
@given(rows=st.lists(made, max_size=4, unique_by=lambda one: one[0]), waits=st.one_of(st.none(), minutes))
def test_a_target_set_by_hand_is_the_same_for_all(home, rows, waits):
    site, room, _ = home
    with transaction.atomic():
        for number, (created, until, is_cancelled) in enumerate(rows):
            TargetOverride.objects.create(
                zone=room, target_celsius=18 + number, until=at(until), created_at=at(created),
                cancelled_at=NOW if is_cancelled else None,
            )  # fmt: skip
        order = None if waits is None else in_memory(site, waits, targets={str(room.pk): 12.0})
        if order is not None:
            held.keep(order)
        try:
            loaded = load([site.pk])[0]
            in_pass = rooms._target(loaded, loaded.zones[room.pk], NOW)
            stored = services.target_of(room, NOW)
            on_page = queries.overrides_in_force(site.pk, [room.pk], NOW).get(room.pk)
        finally:
            if order is not None:
                held.drop(order)
        transaction.set_rollback(True)
    assert in_pass.requested_celsius == stored.requested_celsius
    assert (in_pass.reason, in_pass.until, in_pass.preset) == (stored.reason, stored.until, stored.preset)
    assert (in_pass.reason == "set by hand") == (on_page is not None)


def test_what_was_asked_while_the_clock_ran_ahead_is_over_on_the_page_too(home):
    """The page said “on by hand” while the pass had let it go."""
    site, _, miner = home
    ManualRequest.objects.create(miner=miner, power_w=1000, until=at(600), created_at=at(300))
    assert queries.wishes(site, NOW) == {}
    assert request_in_force(miner, NOW) is None
