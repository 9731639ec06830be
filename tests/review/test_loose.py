"""A miner taken out of control stays ours until it was seen off (design.md §5.8)."""

import pytest

from optimization.services import disable_unit


@pytest.mark.parametrize("trouble", ["silent", "lies"])
def test_disabling_a_unit_goes_on_trying_until_its_miner_is_seen_off(bench_home, trouble):
    bench_home.go(2)
    assert bench_home.plug.on
    if trouble == "silent":
        bench_home.plug.reachable = False
    else:
        bench_home.plug.obeys = False
    disable_unit(bench_home.unit, seconds=0)
    bench_home.go(10)
    assert bench_home.open_alarms == ["cannot_switch_off" if trouble == "silent" else "off_not_confirmed"]
    bench_home.plug.reachable = bench_home.plug.obeys = True
    bench_home.go(5)
    assert not bench_home.plug.on
    assert bench_home.open_alarms == []


def test_once_seen_off_it_is_its_owners_business(bench_home):
    bench_home.go(2)
    disable_unit(bench_home.unit, seconds=0)
    bench_home.go(2)
    bench_home.plug.on, bench_home.plug.power_w = True, 900.0
    bench_home.go(3)
    assert bench_home.plug.on
