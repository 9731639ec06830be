"""A miner of several levels through whole passes: what is asked is a level, and a level is done when it is seen."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from miners import power
from miners.models import Circuit, ManualRequest, Miner, MinerController
from miners.power import Level, PowerModel
from miners.services import request_power
from miners.state import MinerSnapshot, MinerStatus
from optimization.models import Decision
from sites.models import Alarm
from tests import factories

from .bench import Home

LEVELS = (Level("eco", 800.0), Level("standard", 1300.0), Level("super", 1600.0))
AVALON = PowerModel(LEVELS, ramp_seconds=120, min_write_gap_seconds=600)


@pytest.fixture
def stepped(db, bench):
    """`stepped(model)`: the cold home with a miner of this model."""

    def make(model: PowerModel = AVALON) -> Home:
        home = Home(nominal_power_w=1600, max_starts_per_hour=99, max_starts_per_day=99)
        MinerController.objects.update(identity={"model": "Avalon Q", "power": power.to_json(model)})
        return home

    return make


def by_hand(home: Home, watts: int) -> None:
    home.miner.refresh_from_db()
    request_power(home.miner, watts, by="Ada", until=home.now + timedelta(hours=12))


def test_what_is_asked_becomes_the_level_that_fits(stepped):
    home = stepped()
    home.says(21.0)
    by_hand(home, 1500)
    home.go(2)
    assert home.plug.writes == [1300]
    assert home.desired.confirmed_at is not None


@pytest.mark.parametrize(("level", "watts"), [("eco", 800), ("standard", 1300), ("super", 1600)])
def test_a_level_chosen_on_the_page_reaches_the_device_in_the_next_pass(stepped, client, level, watts):
    home = stepped()
    home.says(21.0)
    client.force_login(factories.user())
    address = reverse("miner-on", args=[home.miner.pk])
    assert client.post(address, {"level": level, "duration": "120"}, HTTP_HX_REQUEST="true").status_code == 200
    assert home.plug.writes == []  # the page writes a wish, never the device
    home.go()
    assert home.plug.writes == [watts]
    home.go()
    assert home.desired.confirmed_at is not None
    assert "by hand until" in client.get(reverse("miner", args=[home.miner.pk])).content.decode()
    assert Decision.objects.order_by("-at").first().origin == "manual"
    home.go(seconds=2 * 3600 + 60)
    assert Decision.objects.order_by("-at").first().origin == "policy"  # back to automatic by itself


def test_a_level_by_hand_breaks_no_guard(stepped, client):
    home = stepped()
    home.says(28.5)  # above the high limit
    client.force_login(factories.user())
    client.post(reverse("miner-on", args=[home.miner.pk]), {"level": "eco", "duration": "60"})
    home.go(3)
    assert 800 not in home.plug.writes


@pytest.mark.parametrize(("stored", "told"), [(100, 800), (1500, 1300), (9000, 1600)])
def test_a_stored_request_that_fits_no_level_any_more_runs_at_one_it_has(stepped, stored, told):
    home = stepped()
    home.says(21.0)
    by_hand(home, 800)
    ManualRequest.objects.update(power_w=stored)
    home.go(2)
    assert home.plug.writes == [told]
    assert Decision.objects.order_by("-at").first().reason == f"On by hand by Ada, {told} W."


def test_a_level_above_its_usual_power_may_be_asked_for_by_hand(stepped):
    """Its policy heats with 1000 W at most, a person may choose what the device has."""
    home = stepped()
    Miner.objects.update(nominal_power_w=1000)
    home.go(2)
    assert home.plug.writes == [800]
    home.go(seconds=600)
    home.miner.refresh_from_db()
    by_hand(home, 1600)
    home.go(2)
    assert home.plug.writes == [800, 1600]


def test_another_level_waits_for_the_write_gap_and_is_no_start(stepped):
    home = stepped()
    home.says(21.0)
    by_hand(home, 1600)
    home.go(2)
    on_since = home.desired.switched_on_at
    by_hand(home, 800)
    home.go(2)
    assert home.plug.writes == [1600]
    decision = Decision.objects.order_by("-at").first()
    assert (decision.guard, decision.command_w) == ("write_gap", 1600)
    assert "stays set to 1600 W for" in decision.reason
    home.go(seconds=600)
    assert home.plug.writes == [1600, 800]
    assert len(home.desired.starts) == 1
    assert home.desired.switched_on_at == on_since


def test_a_guard_lowers_at_once(stepped):
    home = stepped()
    home.says(21.0)
    by_hand(home, 1600)
    home.go(2)
    circuit = Circuit.objects.create(site=home.site, name="Line 1", limit_w=1000)
    type(home.miner).objects.update(circuit=circuit)
    home.go(2)
    assert home.plug.writes[-1] in (0, 800)
    assert home.plug.power_w <= 1000


def test_a_level_that_is_not_taken_is_not_confirmed_repeated_slowly_and_told(stepped):
    home = stepped()
    home.says(21.0)
    by_hand(home, 1600)
    home.go(2)
    home.go(seconds=600)
    by_hand(home, 800)
    home.plug.obeys = False
    home.go(12)
    assert home.plug.writes == [1600, 800]
    assert home.desired.confirmed_at is None
    home.go(3)
    assert home.plug.writes == [1600, 800, 800]  # after its ramp
    alarm = Alarm.objects.get(ended_at=None)
    assert (alarm.kind, alarm.text) == ("level_not_reached", "Avalon was told to run at 800 W but takes 1600 W.")
    home.plug.obeys = True
    home.go(30)
    assert home.plug.power_w == 800
    assert home.open_alarms == []


def test_settings_that_wear_are_repeated_no_faster_than_the_gap(stepped):
    home = stepped(replace(AVALON, wears_flash=True))
    home.says(21.0)
    by_hand(home, 1600)
    home.go(2)
    home.go(seconds=600)
    by_hand(home, 800)
    home.plug.obeys = False
    home.go()
    home.go(seconds=590)
    assert home.plug.writes == [1600, 800]
    home.go(seconds=30)
    assert home.plug.writes == [1600, 800, 800]


def test_nothing_is_written_while_it_ramps(stepped):
    home = stepped()
    home.says(21.0)
    home.plug.shows = MinerSnapshot(MinerStatus.OFF, 0.0, True)
    by_hand(home, 1600)
    home.go()
    home.plug.shows = MinerSnapshot(MinerStatus.RAMPING, 500.0, True)
    home.go(6)
    assert home.plug.writes == [1600]


def test_its_own_word_counts_before_its_draw(stepped):
    """Set to eco and still coming down from super: nothing is written again."""
    home = stepped()
    home.says(21.0)
    by_hand(home, 800)
    home.go(2)
    home.plug.shows = MinerSnapshot(MinerStatus.HEATING, 1600.0, True, set_power_w=800.0)
    home.go(30)
    assert home.plug.writes == [800]


@pytest.mark.parametrize("measured_w", [1250, 1380, 1250.4])
def test_a_persons_measurement_corrects_a_level(stepped, measured_w):
    """Watts are those measured; the device is told its own word for that level, or it would take the one below."""
    home = stepped()
    miner = Miner.objects.get()
    miner.level_watts = {"standard": measured_w}
    miner.full_clean()
    miner.save()
    home.says(21.0)
    by_hand(home, 1400)
    home.plug.obeys = False
    home.go()
    assert home.plug.writes == [1300]
    assert home.desired.power_w == round(measured_w)
    home.plug.shows = MinerSnapshot(MinerStatus.HEATING, float(measured_w), True, level="standard")
    home.go()
    assert home.desired.confirmed_at is not None


@pytest.mark.parametrize("wrong", [{"turbo": 900}, {"eco": 0}, {"eco": "900"}, {"eco": True}, ["eco"], {"eco": 90_000}])
def test_a_wrong_correction_names_the_level_and_the_value(stepped, wrong):
    stepped()
    miner = Miner.objects.get()
    miner.level_watts = wrong
    with pytest.raises(ValidationError, match="is no power of a level") as refused:
        miner.full_clean()
    assert list(refused.value.message_dict) == ["level_watts"]


MAGIC = {**power.to_json(AVALON), "off_by": "magic"}


@pytest.mark.parametrize("stored", [{}, {"levels": []}, {"levels": 3}, MAGIC, {"levels": [{"key": 1}]}])
def test_a_damaged_model_is_none(stored):
    assert power.from_json(stored) is None


def test_a_model_survives_the_database():
    assert power.from_json(power.to_json(AVALON)) == AVALON


def test_a_level_that_waits_and_does_not_wait_in_turns_is_told_once(stepped):
    """A need that flickers within the write gap is no decision a pass: each row wears the card it is written to."""
    home = stepped()
    home.says(20.0)
    home.go(3)
    assert home.desired.power_w == 1600
    before = Decision.objects.count()
    for _ in range(10):
        home.says(21.3)
        home.go()
        home.says(21.0)
        home.go()
    assert home.desired.power_w == 1600
    told = Decision.objects.order_by("at")[before:]
    assert [(one.action, one.guard, one.command_w) for one in told] == [("hold", "write_gap", 1600)]
