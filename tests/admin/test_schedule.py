"""The schedule inside a zone's page: weekdays to tick, overlaps refused, the week as typed."""

from __future__ import annotations

from datetime import time

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
        "comfort_celsius": "21",
        "eco_celsius": "18",
        "away_celsius": "15",
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
    assert list(zone.slots.values_list("start_time", "target_celsius")) == [(time(6), 19), (time(9), 21)]


def test_no_weekday_is_refused(page, zone):
    response = page.post(change_url(zone), form_of(zone, [([], "06:00", "09:00", "21")]))
    assert "Choose at least one weekday." in response.content.decode()


def test_a_target_too_close_to_the_high_limit_is_refused(page, zone):
    response = page.post(change_url(zone), form_of(zone, [(ALL, "06:00", "09:00", "27")]))
    assert "Choose at most 26.5 °C" in response.content.decode()


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


def with_preset(data: dict, number: int, preset: str) -> dict:
    return data | {f"slots-{number}-preset": preset}


def test_a_slot_may_be_a_preset_of_the_room(page, zone):
    data = with_preset(form_of(zone, [(ALL, "06:00", "09:00", "")]), 0, "eco")
    assert page.post(change_url(zone), data).status_code == 302
    slot = zone.slots.get()
    assert (slot.preset, slot.target_celsius) == ("eco", None)
    stored = with_preset(form_of(zone, [(slot, ALL, "06:00", "10:00", "")], eco_celsius="17"), 0, "eco")
    assert page.post(change_url(zone), stored).status_code == 302
    assert [one.as_slot().target_celsius for one in zone.__class__.objects.get().slots.all()] == [17.0]


@pytest.mark.parametrize(("preset", "target"), [("", ""), ("eco", "20")])
def test_a_slot_is_a_preset_or_a_target(page, zone, preset, target):
    response = page.post(change_url(zone), with_preset(form_of(zone, [(ALL, "06:00", "09:00", target)]), 0, preset))
    errors = response.context["inline_admin_formsets"][0].formset.errors
    assert "Choose a preset or a target" in errors[0]["target_celsius"][0]
    assert not zone.slots.exists()


def test_a_preset_too_close_to_the_high_limit_is_refused_beside_it(page, zone):
    response = page.post(change_url(zone), form_of(zone, [], comfort_celsius="27"))
    errors = response.context["adminform"].form.errors
    assert "27 °C is too close to the zone's high limit of 28 °C" in errors["comfort_celsius"][0]
    zone.refresh_from_db()
    assert zone.comfort_celsius == 21


def test_the_week_is_drawn_with_the_presets_as_typed(page, zone):
    data = with_preset(form_of(zone, [(["0"], "12:00", "18:00", "")], eco_celsius="16.5"), 0, "eco")
    content = page.post(reverse("admin:climate_climatezone_week"), data).content.decode()
    assert "eco 16.5°" in content
    odd = with_preset(form_of(zone, [(["0"], "12:00", "18:00", "")], eco_celsius="nan"), 0, "eco")
    assert "eco 18°" in page.post(reverse("admin:climate_climatezone_week"), odd).content.decode()


def test_a_slot_somebody_added_meanwhile_does_not_stay_beside_these(page, zone):
    """The week goes in as a whole, as it was seen: nothing overlaps, whoever was faster."""
    data = form_of(zone, [(ALL, "06:00", "09:00", "21")])
    TemperatureSlot.objects.create(zone=zone, start_time="08:00", end_time="10:00", target_celsius=19)
    assert page.post(change_url(zone), data).status_code == 302
    assert list(zone.slots.values_list("target_celsius", flat=True)) == [21]


def test_a_form_whose_schedule_was_not_touched_leaves_it(page, zone):
    slot = TemperatureSlot.objects.create(zone=zone, start_time="08:00", end_time="10:00", target_celsius=19)
    data = form_of(zone, [(slot, ALL, "08:00", "10:00", "19")], default_target_celsius="19.5")
    assert page.post(change_url(zone), data).status_code == 302
    assert zone.slots.get().pk == slot.pk


def test_a_room_gets_no_sensor_that_hangs_outdoors(page, zone):
    outdoors = factories.climate_monitor(zone.site, name="North wall", is_outdoor=True)
    response = page.post(change_url(zone), form_of(zone, [], monitors=[str(outdoors.pk)]))
    assert "‘North wall’ measures outdoors" in response.context["adminform"].form.errors["monitors"][0]


def test_a_sensor_that_reads_a_room_does_not_measure_outdoors(page, zone):
    sensor = zone.monitors.get()
    data = {"name": sensor.name, "stale_after_seconds": "3600", "max_jump_k": "5", "is_outdoor": "on"}
    url = reverse("admin:climate_climatemonitor_change", args=[sensor.pk])
    response = page.post(url, data)
    assert "It reads ‘Living room’" in response.context["adminform"].form.errors["is_outdoor"][0]
    assert page.post(url, {**data, "is_outdoor": "", "plausible_low_celsius": "-5"}).status_code == 302
    sensor.refresh_from_db()
    assert sensor.plausible_low_celsius == -5
