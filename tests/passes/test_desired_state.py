"""Desired states change by the transitions of `miners.desired_state` alone, and none comes where it may not."""

import ast
import inspect
import sys
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miners import desired_state
from miners.desired_state import FIELDS, TABLE, MayNotFollow, Phase, phase_of
from miners.models import DesiredState
from miners.status.readback import RETRY_MAX, UNCONFIRMED_RETRY_MAX
from tests.chance import examples

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("edgemining", "dashboard", "optimization", "miners", "climate", "energy", "integrations", "sites")
NOW = datetime(2026, 11, 25, 15, 20, tzinfo=UTC)
ID = UUID(int=1)

watts = st.integers(0, 3000)
pauses = st.timedeltas(timedelta(0), UNCONFIRMED_RETRY_MAX)
took_off = {"takes_w": watts, "is_seen_off": st.booleans()}
#: What each transition is called with, beside the row and the time.
ARGUMENTS = {
    "wanted": {
        "power_w": st.sampled_from([0, 800, 1600]),
        "origin": st.sampled_from(["policy", "manual", "guard", "frost"]),
        "reason": st.text(max_size=400),
        "before_w": watts,
        "took_more_w": st.none() | watts,
    },
    "attributed": {"origin": st.sampled_from(["policy", "manual"]), "reason": st.text(max_size=400)},
    "switched_off_by_watchdog": {"takes_w": watts, "reason": st.just("late")},
    "written": {"pause": pauses, "starts": st.booleans(), "switches_off": st.booleans()},
    "failed": {"pause": pauses},
    "seen": {"on": st.none() | st.booleans()},
    "level_doubted": {"before_w": watts},
    "switched_on_outside": {"before_w": watts},
    "contradicted": {"before_w": watts},
    "adopted_off": took_off,
    "timed_out": took_off,
    "stopped_itself": took_off,
    "came_back_off": took_off,
    "moved_with_clock": {"step": st.timedeltas(timedelta(days=-2), timedelta(days=2))},
}
#: The rest need nothing, or are made from the row.
MADE = ("taken_back", "restored")
steps = st.one_of(
    st.tuples(st.just(name), st.fixed_dictionaries(ARGUMENTS.get(name, {}))) for name in TABLE if name not in MADE
)
STARTED = [
    ("wanted", {"power_w": 800, "origin": "policy", "reason": "cold", "before_w": 0, "took_more_w": None}),
    ("committed", {}),
    ("starting", {}),
    ("written", {"pause": timedelta(seconds=5), "starts": True}),
    ("seen", {"on": True}),
    ("confirmed", {}),
]  # fmt: skip


class Walk:
    """One row, its transitions a second apart."""

    def __init__(self) -> None:
        self.row, self.now = desired_state.new(ID), NOW

    def step(self, name: str, **arguments) -> None:
        change = getattr(desired_state, name)
        if "at" in inspect.signature(change).parameters:
            self.now += timedelta(seconds=1)
            arguments["at"] = self.now
        change(self.row, **arguments)

    @property
    def values(self) -> dict:
        return {field.attname: copy(getattr(self.row, field.attname)) for field in FIELDS}


def started() -> Walk:
    walk = Walk()
    for name, arguments in STARTED:
        walk.step(name, **arguments)
    return walk


@examples(400)
@given(st.lists(steps, max_size=40))
def test_whatever_happens_in_whatever_order_a_row_stays_sound(happened):
    walk = Walk()
    for name, arguments in happened:
        before, phase = walk.values, phase_of(walk.row)
        try:
            walk.step(name, **arguments)
        except MayNotFollow:
            assert phase not in TABLE[name].may_come_in
            # Done all the same, as the program does it: it is no less safe than before.
            assert walk.row.power_w <= before["power_w"]
            for attname, value in before.items():
                setattr(walk.row, attname, value)
            continue
        assert phase in TABLE[name].may_come_in
        after = walk.values
        assert phase_of(walk.row) in (TABLE[name].leads_to or {phase})
        if name == "moved_with_clock":
            walk.now += arguments["step"]
        else:
            _holds(name, before, after, walk)
        _is_sound(walk, after)


def _holds(name: str, before: dict, after: dict, walk: Walk) -> None:
    changed = {key for key in after if after[key] != before[key]}
    assert after["power_w"] <= before["power_w"] or name == "wanted"
    assert (after["power_w"] > before["power_w"]) <= walk.row.is_raise_open
    assert len(after["starts"]) <= len(before["starts"]) or (before["power_w"] == 0 < after["power_w"])
    assert "written_at" not in changed or name in ("written", "rearmed")
    assert "seen_on" not in changed or name in ("seen", "starting")
    if "confirmed_at" in changed and after["confirmed_at"] is not None:
        took_off_ = ("adopted_off", "timed_out", "stopped_itself", "came_back_off")
        assert name == "confirmed" or (name in took_off_ and after["power_w"] == 0)
    if name == "failed":
        assert changed <= {"attempts", "next_attempt_at"}
    if "power_w" in changed:
        assert after["attempts"] == 0
        assert after["next_attempt_at"] is None
        assert after["changed_at"] == walk.now
    assert name != "committed" or not walk.row.is_raise_open


def _is_sound(walk: Walk, after: dict) -> None:
    assert 0 <= after["attempts"] <= desired_state.MOST_ATTEMPTS
    assert after["before_w"] >= 0
    assert len(after["reason"]) <= 300
    assert after["next_attempt_at"] is None or after["next_attempt_at"] - walk.now <= UNCONFIRMED_RETRY_MAX
    assert len(after["starts"]) == len(set(after["starts"]))
    assert after["power_w"] == 0 or after["changed_at"] is not None
    # An off may be sent at any time, what raises only once it is committed.
    assert desired_state.may_be_sent(walk.row, 0)
    for field in FIELDS:
        field.clean(after[field.attname], walk.row) if after[field.attname] not in ("", None, []) else None


@examples(100)
@given(st.lists(steps, max_size=20), st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_clock_that_is_set_and_set_back_leaves_everything_as_it_was(happened, step):
    walk = Walk()
    for name, arguments in happened:
        if phase_of(walk.row) in TABLE[name].may_come_in:
            walk.step(name, **arguments)
    before, phase = walk.values, phase_of(walk.row)
    desired_state.moved_with_clock(walk.row, step=step)
    assert phase_of(walk.row) is phase
    desired_state.moved_with_clock(walk.row, step=-step)
    assert walk.values == before


@examples(60)
@given(st.sampled_from([800, 1600]), st.lists(st.sampled_from(["starting", "failed", "seen", "answered"]), max_size=3))
def test_a_raise_that_is_taken_back_leaves_nothing_behind(power_w, between):
    walk = started()
    walk.step("wanted", **STARTED[0][1] | {"power_w": 400})
    before, row = walk.values, copy(walk.row)
    walk.step("wanted", **STARTED[0][1] | {"power_w": power_w})
    for name in between:
        walk.step(name, **{"failed": {"pause": RETRY_MAX}, "seen": {"on": False}}.get(name, {}))
    assert walk.row.is_raise_open
    desired_state.taken_back(walk.row, row)
    assert walk.values == before
    assert desired_state.may_be_sent(walk.row, 400)


def test_nothing_that_raises_is_sent_before_it_is_committed():
    walk = Walk()
    walk.step("wanted", **STARTED[0][1])
    with pytest.raises(MayNotFollow, match="before they are committed"):
        desired_state.may_be_sent(walk.row, 800)
    assert desired_state.may_be_sent(walk.row, 0)
    walk.step("committed")
    assert desired_state.may_be_sent(walk.row, 800)


def test_in_the_program_what_may_not_follow_is_told_and_never_holds_back_an_off(monkeypatch, caplog):
    monkeypatch.setattr(desired_state, "strict", False)
    walk = started()
    walk.step("wanted", **STARTED[0][1] | {"power_w": 0})
    walk.step("timed_out", takes_w=800, is_seen_off=True)  # it is not on
    assert phase_of(walk.row) is Phase.OFF
    assert "‘timed_out’ may not come in ‘off wanted’" in caplog.text
    assert len(desired_state.take_not_told([ID])) == 1
    assert desired_state.take_not_told([ID]) == []


def test_in_the_program_what_may_not_follow_raises_no_power(monkeypatch):
    monkeypatch.setattr(desired_state, "strict", False)
    walk = started()
    on = copy(walk.row)
    walk.step("wanted", **STARTED[0][1] | {"power_w": 0})
    desired_state.taken_back(walk.row, on)  # nothing was raised
    assert walk.row.power_w == 0
    assert desired_state.take_not_told([ID])
    walk.step("wanted", **STARTED[0][1])
    assert not desired_state.may_be_sent(walk.row, 800)


@pytest.mark.django_db
def test_what_may_not_have_followed_stands_in_the_activity(bench_home, monkeypatch):
    from sites.models import ActivityLog

    monkeypatch.setattr(desired_state, "strict", False)
    bench_home.go()
    desired_state._not_told[bench_home.miner.pk] = "‘cut’ may not come in ‘on’"
    bench_home.go()
    assert ActivityLog.objects.filter(severity="alarm", text__contains="‘cut’ may not come in ‘on’").count() == 1


def table() -> list[str]:
    """`TABLE` as the documentation shows it."""
    lines = ["| transition | may come in | leads to | when |", "|---|---|---|---|"]
    for name, rule in TABLE.items():
        leads = "the same" if rule.leads_to is None else _phases(rule.leads_to)
        lines.append(f"| `{name}` | {_phases(rule.may_come_in)} | {leads} | {rule.says} |")
    return lines


def _phases(phases) -> str:
    if len(phases) >= len(Phase) - 2:
        without = [phase for phase in Phase if phase not in phases]
        return "any" + (f" but {' and '.join(without)}" if without else "")
    return ", ".join(phase for phase in Phase if phase in phases)


def test_the_documentation_shows_this_very_table():
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert "\n".join(table()) in text, "\n".join(table())


# --- nothing else writes ------------------------------------------------------------------------------

#: Fields that other things have, too: only where the name before the dot says whose it is.
SHARED = {"power_w", "reason", "origin", "starts", "attempts", "changed_at", "seen_at"}
OWN = {field.name for field in FIELDS} - SHARED
WRITERS = {"miners/desired_state.py", "miners/models.py"}
#: Reads rows of the database, and stores them as they are.
STORES = {"optimization/passes/load.py": {"from_db"}, "optimization/passes/record.py": {"bulk_create"}}
WRITING = {"DesiredState", "from_db", "create", "update", "get_or_create", "update_or_create"} | {
    f"bulk_{name}" for name in ("create", "update")
}


def _writes(tree: ast.AST) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            whose = ast.unparse(node.value)
            if node.attr in OWN or (node.attr in SHARED and "desired" in whose.lower()):
                found.append((node.lineno, f"{whose}.{node.attr}"))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "setattr" and "desired" in ast.unparse(node.args[0]).lower():
                found.append((node.lineno, "setattr"))
            elif called.split(".")[0] == "DesiredState" and called.split(".")[-1] in WRITING:
                found.append((node.lineno, called.split(".")[-1]))
    return found


def test_nothing_else_assigns_a_field_of_a_desired_state():
    looked, found = 0, []
    for app in PROGRAM:
        for path in sorted((ROOT / app).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if name in WRITERS or "/migrations/" in name:
                continue
            looked += 1
            may = STORES.get(name, set())
            found += [f"{name}:{line} {what}" for line, what in _writes(ast.parse(path.read_text())) if what not in may]
    assert looked > 200
    assert found == []


def test_the_search_finds_writes():
    lines = "desired.power_w = 0", "row.confirmed_at = None", "setattr(desired, 'a', 1)", "DesiredState(miner_id=1)"
    text = "\n".join((*lines, "x.power_w = 1"))
    assert [line for line, _ in _writes(ast.parse(text))] == [1, 2, 3, 4]


@pytest.mark.django_db
def test_in_passes_every_change_comes_from_a_transition(bench_home, monkeypatch):
    """Also by ways that no search finds."""
    changes, others = [], []

    def watched(row, name, value):
        if name in NAMES:
            caller = sys._getframe(1).f_globals["__name__"]
            changes.append(name)
            if caller != "miners.desired_state" and not caller.startswith("django."):
                others.append((caller, name))
        object.__setattr__(row, name, value)

    NAMES = {field.attname for field in FIELDS}
    monkeypatch.setattr(DesiredState, "__setattr__", watched, raising=False)
    for celsius in (18.0, 24.0, 18.0):
        bench_home.becomes(celsius)
        bench_home.go(3)
    assert {"power_w", "confirmed_at", "written_at", "seen_on"} <= set(changes)
    assert others == []
