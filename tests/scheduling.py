"""Which of the processes of `pytest -n` runs what (a pytest plugin, see `tests/conftest.py`).

The files that need one heavy server, and those that name one `xdist_group`, go to one process one after the other,
so that the server is started once; every other test goes to whoever is free. (`--dist loadgroup` of pytest-xdist 3.8
does so by renaming the tests, which pytest 9.2 no longer lets it do: it then starts every server in every process.)
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

#: What takes a process longest begins first; at the end none is left alone with it while the others have nothing to do.
FIRST = ("homeassistant", "process", "browser", "postgres", "long")
_SERVER = re.compile(r"\bmark\.(homeassistant|browser|postgres)\b")
_GROUP = re.compile(r"""\bmark\.xdist_group\("(\w+)"\)""")


def group_of(file: Path) -> str | None:
    """The group all tests of a file belong to: its heaviest server, else the one it names; None: each is by itself."""
    text = file.read_text()
    servers = set(_SERVER.findall(text))
    named = _GROUP.search(text)
    return next((one for one in FIRST if one in servers), named and named[1])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    from xdist.scheduler import LoadScopeScheduling

    of_file = cache(lambda path: group_of(config.rootpath / path))

    class ByServer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return of_file(nodeid.partition("::")[0]) or nodeid

    return ByServer(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return next((place for place, mark in enumerate(FIRST) if item.get_closest_marker(mark)), len(FIRST))
