"""`python -m benchmarks control`: a line for each case and controller, with what must be reached beside it.

--case KEY         a case, a bed, a group, or how keys begin (all: `--list`); without: the nine of the table
--controller NAME  of `CONTROLLERS`, or `module:factory` (called with the case, answers a `Controller`); repeatable
--fast             five days instead of those of the case; limits of what adds up are taken in proportion
--codes            by which decision it was too cold and too warm
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import import_module
from time import process_time

from . import foresight, rivals
from .case import Case, Limits
from .cases import chosen, every_case
from .controllers import Controller, Driver, run_alone
from .reference import ENERGY_SHARE, as_warm, beside, with_same_machine
from .score import Score

FAST_DAYS = 5
#: Of what perfect foresight reaches with as many starts, so much and so many K·h more.
FORESIGHT_SHARE, FORESIGHT_K_H = 1.5, 1.5


def _program(case: Case, period_seconds: int = 300, strategy: str = "policy_need") -> Driver:
    """The program as it is; it needs Django, which the others do not."""
    from .program import Program

    return Program(case, period_seconds, strategy=strategy)


CONTROLLERS: dict[str, Callable[[Case], Controller | Driver]] = {
    "thermostat": rivals.Thermostat,
    "tpi": rivals.Tpi,
    "program": _program,
    "program-thermostat": partial(_program, strategy="thermostat"),
    "program-60": partial(_program, period_seconds=60),
}
#: Those that are run when none is named.
USUAL = ("thermostat", "tpi", "program", "program-thermostat")


def controller_of(name: str) -> Callable[[Case], Controller | Driver]:
    """A factory by its name, or by `module:factory`."""
    if name in CONTROLLERS:
        return CONTROLLERS[name]
    module, _, factory = name.partition(":")
    if not factory:
        raise SystemExit(f"no controller {name}; there are: {', '.join(CONTROLLERS)}, or module:factory")
    return getattr(import_module(module), factory)


def shortened(case: Case, days: int = FAST_DAYS) -> Case:
    """Fewer days of the same; a sensor's fault is within them only if it was."""
    if case.days <= days:
        return case
    share, most = days / case.days, case.limits
    parts = {
        name: None if (limit := getattr(most, name)) is None else limit * share
        for name in ("below_k_h", "above_k_h", "starts")
    }
    return replace(case, days=days, limits=replace(most, **parts))


def measured(case: Case, score: Score) -> dict[str, tuple[float, float | None]]:
    """What was reached and what must be, by the name of the limit; what has neither is left out."""
    limits = case.limits
    found: dict[str, tuple[float | None, float | None]] = {
        "below_k_h": (score.below_k_h, limits.below_k_h),
        "above_k_h": (score.above_k_h, limits.above_k_h),
        "starts": (score.starts, limits.starts),
        "writes_a_day": (score.writes_a_day, limits.writes_a_day),
        "rmse_k": (score.rmse_k, limits.rmse_k),
        "slot_start_error_k": (score.slot_start_error_k, limits.slot_start_error_k),
    }
    return {name: pair for name, pair in found.items() if pair[0] is not None}  # type: ignore[misc]


def short_of(case: Case, score: Score) -> list[str]:
    """What it does not reach, by the name of the limit."""
    short = [name for name, (value, most) in measured(case, score).items() if most is not None and value > most]
    most_over_k, coldest_celsius = case.limits.over_target_k, case.limits.coldest_celsius
    # A machine that is far too big for its room is no matter of being blind.
    if most_over_k is not None and score.blind_over_k > max(most_over_k, score.most_over_k):
        short.append("over_target_k")
    if coldest_celsius is not None and score.blind_coldest_celsius < coldest_celsius:
        short.append("coldest_celsius")
    if case.limits.below_k_h is not None and abs(score.kwh / beside(case).kwh - 1) > ENERGY_SHARE:
        short.append("energy")
    short += _short_of_thermostat(case, score)
    point = foreseen(case, score)
    if point is not None and score.below_k_h + score.above_k_h > FORESIGHT_SHARE * point.k_h + FORESIGHT_K_H:
        short.append("foresight")
    return short


def _short_of_thermostat(case: Case, score: Score) -> list[str]:
    """What the thermostat with the same machine does better."""
    short, limits = [], case.limits
    if limits.starts_share is not None:
        rival = with_same_machine(case, its_times=False)
        if score.below_k_h + score.above_k_h > rival.below_k_h + rival.above_k_h:
            short.append("k_h")
        if score.starts > limits.starts_share * rival.starts:
            short.append("starts")
    if limits.colder_k_h_a_day is not None:
        rival = with_same_machine(case, its_times=True)
        if score.below_k_h > rival.below_k_h + limits.colder_k_h_a_day * score.days:
            short.append("colder")
    return short


def foreseen(case: Case, score: Score) -> foresight.Point | None:
    """What perfect foresight reaches with as many starts; None: nobody searched, or not for so many days."""
    return foresight.with_starts(foresight.found(case), score.starts)


def line(case: Case, name: str, score: Score, seconds: float) -> str:
    reached = f"{score.below_k_h:.1f}/{score.above_k_h:.1f}/{score.starts}"
    energy = f"{score.kwh / beside(case).kwh:.3f}"
    short, point = short_of(case, score), foreseen(case, score)
    foresees = "–" if point is None else f"{point.below_k_h:.1f}/{point.above_k_h:.1f}/{point.starts}"
    limited, blind = words(case.limits) + beside_words(case), ""
    if case.sensor_faults:
        blind = f"  blind {score.blind_over_k:+.1f} K, coldest {score.blind_coldest_celsius:.1f} °C"
    return (
        f"{case.key:<28} {name:<14}{reached:>18}  {limited:<24}{foresees:>14}{score.writes_a_day:>6.0f} w/d"
        f"{score.kwh:>8.1f} kWh ×{energy}{seconds:>6.1f} s{blind}  {'short: ' + ', '.join(short) if short else 'ok'}"
    )


def energy_line(case: Case, score: Score) -> str:
    """Its energy beside that of a thermostat that leaves the room as cold."""
    rival = as_warm(case, score.below_k_h)
    if rival is None:
        return "    no shifted thermostat leaves the room as cold"
    return (
        f"    energy ×{score.kwh / rival.kwh:.3f} of a thermostat shifted until it is as cold "
        f"({rival.below_k_h:.1f}/{rival.above_k_h:.1f}/{rival.starts})"
    )


def beside_words(case: Case) -> str:
    """What the thermostat with the same machine does, where that is the measure."""
    limits = case.limits
    if limits.starts_share is None and limits.colder_k_h_a_day is None:
        return ""
    rival = with_same_machine(case, its_times=limits.starts_share is None)
    reached = f"{rival.below_k_h:.1f}/{rival.above_k_h:.1f}/{rival.starts}"
    if limits.starts_share is not None:
        return f"K·h and {limits.starts_share:g} × starts of {reached}"
    return f"{limits.colder_k_h_a_day:g} K·h/d colder than {reached}"


def words(limits: Limits) -> str:
    """What must be reached, in the order it is printed."""
    table = (limits.below_k_h, limits.above_k_h, limits.starts)
    told = "" if table == (None, None, None) else "/".join("–" if one is None else f"{one:.3g}" for one in table)
    more = {
        "rmse": limits.rmse_k,
        "at start": limits.slot_start_error_k,
        "over": limits.over_target_k,
        "coldest": limits.coldest_celsius,
    }
    return " ".join([f"≤ {told}" if told else "", *(f"{key} {one:g}" for key, one in more.items() if one is not None)])


def shares(by_code: Mapping[str, float]) -> str:
    """The K·h by the decision that held, the most first."""
    found = sorted(((k_h, code) for code, k_h in by_code.items() if k_h >= 0.05), reverse=True)
    return ", ".join(f"{code or 'nothing'} {k_h:.1f}" for k_h, code in found) or "–"


def lines(cases: list[Case], names: list[str], *, codes: bool, energy: bool = False) -> Iterator[tuple[str, bool]]:
    """Each line as soon as it is there, and whether it falls short."""
    for case in cases:
        for name in names:
            began = process_time()
            score = run_alone(case, controller_of(name))
            seconds = process_time() - began
            text = line(case, name, score, seconds)
            if codes:
                text += f"\n    cold while: {shares(score.below_by)}\n    warm while: {shares(score.above_by)}"
            if energy:
                text += f"\n{energy_line(case, score)}"
            yield text, bool(short_of(case, score))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench control", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--case")
    parser.add_argument("--controller", action="append")
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--codes", action="store_true")
    parser.add_argument("--energy", action="store_true")
    parser.add_argument("--list", action="store_true")
    wanted = parser.parse_args(arguments)
    if wanted.list:
        print("\n".join(every_case()))
        return 0
    cases = chosen(wanted.case)
    if not cases:
        raise SystemExit(f"no case {wanted.case}; --list names them")
    if wanted.fast:
        cases = [shortened(case) for case in cases]
    print(f"{'case':<28} {'controller':<14}{'below/above/starts':>18}  {'must reach':<24}{'foresight':>14}")
    short = 0
    for text, is_short in lines(cases, wanted.controller or list(USUAL), codes=wanted.codes, energy=wanted.energy):
        print(text, flush=True)
        short += is_short
    return 1 if short else 0
