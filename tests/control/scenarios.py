"""The table of what guards are for: one situation a line, with the watts and the guard that must come out.

`tests/control/test_mutations.py` removes each guard in turn and demands that its lines break.
"""

from __future__ import annotations

from dataclasses import dataclass

from climate.ration import Ration
from climate.state import ZoneState
from miners.power import Level, PowerModel
from miners.state import MinerSnapshot, MinerStatus
from optimization.control.memory import Memory, ZoneTrip
from optimization.control.quiet import Quiet
from optimization.control.situation import ClockWait, MinerSituation

from .worlds import NOW, PULSE, SILENT, ago, doubted, lost, miner, running, wish, zone

WAITS, WAITED = (ClockWait(("Attic sensor",), ago(seconds)) for seconds in (-1, 0))
COLD_ROOM, IN_BAND = zone(20.0), zone(21.0)
TRIPPED = {"zone-hall": ZoneTrip(tripped=True, trips=[ago(600).isoformat()])}
LATCHED = {"zone-hall": ZoneTrip(latched=True, trips=[ago(s).isoformat() for s in (600, 3600, 7200)])}
TWO_TRIPS = {"zone-hall": ZoneTrip(trips=[ago(3600).isoformat(), ago(7200).isoformat()])}
THREE_STARTS = tuple(ago(s) for s in (700, 1400, 2100))
A_QUARTER = tuple(ago(3700 + 100 * n) for n in range(9))
DAYS_STARTS = tuple(ago(3700 + 100 * n) for n in range(40))
PROTECTING = MinerSnapshot(MinerStatus.PROTECT, 1000.0, True, problem="A fan stands still.")
HOT_CHIPS = MinerSnapshot(
    MinerStatus.HEATING, 1000.0, True, chip_temperature_celsius=90.0, board_temperature_celsius=70.0
)
COOLING_CHIPS = MinerSnapshot(MinerStatus.OFF, 5.0, True, chip_temperature_celsius=81.0)
BITAXE = PowerModel((Level("525", 19.0),), device_class="bitaxe")


def heating(watts: float = 1000.0, **told) -> MinerSnapshot:
    return MinerSnapshot(MinerStatus.HEATING, watts, True, **told)


def rationed(given_wh: float, celsius: float = 21.0, area_sqm: float | None = None) -> ZoneState:
    """A room whose sensor reported an hour ago and may be silent for longer: 400 Wh are its ration."""
    return zone(celsius, ration=Ration("H&T", ago(3600), given_wh, area_sqm))


STOPPING = MinerSnapshot(MinerStatus.STOPPING, 30.0, True)
#: Wanted on and committed, but not yet written or not obeyed: the device shows off.
PENDING = {"desired_w": 1000, "desired_confirmed": False}
QUIET = Quiet(0, NOW, "06:00")
CIRCUIT = ("c", "Kitchen", 1500)


@dataclass(frozen=True)
class Scenario:
    """`by`: the guard (or other part) whose work it is; `power_w` and `guard`: what must come out for miner m."""

    name: str
    by: str
    miner: MinerSituation
    power_w: int
    guard: str
    others: tuple[MinerSituation, ...] = ()
    trips: dict[str, ZoneTrip] | None = None
    clock_stepped: bool = False
    is_stopped: bool = False
    power_limit_w: int | None = None
    #: So many seconds ago something was stored last.
    unrecorded_s: float | None = None

    @property
    def memory(self) -> Memory:
        return Memory(trips=self.trips or {})


ON_WISH = wish(1000)
SCENARIOS = (
    Scenario("control ends here", "stopping", running(IN_BAND, is_stopping=True), 0, "stopping"),
    Scenario("the home is switched off", "stopping", running(IN_BAND), 0, "stopping", is_stopped=True),
    Scenario("nothing can be stored, off", "unrecorded", miner(COLD_ROOM), 0, "unrecorded", unrecorded_s=30),
    Scenario("nothing can be stored, frost", "unrecorded", miner(zone(5.0)), 0, "unrecorded", unrecorded_s=30),
    Scenario("nothing can be stored for 10 min, running", "unrecorded",
             running(IN_BAND, switched_on_at=ago(700)), 0, "unrecorded", unrecorded_s=600),
    Scenario("nothing can be stored for 10 min, within its minimum on", "unrecorded",
             running(IN_BAND, min_on_seconds=7200, switched_on_at=ago(700)), 0, "unrecorded", unrecorded_s=600),
    Scenario("stored last at a time to come: the clock was set back", "unrecorded",
             running(IN_BAND), 0, "unrecorded", unrecorded_s=-3600),
    Scenario("the miner is switched off in its settings", "inactive", running(IN_BAND, is_active=False), 0, "inactive"),
    Scenario("at the high limit", "high_limit", running(zone(28.0, target=27.9)), 0, "high_limit"),
    Scenario("tripped and not yet 2 K cooler", "high_limit",
             miner(zone(26.1, target=27.0), wish=ON_WISH), 0, "high_limit", trips=TRIPPED),
    Scenario("any sensor of the zone too hot", "high_limit",
             running(zone(21.0, highest_celsius=28.0)), 0, "high_limit"),
    Scenario("latched, though cool", "high_limit", miner(COLD_ROOM), 0, "high_limit_latched", trips=LATCHED),
    Scenario("the third trip latches", "latch",
             running(zone(28.5, target=27.9)), 0, "high_limit_latched", trips=TWO_TRIPS),
    Scenario("sensor lost while on by hand", "sensor_lost", running(lost(), wish=ON_WISH), 0, "sensor_lost"),
    Scenario("sensor lost while on by rule", "sensor_lost", running(lost(20.0)), 0, "sensor_lost"),
    Scenario("sensor silent close to the limit", "sensor_lost",
             running(zone(None, highest_celsius=27.0), wish=ON_WISH), 0, "sensor_lost"),
    Scenario("one of two rooms lost", "sensor_lost",
             running(IN_BAND, lost(key="attic"), wish=ON_WISH), 0, "sensor_lost"),
    Scenario("sensor in doubt for 2 min", "sensor_doubted", running(doubted(), wish=ON_WISH), 0, "sensor_doubted"),
    Scenario("one of two rooms in doubt", "sensor_doubted",
             running(IN_BAND, doubted(key="attic"), wish=ON_WISH), 0, "sensor_doubted"),
    Scenario("a pulse is over", "sensor_doubted",
             running(doubted(), for_seconds=60, desired_origin="frost"), 0, "sensor_doubted"),
    Scenario("sensor in doubt for a moment", "nobody", running(doubted(seconds=110)), 1000, ""),
    Scenario("a pulse against frost", "nobody", miner(doubted(pulse=PULSE)), 1000, ""),
    Scenario("a pulse goes on", "nobody", running(doubted(pulse=PULSE), desired_origin="frost"), 1000, ""),
    Scenario("a pulse, though on by hand", "nobody", miner(doubted(pulse=PULSE), wish=ON_WISH), 1000, ""),
    Scenario("a pulse, but off by hand", "nobody", miner(doubted(pulse=PULSE), wish=wish(0)), 0, "sensor_doubted"),
    Scenario("a pulse in one room, no word of the other", "sensor_unsure",
             miner(doubted(pulse=PULSE), zone(None, key="attic")), 0, "sensor_unsure"),
    Scenario("a pulse where it may be too hot", "sensor_lost",
             miner(doubted(pulse=PULSE, faded_high_celsius=27.2)), 0, "sensor_lost"),
    Scenario("on by hand while its room is not known", "sensor_unsure",
             miner(zone(None), wish=ON_WISH), 0, "sensor_unsure"),
    Scenario("on by hand while one of two rooms is not known", "sensor_unsure",
             miner(COLD_ROOM, zone(None, key="attic"), wish=ON_WISH), 0, "sensor_unsure"),
    Scenario("its room was given what may be given until the sensor reports", "between_reports",
             running(rationed(400.0), for_seconds=60), 0, "between_reports"),
    Scenario("a start that would end within minutes waits for the report", "between_reports",
             miner(rationed(300.0, 20.0)), 0, "between_reports"),
    Scenario("by hand neither", "between_reports",
             miner(rationed(300.0), wish=ON_WISH), 0, "between_reports"),
    Scenario("frost protection has a larger ration, and that has an end", "between_reports",
             running(rationed(1600.0, 5.0)), 0, "between_reports"),
    Scenario("its chips at their limit", "device_hot",
             running(IN_BAND, snapshot=HOT_CHIPS, max_chip_celsius=90), 0, "device_hot"),
    Scenario("its boards at their limit", "device_hot",
             running(IN_BAND, snapshot=HOT_CHIPS, max_board_celsius=70), 0, "device_hot"),
    Scenario("its chips not yet 10 °C below their limit", "device_hot",
             miner(COLD_ROOM, snapshot=COOLING_CHIPS, max_chip_celsius=90), 0, "device_hot"),
    Scenario("its chips hotter than any firmware lets them be", "device_hot",
             running(IN_BAND, for_seconds=60, snapshot=heating(chip_temperature_celsius=110.0)), 0, "device_hot"),
    Scenario("its boards are", "device_hot",
             running(IN_BAND, snapshot=heating(board_temperature_celsius=100.0)), 0, "device_hot"),
    Scenario("a Bitaxe bears less", "device_hot",
             running(IN_BAND, power=BITAXE, watts=19, snapshot=heating(19, chip_temperature_celsius=85.0)),
             0, "device_hot"),
    Scenario("its chips cooled down", "nobody",
             miner(COLD_ROOM, snapshot=COOLING_CHIPS, max_chip_celsius=91), 1000, ""),
    Scenario("hot chips of a miner without a limit", "nobody",
             running(IN_BAND, snapshot=HOT_CHIPS), 1000, ""),
    Scenario("the device protects itself", "device_fault",
             running(IN_BAND, snapshot=PROTECTING), 0, "device_fault"),
    Scenario("it tells of a fault and works on", "device_fault",
             running(IN_BAND, snapshot=heating(fault="It reports a fault of its fans.")), 0, "device_fault"),
    Scenario("a real device on an invented sensor", "reality",
             running(IN_BAND, reality_problem="‘Plug’ switches a real device."), 0, "reality"),
    Scenario("its settings cannot be used", "not_usable",
             running(IN_BAND, setup_problem="The miner ‘Avalon’ cannot be used: TypeError."), 0, "not_usable"),
    Scenario("another miner has the same device", "doubled",
             running(IN_BAND, doubled="switch.plug is set up for ‘Avalon’ and for ‘Rig’."), 0, "doubled"),
    Scenario("and it is called on by hand", "doubled",
             miner(COLD_ROOM, doubled="switch.plug is set up for ‘Avalon’ and for ‘Rig’.", wish=ON_WISH), 0, "doubled"),
    Scenario("its plug was cut and nobody acknowledged it", "cut_off", miner(COLD_ROOM, is_cut=True), 0, "cut_off"),
    Scenario("cut and called on by hand", "cut_off", miner(COLD_ROOM, is_cut=True, wish=ON_WISH), 0, "cut_off"),
    Scenario("nothing can switch it off", "lacks_off", miner(COLD_ROOM, lacks_off=True), 0, "lacks_off"),
    Scenario("cold in quiet hours", "quiet_hours", miner(COLD_ROOM, quiet=QUIET), 0, "quiet_hours"),
    Scenario("called on by hand in quiet hours", "quiet_hours",
             miner(COLD_ROOM, quiet=QUIET, wish=ON_WISH), 0, "quiet_hours"),
    Scenario("nobody said what it heats", "no_zone", running(wish=ON_WISH), 0, "no_zone"),
    Scenario("all its rooms are warm", "zones_warm", running(zone(21.5), wish=ON_WISH), 0, "zones_warm"),
    Scenario("both its rooms are warm", "zones_warm",
             running(zone(21.5), zone(22.0, key="attic"), wish=ON_WISH), 0, "zones_warm"),
    Scenario("it does not answer", "state_unknown", miner(COLD_ROOM, snapshot=SILENT), 0, "state_unknown"),
    Scenario("its off was not seen yet", "state_unknown",
             miner(COLD_ROOM, snapshot=STOPPING, desired_confirmed=False), 0, "off_first"),
    Scenario("the clock has jumped", "clock", miner(COLD_ROOM), 0, "clock", clock_stepped=True),
    Scenario("an input not read since the clock was set", "clock", miner(COLD_ROOM, clock_wait=WAITS), 0, "clock"),
    Scenario("waited for long enough", "nobody", miner(COLD_ROOM, clock_wait=WAITED), 1000, ""),
    Scenario("what runs waits for nothing", "nobody", running(IN_BAND, clock_wait=WAITS), 1000, ""),
    Scenario("off for 599 s of 600", "min_off", miner(COLD_ROOM, switched_off_at=ago(599)), 0, "min_off"),
    Scenario("by hand breaks no minimum off", "min_off",
             miner(COLD_ROOM, switched_off_at=ago(10), wish=ON_WISH), 0, "min_off"),
    Scenario("frost breaks no minimum off", "min_off", miner(zone(5.0), switched_off_at=ago(10)), 0, "min_off"),
    Scenario("three starts in an hour", "start_budget", miner(COLD_ROOM, starts=THREE_STARTS), 0, "start_budget"),
    Scenario("forty starts in a day", "start_budget", miner(COLD_ROOM, starts=DAYS_STARTS), 0, "start_budget"),
    Scenario("a quarter of the day's starts used: the next is 36 min after the last", "start_budget",
             miner(COLD_ROOM, starts=(ago(2159), *A_QUARTER)), 0, "start_budget"),
    Scenario("on for 599 s of 600", "min_on", running(zone(21.6), for_seconds=599), 1000, "min_on"),
    Scenario("no room on the circuit", "power_limit", miner(COLD_ROOM, circuit=CIRCUIT), 0, "power_limit",
             others=(running(IN_BAND, key="other", circuit=CIRCUIT),)),
    Scenario("no room in the home", "power_limit", miner(COLD_ROOM), 0, "power_limit",
             others=(running(IN_BAND, key="other"),), power_limit_w=1999),
    Scenario("a start not done yet, and the sensor falls silent", "sensor_unsure",
             miner(zone(None), wish=ON_WISH, **PENDING), 0, "sensor_unsure"),
    Scenario("a start not done yet, and the clock jumps", "clock", miner(COLD_ROOM, **PENDING), 0, "clock",
             clock_stepped=True),
    # Where no guard may interfere: a guard that said no to everything would break these.
    Scenario("frost protection within its larger ration", "nobody", running(rationed(1500.0, 5.0)), 1000, ""),
    Scenario("within its ration: it goes on", "nobody", running(rationed(399.0)), 1000, ""),
    Scenario("enough of its ration is left: it starts", "nobody", miner(rationed(200.0, 20.0)), 1000, ""),
    Scenario("a large room bears more", "nobody", running(rationed(900.0, area_sqm=30.0)), 1000, ""),
    Scenario("cold: it starts", "nobody", miner(COLD_ROOM), 1000, ""),
    Scenario("in the band: it goes on", "nobody", running(IN_BAND), 1000, ""),
    Scenario("a start not done yet, the last its budget allowed", "nobody",
             miner(COLD_ROOM, starts=THREE_STARTS, **PENDING), 1000, ""),
    Scenario("off for 600 s", "nobody", miner(COLD_ROOM, switched_off_at=ago(600)), 1000, ""),
    Scenario("on for 600 s and warm: off by its rule", "nobody", running(zone(21.6), for_seconds=600), 0, ""),
    Scenario("one of two rooms is warm", "nobody", running(IN_BAND, zone(30.0, key="attic", high_limit_celsius=40.0)),
             1000, ""),
    Scenario("found running and nothing can switch it off: told as it is", "nobody",
             running(IN_BAND, lacks_off=True), 1000, ""),
    Scenario("nothing can be stored for 9 min, running", "nobody", running(IN_BAND), 1000, "", unrecorded_s=540),
    Scenario("frost in quiet hours", "nobody", miner(zone(5.0), quiet=QUIET), 1000, ""),
    Scenario("just under the high limit", "nobody", running(zone(27.9, target=27.5)), 1000, ""),
    Scenario("silent, far from the limit: held", "nobody", running(zone(None, highest_celsius=26.9)), 1000, ""),
    Scenario("a clock jump stops nothing that runs", "nobody", running(IN_BAND), 1000, "", clock_stepped=True),
    Scenario("two starts in an hour", "nobody", miner(COLD_ROOM, starts=THREE_STARTS[:2]), 1000, ""),
    Scenario("a quarter of the day's starts used 36 min ago", "nobody",
             miner(COLD_ROOM, starts=(ago(2160), *A_QUARTER)), 1000, ""),
    Scenario("less than a quarter of the day's starts used", "nobody",
             miner(COLD_ROOM, starts=(ago(700), *A_QUARTER[1:])), 1000, ""),
    Scenario("a room clearly too cold, a quarter of the day's starts just used", "nobody",
             miner(zone(19.4), starts=(ago(700), *A_QUARTER)), 1000, ""),
    Scenario("a room clearly too cold, half of the day's starts used", "start_budget",
             miner(zone(19.4), starts=(ago(700), *DAYS_STARTS[:19])), 0, "start_budget"),
    Scenario("by hand within what is spread over the day", "nobody",
             miner(COLD_ROOM, starts=(ago(700), *A_QUARTER), wish=ON_WISH), 1000, ""),
    Scenario("frost may start once an hour on a spent budget", "nobody",
             miner(zone(5.0), starts=DAYS_STARTS), 1000, ""),
    Scenario("just room on the circuit", "nobody", miner(COLD_ROOM, circuit=("c", "Kitchen", 2000)), 1000, "",
             others=(running(IN_BAND, key="other", circuit=("c", "Kitchen", 2000)),)),
    Scenario("found running and cold: adopted", "nobody",
             miner(COLD_ROOM, snapshot=MinerSnapshot(MinerStatus.HEATING, 1000.0, True), desired_origin="",
                   desired_confirmed=False), 1000, ""),
)  # fmt: skip
