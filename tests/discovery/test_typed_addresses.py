"""What a person typed: every address in it is looked at once, nothing outside the home ever."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.registry import Adapter
from miners.discovery.scan import drivers, fitting, usual_ports
from miners.discovery.typed_addresses import MOST_HOSTS, NotAPlace, Target, targets
from miners.protocols.address import is_private


@pytest.mark.parametrize(
    ("typed", "addresses"),
    [
        ("192.168.1.40", ["192.168.1.40"]),
        (" 192.168.1.40,\n10.0.0.7 ; 10.0.0.7", ["192.168.1.40", "10.0.0.7"]),
        ("192.168.1.40:4029", ["192.168.1.40:4029"]),
        ("Avalon.local miner-2 AVALON.local", ["avalon.local", "miner-2"]),
        ("192.168.1.40-42", ["192.168.1.40", "192.168.1.41", "192.168.1.42"]),
        ("192.168.1.40 – 41", ["192.168.1.40", "192.168.1.41"]),
        ("192.168.1.255-192.168.2.0", ["192.168.1.255", "192.168.2.0"]),
        ("127.0.9.0/30", ["127.0.9.1", "127.0.9.2"]),
        ("127.0.9.2/30", ["127.0.9.1", "127.0.9.2"]),
        ("127.0.9.2/31", ["127.0.9.2", "127.0.9.3"]),
        ("127.0.9.2/32", ["127.0.9.2"]),
        ("http://192.168.1.40/", ["192.168.1.40"]),
        ("https://root:secret@Miner.local:8080/#/settings?tab=1, 10.0.0.7/status", ["miner.local:8080", "10.0.0.7"]),
        ("192.168.1.0/", ["192.168.1.0"]),
        ("http://[fd00::1]:80/cgi-bin/x.cgi", ["[fd00::1]:80"]),
        ("fd00::1", ["fd00::1"]),
        ("[fd00:0::1]:80", ["[fd00::1]:80"]),
        ("fd00::8/126", ["fd00::8", "fd00::9", "fd00::a", "fd00::b"]),
    ],
)
def test_what_is_a_place(typed, addresses):
    assert [target.address for target in targets(typed)] == addresses


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Type where to look"),
        (" , ;\n", "Type where to look"),
        ("8.8.8.8", "‘8.8.8.8’ is not in this home’s network"),
        ("192.168.1.40 2001:4860::8888", "‘2001:4860::8888’ is not in this home’s network"),
        ("8.8.8.0/24", "‘8.8.8.0/24’ is not in this home’s network"),
        ("172.31.255.250-172.32.0.5", "172.32.0.0 is none of its addresses"),
        ("10.0.0.0/8", "‘10.0.0.0/8’ is 16777214 addresses. At most 1024"),
        ("fd00::/64", "At most 1024"),
        ("10.0.0.0/22 10.1.0.0/29", "more than 1024 addresses"),
        ("192.168.1.60-40", "ends before it begins"),
        ("192.168.1.40-400", "no range of addresses"),
        ("192.168.1.0/33", "no subnet"),
        ("http://8.8.8.8/", "not in this home’s network"),
        ("http://", "is no address"),
        ("192.168.1.400", "‘192.168.1.400’ is no address"),
        ("192.168.1.40:99999", "is no address"),
        ("192.168.1.40:٨٠", "is no address"),
        ("0.0.0.0", "not in this home’s network"),
        ("224.0.0.1", "not in this home’s network"),
        ("a b$c", "‘b$c’ is no address"),
        ("x" * 20_001, "too much text"),
    ],
)
def test_what_is_none_is_said_with_its_value(typed, said):
    with pytest.raises(NotAPlace) as refused:
        targets(typed)
    assert said in str(refused.value)
    assert str(refused.value).endswith(".")


@given(st.text(max_size=60) | st.text("0123456789./-:, af", max_size=40))
def test_whatever_is_typed_is_a_few_private_places_or_a_sentence(typed):
    try:
        found = targets(typed)
    except NotAPlace:
        return  # with which sentence, the test above says
    assert 0 < len(found) <= MOST_HOSTS
    assert len(set(found)) == len(found)
    for target in found:
        assert Target.of(target.address) == target
        try:
            ip = ipaddress.ip_address(target.host)
        except ValueError:
            continue  # a name: what it leads to is judged when it is resolved
        assert is_private(str(ip))


private = st.ip_addresses(v=4).map(lambda ip: ipaddress.IPv4Address(int(ip) & 0x00FFFFFF | 10 << 24))


@given(private, st.integers(22, 32))
def test_a_subnet_is_its_hosts(ip, length):
    net = ipaddress.ip_network(f"{ip}/{length}", strict=False)
    assert [target.host for target in targets(f"{ip}/{length}")] == [str(host) for host in net.hosts()]


@given(private, st.integers(0, 300))
def test_a_range_holds_both_ends_and_all_between(low, more):
    high = ipaddress.IPv4Address(min(int(low) + more, int(ipaddress.IPv4Address("10.255.255.255"))))
    found = [int(ipaddress.IPv4Address(target.host)) for target in targets(f"{low}-{high}")]
    assert found == list(range(int(low), int(high) + 1))


@st.composite
def some_drivers(draw):
    def one(number: int) -> type[Adapter]:
        ports = tuple(draw(st.sets(st.sampled_from([80, 443, 4028, 4433]), min_size=1, max_size=3)))
        return type(f"Driver{number}", (Adapter,), {"usual_ports": ports, "is_generalist": draw(st.booleans())})

    return [one(number) for number in range(draw(st.integers(0, 6)))]


@given(some_drivers(), st.sets(st.sampled_from([80, 443, 4028, 4433, 9999])) | st.none())
def test_every_driver_that_fits_is_asked_once_and_generalists_last(adapters, ports):
    chosen = list(fitting(adapters, ports))
    asked = [adapter for _, adapter in chosen]
    wanted = [one for one in adapters if ports is None or set(one.usual_ports) & ports]
    assert sorted(map(id, asked)) == sorted(map(id, wanted))
    assert [one.is_generalist for one in asked] == sorted(one.is_generalist for one in asked)
    for port, adapter in chosen:
        assert port in adapter.usual_ports
        assert ports is None or port in ports


def test_the_drivers_there_are():
    keys = [adapter.key for adapter in drivers()]
    assert {"axeos", "avalon", "luxos", "braiins", "vnish", "heater_21energy", "shelly_plug"} <= set(keys)
    assert not {"dummy", "simulated", "home_assistant_switch"} & set(keys)
    assert "asic_rs" not in keys[:-1]
    assert {80, 4028} <= set(usual_ports(drivers()))
