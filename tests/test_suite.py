"""What keeps the verdict of this suite the same: its chance, its clock, its folder, and what no test does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis

from .chance import IS_FRESH, examples, seeds

TESTS = Path(__file__).parent
FILES = sorted(TESTS.rglob("*.py"))
#: Emulated devices have clocks that run, and whoever waits must look at a clock.
CLOCKS = {"emulators/clock.py", "servers/process.py", "chance.py"}
_TIMES = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time", "time"}


def _is_time(node: ast.AST) -> bool:
    """`time.monotonic()` and its like."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr=name)):
            return name in _TIMES
    return False


def _faults(tree: ast.AST):
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Sub(), left=left) if _is_time(left):
                yield node.lineno, "reckons elapsed time"
            case ast.Compare(left=left, ops=[ast.Lt() | ast.LtE()]) if _is_time(left):
                yield node.lineno, "bounds elapsed time"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep")):
                yield node.lineno, "sleeps; wait for a condition"
            case ast.Call(func=ast.Attribute(attr="wait_for_timeout")):
                yield node.lineno, "sleeps; wait for a condition"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="random"), attr="Random"), args=[]):
                yield node.lineno, "takes its chance from the time; seeds are in tests/chance.py"
            case ast.ImportFrom(module="hypothesis", names=names) if any(one.name == "settings" for one in names):
                yield node.lineno, "sets Hypothesis itself; use `examples` of tests/chance.py"


def test_no_test_asserts_elapsed_time_sleeps_or_throws_dice_of_its_own():
    found = [
        f"{name}:{line} {fault}"
        for file in FILES
        if (name := str(file.relative_to(TESTS))) not in CLOCKS | {"test_suite.py"}
        for line, fault in _faults(ast.parse(file.read_text()))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "assert time.monotonic() - began < 2",
        "took = time.perf_counter() - began",
        "assert time.monotonic() < deadline",
        "time.sleep(1)",
        "page.wait_for_timeout(100)",
        "dice = random.Random()",
        "from hypothesis import given, settings",
    ],
)
def test_what_no_test_does_is_found(source):
    assert list(_faults(ast.parse(source)))


@pytest.mark.skipif(IS_FRESH, reason="a fresh run")
def test_seeds_are_fixed_and_nothing_is_remembered():
    assert seeds(3) == [0, 1, 2]
    assert examples(7).max_examples == 7
    assert (hypothesis().derandomize, hypothesis().database) == (True, None)


def test_the_data_folder_is_of_this_run(settings):
    assert settings.BASE_DIR not in settings.DATA_DIR.parents
