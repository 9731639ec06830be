"""`make bench`: what is missing is named and left out, and everything else is measured."""

from __future__ import annotations

import benchmarks.__main__ as bench
from benchmarks.rows import row, where_there
from miners.drivers.asic_rs import driver as asic_rs
from miners.drivers.asic_rs import testing as asic_rs_testing
from tests.drivers import devices
from tests.servers import databases


def test_what_is_not_installed_is_named_and_ends_nothing(monkeypatch, capsys):
    monkeypatch.delenv("CI", raising=False)

    def rows():
        yield row("this", 1.0, "ms", 2.0)
        yield from where_there("that", lambda: [databases.require("no-such-server", "its-package")])
        yield row("what comes after", 3.0, "ms", 2.0)

    monkeypatch.setattr("benchmarks.rules.rows", rows)
    assert bench.main(["rules"]) == 1  # one is short
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in said if "≤" in line] == ["ok", "short"]
    assert "that" in said[1]
    assert "not measured: no-such-server is missing: apt-get install its-package" in said[1]


def test_without_pyasic_rs_the_other_drivers_are_measured(monkeypatch):
    from benchmarks import drivers

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(drivers, "READS", 1)
    monkeypatch.setattr(asic_rs_testing, "is_installed", lambda: False)
    monkeypatch.setattr(asic_rs, "is_installed", lambda: False)
    found = {one.name: one for one in drivers._read_rows()}
    absent = [name for name, one in found.items() if one.value is None]
    assert absent == ["read of asic-rs-epic (median)"]
    assert "pip install -r requirements-miners.txt" in found[absent[0]].verdict
    assert len(found) == len(devices.DEVICES)
