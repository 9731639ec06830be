"""Deleting says what depends on the thing, offers the alternative, and goes the safe way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from climate.models import ClimateZone, ZoneReading
from miners.models import Miner
from optimization import services
from sites.models import Site


def delete_url(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])


def test_a_zone_says_what_goes_with_it_and_offers_the_alternative(page, filled):
    ZoneReading.objects.create(zone=filled.zone, at=timezone.now())
    content = page.get(delete_url(filled.zone)).content.decode()
    assert "Deleted with it: 1 temperature slot." in content
    assert "Deleted with it: 1 zone reading." in content
    assert "No longer linked to it: miner ‘Avalon’." in content
    assert "Instead:" in content
    assert ClimateZone.objects.filter(pk=filled.zone.pk).exists()


def test_many_rows_are_counted_not_loaded(page, filled, django_assert_max_num_queries):
    start = timezone.now()
    ZoneReading.objects.bulk_create(
        ZoneReading(zone=filled.zone, at=start + timedelta(minutes=minute)) for minute in range(500)
    )
    with django_assert_max_num_queries(25):
        assert "500 zone readings" in page.get(delete_url(filled.zone)).content.decode()


def test_a_connection_in_use_cannot_go_and_says_who_uses_it(page, filled):
    filled.sensor.home_assistant = filled.assistant
    filled.sensor.save()
    content = page.get(delete_url(filled.assistant)).content.decode()
    assert "Still in use by climate monitor ‘Thermometer’." in content
    assert 'name="post"' not in content
    page.post(delete_url(filled.assistant), {"post": "yes"})
    filled.assistant.refresh_from_db()


def test_a_policy_in_use_cannot_go(page, filled):
    assert "‘Ground floor’" in page.get(delete_url(filled.policy)).content.decode()


@pytest.mark.parametrize("name", ["zone", "miner", "controller", "sensor", "unit", "house"])
def test_what_heats_is_deleted_through_the_safe_way(page, filled, name, monkeypatch):
    called = []
    monkeypatch.setattr(services, "delete_safely", lambda obj, by: called.append((obj, by)))
    row = getattr(filled, name)
    assert page.post(delete_url(row), {"post": "yes"}).status_code == 302
    assert called == [(row, "anna")]


def test_a_refused_deletion_says_why_and_leaves_no_record(page, filled, monkeypatch):
    def refuse(obj, by):
        raise ValidationError("Avalon was not seen off. Nothing was deleted.")

    monkeypatch.setattr(services, "delete_safely", refuse)
    response = page.post(delete_url(filled.miner), {"post": "yes"}, follow=True)
    assert "Avalon was not seen off." in response.content.decode()
    assert Miner.objects.filter(pk=filled.miner.pk).exists()
    assert not LogEntry.objects.filter(action_flag=DELETION).exists()


@pytest.mark.django_db(transaction=True)
def test_waiting_for_a_miner_to_be_off_holds_no_transaction(page, filled, monkeypatch):
    from django.db import connection

    inside = []
    monkeypatch.setattr(services, "delete_safely", lambda obj, by: inside.append(connection.in_atomic_block))
    page.post(delete_url(filled.miner), {"post": "yes"})
    assert inside == [False]


def test_a_deleted_miner_is_gone_and_written_down(page, filled):
    page.post(delete_url(filled.miner), {"post": "yes"})
    assert not Miner.objects.exists()
    assert LogEntry.objects.get(action_flag=DELETION).object_id == str(filled.miner.pk)


def test_a_site_says_everything_that_goes_with_it(page, filled):
    content = page.get(delete_url(filled.home)).content.decode()
    for words in ("climate zone ‘Living room’", "miner ‘Avalon’", "optimization unit ‘Ground floor’"):
        assert words in content
    assert Site.objects.exists()


def test_nothing_is_deleted_from_a_list(page, filled):
    data = {"action": "delete_selected", "_selected_action": [str(filled.zone.pk)], "post": "yes"}
    page.post(reverse("admin:climate_climatezone_changelist"), data)
    assert ClimateZone.objects.exists()


def test_records_cannot_be_deleted(page, filled):
    for row in (filled.decision, filled.activity, filled.alarm, filled.command):
        assert page.post(delete_url(row), {"post": "yes"}).status_code == 403


def test_a_site_that_still_holds_a_connection_in_use_says_so_instead_of_failing(page, filled, monkeypatch):
    def protected(obj, by):
        filled.assistant.delete()

    filled.sensor.home_assistant = filled.assistant
    filled.sensor.save()
    monkeypatch.setattr(services, "delete_safely", protected)
    content = page.post(delete_url(filled.home), {"post": "yes"}, follow=True).content.decode()
    assert "Nothing was deleted, because something still needs it: ‘Thermometer’." in content
