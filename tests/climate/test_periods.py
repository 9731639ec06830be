"""Periods of a home: what a tap ends, what planning refuses, and that every change can be undone exactly."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from climate import services
from climate.models import TargetOverride, TargetPeriod
from climate.periods import Planned, find_clash
from climate.schedule import ALL_DAYS, Slot
from sites.models import ActivityLog, Site
from tests import factories

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def zone(home):
    return factories.zone(home, default_target_celsius=20.0)


def now_celsius(zone) -> float:
    return services.target_of(zone, timezone.now()).effective_celsius


def open_ids(site) -> set:
    return {row.pk for row in services.open_periods(site, timezone.now())}


def test_one_tap_for_the_whole_home_and_one_back(zone):
    other = factories.zone(zone.site, "Bedroom", eco_celsius=16.5)
    period = services.start_period(zone.site, preset="eco", by="Ada")
    assert (now_celsius(zone), now_celsius(other)) == (18.0, 16.5)
    assert Site.objects.get().next_pass_at is not None
    assert services.end_period(period, by="Bob") is True
    assert services.end_period(period, by="Bob") is False
    assert now_celsius(zone) == 20.0
    assert [row.actor for row in ActivityLog.objects.all()] == ["Bob", "Ada"]


def test_nobody_is_away_and_all_eco_at_once(zone):
    away = services.start_period(zone.site, preset="away", by="Ada")
    eco = services.start_period(zone.site, preset="eco", ends_at=timezone.now() + DAY, by="Ada")
    assert open_ids(zone.site) == {eco.pk}
    services.resume_period(away, by="Ada")
    assert open_ids(zone.site) == {away.pk}
    assert now_celsius(zone) == 15.0


def test_a_tap_leaves_planned_ones_and_other_rooms(zone):
    planned = services.start_period(zone.site, preset="away", starts_at=timezone.now() + DAY, by="Ada")
    guests = services.start_period(zone.site, target_celsius=22, name="guests", zones=[zone], by="Ada")
    home = services.start_period(zone.site, preset="eco", by="Ada")
    assert open_ids(zone.site) == {planned.pk, guests.pk, home.pk}
    assert now_celsius(zone) == 18.0  # the last one


def test_what_it_ended_comes_back_when_it_is_undone(zone):
    away = services.start_period(zone.site, preset="away", by="Ada")
    eco = services.start_period(zone.site, preset="eco", by="Ada")
    services.undo_start_period(eco, by="Ada")
    assert open_ids(zone.site) == {away.pk}
    with pytest.raises(ValidationError, match="nothing to undo"):
        services.undo_start_period(eco, by="Ada")
    services.end_period(away, by="Ada")
    services.resume_period(away, by="Ada")
    assert open_ids(zone.site) == {away.pk}


@pytest.mark.parametrize(
    ("start", "end", "rooms", "clashes"),
    [
        (4, 6, "all", True),
        (4, 6, "same", True),
        (4, 6, "other", False),
        (5, 6, "all", False),  # begins as the other ends
        (1, 3, "all", False),
        (1, None, "all", True),
        (None, 9, "all", False),  # for now: which holds when is clear
    ],
)
def test_two_planned_ones_of_the_same_rooms(zone, start, end, rooms, clashes):
    now, other = timezone.now(), factories.zone(zone.site, "Bedroom")
    services.start_period(
        zone.site, preset="away", name="guests", zones=[zone], starts_at=now + 3 * DAY, ends_at=now + 5 * DAY, by="Ada"
    )
    asked = {
        "preset": "eco",
        "zones": {"all": [], "same": [zone, other], "other": [other]}[rooms],
        "starts_at": None if start is None else now + start * DAY,
        "ends_at": None if end is None else now + end * DAY,
        "by": "Ada",
    }
    if not clashes:
        services.start_period(zone.site, **asked)
        return
    with pytest.raises(ValidationError, match="it overlaps ‘guests’"):
        services.start_period(zone.site, **asked)
    assert TargetPeriod.objects.count() == 1


def test_a_planned_one_may_be_moved_but_not_onto_another(zone):
    now = timezone.now()
    services.start_period(zone.site, preset="away", starts_at=now + 3 * DAY, ends_at=now + 5 * DAY, by="Ada")
    second = services.start_period(zone.site, preset="eco", starts_at=now + 6 * DAY, ends_at=now + 8 * DAY, by="Ada")
    services.change_period(second, {"starts_at": now + 5 * DAY}, by="Bob")
    with pytest.raises(ValidationError, match="it overlaps"):
        services.change_period(second, {"starts_at": now + 4 * DAY}, by="Bob")
    second.refresh_from_db()
    assert (second.starts_at, second.by) == (now + 5 * DAY, "Ada")


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"preset": "comfort"}, "preset", "Cellar: comfort, 21 °C, is too close"),
        ({"target_celsius": 15.0}, "target_celsius", "Cellar: 15 °C is too close"),
        ({"target_celsius": float("nan")}, "target_celsius", "choose a target"),
        ({}, "target_celsius", "Choose a preset"),
        ({"preset": "party"}, "preset", "not a valid choice"),
        ({"preset": "frost", "name": "x" * 81}, "name", "80 characters"),
    ],
)
def test_a_period_that_cannot_be(zone, asked, field, words):
    factories.zone(zone.site, "Cellar", default_target_celsius=5, high_limit_celsius=16)
    with pytest.raises(ValidationError) as caught:
        services.start_period(zone.site, by="Ada", **asked)
    assert words in caught.value.message_dict[field][0]
    assert not TargetPeriod.objects.exists()


def test_a_period_of_one_room_goes_with_the_room_and_never_means_the_whole_home(zone):
    guest_room = factories.zone(zone.site, "Guest room")
    services.start_period(zone.site, target_celsius=24, name="guests", zones=[guest_room], by="Ada")
    both = services.start_period(zone.site, target_celsius=22, name="party", zones=[guest_room, zone], by="Ada")
    assert now_celsius(zone) == 22.0
    guest_room.delete()
    assert open_ids(zone.site) == {both.pk}
    services.end_period(both, by="Ada")
    assert now_celsius(zone) == 20.0
    zone.delete()
    assert not TargetPeriod.objects.exists()


def test_what_a_clock_made_that_was_set_back_holds_no_room(zone):
    ahead = timezone.now() + timedelta(minutes=5)
    factories.target_period(zone.site, starts_at=timezone.now() - DAY, created_at=ahead)
    TargetOverride.objects.create(zone=zone, target_celsius=24, created_at=ahead)
    assert now_celsius(zone) == 20.0
    assert services.open_overrides(zone, timezone.now()) == []
    assert open_ids(zone.site) == set()


def test_undo_of_a_hand_brings_back_the_one_before_as_it_was(zone):
    first = services.set_override(zone, 22.0, until=timezone.now() + DAY, by="Ada")
    services.set_override(zone, preset="comfort", until=None, by="Bob")
    services.restore_override(zone, [first.pk], by="Bob")
    held = services.open_overrides(zone, timezone.now())
    assert [(row.pk, row.until, row.by, row.created_at) for row in held] == [
        (first.pk, first.until, "Ada", first.created_at)
    ]
    services.restore_override(zone, [], by="Ada")
    assert services.open_overrides(zone, timezone.now()) == []


def test_undo_of_back_to_the_schedule(zone):
    override = services.set_override(zone, 22.0, until=None, by="Ada")
    ended = services.cancel_override(zone, by="Ada")
    services.restore_override(zone, [row.pk for row in ended], by="Ada")
    assert [row.pk for row in services.open_overrides(zone, timezone.now())] == [override.pk]


def test_a_hand_of_another_room_is_not_restored_here(zone):
    bedroom = factories.zone(zone.site, "Bedroom")
    override = services.set_override(bedroom, 22.0, until=None, by="Ada")
    services.cancel_override(bedroom, by="Ada")
    services.restore_override(zone, [override.pk], by="Ada")
    assert not services.open_overrides(zone, timezone.now())
    assert not services.open_overrides(bedroom, timezone.now())


def test_undo_does_not_bring_back_what_the_high_limit_forbids_by_now(zone):
    override = services.set_override(zone, 26.0, until=None, by="Ada")
    services.cancel_override(zone, by="Ada")
    zone.high_limit_celsius = 24
    zone.save()
    with pytest.raises(ValidationError, match="too close"):
        services.restore_override(zone, [override.pk], by="Ada")
    assert not services.open_overrides(zone, timezone.now())


def test_undo_of_a_week(zone):
    week = [Slot(ALL_DAYS, time(6), time(9), 21.0), Slot(0b11, time(22), time(5), 18.0, "eco")]
    services.replace_schedule(zone, week)
    before = services.copy_day(zone, 0, [5, 6], by="Ada")
    assert before == week
    assert {slot.weekdays for slot in zone.slots.all()} == {127, 0b1100011}
    services.replace_schedule(zone, before, by="Ada")
    assert [slot.as_slot() for slot in zone.slots.all()] == week


class Taps:
    """Random changes of targets, each of which may be undone at once."""

    def __init__(self, seed: int, rooms) -> None:
        self.random, self.rooms, self.site = random.Random(seed), rooms, rooms[0].site

    def state(self) -> tuple:
        hands = frozenset(row.pk for room in self.rooms for row in services.open_overrides(room, timezone.now()))
        return hands, frozenset(open_ids(self.site))

    def change(self):
        """Change something; answers what undoes it."""
        room, kind = self.random.choice(self.rooms), self.random.randrange(5)
        if kind == 0:
            held = [row.pk for row in services.open_overrides(room, timezone.now())]
            services.set_override(room, self.random.choice([18.0, 22.0]), until=None, by="Ada")
            return lambda: services.restore_override(room, held, by="Ada")
        if kind == 1:
            ended = services.cancel_override(room, by="Ada")
            return lambda: services.restore_override(room, [row.pk for row in ended], by="Ada")
        periods = list(services.open_periods(self.site, timezone.now()))
        if kind == 2 and periods:
            row = self.random.choice(periods)
            services.end_period(row, by="Ada")
            return lambda: services.resume_period(row, by="Ada")
        rooms = self.random.choice([[], [], [room]])
        row = services.start_period(self.site, preset=self.random.choice(["eco", "away"]), zones=rooms, by="Ada")
        return lambda: services.undo_start_period(row, by="Ada")


@pytest.mark.parametrize("seed", range(2))
def test_any_change_undone_at_once_leaves_everything_as_it_was(zone, seed):
    taps = Taps(seed, [zone, factories.zone(zone.site, "Bedroom")])
    for _ in range(20):
        before, targets = taps.state(), [services.target_of(room, timezone.now()) for room in taps.rooms]
        taps.change()()
        assert taps.state() == before
        assert [services.target_of(room, timezone.now()) for room in taps.rooms] == targets
        taps.change()
        for room in taps.rooms:
            assert len(services.open_overrides(room, timezone.now())) <= 1
        whole = [row for row in services.open_periods(zone.site, timezone.now()) if not row.zones.all()]
        assert len(whole) <= 1  # all of them are taps


def test_a_clash_is_told_in_the_time_of_the_home():
    start = datetime(2025, 12, 24, 17, tzinfo=UTC)
    holiday = Planned("Holiday", start, start + timedelta(days=9))
    later = Planned("Guests", start + timedelta(days=20), None)
    asked = Planned("Away", start + timedelta(days=8), None)
    clash = find_clash(asked, [later, holiday])
    assert clash.words(ZoneInfo("Europe/Zurich")) == "‘Holiday’ (24 Dec 18:00 – 2 Jan 18:00)"
    assert later.words(ZoneInfo("UTC")) == "‘Guests’ (13 Jan 17:00 – until you end it)"
