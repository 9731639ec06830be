"""What a card says, from facts alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from climate.state import Target, TargetSource
from dashboard.cards import zone_card
from dashboard.facts import AlarmFacts, MinerFacts, Moment, Wish, ZoneFacts
from dashboard.formats import THIN
from dashboard.miner_cards import miner_card, miner_line
from dashboard.sparkline import Row

from .conftest import energy_live, miner_live, zone_live

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
AT = Moment(NOW, ZoneInfo("Europe/Zurich"))
OFF_BY_HAND = Wish(0, None, NOW - timedelta(minutes=5), "anna")


def miner(wish=None, live=None, **kwargs) -> MinerFacts:
    return MinerFacts("m1", "Avalon", 1000, wish=wish, live=miner_live(NOW) if live is None else live, **kwargs)


def zone(live=None, miners=None, *, target=21.0, until=None, following=None, **kwargs) -> ZoneFacts:
    aim = {name: kwargs.pop(name) for name in ("reason", "preset", "source") if name in kwargs}
    reason = aim.pop("reason", "schedule 06:00–22:00")
    return ZoneFacts(
        id="z1", name="Living room", target=Target(target, target, reason, until, following, **aim),
        hysteresis_celsius=0.5, live=zone_live(NOW) if live is None else live,
        miners=(miner(),) if miners is None else miners, **{"stale_after_seconds": 3600, **kwargs},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "word", "tone"),
    [
        ({"heating": True}, "heating", "heat"),
        ({"temperature_celsius": 20.49}, "below target", "cold"),
        ({"temperature_celsius": 20.5}, "at target", "calm"),
        ({"temperature_celsius": 21.5}, "warm", "calm"),
        ({"temperature_celsius": None, "sensor": "lost"}, "sensor lost", "alarm"),
        ({"sensor": "lost", "heating": True}, "sensor lost", "alarm"),
    ],
)
def test_state_of_a_zone(changes, word, tone):
    state = zone_card(zone(zone_live(NOW, **changes)), AT).state
    assert (state.word, state.tone) == (word, tone)


def test_heating_is_what_is_seen_not_what_temperatures_suggest():
    cold = zone_card(zone(zone_live(NOW, temperature_celsius=15.0, heating=False)), AT)
    warm = zone_card(zone(zone_live(NOW, temperature_celsius=23.0, heating=True)), AT)
    assert cold.state.word == "below target"
    assert warm.state.word == "heating"


def test_all_its_miners_off_by_hand_is_said():
    assert zone_card(zone(miners=(miner(OFF_BY_HAND),)), AT).state.word == "off by hand"
    both = (miner(OFF_BY_HAND), miner())
    assert zone_card(zone(miners=both), AT).state.word != "off by hand"


def test_before_the_first_pass_a_card_waits():
    card = zone_card(zone({}, (miner(live={}),)), AT)
    assert card.state.word == "waiting"
    assert card.why == "Waiting for the first look at this room."
    assert card.temperature == "no reading yet"
    assert card.trouble is None


def test_a_zone_without_sensor_says_what_to_do():
    card = zone_card(zone(stale_after_seconds=None), AT)
    assert card.trouble.text == "No sensor reads this room yet."
    assert "Set-up" in card.trouble.remedy


def test_a_lost_sensor_says_since_when_what_was_done_and_what_to_do():
    silent = zone_live(
        NOW, temperature_celsius=None, sensor="lost", problem="The sensor is silent.",
        observed_at=(NOW - timedelta(minutes=16)).isoformat(),
    )  # fmt: skip
    seen = Row(NOW - timedelta(minutes=16), 19.3, 21.0, 0)
    card = zone_card(zone(silent, rows=(seen,)), AT)
    assert card.temperature == "no reading"
    assert card.last_known == "last 19.3° at 17:44"
    trouble = card.trouble
    assert (trouble.text, trouble.since, trouble.did) == ("The sensor is silent.", "17:44", "Heating is off.")
    assert "resumes by itself" in trouble.remedy


def test_a_lost_sensor_does_not_claim_that_heating_is_off_while_it_is_on():
    card = zone_card(zone(zone_live(NOW, sensor="lost", heating=True)), AT)
    assert card.trouble.did == ""


def test_the_gravest_alarm_of_the_zone_or_its_miners_comes_first():
    alarms = [
        AlarmFacts("1", "zone:z1", "warning", "Slow.", "", "", NOW - timedelta(hours=2)),
        AlarmFacts("2", "miner:m1", "alarm", "Cannot switch off.", "Tries on.", "Pull the plug.", NOW),
        AlarmFacts("3", "zone:other", "alarm", "Elsewhere.", "", "", NOW - timedelta(days=1)),
    ]
    assert zone_card(zone(), AT, alarms=alarms).trouble.text == "Cannot switch off."


def test_until_and_next():
    aim = zone_card(zone(until=NOW + timedelta(hours=4), following=18.0), AT).aim
    assert (aim.until, aim.following) == ("until 22:00", "then 18.0°")
    assert zone_card(zone(), AT).aim.until == ""
    assert zone_card(zone(source=TargetSource.HAND), AT).aim.until == "until you resume the schedule"
    assert zone_card(zone(source=TargetSource.PERIOD), AT).aim.until == "until you end it"


def test_a_tap_shows_at_once_though_the_snapshot_still_speaks_of_the_old_request():
    card = zone_card(zone(zone_live(NOW, requested_celsius=21.0, target_celsius=21.0), target=22.0), AT)
    assert (card.aim.words, card.aim.lowered) == ("22.0°", "")
    assert card.state.word == "below target"


def test_the_last_decision_is_not_held_against_a_target_no_pass_has_seen():
    card = zone_card(zone(zone_live(NOW), (miner(live=miner_live(NOW, reason="Warm enough.")),), target=23.0), AT)
    assert card.why == "The new target counts from the next look on."


def test_a_lowered_target_says_what_was_asked_for_and_why():
    lowered = zone_live(NOW, requested_celsius=21.0, target_celsius=17.0, target_reason="nobody is home")
    card = zone_card(zone(lowered), AT)
    assert card.aim.words == "17.0°"
    assert card.aim.lowered.replace(THIN, " ") == "21.0 °C asked for: nobody is home"


@pytest.mark.parametrize(
    ("lowered", "words"),
    [
        ("absence", "Lowered from 21.0 °C: nobody is there."),
        ("window", "Paused: the window is open. Back to 21.0 °C when it is closed."),
        ("high_limit", "Lowered from 21.0 °C: that is too close to the high limit of the room."),
    ],
)
def test_what_lowers_a_target_is_said_plainly(lowered, words):
    card = zone_card(zone(zone_live(NOW, target_celsius=18.0, lowered=lowered)), AT)
    assert (card.aim.words, card.aim.lowered.replace(THIN, " "), card.planned) == ("18.0°", words, "21.0°")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"preset": "eco", "source": TargetSource.SCHEDULE}, "eco"),
        ({"preset": "comfort", "source": TargetSource.HAND}, "comfort by hand"),
        ({"source": TargetSource.HAND}, "by hand"),
        ({"preset": "away", "source": TargetSource.PERIOD, "reason": "away"}, "away"),
        ({"preset": "frost", "source": TargetSource.PERIOD, "reason": "holiday"}, "holiday, frost protection"),
        ({"source": TargetSource.PERIOD, "reason": "guests"}, "guests"),
        ({}, ""),
    ],
)
def test_a_card_names_the_preset_and_who_chose_it(changes, name):
    assert zone_card(zone(**changes), AT).aim.name == name


@pytest.mark.parametrize(
    ("changes", "word", "tone"),
    [
        ({"preset": "away", "source": TargetSource.PERIOD, "reason": "holiday"}, "holiday", "away"),
        ({"preset": "frost", "source": TargetSource.SCHEDULE}, "frost protection", "away"),
        ({"preset": "eco", "source": TargetSource.PERIOD, "reason": "eco"}, "at target", "calm"),
    ],
)
def test_a_room_nobody_needs_warm_says_so(changes, word, tone):
    state = zone_card(zone(zone_live(NOW, temperature_celsius=21.0), **changes), AT).state
    assert (state.word, state.tone) == (word, tone)
    cold = zone_card(zone(zone_live(NOW, temperature_celsius=12.0), **changes), AT).state
    assert cold.word == "below target"


def test_an_open_window_is_the_state_of_a_room_unless_it_heats():
    since = (NOW - timedelta(minutes=3)).isoformat()
    idle = zone_card(zone(zone_live(NOW, window_open_since=since)), AT).state
    assert (idle.word, idle.tone) == ("window open", "away")
    assert zone_card(zone(zone_live(NOW, window_open_since=since, heating=True)), AT).state.word == "heating"


def test_the_presets_of_a_room_are_offered_with_their_degrees():
    card = zone_card(zone(preset="eco", presets=(("comfort", 21.0), ("eco", 18.0), ("frost", 7.0))), AT)
    offered = [(one.label, one.degrees, one.is_on) for one in card.presets]
    assert offered == [("Comfort", "21.0°", False), ("Eco", "18.0°", True), ("Frost protection", "7.0°", False)]


@pytest.mark.parametrize(
    ("live", "power", "note"),
    [
        (miner_live(NOW, status="heating", power_w=812.0, desired_w=1000), "812 W", ""),
        (miner_live(NOW, status="heating", power_w=None, power_is_measured=False), "on, not measured", ""),
        (miner_live(NOW, status="off", desired_w=1000, confirmed=False), "0 W", "switching on"),
        (miner_live(NOW, status="heating", power_w=800.0, confirmed=False), "800 W", "switching off, not confirmed"),
        (miner_live(NOW, status="unreachable", confirmed=False), "does not answer", "switching off, not confirmed"),
        (miner_live(NOW, status="unknown"), "not known", ""),
        ({}, "–", ""),
    ],
)
def test_a_miner_never_claims_more_than_was_seen(live, power, note):
    line = miner_line(miner(live=live), AT)
    assert (line.power.replace(THIN, " "), line.note) == (power, note)


def test_wishes_in_words():
    on = Wish(1000, NOW + timedelta(hours=2), NOW)
    outside = Wish(0, NOW + timedelta(hours=2), NOW, origin="outside")
    assert miner_line(miner(OFF_BY_HAND), AT).note == "off by hand"
    assert miner_line(miner(on), AT).note.replace(THIN, " ") == "on at 1.0 kW by hand until 20:00"
    assert miner_line(miner(outside), AT).note == "off at the device until 20:00"


def test_the_reason_of_a_running_miner_comes_first():
    idle = MinerFacts("m1", "A", 1000, live=miner_live(NOW, reason="Idle."))
    runs = MinerFacts("m2", "B", 1000, live=miner_live(NOW, status="heating", reason="Runs."))
    assert zone_card(zone(miners=(idle, runs)), AT).why == "Runs."


def test_who_pays_is_said_only_while_it_heats():
    running = zone_card(zone(zone_live(NOW, heating=True, heating_w=800)), AT, energy=energy_live(NOW))
    idle = zone_card(zone(), AT, energy=energy_live(NOW))
    assert (running.paid_by, idle.paid_by) == ("solar covers it all", "")


def test_equal_facts_make_equal_cards_however_old_they_get():
    later = Moment(NOW + timedelta(seconds=30), AT.tz)
    assert zone_card(zone(), AT) == zone_card(zone(), later)


@pytest.mark.parametrize(
    ("facts", "actual", "desired"),
    [
        (miner(live=miner_live(NOW, power_is_measured=False, power_w=None)), "not measured", "off"),
        (miner(live=miner_live(NOW, status="heating", power_w=700.0, desired_w=1000)), "700 W", "1.0 kW"),
        (miner(live=miner_live(NOW, desired_w=1000, confirmed=False)), "0 W", "1.0 kW, not confirmed yet"),
        (miner(live=miner_live(NOW, status="unreachable")), "does not answer", "off"),
    ],
)
def test_actual_and_desired_power(facts, actual, desired):
    card = miner_card(facts, AT)
    assert (card.actual.replace(THIN, " "), card.desired.replace(THIN, " ")) == (actual, desired)


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        (miner(live=miner_live(NOW, status="no_pool")), "on, no pool"),
        (miner(live=miner_live(NOW, status="unreachable")), "does not answer"),
        (miner(OFF_BY_HAND), "off by hand"),
        (miner(OFF_BY_HAND, miner_live(NOW, status="heating")), "heating"),
        (miner(has_controller=False), "no switch"),
        (miner(is_active=False), "set aside"),
    ],
)
def test_state_of_a_miner(facts, word):
    assert miner_card(facts, AT).state.word == word


def test_a_miner_says_when_it_may_switch_again():
    waiting = miner(live=miner_live(NOW, next_allowed_at=(NOW + timedelta(minutes=8)).isoformat()))
    assert "may switch again at 18:08" in miner_card(waiting, AT).extra
