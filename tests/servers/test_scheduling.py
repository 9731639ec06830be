"""With several processes, no heavy server is started in two of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scheduling import FIRST, group_of

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("server", ["homeassistant", "browser", "postgres"])
def test_every_file_that_needs_a_server_is_in_a_group_of_servers(server):
    files = [file for file in TESTS.rglob("test_*.py") if re.search(rf"mark\.{server}\b", file.read_text())]
    groups = {group_of(file) for file in files}
    # The heaviest one a file needs decides; only what needs a heavier one too is elsewhere.
    assert server in groups
    assert all(FIRST.index(group) <= FIRST.index(server) for group in groups)


def test_a_file_may_name_its_own_group_and_most_have_none(tmp_path):
    file = tmp_path / "test_a.py"
    file.write_text('pytestmark = pytest.mark.xdist_group("backup")')
    assert group_of(file) == "backup"
    file.write_text('pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("backup")]')
    assert group_of(file) == "browser"
    file.write_text("pytestmark = pytest.mark.django_db")
    assert group_of(file) is None
