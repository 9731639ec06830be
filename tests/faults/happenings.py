"""How each fault of the table begins and how it ends, done to the world, the database or the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from integrations.registry import Kind
from optimization.services import disable_unit, enable_unit

from .home import COLD_CELSIUS, RESTART_S, Home, without_adapter
from .world import BATTERY_W, SOC

TWO_HOURS_S = 7200.0


@contextmanager
def nothing(home: Home) -> Iterator[None]:
    yield


@contextmanager
def sensor_unavailable(home: Home) -> Iterator[None]:
    home.world.sensor_shows = "unavailable"
    yield
    home.world.sensor_shows = None


@contextmanager
def sensor_stale(home: Home) -> Iterator[None]:
    home.world.sensor_stands_since = home.clock.now()
    home.world.sensor_frozen_celsius = home.world.room_celsius
    yield
    home.world.sensor_stands_since = home.world.sensor_frozen_celsius = None


@contextmanager
def sensor_frozen(home: Home) -> Iterator[None]:
    home.world.sensor_frozen_celsius = COLD_CELSIUS
    yield
    home.world.sensor_frozen_celsius = None


@contextmanager
def sensor_stands_still(home: Home) -> Iterator[None]:
    home.world.sensor_frozen_celsius = home.world.room_celsius
    yield
    home.world.sensor_frozen_celsius = None


@contextmanager
def sensor_jumps(home: Home) -> Iterator[None]:
    home.world.sensor_adds_k = -12.0
    yield
    home.world.sensor_adds_k = 0.0


@contextmanager
def sensor_jumps_hot(home: Home) -> Iterator[None]:
    home.world.sensor_adds_k = 12.0
    yield
    home.world.sensor_adds_k = 0.0


@contextmanager
def unit_turns(home: Home) -> Iterator[None]:
    """What it says goes on moving with the room, in degrees that it takes for °F."""
    home.world.sensor_unit = "°F"
    yield
    home.world.sensor_unit = "°C"


def _shows(text: str):
    @contextmanager
    def happen(home: Home) -> Iterator[None]:
        home.world.sensor_shows = text
        yield
        home.world.sensor_shows = None

    return happen


sensor_minus_127, sensor_85, sensor_nan = _shows("-127.0"), _shows("85.0"), _shows("nan")


@contextmanager
def energy_unknown(home: Home) -> Iterator[None]:
    home.world.held_celsius = home.world.room_celsius  # neither the room nor its guards end it
    home.world.meters_unavailable = True
    yield
    home.world.meters_unavailable = False
    home.world.held_celsius = None


@contextmanager
def battery_absent(home: Home) -> Iterator[None]:
    home.source.has_battery = False
    home.source.save()
    home.meter.config = {key: entity for key, entity in home.meter.config.items() if entity not in (SOC, BATTERY_W)}
    home.meter.save()
    yield


def _connection(state: str):
    @contextmanager
    def happen(home: Home) -> Iterator[None]:
        home.world.connection = state
        yield
        home.world.connect()

    return happen


connection_down, connection_garbage, token_revoked = _connection("down"), _connection("garbage"), _connection("revoked")


@contextmanager
def connection_hung(home: Home) -> Iterator[None]:
    home.world.hang()
    yield
    home.world.connect()


@contextmanager
def connection_restarts(home: Home) -> Iterator[None]:
    home.world.connection = "down"
    home.at(30, lambda: setattr(home.world, "connection", "starting"))
    yield
    home.world.connect()


def _plug(trouble: str):
    @contextmanager
    def happen(home: Home) -> Iterator[None]:
        home.world.plug.trouble = trouble
        yield
        home.world.plug.trouble = None

    return happen


plug_refuses, plug_lies, plug_unreachable = _plug("refuses"), _plug("lies"), _plug("unreachable")


@contextmanager
def plug_switched_on(home: Home) -> Iterator[None]:
    home.world.held_celsius = home.world.room_celsius  # warm enough: only a hand switches on
    for seconds in (5, 35, 65):
        home.at(seconds, lambda: home.world.plug.turn(True, by_us=False))
    yield
    home.world.held_celsius = None


@contextmanager
def plug_switched_off(home: Home) -> Iterator[None]:
    home.world.plug.turn(False, by_us=False)
    yield


@contextmanager
def workers_hung(home: Home) -> Iterator[None]:
    home.no_passes = True
    yield
    home.no_passes = False


#: What a pass can see of it is the same.
beat_dead = workers_hung


def _database(state: str):
    @contextmanager
    def happen(home: Home) -> Iterator[None]:
        home.database = state
        yield
        home.database = None

    return happen


database_locked, disk_full = _database("locked"), _database("full")


@contextmanager
def nothing_stored(home: Home) -> Iterator[None]:
    home.world.held_celsius = home.world.room_celsius  # neither the room nor its guards end it
    with disk_full(home):
        yield
    home.world.held_celsius = None


@contextmanager
def nothing_answers(home: Home) -> Iterator[None]:
    home.no_passes = home.is_excused = True
    yield
    home.no_passes = home.is_excused = False
    assert home.ended_by_watchdog == 0


def _killed(when: str):
    @contextmanager
    def happen(home: Home) -> Iterator[None]:
        home.dies = when
        yield
        assert home.dies is None, "nothing was written, so nobody was killed"

    return happen


killed_before_write, killed_after_write = _killed("before"), _killed("after")


@contextmanager
def power_cut_on(home: Home) -> Iterator[None]:
    home.world.held_celsius = home.world.room_celsius
    home.power_cut(RESTART_S)
    home.world.plug.turn(True, by_us=False)
    yield
    home.world.held_celsius = None


@contextmanager
def power_cut_off(home: Home) -> Iterator[None]:
    home.power_cut(RESTART_S)
    yield


def _clock(step_seconds: float, *, sensor_too: bool):
    @contextmanager
    def happen(home: Home) -> Iterator[None]:
        home.clock.step_wall(step_seconds)
        if sensor_too:
            yield
            return
        home.world.source_clock_stays(step_seconds)
        yield
        home.clock.step_wall(-step_seconds)
        home.world.source_clock_stays(-step_seconds)

    return happen


clock_plus_2h, clock_minus_2h = _clock(TWO_HOURS_S, sensor_too=True), _clock(-TWO_HOURS_S, sensor_too=True)
clock_plus_2h_sensor_stays = _clock(TWO_HOURS_S, sensor_too=False)
clock_minus_2h_sensor_stays = _clock(-TWO_HOURS_S, sensor_too=False)


@contextmanager
def dst(home: Home) -> Iterator[None]:
    before = home.site.tz.utcoffset(home.clock.now().replace(tzinfo=None))
    yield
    after = home.clock.now() + timedelta(hours=2)
    assert home.site.tz.utcoffset(after.replace(tzinfo=None)) != before, "the hour did not repeat"


@contextmanager
def unit_disabled(home: Home) -> Iterator[None]:
    assert disable_unit(home.unit, seconds=0) == []
    yield
    enable_unit(home.unit)


@contextmanager
def zone_deleted(home: Home) -> Iterator[None]:
    type(home.zone).objects.filter(pk=home.zone.pk).delete()
    yield
    home.zone = home.make_zone()
    home.miner.zones.add(home.zone)


@contextmanager
def sensor_adapter_removed(home: Home) -> Iterator[None]:
    with without_adapter(Kind.CLIMATE_MONITOR, "home_assistant"):
        yield


@contextmanager
def plug_adapter_removed(home: Home) -> Iterator[None]:
    with without_adapter(Kind.MINER_CONTROLLER, "home_assistant_switch"):
        yield
