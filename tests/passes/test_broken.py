"""One broken home, sensor or driver never disturbs another, and garbage is an error with words."""

import math
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import pytest

from climate.state import ClimateReading
from energy.state import EnergySnapshot
from integrations.errors import BadAnswer
from integrations.registry import Kind
from miners.models import Miner
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.situation import SiteSituation
from optimization.models import Decision, PassState
from optimization.passes import record, run, valid_readings
from optimization.passes.load import SiteRows
from optimization.passes.run import run_sites
from sites import live
from sites.models import Alarm
from sites.store import store

from .bench import Home

NAN = float("nan")


@dataclass
class Strange:
    temperature_celsius: float = 20.0


GARBAGE_ROOMS = [
    None, "20.0", b"\x00", [], {}, object(), True, Strange(), MinerSnapshot(MinerStatus.OFF), ClimateReading("warm"),
    ClimateReading(None), ClimateReading(True), ClimateReading(NAN), ClimateReading(math.inf), ClimateReading(-127.0),
    ClimateReading(20.0, None, "yesterday"), ClimateReading(20.0, None, datetime(2026, 1, 1)), ClimateReading([20.0]),
]  # fmt: skip
HARMLESS_ROOMS = [ClimateReading(20.0, "wet"), ClimateReading(20.0, NAN), ClimateReading(20.0, math.inf)]
GARBAGE_METERS = [
    None, "3000", [], Strange(), ClimateReading(20.0), EnergySnapshot("much", "little"), EnergySnapshot(NAN, NAN),
    EnergySnapshot(math.inf, 0.0), EnergySnapshot(1e300, 0.0), EnergySnapshot(3000.0, 0.0, observed_at="noon"),
    EnergySnapshot(NAN, 0.0, grid_w=NAN, battery_soc_percent=NAN),
]  # fmt: skip
GARBAGE_PLUGS = [
    "on", b"", [], True, Strange(), ClimateReading(20.0), MinerSnapshot("off"), MinerSnapshot(None),
    MinerSnapshot(MinerStatus.OFF, observed_at=3), MinerSnapshot(MinerStatus.UNKNOWN),
]  # fmt: skip
HARMLESS_PLUGS = [
    MinerSnapshot(MinerStatus.OFF, NAN, True), MinerSnapshot(MinerStatus.OFF, "0", True, "fast", math.inf),
    MinerSnapshot(MinerStatus.OFF, 1e300, True),
]  # fmt: skip


@pytest.fixture
def two_homes(db, bench):
    """A home that will be broken and one beside it; both cold, in one chunk."""
    broken = Home()
    return broken, Home(broken.clock)


def pass_of(homes, passes=1, seconds=10):
    for _ in range(passes):
        homes[0].clock.advance(seconds)
        report = run_sites([home.site.pk for home in homes], clock=homes[0].clock)
    return report


def is_sound(home) -> bool:
    """Its pass completed: heated, recorded, shown."""
    return (
        home.plug.on
        and Decision.objects.filter(site=home.site, action="start").exists()
        and PassState.objects.filter(site=home.site).exists()
        and live.read(home.site.pk)["miners"][str(home.miner.pk)]["status"] == "heating"
    )


@pytest.mark.parametrize("garbage", GARBAGE_ROOMS, ids=lambda value: repr(value).partition(" at 0x")[0])
def test_a_sensor_that_answers_garbage_is_lost_and_disturbs_nobody(two_homes, garbage):
    broken, sound = two_homes
    pass_of(two_homes)
    assert broken.plug.on
    broken.says(garbage)
    report = pass_of(two_homes, 4, seconds=40)
    assert report.failed == []
    assert not broken.plug.on
    assert broken.open_alarms == ["sensor_lost"]
    assert is_sound(sound)
    broken.says(20.0)
    pass_of(two_homes, 2, seconds=301)
    assert broken.plug.on


@pytest.mark.parametrize("reading", HARMLESS_ROOMS, ids=lambda value: repr(value).partition(" at 0x")[0])
def test_garbage_beside_a_good_temperature_does_no_harm(two_homes, reading):
    two_homes[0].says(reading)
    assert pass_of(two_homes, 3, seconds=30).failed == []
    assert all(map(is_sound, two_homes))


@pytest.mark.parametrize("garbage", GARBAGE_METERS, ids=lambda value: repr(value).partition(" at 0x")[0])
def test_a_meter_that_answers_garbage_is_unknown_and_disturbs_nobody(two_homes, bench, garbage):
    broken, sound = two_homes
    meter = broken.add_meter(2000)
    broken.unit.policy.rules.filter(kind="start").update(
        conditions={"field": "energy_state.surplus_power", "operator": "gte", "value": 500}
    )
    bench.meters[meter] = garbage
    assert pass_of(two_homes, 3, seconds=30).failed == []
    assert not broken.plug.on
    assert Decision.objects.filter(site=broken.site).latest("at").reason_code == "start_unknown"
    assert is_sound(sound)
    broken.set_surplus(2000)
    pass_of(two_homes)
    assert broken.plug.on


@pytest.mark.parametrize("garbage", GARBAGE_PLUGS, ids=lambda value: repr(value).partition(" at 0x")[0])
def test_a_plug_that_answers_garbage_is_not_started_and_disturbs_nobody(two_homes, garbage):
    broken, sound = two_homes
    broken.plug.shows = garbage
    assert pass_of(two_homes, 3, seconds=30).failed == []
    assert 1000 not in broken.plug.writes
    assert is_sound(sound)


@pytest.mark.parametrize("reading", HARMLESS_PLUGS, ids=lambda value: repr(value).partition(" at 0x")[0])
def test_watts_that_are_none_are_not_measured(two_homes, reading):
    broken, sound = two_homes
    broken.plug.shows = reading
    assert pass_of(two_homes, 3, seconds=30).failed == []
    assert broken.plug.writes[0] == 1000
    shown = live.read(broken.site.pk)["miners"][str(broken.miner.pk)]
    assert (shown["power_w"], shown["power_is_measured"]) == (None, False)
    assert is_sound(sound)


class AdapterBug(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [AdapterBug("x"), ZeroDivisionError(), RecursionError(), KeyError("k")],
    ids=lambda value: repr(value).partition(" at 0x")[0],
)
def test_an_adapter_that_raises_anything_costs_only_its_own_row(two_homes, bench, monkeypatch, error):
    broken, sound = two_homes
    broken.plug.shows, broken.plug.obeys = None, True

    def fails(*args):
        raise error

    monkeypatch.setattr(broken.plug, "read", fails, raising=False)
    assert pass_of(two_homes, 3).failed == []
    assert 1000 not in broken.plug.writes
    assert is_sound(sound)


@pytest.mark.parametrize(
    "error", [AdapterBug("x"), ZeroDivisionError()], ids=lambda value: repr(value).partition(" at 0x")[0]
)
def test_an_adapter_that_fails_to_write_is_told_and_tried_again(two_homes, error):
    broken, sound = two_homes

    def fails(power_w):
        raise error

    broken.plug.write = fails
    assert pass_of(two_homes, 14).failed == []
    assert broken.open_alarms == ["start_not_confirmed"]
    assert is_sound(sound)
    del broken.plug.write
    pass_of(two_homes, 30)
    assert broken.plug.on


def test_a_config_an_adapter_does_not_know_costs_only_its_row(two_homes):
    broken, sound = two_homes
    monitor = broken.zone.monitors.get()
    monitor.config = {"kee": 1}
    monitor.save()
    assert pass_of(two_homes, 14).failed == []
    assert "is not set up correctly" in live.read(broken.site.pk)["zones"][str(broken.zone.pk)]["problem"]
    assert is_sound(sound)


def test_an_adapter_that_is_gone_costs_only_its_row(two_homes):
    broken, sound = two_homes
    broken.miner.controller.__class__.objects.filter(pk=broken.miner.controller_id).update(adapter_type="sold")
    assert pass_of(two_homes, 3).failed == []
    assert not broken.plug.on
    assert is_sound(sound)


def _sites_in(args):
    """The sites that the arguments of a pass's part are about."""
    miners = {one.miner_id for arg in args if isinstance(arg, SiteSituation) for one in arg.miners}
    found = {arg.site.pk for arg in args if isinstance(arg, SiteRows)}
    return found | {row.site_id for row in Miner.objects.filter(pk__in=miners)}


@pytest.mark.parametrize("part", ["situate", "decide", "findings.find", "record.collect"])
def test_a_pass_that_fails_is_told_there_ends_there_and_leaves_the_others_alone(two_homes, monkeypatch, part):
    broken, sound = two_homes
    where, _, name = part.rpartition(".")
    module = getattr(run, where) if where else run
    original = getattr(module, name)

    def fails(*args, **kwargs):
        if broken.site.pk in _sites_in(args):
            raise ZeroDivisionError
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, fails)
        report = pass_of(two_homes, 3)
    assert (report.failed, report.completed) == ([broken.site.pk], [sound.site.pk])
    assert broken.open_alarms == ["pass_failed"]
    assert Alarm.objects.filter(site=broken.site).count() == 1
    assert is_sound(sound)
    report = pass_of(two_homes, 2)
    assert report.failed == []
    assert broken.open_alarms == []
    assert broken.plug.on


@pytest.mark.parametrize(
    "memory",
    [
        None, [], "text", 7, {"trips": {"x": {"new": 1}}}, {"trips": 3}, {"shell": {"clock": {}}},
        {"shell": {"clock": {"wall": "never", "monotonic": "x", "boot": "manual"}}},
        {"shell": {"clock": {"wall": "2026-01-01T00:00:00+00:00", "boot": "manual"}}},
        {"shell": {"minute": {"at": "x"}, "trends": {"a": "b"}, "decisions": {"m": {"id": 1}}, "silent": 4}},
        {"shell": {"minute": 5, "trends": 6, "decisions": 7, "awaited": 8, "bad_inputs": 9, "connection_bad": 10,
                   "starting_since": 11, "clock": 12}},
        {"sensors": {"m": 1}, "holds": {"m": [1]}, "unknown_since": {"u": 5}, "outside_on": {"m": "x"}},
    ],
    ids=repr,
)  # fmt: skip
def test_a_damaged_memory_costs_at_most_one_pass_and_disturbs_nobody(two_homes, memory):
    broken, sound = two_homes
    store().set(f"memory:{broken.site.pk}", memory)
    assert sound.site.pk in pass_of(two_homes).completed
    assert is_sound(sound)
    assert pass_of(two_homes, 2).failed == []
    assert broken.plug.on
    assert broken.open_alarms == []


def test_damaged_memory_of_known_keys_costs_at_most_one_pass(two_homes):
    """The very keys a pass keeps, each with values of a wrong kind; trips stand."""
    broken, sound = two_homes
    pass_of(two_homes, 8)
    key = f"memory:{broken.site.pk}"
    kept = store().get(key)
    wrongs = (5, "x", ["x"], {"a": 5}, {str(broken.zone.pk): 5, str(broken.miner.pk): 5},
              {str(broken.zone.pk): {"a": 1}, str(broken.miner.pk): {"b": "c"}})  # fmt: skip
    assert len(kept["shell"]) > 5
    for name in kept["shell"]:
        for wrong in wrongs:
            store().set(key, {**kept, "shell": {**kept["shell"], name: wrong}})
            assert sound.site.pk in pass_of(two_homes).completed, (name, wrong)
            assert pass_of(two_homes).failed == [], (name, wrong)
    for name in ("holds", "unknown_since", "trips", "outside_on", "sensors"):
        for wrong in wrongs:
            store().set(key, {**kept, name: wrong})
            assert pass_of(two_homes).failed == [], (name, wrong)
    assert is_sound(sound)
    assert broken.plug.on


def test_a_failed_pass_forgets_no_trip(two_homes, monkeypatch):
    broken, _ = two_homes
    broken.zone.high_limit_celsius = 22.5
    broken.zone.save()
    broken.says(23.0)
    pass_of(two_homes)
    with monkeypatch.context() as patch:
        patch.setattr(record, "_decisions", lambda *args: 1 / 0)
        pass_of(two_homes)
    broken.says(20.6)  # not yet 2 K below
    pass_of(two_homes)
    assert not broken.plug.on
    assert broken.desired.origin == "guard"


AT = datetime(2026, 1, 15, tzinfo=UTC)


def test_a_good_reading_is_passed_on_as_it_is():
    good = [
        (Kind.CLIMATE_MONITOR, ClimateReading(20, 40.0, AT)),
        (Kind.ENERGY_MONITOR, EnergySnapshot(1.0, 2.0, True, -3.0, 4.0, 50.0, 6.0, AT, ("A part is silent.",))),
        (Kind.MINER_CONTROLLER, MinerSnapshot(MinerStatus.HEATING, 900.0, True, 90.0, 60.0, AT, "Hot.")),
    ]
    for kind, reading in good:
        assert valid_readings.checked(kind, reading) == reading


@pytest.mark.parametrize("wrong", ["70", NAN, True, [70.0], 1e12], ids=repr)
def test_no_figure_of_a_miner_is_anything_but_a_number(wrong):
    """Every one of them: guards and read-back compare them, and one text would fail every pass of its home."""
    figures = [one.name for one in fields(MinerSnapshot) if one.type == "float | None"]
    assert {"board_temperature_celsius", "set_power_w", "chip_temperature_celsius"} <= set(figures)
    reading = MinerSnapshot(MinerStatus.HEATING, **dict.fromkeys(figures, wrong))
    seen = valid_readings.checked(Kind.MINER_CONTROLLER, reading)
    assert [getattr(seen, name) for name in figures] == [None] * len(figures)


@pytest.mark.parametrize(
    ("kind", "reading", "words"),
    [
        (Kind.CLIMATE_MONITOR, "x" * 1000, "It answered 'xxx"),
        (Kind.CLIMATE_MONITOR, ClimateReading("warm"), "'warm', which is no temperature"),
        (Kind.ENERGY_MONITOR, EnergySnapshot(observed_at="noon"), "'noon' as the time of its value"),
        (Kind.MINER_CONTROLLER, MinerSnapshot("on"), "'on', which is no state of a miner"),
    ],
)
def test_garbage_is_named(kind, reading, words):
    with pytest.raises(BadAnswer) as caught:
        valid_readings.checked(kind, reading)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 130
