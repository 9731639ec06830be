"""What the program promises about safety, within what time, what it does not, and which test proves it.

The one source of the page “Safety” and of `docs/safety.md` (`manage.py safety_table`). Every time and
temperature comes from the code that keeps it, so that no promise can outlive its constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from climate import flat, pulses, ration, room_physics, sensors, steady, zone_state
from climate.models import HIGH_LIMIT_MARGIN_K, ClimateMonitor, ClimateZone
from miners.models import Miner
from miners.status import readback, switched_off
from optimization import services, watchdog
from optimization.control import guards, high_limit, strategy
from optimization.passes import act, findings, inputs, plugs, rise, run, situate, timing
from sites import heartbeat
from sites.models import Site


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that holds: `within` what time or bound, proved by `tests` (node ids), kept by `guards`."""

    text: str
    within: str
    tests: tuple[str, ...]
    guards: tuple[guards.Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Promises about one thing; `design`: the lines of design.md §5 they answer."""

    title: str
    design: tuple[int, ...]
    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """Something that is not promised, and what a person can do about it."""

    text: str
    remedy: str


def _span(length: timedelta | float) -> str:
    """“30 s”, “2 min”, “1 h”: whole where it can be."""
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _default(model, name: str) -> float:
    return model._meta.get_field(name).default


LOOK_MEANS = (
    f"1 look is 1 period ({_span(_default(Site, 'control_period_seconds'))} unless set otherwise), plus at most "
    f"{_span(run.OBSERVE_SECONDS + act.WRITE_SECONDS)} where devices are slow to answer."
)
_LOOK = "1 look"
_AT_ONCE = f"1 look, begun within {_span(settings.TICK_SECONDS)}"
_MIN_ON = "once its minimum on time is over"
_LOST = _span(sensors.UNAVAILABLE_LOST_AFTER)
_AGE = _span(_default(ClimateMonitor, "stale_after_seconds"))
_LATE = f"3 periods, at least {_span(heartbeat.LATE_AFTER_SECONDS)}"
_LOW, _HIGH = (f"{value:g}".replace("-", "−") for value in sensors.PLAUSIBLE_CELSIUS)
_BORNE_OUT = ", ".join(
    f"{count} report{'s' if count > 1 else ''} in {_span(length)}" for count, length in steady.BORNE_OUT
)
_CONTROL, _PASSES = "tests/control", "tests/passes"
_MATRIX = "tests/faults/test_matrix.py::test_fault"
_WALK = f"{_PASSES}/test_walk.py::test_a_random_walk_of_4000_steps"
_PROGRAM_FAULTS = "tests/faults/test_program.py"
_MUTATIONS = f"{_CONTROL}/test_mutations.py::test_without_a_guard_its_scenarios_break"


def _tests(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{file}::{name}" for name in names)


_HEAT = Group(
    "Too warm",
    (4,),
    (
        Promise(
            f"A room at its high limit ({_default(ClimateZone, 'high_limit_celsius'):g} °C unless set otherwise) has "
            f"every miner switched off, by the highest reading of any of its sensors that a room could have, "
            f"believed or not. It may heat again {high_limit.RELEASE_K:g} K below, after the minimum off time.",
            _LOOK,
            (
                *_tests(
                    f"{_CONTROL}/test_high_limit.py",
                    "test_it_trips_at_the_limit_and_releases_two_kelvin_below",
                    "test_a_reading_nobody_believes_trips_too",
                    "test_it_switches_off_at_once_and_stays_off_for_the_minimum_off",
                ),
                _MATRIX,
                _WALK,
            ),
            (guards.high_limit,),
        ),
        Promise(
            f"The {high_limit.LATCHING_TRIPS}rd time within {_span(high_limit.TRIP_WINDOW)} it stays off until a "
            "person acknowledges the alarm.",
            "for ever",
            (
                *_tests(
                    f"{_CONTROL}/test_high_limit.py",
                    "test_the_third_trip_in_24_hours_latches",
                    "test_a_latch_holds_for_ever_until_a_person_acknowledges",
                ),
                f"{_PASSES}/test_alarms.py::test_the_high_limit_trips_three_times_latches_and_is_acknowledged",
            ),
            (guards.high_limit,),
        ),
        Promise(
            f"No target reaches the high limit: it stays {HIGH_LIMIT_MARGIN_K:g} K above the upper bound of every "
            "target.",
            "always",
            _tests(
                "tests/climate/test_services.py",
                "test_a_high_limit_under_the_schedule_is_refused",
                "test_the_highest_target_the_limit_allows_is_allowed",
            ),
        ),
        Promise(
            "No miner runs whose rooms are all at their upper bound, by hand neither.",
            f"{_LOOK}, {_MIN_ON}",
            (*_tests(f"{_CONTROL}/test_decide.py", "test_no_warm_lost_or_nameless_room_is_heated"), _MUTATIONS),
            (guards.zones_warm,),
        ),
        Promise(
            "Circuits and the home’s power limit are kept: a start waits until it fits; when the limit was lowered, "
            "the room nearest its target gives way.",
            _LOOK,
            _tests(f"{_CONTROL}/test_decide.py", "test_allowed_watts_never_exceed_a_limit")
            + _tests(
                f"{_CONTROL}/test_limits.py",
                "test_a_silent_miner_whose_off_nobody_saw_counts_as_nominal",
                "test_when_the_limit_was_lowered_the_room_nearest_its_target_sheds_even_within_minimum_on",
            ),
        ),
        Promise(
            "What counts against a limit is what a miner really takes, whatever was asked for. A miner that was "
            "lowered or switched off counts with the watts from before until a meter shows that it has followed, or "
            "its ramp is over; what it did not take counts as long as that lasts; a restart changes nothing of it.",
            "always",
            (
                *_tests(
                    f"{_PASSES}/test_not_measured.py",
                    "test_what_was_lowered_unmeasured_counts_with_its_watts_from_before_until_its_ramp_is_over",
                    "test_what_was_not_taken_keeps_its_watts_however_long_that_takes",
                    "test_a_restart_forgets_nothing",
                    "test_an_on_or_off_heater_counts_its_nominal_power_whatever_was_asked",
                ),
                f"{_PASSES}/test_true_watts_walk.py::test_true_watts_never_exceed_a_line",
            ),
        ),
        Promise(
            "A miner that protects itself, tells of a fault of its fans or supply, whose chips or boards are at a "
            "limit you set or hotter than any firmware of its kind lets them be, that nobody gave a room, or that is "
            "switched off in its settings stays off.",
            _LOOK,
            (
                _MUTATIONS,
                f"{_PASSES}/test_stopping.py::test_deactivated_means_off_at_once",
                *_tests(
                    "tests/drivers/test_in_passes.py",
                    "test_what_gets_hotter_than_its_firmware_should_let_it_is_switched_off_and_rests",
                    "test_a_fan_that_fails_stops_the_heat_before_the_firmware_does",
                ),
            ),
            (guards.device_fault, guards.device_hot, guards.no_zone, guards.inactive),
        ),
        Promise(
            "How much a unit heats and with which miner never lets one heat that its policy or a guard does not.",
            _LOOK,
            _tests(
                f"{_CONTROL}/test_dosing.py",
                "test_nothing_is_dealt_that_policy_or_guards_forbid",
                "test_what_guards_keep_off_is_replaced",
            ),
        ),
        Promise(
            "A real heater never follows an invented sensor: refused at set-up, off if it happens all the same.",
            _LOOK,
            (f"{_PASSES}/test_stopping.py::test_a_real_heater_on_an_invented_sensor_is_refused", _MUTATIONS),
            (guards.reality,),
        ),
        Promise(
            "Settings that cannot be used (written past the program, or of another version) keep the miners they "
            "concern off and are named; the rest of the home is controlled as usual. No pass acts on settings that "
            "have been changed since it read them.",
            _LOOK,
            (
                *_tests(
                    "tests/site_plan/test_plans.py",
                    "test_what_cannot_be_compiled_is_off_and_named_and_the_neighbour_heats",
                    "test_settings_that_change_while_a_pass_decides_are_decided_by_again",
                    "test_where_they_keep_changing_nothing_is_written_and_the_site_is_due_again",
                ),
                _MUTATIONS,
            ),
            (guards.not_usable,),
        ),
        Promise(
            "One switch or device belongs to one miner in the whole installation: a second one is refused at set-up. "
            "Where two miners share one all the same, both are switched off and stay off, and each home says so.",
            _LOOK,
            (
                *_tests(
                    "tests/devices/test_refused.py",
                    "test_in_the_same_home_and_in_another_by_any_spelling",
                    "test_what_drives_one_is_no_plug_of_another_and_the_other_way_round",
                ),
                *_tests(
                    "tests/devices/test_doubled.py",
                    "test_both_are_off_told_once_and_one_heats_when_the_other_is_gone",
                    "test_by_hand_and_in_frost_it_stays_off",
                ),
                _MUTATIONS,
            ),
            (guards.doubled,),
        ),
        Promise(
            "A miner in no enabled unit is guarded all the same.",
            _LOOK,
            (
                *_tests(f"{_CONTROL}/test_decide.py", "test_a_miner_of_nobody_is_guarded"),
                f"{_PASSES}/test_stopping.py::test_a_miner_of_nobody_is_guarded",
            ),
        ),
    ),
)

_SENSORS = Group(
    "Sensors",
    (1, 2),
    (
        Promise(
            f"A sensor that is unavailable, out of reach or outside {_LOW} … {_HIGH} °C is not believed, then lost: "
            "its miners go off. A sensor that was lost is believed again after "
            f"{_span(sensors.RETURN_AFTER)} of good data.",
            f"{_LOST} + {_LOOK}",
            (
                *_tests(
                    "tests/climate/test_sensors.py",
                    "test_it_is_lost_after_two_minutes_and_believed_after_five_good_ones",
                ),
                *_tests("tests/climate/test_sensors.py", "test_what_a_sensor_may_do"),
                *_tests(
                    "tests/climate/test_sensors.py",
                    "test_it_is_never_believed_while_bad_and_always_lost_after_two_minutes",
                ),
                "tests/e2e/test_failures.py::test_a_silent_sensor_stops_the_heat_after_two_minutes_and_says_so",
                _MATRIX,
            ),
            (guards.sensor_lost,),
        ),
        Promise(
            "A value that no room can have reached is in doubt for as long as it lasts, and so is one whose unit "
            f"turned. A room can change by {sensors.JUMP_K:g} K in {_span(room_physics.JUMP_WITHIN)}, as a whole by "
            f"{room_physics.ROOM_K_PER_HOUR:g} K an hour, and by what its miners or an open window do. Its miners go "
            "off. The value is believed again when it has come back more than half the way "
            f"({_span(sensors.RETURN_AFTER)} of good data), when another good sensor of the room agrees, or when you "
            "say that it is right.",
            f"{_LOST} + {_LOOK}",
            (
                *_tests(
                    "tests/climate/test_doubt.py",
                    "test_waiting_does_not_make_it_true",
                    "test_nor_when_its_unit_turns_while_nobody_looks",
                    "test_no_order_of_readings_lets_a_room_do_what_it_cannot",
                    "test_a_house_read_again_after_eight_silent_hours_comes_back_by_itself",
                    "test_a_person_says_that_it_is_right",
                ),
                f"{_PASSES}/test_doubt.py::test_a_unit_that_turns_is_named_and_heats_by_pulses_only",
                _MATRIX,
            ),
            (guards.sensor_doubted,),
        ),
        Promise(
            "The last good value of a sensor that is not believed any more keeps the high limit in force: in full for "
            f"{_span(sensors.LAST_COUNTS_FOR)}, then less by "
            f"{24 * room_physics.SLOWEST_COOLING_K_PER_HOUR:g} K a day, as the slowest room cools.",
            "until it is believed again",
            (
                *_tests("tests/climate/test_sensors.py", "test_the_last_heat_of_a_dead_sensor_fades"),
                f"{_CONTROL}/test_high_limit.py::test_what_the_room_may_still_be_keeps_it_tripped",
            ),
        ),
        Promise(
            f"One odd reading starts and stops nothing but the high limit, which waits for nobody. A change of up to "
            f"{steady.STEP_K:g} K counts at once; a larger one when other reports bear it out, and twice as late for "
            "each time that such a jump came back.",
            f"{_BORNE_OUT}; at the latest {_span(steady.AT_LATEST_AFTER)}",
            (
                *_tests(
                    "tests/climate/test_steady.py",
                    "test_no_ramp_is_late",
                    "test_one_odd_reading_is_not_seen",
                    "test_a_sensor_that_leaps_all_day_is_followed_a_few_times_only",
                ),
                *_tests(
                    f"{_PASSES}/test_doubt.py",
                    "test_one_odd_report_switches_nothing",
                    "test_the_high_limit_waits_for_no_second_report",
                ),
            ),
        ),
        Promise(
            f"Lost within {guards.NEAR_LIMIT_K:g} K of the high limit, it is off at once.",
            _LOOK,
            (f"{_PASSES}/test_alarms.py::test_a_sensor_silent_close_to_the_limit_is_off_at_once",),
            (guards.sensor_lost,),
        ),
        Promise(
            "A sensor whose time stands still is lost when its age limit is over.",
            f"its age limit ({_AGE} unless set otherwise) + {_LOOK}",
            ("tests/e2e/test_failures.py::test_a_sensor_that_repeats_an_old_value_is_lost_after_an_hour", _MATRIX),
            (guards.sensor_lost,),
        ),
        Promise(
            "A sensor that goes on reporting the very same value while its room is heated hard is found out: suspect, "
            "then lost. A second sensor of the room that moves clears it.",
            f"{_span(flat.SUSPECT_AFTER)} above {flat.HARD_SHARE:.0%} of the room’s power, "
            f"+ {_span(flat.LOST_AFTER_SUSPECT)} + {_LOOK}",
            (
                f"{_PASSES}/test_rooms.py::test_a_sensor_that_stands_still_while_heated_hard_is_found_out_and_forgiven",
                _MATRIX,
            ),
            (guards.sensor_lost,),
        ),
        Promise(
            f"Two sensors of a room that differ by more than {zone_state.DISAGREE_K:g} K: the warmer counts; the high "
            "limit looks at the highest of any, frost at the lowest.",
            _LOOK,
            _tests(
                "tests/climate/test_zone_state.py",
                "test_several_sensors_become_one_temperature",
                "test_the_highest_looks_at_every_plausible_reading_and_the_lowest_at_believed_ones",
            ),
        ),
        Promise(
            "Unknown is never taken for yes or no: nothing starts in a room whose temperature is not known, nor while "
            "a rule that matters cannot be judged; a running miner is held for a while, then off.",
            f"{_span(strategy.UNKNOWN_HOLD)} + {_LOOK}, {_MIN_ON}",
            (
                "tests/rules/test_truth.py::test_de_morgan_and_double_negation_hold_exactly",
                f"{_CONTROL}/test_strategy.py::test_an_unknown_input_is_held_for_ten_minutes_then_off_until_it_is_known",
                f"{_CONTROL}/test_decide.py::test_nothing_starts_blind_too_early_or_too_often",
            ),
            (guards.sensor_unsure,),
        ),
        Promise(
            "A sensor that a person let be silent for more than an hour does not see a room become warm: until it "
            f"reports again, the room gets at most the energy that warms it by about {ration.LIFT_K:g} K "
            f"({ration.CAPACITY_WH_PER_K_SQM:.0f} Wh/K for each m², {ration.USUAL_AREA_SQM:g} m² where no area is "
            f"set), for frost protection by {ration.FROST_LIFT_K:g} K.",
            _LOOK,
            (
                *_tests(
                    "tests/passes/test_reports.py",
                    "test_between_two_reports_a_room_gets_its_ration_and_no_more",
                    "test_a_ration_outlives_a_restart",
                ),
                _MUTATIONS,
            ),
            (guards.between_reports,),
        ),
        Promise(
            "Room limits need no energy data: without it rooms stop and guards act all the same.",
            _LOOK,
            (f"{_CONTROL}/test_decide.py::test_frost_needs_no_policy_and_no_energy", _MATRIX),
        ),
    ),
)

_SWITCHING = Group(
    "Switching",
    (3, 6, 7),
    (
        Promise(
            "Done means seen: a command counts when a later look shows it. An off that is not seen is sent again.",
            f"again at least every {_span(readback.RETRY_MAX)}",
            _tests(
                f"{_PASSES}/test_order.py",
                "test_an_off_is_asked_again_at_least_every_30_seconds",
            )
            + _tests(f"{_PASSES}/test_alarms.py", "test_a_plug_that_says_yes_and_does_nothing")
            + ("tests/e2e/test_failures.py::test_a_plug_that_lies_about_being_off_is_found_by_its_meter",),
        ),
        Promise(
            "A meter outranks its switch, but watts from before the switch changed prove nothing: an off that a meter "
            "does not confirm is unconfirmed, never off. It is told once, its last watts count in every limit, off is "
            "repeated more and more rarely, and a cold room may still be heated (docs/evidence.md).",
            f"{_LOOK}; told after 3 periods, or when its meter should have reported; off at least every "
            f"{_span(readback.UNCONFIRMED_RETRY_MAX)}",
            _tests(
                f"{_PASSES}/test_stuck_meter.py",
                "test_it_is_unconfirmed_told_once_and_off_is_repeated_more_and_more_rarely",
                "test_the_case_byte_for_byte",
                "test_its_last_watts_count_in_every_limit",
            )
            + _tests("tests/drivers/test_evidence.py", "test_the_page_is_what_the_code_answers"),
        ),
        Promise(
            f"A room that warms by {rise.RISE_K:g} K although its miner is told to be off and was not seen off is an "
            "alarm of its own.",
            f"{_span(rise.INERTIA)} + the rise + {_LOOK}",
            _tests(
                f"{_PASSES}/test_stuck_meter.py",
                "test_a_welded_relay_whose_meter_reports_changes_only_is_never_off_and_the_room_tells",
                "test_a_meter_upstream_that_stands_cuts_nothing_until_the_room_warms",
            ),
        ),
        Promise(
            "A miner that cannot be reached and was last seen on is an alarm, never “off”; off is written first when "
            "it answers again.",
            f"{_LOOK} after it is back",
            (
                "tests/e2e/test_failures.py::test_home_assistant_killed_while_heating",
                "tests/e2e/test_failures.py::test_a_plug_out_of_reach_while_on_is_an_alarm_until_it_is_seen_off",
                _MATRIX,
            ),
        ),
        Promise(
            "What is wanted is on the disk before a device is touched. After a crash, kill or power cut the device is "
            "read first; nothing starts before it was seen.",
            f"the start of the program + {_LOOK}",
            (
                *_tests(
                    f"{_PASSES}/test_order.py",
                    "test_desired_is_committed_before_the_device_is_touched",
                    "test_killed_between_write_and_record_it_is_read_first_and_adopted",
                    "test_nothing_starts_before_the_device_was_seen",
                ),
                _MATRIX,
            ),
            (guards.state_unknown,),
        ),
        Promise(
            f"With a plug before it, an off that failed {plugs.FAILED_OFFS} times and for "
            f"{_span(plugs.FAILED_AFTER)} cuts the plug, at once where a safety guard wants it off and it does not "
            "answer. The plug stays off until a person acknowledges the alarm.",
            "for ever",
            _tests(
                f"{_PASSES}/test_cutoff.py",
                "test_three_offs_and_a_minute_later_the_plug_is_cut_and_told",
                "test_too_hot_or_blind_and_silent_it_is_cut_at_once",
                "test_a_cut_holds_until_it_is_acknowledged_and_the_plug_comes_on_with_the_next_start",
            ),
            (guards.cut_off,),
        ),
        Promise(
            "In its quiet hours a miner takes no more than is set for them; only frost protection passes, and a "
            "minimum on time ends first. They follow the clock of the home, also on the nights it is set.",
            _LOOK,
            _tests(
                f"{_CONTROL}/test_quiet_hours.py",
                "test_they_begin_and_end_by_the_homes_clock",
                "test_they_break_no_minimum_on",
            ),
            (guards.quiet_hours,),
        ),
        Promise(
            "A start that is pending on a device (just sent, a timer, a schedule the device shows) counts as “may be "
            "on”: in limits, for a clean stop, for the watchdog. Off is confirmed only when nothing is pending.",
            _LOOK,
            (
                *_tests(
                    f"{_PASSES}/test_pending.py",
                    "test_a_clean_stop_right_after_a_start_sends_an_off_though_the_device_still_says_off",
                    "test_a_pending_start_is_cancelled_and_off_is_confirmed_only_then",
                ),
                "tests/drivers/test_in_passes.py"
                "::test_a_clean_stop_two_seconds_after_a_start_is_over_only_when_no_start_is_ahead",
            ),
        ),
        Promise(
            "A device that protects itself and may resume by itself gets one off; off by word and watts it is off, and "
            "is not started while the reason lasts.",
            _LOOK,
            _tests(
                f"{_PASSES}/test_pending.py",
                "test_one_off_is_written_to_a_device_that_protects_itself_and_then_it_is_off",
            ),
            (guards.device_fault,),
        ),
        Promise(
            "What only a plug can switch off does not start without one.",
            _LOOK,
            (f"{_PASSES}/test_cutoff.py::test_what_nothing_can_switch_off_is_not_started", _MUTATIONS),
            (guards.lacks_off,),
        ),
        Promise(
            "Switched on by someone else while it should be off: off again and told; "
            f"{findings.OUTSIDE_ON_TIMES} times within {_span(findings.OUTSIDE_ON_WITHIN)} is an alarm.",
            _LOOK,
            _tests(
                f"{_PASSES}/test_outside.py",
                "test_on_at_the_device_is_undone_in_the_same_pass_and_told_once",
                "test_on_at_the_device_three_times_in_ten_minutes_is_an_alarm_that_ends",
            ),
        ),
        Promise(
            "Switched off by someone else: taken as a manual request; control resumes by itself.",
            f"after {_span(situate.OUTSIDE_OFF_HOLD)}",
            _tests(
                f"{_PASSES}/test_outside.py",
                "test_off_at_the_device_is_adopted_for_two_hours",
                "test_after_two_hours_control_resumes_by_itself",
            )
            + _tests(
                f"{_PASSES}/test_own_timer.py",
                "test_what_home_assistant_attributes_to_a_user_is_a_persons_also_at_the_timers_time",
                "test_a_second_off_soon_after_the_restart_is_a_persons",
            ),
        ),
        Promise(
            "Switched off by a timer that counts from the first “on” (at the time declared, or after the same time "
            f"{switched_off.LEARNED_FROM} times): not taken for a person; told once, and started again where it is"
            " cold. Nothing learned makes a dead-man longer.",
            "its minimum off time",
            _tests(
                f"{_PASSES}/test_own_timer.py",
                "test_the_declared_timer_that_counts_from_its_first_on",
                "test_a_timer_nobody_declared_is_known_the_third_time",
                "test_the_timer_of_an_upstream_plug",
            ),
        ),
        Promise(
            "Off by hand and “All off” act at once, break a minimum on time and hold until resumed, over frost "
            "protection too. On by hand obeys every guard and ends by itself.",
            _AT_ONCE,
            (
                f"{_PASSES}/test_stopping.py::test_all_off_is_off_everywhere_until_resumed",
                f"{_PASSES}/test_stopping.py::test_off_by_hand_holds_until_resumed_and_breaks_minimum_on",
                f"{_PASSES}/test_stopping.py::test_on_by_hand_ends_by_itself_and_obeys_the_guards",
                "tests/e2e/test_people.py::test_all_off_acts_in_the_next_pass_and_holds_until_resumed",
            ),
        ),
        Promise(
            f"Minimum on and off times ({_span(_default(Miner, 'min_on_seconds'))} and "
            f"{_span(_default(Miner, 'min_off_seconds'))} unless set otherwise) and the number of starts are kept; "
            "only safety or a person’s off breaks a minimum on, that of a manual request, too, and the record says so.",
            "always",
            (
                *_tests(
                    f"{_CONTROL}/test_decide.py",
                    "test_minimum_on_is_broken_only_by_safety_or_a_person_and_the_record_says_so",
                    "test_on_by_hand_loses_its_minimum_on_to_nothing_but_safety_and_a_persons_off",
                    "test_nothing_starts_blind_too_early_or_too_often",
                ),
                f"{_PASSES}/test_clock.py::test_no_transition_is_closer_than_its_minimum_whatever_the_clock_does",
                _WALK,
            ),
            (guards.min_off, guards.start_budget),
        ),
        Promise(
            "A device’s own switch-off, once set up, is kept set while the miner is to heat, that of an upstream plug "
            "while anything behind it may draw: “on” is sent again when half of it is left. Moved, or removed, by "
            "something else it is set back, and told. Without this program the device switches itself off.",
            f"its timer; set back within {_LOOK}",
            _tests(
                "tests/drivers/test_own_off.py",
                "test_moved_by_something_else_it_is_set_back_in_the_next_pass_and_told",
                "test_where_on_and_off_share_a_slot_the_start_is_not_lost",
                "test_one_that_never_reaches_its_watts_keeps_its_switch_off",
            )
            + _tests(f"{_PASSES}/test_cutoff.py", "test_while_anything_may_draw_its_upstream_plug_has_its_timer")
            + _tests(
                f"{_PASSES}/test_rearm.py",
                "test_it_heats_through_its_timer_and_is_told_again_no_more_often_than_needed",
                "test_what_is_to_be_off_is_never_told_on_again",
                "test_off_by_its_timer_is_no_persons_wish_and_heating_resumes",
            ),
        ),
    ),
)

_FROST = Group(
    "Frost",
    (5,),
    (
        Promise(
            f"Below its frost limit ({_default(ClimateZone, 'frost_limit_celsius'):g} °C unless set otherwise) a room "
            "with a good sensor is heated whatever rules and energy say, through the same guards, to "
            f"{strategy.FROST_RELEASE_K:g} K above it.",
            f"{_LOOK}; a minimum off time may come first",
            (
                *_tests(
                    f"{_CONTROL}/test_decide.py",
                    "test_frost_heats_below_its_limit_and_on_to_one_kelvin_above",
                    "test_frost_passes_through_the_same_guards",
                ),
                f"{_PASSES}/test_alarms.py::test_frost_is_protected_whatever_the_rules_say",
                f"{_PASSES}/test_rooms.py::test_two_cold_sensors_that_differ_keep_the_frost_out",
                f"{_PASSES}/test_rooms.py::test_frost_is_kept_out_through_an_open_window",
            ),
        ),
        Promise(
            f"A sensor in doubt that says frost gets no heat but pulses of at most {pulses.PULSE_WH:g} Wh, "
            f"{pulses.MEAN_W:g} W on average, at the least power there is, and only once the room could be as cold. "
            f"After {pulses.UNANSWERED_AT_MOST} pulses that do not move what it says as heat does there are no more.",
            _LOOK,
            (
                *_tests(
                    "tests/climate/test_pulses.py",
                    "test_heat_that_is_answered_goes_on_bounded",
                    "test_a_sensor_that_heat_does_not_move_as_heat_does_gets_three_pulses",
                    "test_no_pulse_where_there_is_no_frost_or_may_be_none_or_it_may_be_hot",
                ),
                f"{_PASSES}/test_doubt.py::test_zero_for_ever_gets_three_pulses_and_is_told",
                f"{_PASSES}/test_doubt.py::test_nothing_heats_by_hand_in_a_room_in_doubt",
                _MUTATIONS,
            ),
            (guards.sensor_doubted,),
        ),
        Promise(
            "On a line too small for both, what heats for comfort gives way to it, also within a minimum on time.",
            _LOOK,
            _tests(f"{_CONTROL}/test_limits.py", "test_comfort_gives_way_to_frost_protection"),
        ),
        Promise(
            "Where it may not or cannot, that is an alarm.",
            _LOOK,
            _tests(
                f"{_PASSES}/test_alarms.py",
                "test_frost_that_cannot_be_protected_is_an_alarm",
                "test_frost_that_a_running_miner_does_not_keep_out_is_an_alarm",
            ),
        ),
    ),
)

_PROGRAM = Group(
    "The program itself",
    (8, 9, 10),
    (
        Promise(
            "When control stops completing (hung workers, PostgreSQL or Redis that do not answer), an independent "
            "watchdog sends off to every miner believed on, from memory, without database and workers; an alarm says "
            "so (where the database still answers), and the program is started again where that can help.",
            f"{_LATE}, + {_span(watchdog.LOOK_SECONDS)} to notice + {_span(watchdog.OFF_SECONDS)} to send",
            (
                _MATRIX,
                f"{_PASSES}/test_late.py::test_a_late_home_has_an_alarm_until_a_pass_completes",
                "tests/process/test_heartbeat.py::test_late_is_three_periods_and_at_least_a_minute",
                "tests/process/test_supervisor.py::test_a_silent_child_is_killed_and_started_again",
            ),
        ),
        Promise(
            "While nothing can be stored (full disk, locked or read-only database) control goes on: offs and lower "
            "levels are written at once, nothing starts or takes more. What runs is held, its own timers kept running, "
            "then it is switched off. Every page says since when and why.",
            f"held at most {_span(guards.UNRECORDED_HOLD)}",
            (
                _MATRIX,
                *_tests(
                    f"{_PASSES}/test_unrecorded.py",
                    "test_an_off_is_written_at_once_and_stored_when_it_can_be",
                    "test_nothing_starts_and_nothing_of_a_start_is_left",
                    "test_what_runs_is_held_ten_minutes_whatever_its_minimum_on_time",
                    "test_a_level_goes_down_and_not_up",
                ),
                f"{_PROGRAM_FAULTS}::test_a_locked_database_does_not_keep_the_heat_on",
            ),
            (guards.unrecorded,),
        ),
        Promise(
            "A killed program is started again and goes on where it was.",
            f"a few seconds + {_LOOK}",
            (
                f"{_PROGRAM_FAULTS}::test_the_killed_program_is_back_and_switches_off",
                "tests/process/test_up.py::test_a_killed_program_is_started_again_and_controls_again",
                "tests/e2e/test_program.py::test_a_real_room_is_heated_through_crashes_and_switched_off_by_a_clean_stop",
            ),
        ),
        Promise(
            "A clean stop, disabling a unit, and deleting or deactivating anything that heats switch off first and "
            "look; what was not seen off is named, and is not deleted.",
            _span(services.STOP_SECONDS),
            (
                *_tests(
                    f"{_PASSES}/test_stopping.py",
                    "test_a_clean_stop_switches_off_every_home_but_what_says_leave_on",
                    "test_a_disabled_unit_switches_off_first_within_its_minimum_on",
                    "test_what_may_still_heat_is_not_deleted",
                    "test_deactivating_waits_until_it_is_seen_off",
                ),
                "tests/e2e/test_program.py::test_what_a_stop_could_not_switch_off_is_said_and_is_first_at_the_next_start",
            ),
            (guards.stopping,),
        ),
        Promise(
            "A plug that may be on, or the Home Assistant that switches it, is not given another address, nor its "
            "miner another controller, before it was seen off.",
            "refused at once",
            (
                *_tests(
                    "tests/review/test_repointing.py",
                    "test_a_plug_that_may_be_on_keeps_its_address",
                    "test_a_miner_that_may_be_on_keeps_its_controller",
                ),
                f"{_PASSES}/test_stopping.py::test_what_can_switch_off_is_not_given_another_address_while_it_must",
            ),
        ),
        Promise(
            f"A wall clock that is set by more than {_span(timing.STEP_SECONDS)} lengthens no heating and shortens no "
            "rest: timers move with it. Nothing starts in the same look, and no miner before its own inputs have been "
            "read well again; what it waits for is named.",
            f"{_LOOK}; it waits {_span(inputs.WAITS_AT_MOST)} at most",
            (
                *_tests(
                    f"{_PASSES}/test_clock.py",
                    "test_a_minimum_on_is_served_by_elapsed_time",
                    "test_every_remembered_time_moves_with_the_clock",
                    "test_a_dead_sensor_in_another_room_keeps_nothing_from_starting",
                    "test_it_waits_for_a_quarter_of_an_hour_at_most",
                ),
                _MATRIX,
            ),
            (guards.clock,),
        ),
        Promise(
            "Two programs or workers never command one home at once: a lease is asked for before every write.",
            "always",
            _tests(
                f"{_PASSES}/test_order.py",
                "test_a_lease_lost_before_the_write_means_no_write",
                "test_the_lease_outlives_observing_and_acting",
            ),
        ),
        Promise(
            "A backup is of one moment although the program runs and is read back before it counts; one is made by "
            "itself every day and before the database changes, and a bad file restores nothing.",
            "the last 7 days, then weekly for a quarter",
            (
                *_tests(
                    "tests/process/test_backup.py",
                    "test_what_was_there_is_there_again_with_its_key",
                    "test_a_writer_in_the_middle_of_a_transaction_does_not_stop_a_backup",
                    "test_a_bad_file_changes_nothing",
                    "test_the_daily_backup_is_made_once_a_day_private_and_with_its_key",
                ),
                *_tests(
                    "tests/process/test_backups.py",
                    "test_after_half_a_year_there_are_seven_days_and_a_quarter_of_weeks",
                    "test_no_clock_makes_it_delete_what_it_has_too_few_of",
                ),
            ),
        ),
        Promise(
            "A home, sensor, meter or device that fails in any way costs only itself.",
            "always",
            (
                *_tests(
                    f"{_PASSES}/test_broken.py",
                    "test_an_adapter_that_raises_anything_costs_only_its_own_row",
                    "test_a_pass_that_fails_is_told_there_ends_there_and_leaves_the_others_alone",
                ),
                "tests/adapters/test_contract.py::test_any_answer_is_a_sound_reading_or_a_clear_error",
            ),
        ),
    ),
)

_TOLD = Group(
    "What you are told",
    (11, 12, 13),
    (
        Promise(
            "What failed is on the card, in the record and as a bar on every page; an alarm is shown once in Home "
            "Assistant too and cleared when it is over.",
            f"{_LOOK}; a lost connection after {_span(findings.CONNECTION_GRACE)}",
            (
                f"{_PASSES}/test_alarms.py::test_a_plug_that_says_yes_and_does_nothing",
                f"{_PASSES}/test_alarms.py::test_every_write_is_in_the_log_with_what_came_of_it",
                "tests/e2e/test_failures.py::test_home_assistant_killed_while_heating",
            ),
        ),
        Promise(
            "/healthz answers 503 with the reason while control is late or the database does not answer.",
            _LATE,
            _tests(
                "tests/process/test_heartbeat.py",
                "test_healthz_is_503_when_control_is_late",
                "test_healthz_is_503_when_the_database_does_not_answer",
            ),
        ),
        Promise(
            "Tokens and passwords are encrypted where they are stored, never shown again, and in no answer or error.",
            "always",
            (
                "tests/adapters/test_probe.py::test_every_fault_of_a_connection_is_a_sentence",
                "tests/dashboard/test_setup.py::test_the_token_is_never_shown_and_lies_encrypted_in_the_session",
            ),
        ),
        Promise(
            "A stored token or password goes only to the address it was entered for. Another address, port or scheme "
            "needs it again: in forms, in the API, at the test button and in a pass; a redirect is not followed.",
            "always",
            _tests(
                "tests/adapters/test_placed.py",
                "test_another_address_needs_the_token_again",
                "test_another_device_needs_the_password_again",
                "test_the_test_button_gives_a_stored_token_to_nobody_else",
                "test_an_address_changed_behind_every_form_gets_nothing",
                "test_nothing_follows_a_redirect",
            ),
        ),
        Promise(
            "A rule says °C, W and % by name; a name it does not know, or a unit that does not fit, is refused rather "
            "than guessed.",
            "when it is saved or read",
            (
                "tests/rules/test_parse.py::test_no_unknown_field_is_ever_accepted",
                "tests/adapters/test_units.py::test_unknown_units_are_named_never_guessed",
            ),
        ),
        Promise(
            "A rule means the zone it was saved with, whatever is renamed or made later. When that zone is deleted "
            "its policy starts nothing, what it started goes off, and an alarm says why.",
            "1 look",
            _tests(
                "tests/passes/test_zones_of_rules.py",
                "test_renaming_zones_points_no_rule_elsewhere",
                "test_deleting_the_zone_it_means_is_an_alarm_at_once_and_the_unit_is_off",
            ),
        ),
        Promise(
            "A rule’s `for` counts only time in which control looked: a gap of more than three periods starts it "
            "again.",
            "always",
            _tests("tests/passes/test_observed.py", "test_a_gap_of_more_than_three_periods_starts_it_again"),
        ),
    ),
)

LIMITS = (
    Limit(
        "Wiring, sockets, plugs and breakers.",
        "They must carry the miners for hours on end: ask an electrician. Enter each fused line as a circuit.",
    ),
    Limit(
        "A plug that does not obey, or welds shut.",
        "You are told and off is repeated; only you, a breaker or an upstream plug can cut it. A power sensor that "
        "reports regularly finds it.",
    ),
    Limit(
        "Program, computer or network gone while a miner is on, and the plug without a timer of its own.",
        "Set the plug’s auto-off timer and enter it at the controller: its card says whether it has one.",
    ),
    Limit(
        "A plug whose timer does not start again at every “on”.",
        "It goes off while it should heat, and is started again after its rest. Take a plug whose timer starts again.",
    ),
    Limit(
        "A single sensor that lies believably: a wrong but possible value below the high limit, from the first look on "
        "or reached no faster than a room can.",
        "Give a room where it matters a second sensor: the warmer one counts, and the high limit looks at both.",
    ),
    Limit(
        f"A sensor that stands still counts as good until its age limit ({_AGE} unless set otherwise): many report "
        "only when something changes.",
        "Set a shorter age limit for sensors that report regularly.",
    ),
    Limit(
        "Heat that is in the miner and the room already: a room may go on warming a little after the switch.",
        "Leave some distance between the highest target and the high limit.",
    ),
    Limit(
        "Fire, smoke, a covered heater, a hot spot far from the sensor.",
        "This is no fire alarm. Have one, and keep what heats uncovered.",
    ),
    Limit(
        "What comes on by itself after a power cut before the program runs again.",
        "Set the plug’s state after a power cut to “off”.",
    ),
    Limit(
        "Frost, when there is no power, no working sensor, no heater strong enough, or it is off by hand; on a sensor "
        "in doubt pulses only slow it down.",
        "An alarm says so while the program runs. Water pipes need more than this.",
    ),
    Limit(
        "Miners marked “leave on when stopping”, and homes marked as a test bench in the environment.",
        "Both are for people who know why. Every page says where a home is a test bench.",
    ),
)

GROUPS = (_HEAT, _SENSORS, _SWITCHING, _FROST, _PROGRAM, _TOLD)


def markdown() -> str:
    """The table as `docs/safety.md`."""
    lines = [
        "# Safety",
        "",
        "What holds, after how long at most, what does not, and which test proves it. Written by",
        "`./run manage safety_table` from `optimization/safety.py`; the page “Safety” shows the same.",
        "What each single fault does is in [faults.md](faults.md).",
        "",
        LOOK_MEANS,
        "Times count while the devices can be reached; where one cannot, off is sent first when it answers again.",
    ]
    for group in GROUPS:
        lines += ["", f"## {group.title}", "", "| What holds | After how long at most | Proved by |", "|---|---|---|"]
        lines += [f"| {one.text} | {one.within} | {_proofs(one)} |" for one in group.promises]
    lines += ["", "## What is not guaranteed", "", "| Not guaranteed | What you can do |", "|---|---|"]
    lines += [f"| {one.text} | {one.remedy} |" for one in LIMITS]
    return "\n".join(lines) + "\n"


def _proofs(promise: Promise) -> str:
    return "<br>".join(f"`{node}`" for node in promise.tests)
