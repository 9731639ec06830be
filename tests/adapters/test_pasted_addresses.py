"""An address works as it was copied from a browser or another program, wherever one is entered."""

from __future__ import annotations

import pytest

from climate.monitors.http_json.monitor import HttpJsonClimateMonitor
from integrations.connections.home_assistant_address import without_page
from integrations.models import MqttBroker
from miners.drivers.avalon.driver import AvalonMiner
from miners.earnings.hash_price.mempool import MempoolHashPrice


@pytest.mark.parametrize(
    ("pasted", "broker"),
    [
        ("192.168.1.5", ("192.168.1.5", 1883, False)),
        ("192.168.1.5:1884", ("192.168.1.5", 1884, False)),
        ("mqtt://core-mosquitto:1884/", ("core-mosquitto", 1884, False)),
        ("MQTTS://Home.Local:8883", ("home.local", 8883, True)),
        ("http://homeassistant.local:8123/lovelace/0", ("homeassistant.local", 1883, False)),
        ("fd00::5", ("fd00::5", 1883, False)),
        ("[fd00::5]:1884", ("fd00::5", 1884, False)),
    ],
)
def test_a_broker(pasted, broker):
    row = MqttBroker(host=pasted)
    row.clean_fields(exclude=["site"])
    assert (row.host, row.port, row.tls) == broker


@pytest.mark.parametrize(
    ("pasted", "stored"),
    [
        ("ha.local", "http://ha.local:8123"),
        ("ha.local:8124/lovelace", "http://ha.local:8124"),
        ("ha.local:8123", "http://ha.local:8123"),
        (" http://ha.local:8123/lovelace/0 ", "http://ha.local:8123"),
        ("https://example.org/ha", "https://example.org/ha"),
    ],
)
def test_a_home_assistant(pasted, stored):
    assert without_page(pasted) == stored


def test_a_sensor_a_server_and_a_miner():
    sensor = HttpJsonClimateMonitor.Config(url="192.168.1.20/rpc/Shelly.GetStatus", json_path="tC")
    assert sensor.url == "http://192.168.1.20/rpc/Shelly.GetStatus"
    for pasted in ("mempool.space", "https://mempool.space/de/mining?x#y"):
        assert MempoolHashPrice.Config(address=pasted).address == "https://mempool.space"
    assert AvalonMiner.Config(address="http://192.168.1.40/#/status").address == "192.168.1.40"
