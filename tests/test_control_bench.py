"""The control bench itself: it counts what it says, makes no energy, and gives the same figures each time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.control import beds, cases, foresight, reference, rivals, table
from benchmarks.control.case import Case, Machine, Schedule
from benchmarks.control.controllers import Alone, Borne, run, run_alone
from benchmarks.control.plant import Look, Order, Plant
from benchmarks.control.program import Program
from benchmarks.control.score import Score
from simulation import dwelling
from simulation.appliance import Appliance
from simulation.building import Building, BuildingSpec
from simulation.dwelling import Passage
from simulation.sensor_faults import Fault, Report, Sensor, SensorFault

CASE = Case("t/on_off", "Test", (beds.FLAT,), beds.MILD, (beds.ON_OFF,), days=2)


def _capacities(spec: BuildingSpec) -> tuple[float, ...]:
    return spec.air_j_per_k, spec.furniture_j_per_k, spec.mass_j_per_k, spec.envelope_j_per_k


def _stored_j(room: Building) -> float:
    return sum(j_per_k * one for j_per_k, one in zip(_capacities(room.spec), room.celsius, strict=False))


def _lost_w(room: Building) -> float:
    spec, outdoor_celsius = room.spec, room.outdoor_celsius
    return (
        spec.air_outdoor_w_per_k * (room.celsius[0] - outdoor_celsius)
        + spec.envelope_outdoor_w_per_k * (room.celsius[3] - outdoor_celsius)
        + spec.air_neighbour_w_per_k * (room.celsius[0] - spec.neighbour_celsius)
    )


def test_what_heats_two_rooms_is_stored_or_lost():
    """Nothing is made or vanishes, between the rooms neither; losses are integrated by the trapezium rule."""
    specs = [replace(spec.closed(), people_w=0.0, cooking_w=0.0) for spec in (beds.FLAT, beds.TIGHT)]
    rooms = [Building.at_rest(spec, beds.COLD, celsius) for spec, celsius in zip(specs, (18.0, 22.0), strict=True)]
    before_j, given_j, lost_j = sum(map(_stored_j, rooms)), 0.0, 0.0
    for minute in range(2 * 1440):
        heat_w = (1500.0 if minute % 240 < 120 else 0.0, 100.0)
        lost_w = sum(map(_lost_w, rooms))
        dwelling.advance(rooms, heat_w, (Passage(0, 1, 40.0),))
        lost_j += 60 * (lost_w + sum(map(_lost_w, rooms))) / 2
        given_j += 60 * sum(heat_w)
    assert sum(map(_stored_j, rooms)) - before_j == pytest.approx(given_j - lost_j, abs=0.002 * given_j)


def test_the_same_case_gives_the_same_figures_alone_and_beside_others():
    first, other = run_alone(CASE, rivals.Thermostat), replace(CASE, key="other", rooms=(beds.HOUSE,))
    together = run([other, CASE], Alone(rivals.Thermostat, [other, CASE]))
    assert together[CASE.key] == first
    assert together["other"] != first
    another_winter = replace(CASE, weather=replace(beds.MILD, seed=beds.SEED + 1))
    assert run_alone(another_winter, rivals.Thermostat).kwh != first.kwh


def test_degree_hours_count_beyond_half_a_kelvin_and_a_rise_at_once():
    score = Score()
    for celsius, target, is_comfort in (
        (20.0, 21.0, True),
        (22.0, 21.0, True),
        (16.0, 15.0, False),
        (20.6, 21.0, True),
    ):
        for _ in range(60):
            score.count([celsius], target, is_comfort=is_comfort, is_rise=False, drawn_w=600.0, code="a")
    assert score.below_k_h == pytest.approx(0.5)
    assert score.above_k_h == pytest.approx(0.5)  # not what is warm in setback
    assert score.kwh == pytest.approx(2.4)
    assert score.below_by == {"a": pytest.approx(0.5)}
    assert score.rmse_k == pytest.approx(((1 + 1 + 0.16) / 3) ** 0.5)


def test_what_a_room_does_while_its_sensor_fails_is_judged_by_the_target_of_comfort_hours():
    lost = SensorFault(Fault.LOST, 60, 60)
    case = replace(CASE, days=1, sensor_faults=(lost,))
    score = run_alone(case, lambda _: _Scripted({0: 3500.0, 100: 0.0}))
    assert score.blind_over_k > 0.5
    assert score.blind_coldest_celsius > score.coldest_celsius
    limited = replace(case, limits=cases.Limits(over_target_k=score.blind_over_k - 0.1))
    assert ("over_target_k" in table.short_of(limited, score)) is (score.most_over_k < score.blind_over_k)
    assert "blind +" in table.line(case, "script", score, 0.0)


def test_perfect_foresight_is_shown_for_as_many_starts_and_only_for_the_case_it_was_searched_for():
    points = [foresight.Point(0.2, 3.0, 1.0, 10, 100.0), foresight.Point(0.05, 1.0, 1.0, 30, 101.0)]
    assert foresight.with_starts(points, 29) == points[0]
    assert foresight.with_starts(points, 30) == points[1]
    assert foresight.with_starts(points, 3) == points[0]  # nobody searched for fewer
    assert foresight.with_starts([], 3) is None
    stored = [case for case in cases.chosen(None) if case.key in foresight.stored()]
    assert stored
    for case in stored:
        assert foresight.found(case), f"search again: python -m benchmarks.control.foresight {case.key}"
        assert not foresight.found(replace(case, days=7))
        assert table.foreseen(case, Score(starts=10_000)) is not None


def test_a_course_of_foresight_is_better_than_what_a_thermostat_does():
    pytest.importorskip("numpy")
    case = replace(CASE, machines=(beds.THREE_LEVELS,))
    rival, best = run_alone(case, rivals.Thermostat), foresight.searched(case, 0.2)
    assert best.k_h < rival.below_k_h + rival.above_k_h
    assert best.starts < rival.starts


class _Scripted:
    """Tells the machine what the minute says."""

    period_seconds = 60

    def __init__(self, script: dict[int, float]):
        self._script = script

    def step(self, look: Look) -> Order:
        return Order((self._script.get(look.minute, look.machines[0].told_w),), ("script",))


def test_starts_writes_and_hasty_writes_are_what_the_machine_was_told():
    case = replace(CASE, machines=(beds.THREE_LEVELS,), days=1)
    # A start, more while it still boots, less, off, and a second start.
    script = {0: 1750.0, 1: 3500.0, 60: 1750.0, 90: 0.0, 200: 2844.0}
    score = run_alone(case, lambda _: _Scripted(script))
    assert (score.starts, score.writes, score.hasty_writes) == (2, 5, 1)


def test_a_machine_that_refuses_is_still_switched_off():
    appliance = Appliance(beds.ON_OFF.spec(), refused_share=1.0)
    assert not appliance.tell(3500.0)
    assert not appliance.is_on
    appliance.refused_share = 0.0
    assert appliance.tell(3500.0)
    appliance.refused_share = 1.0
    assert appliance.tell(0.0)
    assert (appliance.is_on, appliance.starts, appliance.told) == (False, 1, 3)


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        (Fault.LOST, None),
        (Fault.SILENT, Report(20.0, 9)),
        (Fault.FROZEN, Report(20.0, 10)),
        (Fault.SHIFTED, Report(18.0, 10)),
    ],
)
def test_what_is_heard_of_a_sensor_with_a_fault(fault, heard):
    sensor = Sensor((SensorFault(fault, 10, 5, shift_k=-3.0),))
    assert sensor.hear(Report(20.0, 9), 9) == Report(20.0, 9)
    assert sensor.hear(Report(21.0, 10), 10) == heard
    assert sensor.hear(Report(21.0, 15), 15) == Report(21.0, 15)


class _Wants:
    """Full power and nothing in turns of five minutes."""

    def wants_w(self, case: Case, look: Look) -> float:
        return 2900.0 if look.minute % 10 == 0 else 0.0


def test_what_only_wants_watts_is_kept_within_minimum_times_at_the_nearest_level():
    machine = beds.THREE_LEVELS
    case = replace(CASE, machines=(machine,), days=1)
    controller, plant, on_at, off_at = Borne(case, _Wants()), Plant(case), None, None
    told = set()
    while not plant.is_over:
        was_on = plant.machines[0].is_on
        if plant.minute % 5 == 0:
            plant.obey(controller.step(plant.look()))
        told.add(plant.machines[0].state.target_w)
        if plant.machines[0].is_on and not was_on:
            assert off_at is None or (plant.minute - off_at) * 60 >= machine.min_off_seconds
            on_at = plant.minute
        if was_on and not plant.machines[0].is_on:
            assert (plant.minute - on_at) * 60 >= machine.min_on_seconds
            off_at = plant.minute
        plant.advance()
    assert told == {0.0, 1750.0, 2844.0}


def test_the_beds_are_about_as_the_buildings_of_the_issue_are_to_a_plain_thermostat():
    """Fourteen days are `python -m benchmarks control`'s; four of the coldest show whether a change moved the beds."""
    case = replace(next(one for one in cases.table() if one.key == "house-cold/on_off"), days=4)
    score = run_alone(case, rivals.Thermostat)
    assert (round(score.below_k_h, 1), round(score.above_k_h, 1), score.starts) == (10.9, 6.1, 111)


def test_the_thermostat_with_the_same_machine_is_the_measure_where_a_case_says_so():
    case = replace(CASE, limits=cases.Limits(starts_share=0.5, colder_k_h_a_day=1.0))
    same = reference.with_same_machine(case, its_times=False)
    assert table.short_of(case, same) == ["starts"]
    assert table.short_of(case, replace(same, starts=same.starts // 2)) == []
    colder = replace(same, starts=0, below_k_h=same.below_k_h + 2 * same.days, above_k_h=0.0)
    assert table.short_of(case, colder) == ["k_h", "colder"]
    assert f"0.5 × starts of {same.below_k_h:.1f}" in table.beside_words(case)


def test_energy_is_compared_with_a_thermostat_that_leaves_the_room_as_cold():
    case = replace(CASE, days=1)
    plain = run_alone(case, rivals.Thermostat)
    colder = reference.as_warm(case, plain.below_k_h + 5.0)
    assert colder.below_k_h == pytest.approx(plain.below_k_h + 5.0, rel=0.11)
    assert colder.kwh < plain.kwh
    assert reference.as_warm(case, 1e6) is None


def test_every_case_has_a_key_of_its_own_and_a_shortened_one_its_share_of_the_limits():
    named = [case.key for group in cases.GROUPS.values() for case in group()]
    assert len(named) == len(set(named))
    assert len(cases.chosen(None)) == 9
    (case,) = cases.chosen("flat-mild/levels")
    assert table.shortened(case, 7).limits.starts == case.limits.starts / 2
    assert [one.key for one in cases.chosen("house-cold")] == [
        f"house-cold/{key}" for key in ("modulating", "levels", "on_off")
    ]


def test_the_table_names_what_falls_short(capsys):
    assert table.main(["--case", "flat-mild/levels", "--controller", "thermostat", "--fast", "--codes"]) == 1
    said = capsys.readouterr().out
    assert "short: below_k_h, above_k_h, starts" in said
    assert "cold while: " in said


def test_a_day_of_a_constant_target_has_no_rise():
    assert not any(Schedule(setback_celsius=21.0).rises_at(minute) for minute in range(1440))
    assert [minute for minute in range(1440) if Schedule().rises_at(minute)] == [360]


def test_a_modulating_machine_is_told_steps_between_its_levels():
    machine = Machine("m", "m", (800.0, 1000.0), step_w=50.0)
    assert machine.every_level_w == (800.0, 850.0, 900.0, 950.0, 1000.0)
    assert machine.nearest_w(870.0) == 850.0


def test_the_program_decides_without_a_database_and_each_degree_hour_has_its_decision():
    case = replace(CASE, rooms=(beds.FLAT, beds.TIGHT), machines=(replace(beds.THREE_LEVELS, shares=(0.8, 0.2)),))
    score = run_alone(replace(case, days=1), Program)
    assert score.starts >= 1
    assert score.writes >= score.starts
    assert "" not in score.below_by
    assert sum(score.below_by.values()) == pytest.approx(score.below_k_h)
    assert run_alone(replace(case, days=1), Program) == score


def test_the_program_hears_of_a_lost_sensor_and_of_a_machine_that_refuses():
    lost = SensorFault(Fault.LOST, 8 * 60, 6 * 60)
    seen: list[tuple[int, float, str]] = []

    def watch(plants):
        (plant,) = plants
        seen.append((plant.minute, plant.machines[0].state.target_w, plant.codes[0]))

    case = replace(CASE, days=1, sensor_faults=(lost,))
    run([case], Alone(Program, [case]), watch)
    blind = [(watts, code) for minute, watts, code in seen if 12 * 60 <= minute < 14 * 60]
    assert set(blind) == {(0.0, "guard_sensor_lost")}
    assert any(watts > 0 for minute, watts, _ in seen if minute > 15 * 60)
    refusing = replace(case, sensor_faults=(), machines=(replace(beds.ON_OFF, refused_share=0.5),))
    score = run_alone(refusing, Program)
    assert score.starts >= 1
    assert score.writes > 2 * score.starts  # what was refused is told again
