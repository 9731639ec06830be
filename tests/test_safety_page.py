"""The page “Safety”, its document and the tests it names say the same."""

import ast
from functools import cache
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from optimization import safety
from optimization.control.guards import GUARDS
from sites.alarms import KINDS
from tests import factories

ROOT = Path(__file__).resolve().parent.parent
PROMISES = [promise for group in safety.GROUPS for promise in group.promises]
NODES = sorted({node for promise in PROMISES for node in promise.tests})


@cache
def functions(path: Path) -> set[str]:
    """The test functions defined in a file, without running it."""
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def exists(node: str) -> bool:
    file, _, name = node.partition("::")
    return (ROOT / file).is_file() and name.startswith("test_") and name in functions(ROOT / file)


@pytest.mark.parametrize("node", NODES)
def test_every_proof_is_a_test(node):
    assert exists(node), f"{node} is named in optimization/safety.py, but there is no such test"


def test_what_is_no_test_is_found():
    assert not exists("tests/nowhere.py::test_a")
    assert not exists("tests/test_safety_page.py::test_invented")
    assert not exists("tests/test_safety_page.py::exists")


def test_every_promise_has_a_bound_and_a_proof():
    assert [promise.text for promise in PROMISES if not promise.within or not promise.tests] == []


def test_every_guard_keeps_a_promise():
    assert {guard for promise in PROMISES for guard in promise.guards} == set(GUARDS)


def test_every_line_of_the_design_is_answered():
    assert sorted(line for group in safety.GROUPS for line in group.design) == list(range(1, 14))


def test_the_document_is_the_table(tmp_path):
    call_command("safety_table", "--output", tmp_path / "safety.md", verbosity=0)
    assert (tmp_path / "safety.md").read_text() == (ROOT / "docs" / "safety.md").read_text(), (
        "docs/safety.md is old: write it again with `manage.py safety_table`"
    )


def test_the_times_are_those_of_the_code():
    assert safety._span(90) == "90 s"
    assert safety._span(120) == "2 min"
    assert safety._span(3600) == "1 h"
    assert safety._span(5400) == "90 min"
    text = safety.markdown()
    for word in ("28 °C", "2 min", "1 period (10 s", "10 min", "24 h", "−10 … 45 °C"):
        assert word in text


@pytest.mark.django_db
def test_the_page_shows_all_of_it(client, home):
    client.force_login(factories.user())
    html = client.get(reverse("safety")).content.decode()
    for text in [promise.text for promise in PROMISES] + [limit.text for limit in safety.LIMITS]:
        assert text in html
    for node in NODES:
        assert node in html
    for kind in KINDS.values():
        assert kind.title in html


@pytest.mark.django_db
def test_strangers_sign_in_first_and_every_page_leads_there(client, home):
    assert "/sign-in/" in client.get(reverse("safety")).url
    client.force_login(factories.user())
    assert f'href="{reverse("safety")}"' in client.get("/").content.decode()
