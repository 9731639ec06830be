"""Wishes for a target and a zone's schedule: what is refused, what is written, and that the site wakes."""

from datetime import time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from climate import services
from climate.models import TargetOverride, TemperatureSlot
from climate.schedule import ALL_DAYS, Slot
from sites.models import ActivityLog, Site
from tests import factories

pytestmark = pytest.mark.django_db

DAY = Slot(ALL_DAYS, time(6), time(22), 21.0)
NIGHT = Slot(ALL_DAYS, time(22), time(6), 17.0)


@pytest.fixture
def zone(home):
    return factories.zone(home, default_target_celsius=20.0)


def awake(zone) -> bool:
    return Site.objects.get(pk=zone.site_id).next_pass_at is not None


def slots_of(zone):
    return [slot.as_slot() for slot in zone.slots.all()]


def test_a_schedule_replaces_the_one_before(zone):
    services.replace_schedule(zone, [DAY])
    services.replace_schedule(zone, [NIGHT, DAY])
    assert slots_of(zone) == [DAY, NIGHT]
    assert awake(zone)


def test_an_empty_schedule_leaves_the_default(zone):
    services.replace_schedule(zone, [DAY])
    services.replace_schedule(zone, [])
    assert slots_of(zone) == []


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        ([DAY, Slot(0b1, time(21, 59), time(23), 19.0)], "overlaps"),
        ([Slot(ALL_DAYS, time(6), time(22), 36.0)], "35"),
        ([Slot(ALL_DAYS, time(6), time(22), 4.9)], "5"),
        ([Slot(0, time(6), time(22), 20.0)], "at least one weekday"),
        ([Slot(128, time(6), time(22), 20.0)], "at least one weekday"),
        (
            [Slot(ALL_DAYS, time(6), time(22), 26.6)],
            "too close to the zone's high limit of 28 °C",
        ),  # + 0.5 K hysteresis + 1 K margin
    ],
)
def test_a_refused_schedule_changes_nothing(zone, slots, words):
    services.replace_schedule(zone, [NIGHT])
    Site.objects.update(next_pass_at=None)
    with pytest.raises(ValidationError, match=words):
        services.replace_schedule(zone, slots)
    assert slots_of(zone) == [NIGHT]
    assert not awake(zone)


def test_the_highest_target_the_limit_allows_is_allowed(zone):
    services.replace_schedule(zone, [Slot(ALL_DAYS, time(6), time(22), 26.5)])
    services.set_override(zone, 26.5, until=None, by="Ada")
    held = services.overrides_in_force(zone.site_id, [zone.pk], timezone.now()).get(zone.pk)
    assert (held.target_celsius, held.until) == (26.5, None)


def test_a_slot_that_overlaps_another_row_is_refused_in_forms_too(zone):
    services.replace_schedule(zone, [DAY])
    row = TemperatureSlot(zone=zone, start_time=time(5), end_time=time(7), target_celsius=20.0)
    with pytest.raises(ValidationError, match="every day 05:00–07:00 overlaps every day 06:00–22:00"):
        row.full_clean()


def test_a_high_limit_under_the_schedule_is_refused(zone):
    services.replace_schedule(zone, [DAY])
    zone.high_limit_celsius = 22.4
    with pytest.raises(ValidationError, match=r"22\.4 °C is too low: the highest target plus hysteresis is 21\.5 °C"):
        zone.full_clean()
    zone.high_limit_celsius = 22.5
    zone.full_clean()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (4.9, "choose a target from 5 to 35 °C"),
        (35.1, "choose a target from 5 to 35 °C"),
        (float("nan"), "choose a target"),
        (26.6, "too close to the zone's high limit of 28 °C. Choose at most 26.5 °C"),
    ],
)
def test_a_target_by_hand_that_cannot_be(zone, target, words):
    with pytest.raises(ValidationError, match=words):
        services.set_override(zone, target, until=None, by="Ada")
    assert not TargetOverride.objects.exists()
    assert not awake(zone)


def test_a_target_by_hand_must_end_later(zone):
    with pytest.raises(ValidationError, match="has passed"):
        services.set_override(zone, 22.0, until=timezone.now() - timedelta(seconds=1), by="Ada")


def test_a_new_target_by_hand_ends_the_one_before(zone):
    services.set_override(zone, 22.0, until=None, by="Ada")
    until = timezone.now() + timedelta(hours=1)
    services.set_override(zone, 23.0, until=until, by="Bob")
    assert TargetOverride.objects.filter(cancelled_at__isnull=True).count() == 1
    now = timezone.now()
    held = services.overrides_in_force(zone.site_id, [zone.pk], now).get(zone.pk)
    assert (held.target_celsius, held.until) == (23.0, until)
    assert services.overrides_in_force(zone.site_id, [zone.pk], until) == {}
    assert awake(zone)
    assert [row.actor for row in ActivityLog.objects.all()] == ["Bob", "Ada"]


def test_back_to_the_schedule(zone):
    services.set_override(zone, 22.0, until=None, by="Ada")
    Site.objects.update(next_pass_at=None)
    assert services.cancel_override(zone, by="Ada")
    assert services.overrides_in_force(zone.site_id, [zone.pk], timezone.now()).get(zone.pk) is None
    assert awake(zone)
    Site.objects.update(next_pass_at=None)
    assert services.cancel_override(zone, by="Ada") == []
    assert not awake(zone)
