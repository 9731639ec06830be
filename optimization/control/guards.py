"""The guards: each looks at one miner and may set a ceiling in watts with a reason. None ever raises power.

They come after every strategy and wish, and no policy switches them off (design.md §5.4).
`GUARDS` is their order: the first that says 0 W gives the reason a person reads.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from climate.ration import FROST_LIFT_K, LIFT_K, Ration
from climate.sensors import UNAVAILABLE_LOST_AFTER
from climate.state import Lowered, SensorHealth, ZoneState
from miners.power import heat_limits_celsius
from miners.state import MinerStatus
from sites.clock import FUTURE_TOLERANCE
from sites.figures import apart, at_least

from . import sentences
from .memory import ZoneTrip
from .situation import FROST_PULSE, PERMITTED, THERMOSTAT_HEAT, Ceiling, Intent, MinerSituation, Unrecorded

NEAR_LIMIT_K = 1.0
#: While nothing can be stored, what runs is held no longer than this; and what that guard is called.
UNRECORDED_HOLD, UNRECORDED = timedelta(minutes=10), "unrecorded"
#: A sensor in doubt stops what runs after as long as one that says nothing.
DOUBTED_OFF_AFTER = UNAVAILABLE_LOST_AFTER
#: So far below its limit a hot device may start again.
COOLED_K = 10.0
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
#: A day's starts are spread from here on (share of them); until then the hour's budget alone holds.
SPREAD_FROM = 0.25
#: A room so far below its band in a comfort slot waits for no even share; one so far below, for nothing but the cap.
COLD_K, FREEZING_K = 0.5, 4.0
#: But no start, for a cold room either, while each that is left would have to last so many even shares: after it the
#: room would be without heat for too long.
AHEAD = 1.5
#: Intents that a thermostat doses; it may leave the band upward by so much.
THERMOSTAT_CODES = frozenset({PERMITTED, THERMOSTAT_HEAT})
THERMOSTAT_OVER_K = 1.0
#: Targets that nobody sits in.
_SETBACKS = frozenset({"eco", "away", "frost"})
_AS_ASKED = (None, Lowered.HIGH_LIMIT)


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a guard may look at: the miner, what is wanted of it, and the site's trips and clock."""

    miner: MinerSituation
    intent: Intent
    trips: dict[str, ZoneTrip]
    now: datetime
    clock_stepped: bool = False
    site_is_stopped: bool = False
    unrecorded: Unrecorded | None = None

    @property
    def is_start(self) -> bool:
        """Something is to be switched on, be it decided now or decided before and not done yet.

        What its owner runs was switched on by him.
        """
        is_off = not self.miner.is_wanted_on or self.miner.snapshot.status.says_off
        return self.intent.power_w > 0 and is_off and not self.intent.leave_alone


Guard = Callable[[Guarded], Ceiling | None]


def stopping(case: Guarded) -> Ceiling | None:
    if case.miner.is_stopping:
        return Ceiling("stopping", 0, f"{case.miner.name} is switched off because control stops here.", is_safety=True)
    if case.site_is_stopped:
        return Ceiling("stopping", 0, "This home is switched off in its settings.", is_safety=True)
    return None


def inactive(case: Guarded) -> Ceiling | None:
    if case.miner.is_active:
        return None
    return Ceiling("inactive", 0, f"{case.miner.name} is switched off in its settings.", is_safety=True)


def cut_off(case: Guarded) -> Ceiling | None:
    """Its plug was cut because it did not switch off: a person looks at it first."""
    if not case.miner.is_cut:
        return None
    text = f"{case.miner.name} did not switch off, so its plug was cut. It stays off until you acknowledge the alarm."
    return Ceiling("cut_off", 0, text, is_safety=True)


def lacks_off(case: Guarded) -> Ceiling | None:
    """What cannot be switched off is never switched on."""
    if not case.miner.lacks_off or not case.is_start:
        return None
    text = f"{case.miner.name} cannot be switched off by itself. Put a plug before it (Set-up) and it may start."
    return Ceiling("lacks_off", 0, text)


def unrecorded(case: Guarded) -> Ceiling | None:
    """While nothing can be stored nothing starts or takes more, and what runs is held for ten minutes at most."""
    told, miner = case.unrecorded, case.miner
    if told is None or case.intent.leave_alone:
        return None
    held_for = case.now - told.since
    # A time ahead of now comes from a clock that was set back: it counts as over.
    if miner.is_wanted_on and not -FUTURE_TOLERANCE <= held_for < UNRECORDED_HOLD:
        minutes = UNRECORDED_HOLD.seconds // 60
        text = f"{told.why} Nothing has been stored for {minutes} min, so {miner.name} is switched off."
        return Ceiling(UNRECORDED, 0, text, is_safety=True)
    return Ceiling(UNRECORDED, miner.runs_at_w, unrecorded_words(miner.name, miner.runs_at_w, told.why))


def unrecorded_words(name: str, power_w: int, why: str) -> str:
    held = f"takes at most the {power_w} W it runs at" if power_w else "is not started"
    return f"{why} Nothing can be stored, so {name} {held}."


def high_limit(case: Guarded) -> Ceiling | None:
    for zone in case.miner.zones:
        trip = case.trips.get(zone.zone_id)
        if trip is None:
            continue
        if trip.latched:
            return Ceiling(
                "high_limit_latched",
                0,
                f"{zone.name} was too hot three times in 24 hours. It stays off until you acknowledge the alarm.",
                is_safety=True,
            )
        if trip.tripped:
            return Ceiling("high_limit", 0, sentences.too_hot(zone), is_safety=True)
    return None


def sensor_lost(case: Guarded) -> Ceiling | None:
    for zone in case.miner.zones:
        if zone.sensor is SensorHealth.LOST:
            return Ceiling("sensor_lost", 0, f"{zone.problem or f'The sensor of {zone.name} is lost.'}", is_safety=True)
        seen = [celsius for celsius in (zone.highest_celsius, zone.faded_high_celsius) if celsius is not None]
        near = max(seen, default=float("-inf")) >= zone.high_limit_celsius - NEAR_LIMIT_K
        if zone.temperature_celsius is None and near:
            return Ceiling(
                "sensor_lost",
                0,
                f"The sensor of {zone.name} went silent close to the high limit, so heating stops at once.",
                is_safety=True,
            )
    return None


def sensor_doubted(case: Guarded) -> Ceiling | None:
    """A room whose sensor is in doubt gets no heat but pulses against frost; a doubt of a moment stops nothing."""
    for zone in case.miner.zones:
        since = zone.doubted_since
        if since is None or case.now - since < DOUBTED_OFF_AFTER or _has_pulse(case, zone):
            continue
        return Ceiling("sensor_doubted", 0, f"{zone.problem} Nothing heats by it.", is_safety=True)
    return None


def _has_pulse(case: Guarded, zone: ZoneState) -> bool:
    return case.intent.code == FROST_PULSE and zone.pulse.is_on


def sensor_unsure(case: Guarded) -> Ceiling | None:
    """Nothing starts in a room whose temperature is not known now, not even by hand."""
    unknown = (zone for zone in case.miner.zones if zone.temperature_celsius is None)
    unsure = next((zone for zone in unknown if not _has_pulse(case, zone)), None)
    if unsure is None or not case.is_start:
        return None
    why = unsure.problem or f"The temperature of {unsure.name} is not known."
    return Ceiling("sensor_unsure", 0, f"{why} Nothing starts there until it is known.")


def between_reports(case: Guarded) -> Ceiling | None:
    """A sensor that is silent for hours does not see a room become warm: its miners give a bounded energy until it
    reports again. A start that would end within minutes waits for the report."""
    is_frost = case.intent.origin == "frost"
    for zone in case.miner.zones:
        ration = zone.ration
        if ration is None or case.intent.power_w <= 0 or case.intent.leave_alone:
            continue
        left_wh, most_wh = ration.left_wh(is_frost), ration.most_wh(is_frost)
        least_wh = min(0.9 * most_wh, case.miner.least_w * case.miner.min_on_seconds / 3600) if case.is_start else 0.0
        if left_wh > least_wh:
            continue
        text = (
            f"{zone.name} has received {ration.given_wh:.0f} Wh since ‘{ration.sensor}’ last reported "
            f"{_ago(ration, case)}. Until it reports again, at most {most_wh:.0f} Wh are allowed, which warm the room "
            f"by about {FROST_LIFT_K if is_frost else LIFT_K:g} K."
        )
        if left_wh > 0:
            text += " What is left is too little for a start."
        return Ceiling("between_reports", 0, text, is_safety=True)
    return None


def _ago(ration: Ration, case: Guarded) -> str:
    return f"{max(0.0, (case.now - ration.reported_at).total_seconds()) / 60:.0f} min ago"


def doubled(case: Guarded) -> Ceiling | None:
    """Two miners on one device would switch it on and off against each other; what heats which room is not known."""
    if not case.miner.doubled:
        return None
    return Ceiling("doubled", 0, f"{case.miner.doubled} Both stay off until one of them is removed.", is_safety=True)


def no_zone(case: Guarded) -> Ceiling | None:
    if case.miner.zones or case.miner.heats_no_room:
        return None
    return Ceiling(
        "no_zone", 0, f"It is not specified which rooms {case.miner.name} heats, or that it heats none.", is_safety=True
    )


def device_fault(case: Guarded) -> Ceiling | None:
    """It protects itself, or tells of a fault and works on."""
    snapshot, text = case.miner.snapshot, case.miner.snapshot.fault
    if snapshot.status is MinerStatus.PROTECT:
        text = snapshot.problem or f"{case.miner.name} protects itself (hot or faulty)."
    return Ceiling("device_fault", 0, text, is_safety=True) if text else None


def device_hot(case: Guarded) -> Ceiling | None:
    """Hotter than a person allows, or than any firmware of its kind does; it starts again some degrees below."""
    miner, seen = case.miner, case.miner.snapshot
    kind = miner.power.device_class if miner.power else ""
    chips, boards = heat_limits_celsius(kind, miner.max_chip_celsius, miner.max_board_celsius)
    parts = (("chips", seen.chip_temperature_celsius, chips), ("boards", seen.board_temperature_celsius, boards))
    for part, celsius, limit in parts:
        if celsius is None:
            continue
        again = limit - COOLED_K
        if celsius >= limit or (case.is_start and celsius > again):
            seen, bound = (
                apart(celsius, limit, operator.ge, 0) if celsius >= limit else apart(celsius, again, operator.gt, 0)
            )
            is_now = f"The {part} of {miner.name} are at {seen} °C"
            rest = f"their limit is {bound} °C. It may start at {again:.0f} °C or below."
            text = f"{is_now}, {rest}" if celsius >= limit else f"{is_now}. It may start at {bound} °C or below."
            return Ceiling("device_hot", 0, text, is_safety=True)
    return None


def not_usable(case: Guarded) -> Ceiling | None:
    """Settings that cannot be read may have held any limit: what they are of is not heated."""
    if not case.miner.setup_problem:
        return None
    text = f"{case.miner.name} stays off. {case.miner.setup_problem}"
    return Ceiling("not_usable", 0, text, is_safety=True)


def reality(case: Guarded) -> Ceiling | None:
    if not case.miner.reality_problem:
        return None
    return Ceiling("reality", 0, case.miner.reality_problem, is_safety=True)


def zones_warm(case: Guarded) -> Ceiling | None:
    """Comfort, so frost protection passes: a target set below the frost limit would undo it."""
    zones = case.miner.zones
    if case.intent.origin == "frost" or not zones or not all(zone.above_target for zone in zones):
        return None
    paused, then = sentences.paused_by_window(case.miner, case.now)
    if paused:
        return Ceiling("zones_warm", 0, paused, is_clause=True, then=then)
    # A thermostat chooses on which side of its band a room is while no level fits, within this.
    if case.intent.code in THERMOSTAT_CODES and not all(
        zone.temperature_celsius >= zone.upper_bound + THERMOSTAT_OVER_K for zone in zones
    ):
        return None
    return Ceiling("zones_warm", 0, sentences.warm_enough(zones), is_clause=True)


def quiet_hours(case: Guarded) -> Ceiling | None:
    """Comfort, so frost protection passes."""
    quiet = case.miner.quiet
    if quiet is None or case.intent.origin == "frost":
        return None
    # What is allowed may be less than the least it can heat with.
    runs = 0 < case.miner.least_w <= quiet.max_w
    allowed = f"at most {quiet.max_w} W" if runs else "no heating"
    text = f"Quiet hours until {quiet.until_words} allow {allowed}"
    return Ceiling("quiet_hours", quiet.max_w if runs else 0, text, is_clause=True)


def state_unknown(case: Guarded) -> Ceiling | None:
    """Nothing starts before the device was seen off: not after a restart, not while it is not off by its own word.

    One whose switch is off and whose meter does not confirm it may: that adds nothing to what is counted already.
    """
    if not case.is_start:
        return None
    status = case.miner.snapshot.status
    if status.says_off:
        return None
    if not status.is_known:
        return Ceiling("state_unknown", 0, f"{case.miner.name} does not say whether it is on, so it is not started.")
    if case.miner.desired_origin == "":
        return None  # found running at the first sight: adopting it as wanted switches nothing
    return Ceiling("off_first", 0, f"{case.miner.name} must be seen off before it may start again.")


def clock(case: Guarded) -> Ceiling | None:
    if not case.is_start:
        return None
    if case.clock_stepped:
        return Ceiling("clock", 0, "The clock was set just now, so nothing starts in this update.")
    wait = case.miner.clock_wait
    if wait is None or wait.until <= case.now:
        return None
    names = " and ".join(f"‘{name}’" for name in wait.names)
    have = "have" if len(wait.names) > 1 else "has"
    text = f"The clock was set, and {names} {have} not been read well since. {case.miner.name} waits for that"
    return Ceiling("clock", 0, f"{text}, at most {at_least(wait.until - case.now)} more.")


def min_off(case: Guarded) -> Ceiling | None:
    since = case.miner.switched_off_at
    if not case.is_start or since is None or case.now < since:
        return None
    left = timedelta(seconds=case.miner.min_off_seconds) - (case.now - since)
    if left <= timedelta(0):
        return None
    return Ceiling("min_off", 0, f"{case.miner.name} rests {at_least(left)} more before it may start again.")


def start_budget(case: Guarded) -> Ceiling | None:
    if not case.is_start or case.miner.is_wanted_on:
        return None  # one decided before is in the budget already
    miner = case.miner
    last_hour = [at for at in miner.starts if timedelta(0) <= case.now - at < HOUR]
    last_day = [at for at in miner.starts if timedelta(0) <= case.now - at < DAY]
    if case.intent.origin == "frost" and not last_hour:
        return None  # frost protection may always have one start an hour
    if len(last_hour) >= miner.max_starts_per_hour:
        return Ceiling(
            "start_budget",
            0,
            f"{miner.name} started {_times(last_hour)} in the last hour; its limit is {miner.max_starts_per_hour}.",
        )
    if len(last_day) >= miner.max_starts_per_day:
        text = f"{miner.name} started {_times(last_day)} in 24 hours; its limit is {miner.max_starts_per_day}."
        return Ceiling("start_budget", 0, text)
    # A thermostat weighs the price of a start itself.
    is_spread = case.intent.origin == "policy" and case.intent.code not in THERMOSTAT_CODES
    left = _until_next(miner, last_day, case.now) if is_spread else timedelta(0)
    return Ceiling("start_budget", 0, _spread_text(miner, last_day, left)) if left > timedelta(0) else None


def _spread_text(miner: MinerSituation, last_day: Sequence[datetime], left: timedelta) -> str:
    used, most = len(last_day), miner.max_starts_per_day
    text = f"{miner.name} has used {used} of its {most} starts in 24 hours. The rest are spread over the day"
    return f"{text}: the next one waits {at_least(left)} at most."


def _until_next(miner: MinerSituation, last_day: Sequence[datetime], now: datetime) -> timedelta:
    """How long the next start waits so that what is left lasts until the oldest starts leave the 24 hours.

    Used up by noon, they would leave a room without heat until the next day. So each waits for its even share of what
    is left of the day, or of the time until the oldest one counts no more, whichever is shorter. A room that somebody
    sits in and that has become clearly too cold does not wait for its share, as long as not far too much is used.
    """
    most, used = miner.max_starts_per_day, len(last_day)
    below_k = _below_band_k(miner)
    if used < SPREAD_FROM * most or below_k > FREEZING_K:
        return timedelta(0)
    even, remaining, returns_at = DAY / most, most - used, min(last_day) + DAY
    not_ahead = returns_at - now - AHEAD * remaining * even
    if _comfort_below_band_k(miner) > COLD_K:
        return not_ahead
    share = min(even, (returns_at - max(last_day)) / remaining)
    return max(not_ahead, share - (now - max(last_day)))


def _below_band_k(miner: MinerSituation, zones: Sequence[ZoneState] | None = None) -> float:
    """How far its coldest room is below its band (K); a room whose temperature is not known counts as within it."""
    rooms = miner.zones if zones is None else zones
    known = [zone for zone in rooms if zone.temperature_celsius is not None]
    return max((zone.lower_bound - zone.temperature_celsius for zone in known), default=0.0)


def _comfort_below_band_k(miner: MinerSituation) -> float:
    """The same, of its rooms that are not set back now."""
    return _below_band_k(
        miner,
        [zone for zone in miner.zones if zone.target.preset not in _SETBACKS and zone.target.lowered in _AS_ASKED],
    )


def _times(starts: Sequence[datetime]) -> str:
    return "once" if len(starts) == 1 else f"{len(starts)} times"


GUARDS: tuple[Guard, ...] = (
    stopping,
    inactive,
    unrecorded,
    high_limit,
    cut_off,
    sensor_lost,
    sensor_doubted,
    sensor_unsure,
    between_reports,
    device_fault,
    device_hot,
    not_usable,
    reality,
    doubled,
    no_zone,
    lacks_off,
    zones_warm,
    quiet_hours,
    state_unknown,
    clock,
    min_off,
    start_budget,
)


def lowest_ceiling(case: Guarded, guards: tuple[Guard, ...] | None = None) -> Ceiling | None:
    """The binding ceiling: safety first, then the lowest, then the order of the guards."""
    ceilings = [ceiling for guard in (GUARDS if guards is None else guards) if (ceiling := guard(case)) is not None]
    if not ceilings:
        return None
    return min(ceilings, key=lambda ceiling: (ceiling.power_w, not ceiling.is_safety))
