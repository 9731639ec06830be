"""An adapter is found by being there, and a broken one is named and takes nothing with it."""

import sys

import pytest

from integrations import adapter_packages, registry
from integrations.registry import Kind

GOOD = """
from integrations.registry import Adapter, AdapterConfig, Kind, register

@register
class Found(Adapter):
    kind = Kind.CLIMATE_MONITOR
    key = "found_{name}"
    label = "Found"
    class Config(AdapterConfig):
        pass
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "their_monitors"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.startswith("their_monitors")]:
        registry.drop(name)
        del sys.modules[name]
    adapter_packages.broken.clear()


def found() -> set[str]:
    return {key for key in registry.adapters(Kind.CLIMATE_MONITOR) if key.startswith("found_")}


def test_a_module_and_a_folder_are_found(package):
    (package / "one.py").write_text(GOOD.format(name="one"))
    (package / "two").mkdir()
    (package / "two" / "__init__.py").touch()
    (package / "two" / "monitor.py").write_text(GOOD.format(name="two"))
    (package / "two" / "testing.py").write_text("raise RuntimeError('only for tests')")
    adapter_packages.load("their_monitors")
    assert found() == {"found_one", "found_two"}
    assert adapter_packages.check_adapters(None) == []


@pytest.mark.parametrize("fault", ["import nothing_of_this_name", "1 / 0", "this is no Python"])
def test_a_broken_one_is_named_and_the_others_are_there(package, fault):
    (package / "a_broken.py").write_text(f"{GOOD.format(name='broken')}\n{fault}\n")
    (package / "b_good.py").write_text(GOOD.format(name="good"))
    adapter_packages.load("their_monitors")
    assert found() == {"found_good"}
    (warning,) = adapter_packages.check_adapters(None)
    assert "their_monitors.a_broken" in warning.msg
