"""Speed of a decision of the shipped "Solar Surplus Room Heating" policy: `python -m benchmarks.rules`.

Each case is decided by the engine and by the same conditions written by hand, in the same run, over the
same dicts. Where one comparison settles it (the room is warm) the fixed 0.5 µs of a call dominates and the
ratio of that case alone is 3 to 5; the ratio row is over all cases together. `by_hand` is also held against
the engine in `tests/rules/test_shipped.py`, so the race is fair.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress

from benchmarks.rows import Row, row
from optimization.rules import ABSENT, CompiledPolicy, Context, FieldTree, compile_rule
from optimization.shipped import load

NOW = 1_700_000_000.0
DECISION_US, RATIO = 5.0, 3.0
PATTERN_MS, REFUSAL_S = 50.0, 2.0
LOOPS, REPEATS = 500, 30


def shipped_policy(name: str = "Solar Surplus Room Heating") -> CompiledPolicy:
    """A shipped policy, compiled for a unit of one zone; timers named after the rules."""
    raw = next(p for p in load() if p["name"] == name)
    fields = FieldTree.for_zones([("living_room", "Living room")])

    def rules(kind: str):
        return [
            compile_rule(r["conditions"], fields, kind=kind, name=r["name"], priority=r["priority"], rule_id=r["name"])
            for r in raw[f"{kind}_rules"]
        ]

    return CompiledPolicy(rules("start"), rules("stop"))


def context(**changes) -> Context:
    """A cold room at noon with 2.5 kW of surplus, battery and grid; `changes` by last word of the path."""
    shared = {
        "energy_source.has_battery": True,
        "energy_source.has_grid": True,
        "energy_state.surplus_power": 2500.0,
        "energy_state.grid.importing_power": 0.0,
        "energy_state.battery.state_of_charge": 55.0,
        "sun.is_up": True,
        "sun.minutes_to_sunset": 240.0,
    }
    own = {
        "climate.zone.below_target": True,
        "climate.zone.above_target": False,
        "climate.zone.below_minimum": False,
        "climate.zone.above_minimum": True,
        "miner.power_min_w": 2000.0,
    }
    for part in (shared, own):
        for path in part:
            part[path] = changes.get(path.rpartition(".")[2], part[path])
    return Context(*({k: v for k, v in part.items() if v is not ABSENT} for part in (shared, own)))


def by_hand(ctx: Context, running: bool, holds: dict, now: float, keys: tuple[str, str, str]) -> tuple[str, str]:
    """The policy in plain Python: (action, rule). `keys`: timers of surplus, import, shortage."""
    if running:
        stop = _stop_by_hand(ctx, holds, now, keys)
        return ("hold", "") if stop in ("", "?") else ("stop", stop)
    start = _start_by_hand(ctx, holds, now, keys)
    if start in ("", "?"):
        return "hold", ""
    stop = _stop_by_hand(ctx, holds, now, keys)
    if stop == "":
        return "start", start
    return "blocked", "" if stop == "?" else stop


def _start_by_hand(ctx, holds, now, keys):
    """A rule's name, "?" for unknown, "" for none."""
    below = ctx.own.get("climate.zone.below_target", False)
    if below is False:
        return ""
    start = _start_on_energy(ctx, below, holds, now, keys)
    if start in ("", "?"):
        needed = ctx.own.get("climate.zone.below_minimum", False)
        if needed:
            return "Never below" if below else "?"
        if needed is None:
            return "?"
    return start


def _start_on_energy(ctx, below, holds, now, keys):
    shared, own = ctx.shared, ctx.own
    imported = shared.get("energy_state.grid.importing_power", ABSENT)
    if shared.get("energy_source.has_grid", True) is False:
        grid = True
    elif imported is ABSENT:
        grid = None if shared.get("energy_source.has_grid", True) is None else False
    else:
        grid = None if imported is None else imported <= 100
    if grid is False:
        return ""
    unsure = below is None or grid is None
    watts = own.get("miner.power_min_w", ABSENT)
    surplus = shared.get("energy_state.surplus_power", ABSENT)
    unknown = False
    if watts is not ABSENT and surplus is not ABSENT:
        if watts is None or surplus is None:
            unknown = True
        elif surplus >= watts and keys[0] in holds and now - holds[keys[0]] >= 60:
            if not unsure:
                return "Surplus covers the miner"
            unknown = True
    charge = shared.get("energy_state.battery.state_of_charge", ABSENT)
    if charge is not ABSENT:
        is_up = shared.get("sun.is_up", False)
        left = shared.get("sun.minutes_to_sunset", 0)
        if charge is not None and charge >= 85:
            if not unsure:
                return "Battery well charged, sun to come"
            unknown = True
        elif charge is None:
            unknown = True
        elif charge >= 60 and is_up is not False and (left is None or left >= 120):
            if is_up and left is not None and not unsure:
                return "Battery well charged, sun to come"
            unknown = True
    return "?" if unknown else ""


def _stop_by_hand(ctx, holds, now, keys):
    above = ctx.own.get("climate.zone.above_target", False)
    if above:
        return "Room is warm"
    warm_enough = ctx.own.get("climate.zone.above_minimum", False)
    if warm_enough is False:
        return "?" if above is None else ""
    stop = _stop_on_energy(ctx, holds, now, keys, warm_enough is None)
    if stop == "":
        return "?" if above is None else ""
    return "?" if warm_enough is None else stop


def _stop_on_energy(ctx, holds, now, keys, is_doubtful):
    shared, own = ctx.shared, ctx.own
    unknown = False
    charge = shared.get("energy_state.battery.state_of_charge", ABSENT)
    if charge is None:
        unknown = True
    elif charge is not ABSENT and charge <= 20:
        return "Battery is low"
    imported = shared.get("energy_state.grid.importing_power", 0)
    if imported is None:
        unknown = True
    elif imported > 100 and keys[1] in holds and now - holds[keys[1]] >= 180:
        return "Importing from the grid"
    late, late_known = False, True
    is_up = shared.get("sun.is_up", ABSENT)
    left = shared.get("sun.minutes_to_sunset", ABSENT)
    if is_up is False or (left is not ABSENT and left is not None and left < 60):
        late = True
    elif is_up is None or left is None:
        late_known = False
    watts = own.get("miner.power_min_w", ABSENT)
    surplus = shared.get("energy_state.surplus_power", ABSENT)
    if watts is not ABSENT and surplus is not ABSENT:
        battery = shared.get("energy_source.has_battery", True)
        if battery is False:
            weak = True
        elif charge is None or charge is ABSENT:
            weak = None if charge is None or battery is None else False
        elif charge < 30 or (charge < 50 and late):
            weak = True
        elif battery is None or (charge < 50 and not late_known):
            weak = None
        else:
            weak = False
        short = None if watts is None or surplus is None else surplus < watts
        if short and weak and not is_doubtful:
            if keys[2] in holds and now - holds[keys[2]] >= 180:
                return "Surplus too short"
        elif short is not False and weak is not False:
            unknown = True
    if charge is None:
        unknown = unknown or late or not late_known
    elif charge is not ABSENT and charge < 40:
        if late:
            return "Evening with a low battery"
        unknown = unknown or not late_known
    return "?" if unknown else ""


def timer_keys(policy: CompiledPolicy) -> tuple[str, str, str]:
    """The keys of the timers `by_hand` reads, in its order."""
    by_name = {rule.name: rule.timers[0][0] for rule in policy.rules if rule.timers}
    return tuple(by_name[n] for n in ("Surplus covers the miner", "Importing from the grid", "Surplus too short"))


CASES: dict[str, tuple[Context, bool]] = {
    "start on surplus": (context(), False),
    "running on, nothing to stop": (context(), True),
    "running in the evening": (context(is_up=False, state_of_charge=55.0, surplus_power=0.0), True),
    "stop at the upper bound": (context(above_target=True), True),
    "off, room warm": (context(below_target=False), False),
    "no battery, start": (context(state_of_charge=ABSENT, has_battery=False), False),
}


def _cpu_us(call: Callable[[], object]) -> float:
    start = time.process_time_ns()
    for _ in range(LOOPS):
        call()
    return (time.process_time_ns() - start) / LOOPS / 1000


def measure(ctx: Context, running: bool) -> tuple[float, float]:
    """µs of CPU a call, (engine, by hand): the least of several repeats taken in turns."""
    policy = shipped_policy()
    keys = timer_keys(policy)
    contexts, holds = (ctx,), {keys[0]: NOW - 600}
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(_cpu_us(lambda: policy.decide(contexts, running=running, holds=holds, now=NOW)))
        theirs.append(_cpu_us(lambda: by_hand(ctx, running, holds, NOW, keys)))
    return min(ours), min(theirs)


def rows() -> list[Row]:
    table = []

    def add(*figure) -> None:
        table.append(row(*figure))

    rounds = [{name: measure(*case) for name, case in CASES.items()} for _ in range(3)]
    for name in CASES:
        add(f"shipped policy, {name}: a decision", min(r[name][0] for r in rounds), "µs", DECISION_US)
    ratios = [sum(r[n][0] for n in CASES) / sum(r[n][1] for n in CASES) for r in rounds]
    add("shipped policy, all these cases: times the same by hand", statistics.median(ratios), "×", RATIO)
    add("the slowest evil pattern on the worst text (CPU)", _slowest_pattern_ms(), "ms", PATTERN_MS)
    add("refusing 100 000 conditions, and 100 000 levels (CPU)", _refusal_s(), "s", REFUSAL_S)
    add("eight timers around 100 conditions, compiled (CPU)", _nested_s(), "s", REFUSAL_S)
    return table


def _slowest_pattern_ms() -> float:
    from optimization.rules.regex import BoundedRegex, RegexError
    from tests.rules.test_regex import EVIL, EVIL_TEXTS

    slowest = 0.0
    for pattern in EVIL:
        try:
            regex = BoundedRegex(pattern)
        except RegexError:
            continue
        for text in EVIL_TEXTS:
            slowest = max(slowest, min(_cpu_s(lambda text=text, regex=regex: regex.matches(text)) for _ in range(3)))
    return slowest * 1000


def _refusal_s() -> float:
    from optimization.rules import RuleErrors

    wide = {"all_of": [{"field": f"x{number}", "operator": "eq", "value": 1} for number in range(100_000)]}
    deep = {"field": "sun.is_up", "operator": "eq", "value": True}
    for _ in range(100_000):
        deep = {"not_": deep}

    def refuse() -> None:
        for tree in (wide, deep):
            with suppress(RuleErrors):
                _compiled(tree)

    return _cpu_s(refuse)


def _nested_s() -> float:
    node = {"all_of": [{"field": "sun.is_up", "operator": "eq", "value": True}] * 100}
    for _ in range(8):
        node = {"not_": node, "for": "1m"}
    return _cpu_s(lambda: _compiled(node))


def _compiled(tree: dict):
    return compile_rule(tree, FieldTree.for_zones([("room", "Room")]), kind="start", name="r", rule_id="r")


def _cpu_s(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


if __name__ == "__main__":
    for one in rows():
        print(one)
