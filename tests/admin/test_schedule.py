"""The schedule inside a zone's page: weekdays to tick, overlaps refused, the week as typed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from climate.models import TemperatureSlot
from tests import factories

ALL = ["0", "1", "2", "3", "4", "5", "6"]


@pytest.fixture
def zone(home):
    return factories.zone(home, monitor=factories.climate_monitor(home))


def form_of(zone, rows, **changes) -> dict:
    """The posted form of a zone; `rows`: (days, start, end, target) or with the slot first for a stored one."""
    data = {
        "name": zone.name,
        "monitors": [str(monitor.pk) for monitor in zone.monitors.all()],
        "default_target_celsius": "20",
        "hysteresis_celsius": "0.5",
        "high_limit_celsius": "28",
        "frost_protection": "on",
        "frost_limit_celsius": "7",
        "position": "0",
        "slots-TOTAL_FORMS": str(len(rows)),
        "slots-INITIAL_FORMS": str(sum(isinstance(row[0], TemperatureSlot) for row in rows)),
        **changes,
    }
    for number, row in enumerate(rows):
        slot, fields = (row[0], row[1:]) if isinstance(row[0], TemperatureSlot) else (None, row)
        days, start, end, target = fields
        prefix = f"slots-{number}-"
        data |= {prefix + "weekdays": days, prefix + "start_time": start, prefix + "end_time": end}
        data |= {prefix + "target_celsius": target, prefix + "zone": str(zone.pk)}
        data |= {prefix + "id": str(slot.pk) if slot else ""}
    return data


def change_url(zone) -> str:
    return reverse("admin:climate_climatezone_change", args=[zone.pk])


def test_slots_are_stored_with_their_weekdays(page, zone):
    rows = [(["0", "1"], "06:00", "09:00", "21"), (["5", "6"], "22:00", "06:00", "18")]
    assert page.post(change_url(zone), form_of(zone, rows)).status_code == 302
    stored = zone.slots.values_list("weekdays", "target_celsius")
    assert set(stored) == {(0b0000011, 21.0), (0b1100000, 18.0)}


def test_two_rows_of_one_submit_that_overlap_are_refused_beside_the_row(page, zone):
    rows = [(ALL, "06:00", "09:00", "21"), (["2"], "08:30", "10:00", "22")]
    response = page.post(change_url(zone), form_of(zone, rows))
    assert response.status_code == 200
    assert "overlaps" in response.content.decode()
    errors = response.context["inline_admin_formsets"][0].formset.errors
    assert errors[0] == {}
    assert "on Wed at 08:30" in errors[1]["start_time"][0]
    assert not zone.slots.exists()


def test_a_slot_across_midnight_meets_the_next_morning(page, zone):
    rows = [(["6"], "22:00", "07:00", "18"), (["0"], "06:00", "09:00", "21")]
    assert "overlaps" in page.post(change_url(zone), form_of(zone, rows)).content.decode()


def test_rows_may_trade_places_in_one_submit(page, zone):
    """Each alone would overlap what is stored; together they do not."""
    first = TemperatureSlot.objects.create(zone=zone, start_time="06:00", end_time="09:00", target_celsius=21)
    second = TemperatureSlot.objects.create(zone=zone, start_time="09:00", end_time="12:00", target_celsius=19)
    rows = [(first, ALL, "09:00", "12:00", "21"), (second, ALL, "06:00", "09:00", "19")]
    assert page.post(change_url(zone), form_of(zone, rows)).status_code == 302
    first.refresh_from_db()
    assert f"{first.start_time:%H:%M}" == "09:00"


def test_no_weekday_is_refused(page, zone):
    response = page.post(change_url(zone), form_of(zone, [([], "06:00", "09:00", "21")]))
    assert "Choose at least one weekday." in response.content.decode()


def test_a_target_too_close_to_the_high_limit_is_refused(page, zone):
    response = page.post(change_url(zone), form_of(zone, [(ALL, "06:00", "09:00", "27")]))
    assert "choose at most 26.5 °C" in response.content.decode()


def test_target_and_limit_may_be_lowered_together(page, zone):
    slot = TemperatureSlot.objects.create(zone=zone, start_time="06:00", end_time="09:00", target_celsius=26)
    data = form_of(zone, [(slot, ALL, "06:00", "09:00", "21")], high_limit_celsius="24")
    assert page.post(change_url(zone), data).status_code == 302


def test_the_week_is_drawn_as_typed(page, zone):
    rows = [(["0"], "12:00", "18:00", "21.5"), (["1"], "", "", "")]
    response = page.post(reverse("admin:climate_climatezone_week"), form_of(zone, rows))
    assert response.status_code == 200
    content = response.content.decode()
    assert "left:50.00%;width:25.00%" in content
    assert content.count("<i ") == 1
    assert not zone.slots.exists()


def test_the_week_of_a_page_that_is_no_schedule_is_refused(page):
    assert page.post(reverse("admin:climate_climatezone_week"), {}).status_code == 400
