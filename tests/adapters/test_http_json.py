"""The `http_json` climate monitor: answers as devices really give them, and every fault of a web server."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from climate.models import ClimateMonitor
from climate.monitors.http_json.monitor import HttpJsonClimateMonitor
from climate.state import ClimateReading
from integrations.errors import BadAnswer, NotFound, Unauthorized, Unreachable
from integrations.probe import probe
from tests.servers.process import soon

from .faults import (
    CONTENT,
    EXCHANGE,
    Fault,
    banned,
    broken,
    gateway,
    infinite,
    not_a_number,
    starting,
    wrong_rows,
    wrong_shape,
    wrong_token,
)

#: Shelly Plus H&T, `Shelly.GetStatus`, shortened (a published capture).
SHELLY = (
    b'{"ble":{},"devicepower:0":{"id":0,"battery":{"V":0.43,"percent":0},"external":{"present":true}},'
    b'"humidity:0":{"id":0,"rh":42.2},"sys":{"mac":"B8D61A8B17CC","restart_required":false,"time":null,'
    b'"unixtime":null,"uptime":3},"temperature:0":{"id":0,"tC":19.8,"tF":67.6}}'
)
#: Shelly Plus add-on, `Temperature.GetStatus?id=100`: the shape of the component's documentation.
SHELLY_PROBE = b'{"id":100,"tC":21.4,"tF":70.5}'
#: ESPHome, `/sensor/Outside Temperature` (its documentation of the web API).
ESPHOME = '{"id":"sensor/Outside Temperature","state":"19.8 °C","value":19.76666}'.encode()
#: Tasmota, `/cm?cmnd=Status 8` (its documentation; several sensors share one answer).
TASMOTA = (
    b'{"StatusSNS":{"Time":"2019-12-18T10:13:38","Flora-6ab577":{"Temperature":21.7,"Illuminance":21,"Humidity":0,'
    b'"Fertility":0},"MJ_HT_V1-3108be":{"Temperature":22.3,"Humidity":56.1},"TempUnit":"C"}}'
)


def answering(body: bytes):
    return lambda request, wire: wire.answer(200, body)


def read(url: str, deadline: float | None = None, **config) -> ClimateReading:
    settings = HttpJsonClimateMonitor.Config.model_validate({"url": url, **config})
    return HttpJsonClimateMonitor.read_alone(settings, deadline or soon())


@pytest.mark.parametrize(
    ("body", "where", "config", "reading"),
    [
        (
            SHELLY,
            "/rpc/Shelly.GetStatus",
            {"json_path": "temperature:0.tC", "humidity_path": "humidity:0.rh"},
            ClimateReading(19.8, 42.2),
        ),
        (SHELLY, "/rpc/Shelly.GetStatus", {"json_path": "temperature:0.tF", "unit": "°F"}, ClimateReading(19.778)),
        (SHELLY_PROBE, "/rpc/Temperature.GetStatus?id=100", {"json_path": "tC"}, ClimateReading(21.4)),
        (ESPHOME, "/sensor/Outside%20Temperature", {"json_path": "value"}, ClimateReading(19.76666)),
        (
            TASMOTA,
            "/cm?cmnd=Status%208",
            {
                "json_path": "StatusSNS.MJ_HT_V1-3108be.Temperature",
                "humidity_path": "StatusSNS.MJ_HT_V1-3108be.Humidity",
            },
            ClimateReading(22.3, 56.1),
        ),
        (ESPHOME, "/sensor/Outside%20Temperature", {"json_path": "state"}, ClimateReading(19.8)),
        (b"20.5", "/", {}, ClimateReading(20.5)),
        (b"20,5", "/", {}, ClimateReading(20.5)),
        ("20.5 °C\n".encode(), "/", {}, ClimateReading(20.5)),
        (b"20.5 \xb0C", "/", {}, ClimateReading(20.5)),
        (b'{"t":21.5,"unit":"\xb0C"}', "/", {"json_path": "t"}, ClimateReading(21.5)),
        (b'[{"t":"20.5"}]', "/all", {"json_path": "[0].t"}, ClimateReading(20.5)),
    ],
    ids=[
        "shelly",
        "shelly-fahrenheit",
        "shelly-probe",
        "esphome",
        "tasmota",
        "esphome-state",
        "bare",
        "bare-comma",
        "bare-unit",
        "bare-latin-1",
        "latin-1",
        "list",
    ],
)
def test_reads_what_devices_answer(stub, body, where, config, reading):
    device = stub(answering(body))
    seen = read(device.url + where, **config)
    assert seen.temperature_celsius == pytest.approx(reading.temperature_celsius, abs=0.001)
    assert (seen.humidity_percent, seen.observed_at) == (reading.humidity_percent, None)
    assert [(request.method, request.path) for request in device.requests] == [("GET", where)]


def test_window_and_presence_stand_in_the_same_answer(stub):
    device = stub(answering(b'{"tC":20.5,"window":{"open":true},"pir":"OFF"}'))
    seen = read(device.url, json_path="tC", window_path="window.open", presence_path="pir")
    assert seen == ClimateReading(20.5, window_open=True, is_occupied=False, number=20.5, unit="°C")
    assert len(device.requests) == 1


def test_a_contact_that_does_not_say_takes_nothing_with_it(stub):
    seen = read(stub(answering(b'{"tC":20.5,"window":null}')).url, json_path="tC", window_path="window")
    assert (seen.temperature_celsius, seen.window_open) == (20.5, None)
    assert seen.window_problem.startswith("The sensor at ")
    assert seen.window_problem.endswith(" does not say at present.")


AT = datetime(2026, 11, 22, 15, 53, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", [AT.timestamp(), int(AT.timestamp() * 1000), "2026-11-22T15:53:28Z", "2026-11-22T16:53:28+01:00"]
)
def test_takes_the_time_of_the_answer(stub, written):
    body = json.dumps({"t": 20.5, "at": written}).encode()
    assert read(stub(answering(body)).url, json_path="t", timestamp_path="at").observed_at == AT


@pytest.mark.parametrize("written", ["2026-11-22T15:53:28", "yesterday", None, True, 1e300, [1], "NaN"])
def test_a_time_that_is_none_is_refused(stub, written):
    body = json.dumps({"t": 20.5, "at": written}).encode()
    with pytest.raises(BadAnswer, match="Unix seconds or ISO 8601 with an offset"):
        read(stub(answering(body)).url, json_path="t", timestamp_path="at")


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        (b'{"tC":null}', Unreachable, "has no value at present"),
        (b'{"tC":"19.8 \xc2\xb0C \xc2\xb1 1"}', BadAnswer, "a number is needed"),
        (b'{"tC":"19.8 V"}', BadAnswer, "is in ‘V’; a temperature"),
        (b'{"tC":"1,234,5"}', BadAnswer, "a number is needed"),
        (b'{"tC":true}', BadAnswer, "a number is needed"),
        (b'{"tC":NaN}', BadAnswer, "a finite number is needed"),
        (b'{"tC":1e9}', BadAnswer, "no room has that temperature"),
        (b'{"tF":67.6}', BadAnswer, "has no ‘tC’ (path ‘tC’). There is: tF."),
        (b"[]", BadAnswer, "There is a list there."),
    ],
)
def test_what_is_no_temperature_is_refused(stub, body, error, words):
    with pytest.raises(error) as raised:
        read(stub(answering(body)).url, json_path="tC")
    assert words in str(raised.value)


@pytest.mark.parametrize("humidity", [None, "wet", 180, True])
def test_a_humidity_that_cannot_be_read_does_not_cost_the_temperature(stub, humidity):
    body = json.dumps({"t": 20.5, "h": humidity}).encode()
    assert read(stub(answering(body)).url, json_path="t", humidity_path="h") == ClimateReading(
        20.5, number=20.5, unit="°C"
    )


#: What stands beside the path does not matter: a NaN there costs nothing.
NO_JSON = [one for one in CONTENT if one.word == "JSON" and one.behave not in (not_a_number, infinite)]
OWN = [
    Fault(wrong_shape, BadAnswer, "There is: states"),
    Fault(wrong_rows, BadAnswer, "There is a list"),
    Fault(wrong_token, Unauthorized, "asks for a password"),
    Fault(banned, Unauthorized, "asks for a password"),
    Fault(starting, NotFound, "does not know this address"),
    Fault(broken, BadAnswer, "answered 500"),
    Fault(gateway, Unreachable, "not ready"),
]


@pytest.mark.parametrize("fault", [*EXCHANGE, *NO_JSON, *OWN], ids=str)
def test_every_fault_is_a_clear_error_within_the_deadline(stub, fault):
    device = stub(fault.behave)
    with pytest.raises(fault.error) as raised:
        read(device.url, fault.deadline(), json_path="tC")
    assert fault.word in str(raised.value)
    assert "token=abc" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "this is no address"),
        ("ftp://192.168.1.20/t", "this is no address"),
        ("http://", "this is no address"),
        ("http://host:0/", "this is no address"),
        ("http://host:99999/", "this is no address"),
        ("http://[::1/", "this is no address"),
        ("http://anna:secret@192.168.1.20/t", "leave user and password out"),
        ("http://192.168.1.20/cm?user=admin&password=joker&cmnd=Status", "leave user and password out"),
        ("http://" + "x" * 500, "at most 500"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(url, words):
    with pytest.raises(ValidationError, match=words):
        HttpJsonClimateMonitor.Config.model_validate({"url": url})


def test_read_now_says_what_it_read(stub):
    config = {"url": stub(answering(SHELLY)).url, "json_path": "temperature:0.tC", "humidity_path": "humidity:0.rh"}
    seen = probe(ClimateMonitor(adapter_type="http_json", config=config))
    assert (seen.ok, seen.sentence) == (True, "19.8 °C, 42 % humidity, without a time of its own.")
