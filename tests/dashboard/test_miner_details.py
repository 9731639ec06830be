"""The page of a miner from facts alone: what is known is said in words, what is not known is said too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.facts import AlarmFacts, DeadMan, MinerFacts, Moment, Wish
from dashboard.formats import THIN
from dashboard.miner_cards import by_hand, by_urgency, miner_card
from dashboard.miner_details import SwitchingFacts, about, readings, said_by, switching
from dashboard.miner_totals import miner_totals
from miners.earnings.economics import HashValue, miner_value
from miners.earnings.view import MinerNow, Span, panel
from miners.power import Level, OffBy, PowerModel

from .conftest import AVALON, miner_live

NOW = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)  # 18:00 in Zurich
AT = Moment(NOW, ZoneInfo("Europe/Zurich"))
RICH = {
    "status": "heating", "power_w": 1280.0, "desired_w": 1300, "power_source": "meter", "level": "standard",
    "hash_rate_th_s": 80.0, "chip_temperature_celsius": 71.4, "board_temperature_celsius": 60.0,
    "inlet_temperature_celsius": 21.5, "outlet_temperature_celsius": 48.2, "fan_rpm": 3120,
    "uptime_seconds": 7300, "pool_alive": True,
}  # fmt: skip


def words(pairs) -> dict[str, str]:
    return {label.replace(THIN, " "): text.replace(THIN, " ") for label, text in pairs}


def facts(**kwargs) -> MinerFacts:
    live = kwargs.pop("live", None)
    return MinerFacts("m1", "Avalon", 1600, live=miner_live(NOW) if live is None else live, **kwargs)


# --- what it tells --------------------------------------------------------------------------------


def test_everything_it_tells_is_said_with_its_unit():
    found = readings(miner_live(NOW, **RICH), AVALON)
    assert words(found.pairs) == {
        "Draws": "1.3 kW", "The watts are": "measured by a metering plug", "Level": "standard, 1300 W",
        "Hash rate": "80.0 TH/s", "Efficiency": "16.0 J/TH", "Chip temperature": "71.4 °C",
        "Board temperature": "60.0 °C", "Air going in": "21.5 °C", "Air coming out": "48.2 °C", "Fan": "3120 rpm",
        "Running for": "2 h", "Pool": "answers it",
    }  # fmt: skip
    assert found.silent == ""


def test_what_it_does_not_tell_is_said_and_never_a_nought():
    found = readings(miner_live(NOW, status="heating", power_w=None, power_is_measured=False), None)
    assert words(found.pairs) == {"Draws": "on, not measured", "The watts are": "not measured"}
    assert found.silent == (
        "It does not tell: hash rate, chip temperature, board temperature, air going in, air coming out, fan, "
        "running for, pool."
    )


def test_a_nought_that_is_told_is_a_nought():
    live = miner_live(NOW, **{**RICH, "hash_rate_th_s": 0.0, "fan_rpm": 0, "pool_alive": False})
    found = words(readings(live, AVALON).pairs)
    assert (found["Hash rate"], found["Fan"], found["Pool"]) == ("0 TH/s", "0 rpm", "does not answer it")
    assert "Efficiency" not in found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"power_source": "meter"}, "measured by a metering plug"),
        ({"power_source": "firmware"}, "as the device itself says"),
        ({"power_source": "table", "power_is_measured": False}, "not measured: what this level is known to take"),
        ({"power_source": "none", "power_is_measured": False}, "not measured"),
        ({"power_source": "none", "power_is_measured": True}, "measured"),
        ({}, "measured"),
    ],
)
def test_where_the_watts_come_from(changes, said):
    assert words(readings(miner_live(NOW, **changes), None).pairs)["The watts are"] == said


def test_watts_of_a_table_are_about_so_many():
    live = miner_live(NOW, status="heating", power_w=None, power_is_measured=False, power_source="table", drawn_w=800.0)
    assert words(readings(live, AVALON).pairs)["Draws"] == "about 800 W"


def test_of_a_silent_device_and_before_the_first_look_nothing_is_claimed():
    assert readings({}, None).pairs == ()
    assert "No pass" in readings({}, None).silent
    gone = readings(miner_live(NOW, status="unreachable"), AVALON)
    assert gone.pairs == ()
    assert "does not answer" in gone.silent


def test_a_setting_that_is_no_named_level():
    live = miner_live(NOW, status="heating", level="", set_power_w=950.0)
    assert words(readings(live, AVALON).pairs)["Level"] == "set to 950 W"


def test_what_the_card_says_is_not_said_again():
    """Whatever a device tells, no two parts of its page have a label in common."""
    for live, plain in ((miner_live(NOW, **RICH), False), (miner_live(NOW), True)):
        one = facts(live=live, power=AVALON, is_plain=plain, unit_name="Hall", zone_names=("Hall",))
        told = said_by(miner_card(one, AT))
        below = [label for label, _ in readings(live, AVALON, told).pairs + switching(one, PLAIN, AT, told).pairs]
        assert len(below) == len(set(below))
        assert not told & set(below)
        assert {"The watts are", "Starts in an hour", "Switched by"} <= set(below)


# --- how it is switched ---------------------------------------------------------------------------

PLAIN = SwitchingFacts(
    class_label="Avalon home miner", min_on_seconds=1200, min_off_seconds=600, max_starts_per_hour=2,
    max_starts_per_day=8, controller="Avalon in the hall", kind="Avalon", off_by=OffBy.DEVICE, dead_man=None, plug="",
    cut_at=None, circuit="", circuit_limit_w=None, quiet_from=None, quiet_until=None, quiet_max_w=0,
)  # fmt: skip


def switched(miner=None, **changes) -> dict[str, str]:
    return words(switching(miner or facts(), replace(PLAIN, **changes), AT).pairs)


def test_its_budget_and_its_times():
    starts = tuple(NOW - timedelta(hours=hours) for hours in (20, 10, 0.5))  # the first was yesterday
    found = switched(facts(starts=starts))
    assert (found["Starts today"], found["Starts in 24 h"], found["Starts in an hour"]) == ("2", "3 of 8", "1 of 2")
    assert (found["Once on, at least"], found["Once off, at least"]) == ("20 min", "10 min")
    assert found["Kind of machine"] == "Avalon home miner"


def test_when_it_may_switch_next():
    assert switched()["May switch next"] == "now"
    later = miner_live(NOW, next_allowed_at=(NOW + timedelta(minutes=8)).isoformat())
    assert switched(facts(live=later))["May switch next"] == "at 18:08; off by hand at any time"
    assert switched(facts(live={}))["May switch next"] == "not known yet"


@pytest.mark.parametrize(
    ("changes", "label", "said"),
    [
        ({"off_by": OffBy.DEVICE}, "Goes off", "by its own switch"),
        ({"off_by": OffBy.PLUG}, "Goes off", "only by cutting its mains, and no plug before it does that"),
        ({"off_by": OffBy.PLUG, "plug": "Shelly"}, "Goes off", "only by cutting its mains"),
        ({"plug": "Shelly"}, "Plug before it", "Shelly: cuts the mains when off is not obeyed"),
        (
            {"plug": "Shelly", "cut_at": NOW},
            "Plug before it",
            "Shelly: cut since 18:00, until its alarm is acknowledged",
        ),
        ({"controller": "", "kind": ""}, "Switched by", "nothing yet"),
        ({"circuit": "Line 1", "circuit_limit_w": 2300}, "Line", "Line 1, at most 2300 W together"),
        ({}, "Quiet hours", "none"),
        (
            {"quiet_from": time(22), "quiet_until": time(7)},
            "Quiet hours",
            "22:00 to 07:00: off, frost protection excepted",
        ),
        (
            {"quiet_from": time(22), "quiet_until": time(7), "quiet_max_w": 800},
            "Quiet hours",
            "22:00 to 07:00: at most 800 W, frost protection excepted",
        ),
        ({}, "Too hot", "off: chips from 110 °C, boards from 100 °C"),
        ({"max_chip_celsius": 90}, "Too hot", "off: chips from 90 °C, boards from 100 °C"),
        ({"max_chip_celsius": 90, "max_board_celsius": 75}, "Too hot", "off: chips from 90 °C, boards from 75 °C"),
        ({"noise_db": 45}, "Noise at full power", "45 dB"),
        ({"class_label": ""}, "Kind of machine", "not specified"),
        ({"dead_man": DeadMan("its own timer does", "", "c")}, "If this program is gone", "its own timer does"),
        ({"dead_man": DeadMan(None, "Set a timer.", "c")}, "If this program is gone", "nothing switches it off"),
    ],
)
def test_what_switches_it(changes, label, said):
    assert switched(**changes)[label] == said


# --- what it is -----------------------------------------------------------------------------------


def test_its_levels_as_a_table():
    live = miner_live(NOW, **RICH)
    found = about({}, facts(power=AVALON, live=live), AT, model_name="Avalon Q", measured={"eco": 812})
    rows = [
        (row.name, row.power.replace(THIN, " "), row.efficiency.replace(THIN, " "), row.note) for row in found.levels
    ]
    assert rows == [
        ("eco", "800 W", "15.4 J/TH", "measured by you"),
        ("standard", "1300 W", "16.2 J/TH", "now"),
        ("super", "1600 W", "17.8 J/TH", ""),
    ]
    assert words(found.pairs)["Model"] == "Avalon Q"


def test_what_nobody_asked_is_not_known():
    found = about({}, facts(), AT, measured={})
    assert words(found.pairs) == {"Model": "not known", "Nominal power": "1600 W"}
    assert found.levels == ()


def test_a_range_says_its_step():
    model = PowerModel((Level("900 W", 900.0), Level("3000 W", 3000.0)), step_w=50.0)
    assert about({}, facts(power=model), AT, measured={}).between.replace(THIN, " ") == "Any step of 50 W between."


# --- its card -------------------------------------------------------------------------------------


def test_the_panel_proposes_what_is_wanted_now_else_the_most():
    proposed = [key for key, _, chosen in by_hand(facts(power=AVALON)).levels if chosen]
    assert proposed == ["super"]
    now = facts(power=AVALON, live=miner_live(NOW, desired_w=800))
    assert [key for key, _, chosen in by_hand(now).levels if chosen] == ["eco"]


def test_the_panel_of_a_range_and_of_a_plug():
    model = PowerModel((Level("900 W", 900.0), Level("3000 W", 3000.0)), step_w=50.0)
    offered = by_hand(facts(power=model)).range
    assert (offered.least_w, offered.most_w, offered.step_w, offered.chosen_w) == ("900", "3000", "50", "3000")
    assert by_hand(facts()).levels == ()
    assert by_hand(facts()).range is None


def test_a_card_says_hash_chips_efficiency_earnings_and_starts():
    value = miner_value(1280.0, 80.0, HashValue(45.0, 60_000.0), 0.25)
    miner = facts(power=AVALON, live=miner_live(NOW, **RICH), starts=(NOW,), max_starts_per_day=8)
    found = {one.label: f"{one.value} {one.note}".strip().replace(THIN, " ")
             for one in miner_card(miner, AT, value=value, currency="EUR").figures}  # fmt: skip
    assert found == {
        "Hash rate": "80.0 TH/s", "Efficiency": "16.0 J/TH", "Chips": "71.4 °C", "Earns": "3 600 sat 2.16 EUR a day",
        "Starts today": "1 1 of 8 in 24 h",
    }  # fmt: skip


def test_a_heater_on_a_plug_takes_no_room_for_what_it_never_tells():
    assert [one.label for one in miner_card(facts(is_plain=True), AT).figures] == ["Starts today"]
    told = miner_card(facts(), AT).figures
    assert [(one.label, one.value) for one in told[:3]] == [("Hash rate", "–"), ("Efficiency", "–"), ("Chips", "–")]


def test_what_needs_somebody_comes_first_then_what_heats():
    def card(name, alarms=(), wish=None, **live):
        return miner_card(MinerFacts(name, name, 1000, live=miner_live(NOW, **live), wish=wish), AT, alarms=alarms)

    alarm = AlarmFacts("1", "miner:Z", "alarm", "Z cannot be off.", "", "", NOW)
    cards = [
        card("A"), card("B", wish=Wish(0, None, NOW)), card("C", status="heating"), card("D", problem="It is slow."),
        card("Y", status="unreachable"), card("Z", (alarm,), status="heating"),
    ]  # fmt: skip
    assert [one.name for one in by_urgency(cards)] == ["Y", "Z", "D", "C", "A", "B"]


# --- all of them ----------------------------------------------------------------------------------


def totals(*miners, hash_value=None, price=0.25):
    cards = [miner_card(one, AT) for one in miners]
    seen = [MinerNow(one.id, one.name, one.live.get("power_w"), one.live.get("hash_rate_th_s")) for one in miners]
    return miner_totals(miners, cards, panel("EUR", hash_value, price, seen, today=Span(), month=Span()))


def test_the_sums_count_what_is_known_and_say_of_how_many():
    running = facts(power=AVALON, live=miner_live(NOW, **RICH, drawn_w=1280.0))
    plain = replace(facts(live=miner_live(NOW, drawn_w=0.0)), id="m2", name="Plug", nominal_power_w=1000)
    gone = replace(facts(live=miner_live(NOW, status="unreachable", power_w=None)), id="m3", name="Attic")
    found = totals(running, plain, gone, hash_value=HashValue(45.0, 60_000.0))
    said = {one.label: f"{one.value} {one.note}".strip().replace(THIN, " ") for one in found.figures}
    assert said == {
        "Drawing now": "1.3 kW of 4.2 kW, 1 of 3 on, 1 not seen",
        "Hash rate": "80.0 TH/s 1 of 3 tell it",
        "Earning": "3 600 sat 2.16 EUR a day, 2 not known",
        "A kWh of heat costs": "0.180 EUR after what it earns, now",  # 0.25 − 2.16 / (1.28 · 24)
    }
    assert [(one.name, one.what, one.tone) for one in found.needs] == [("Attic", "does not answer", "alarm")]


def test_the_price_of_heat_of_several_is_weighed_by_their_heat():
    one = facts(live=miner_live(NOW, power_w=1000.0, hash_rate_th_s=50.0, status="heating"))
    other = replace(one, id="m2", name="B", live=miner_live(NOW, power_w=3000.0, hash_rate_th_s=50.0, status="heating"))
    found = totals(one, other, hash_value=HashValue(100.0, 24_000.0))
    # Each earns 5000 sat = 1.2 EUR a day; together 96 kWh for 24 EUR: (24 − 2.4) / 96.
    assert found.figures[3].value.replace(THIN, " ") == "0.225 EUR"


def test_nothing_known_is_no_nought():
    found = totals(facts(live={}), hash_value=HashValue(45.0, None))
    assert [one.value for one in found.figures] == ["–", "–", "–", "–"]


def test_without_a_hash_price_nothing_is_said_of_money():
    assert [one.label for one in totals(facts()).figures] == ["Drawing now", "Hash rate"]


def test_a_sentence_that_begins_with_the_name_says_it_once():
    (need,) = totals(facts(live=miner_live(NOW, problem="Avalon cannot be read."))).needs
    assert (need.name, need.what, need.tone) == ("Avalon", "cannot be read.", "warn")
