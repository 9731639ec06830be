"""What all drivers on a web API share: careful reading, one connection, tokens that stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import BadAnswer, NotFound, Refused, Unauthorized, Unreachable
from miners.power import PowerSource
from miners.protocols.json_answer import Part, celsius
from miners.protocols.json_http import RestDevice
from miners.state import MinerStatus
from miners.status.device_report import Seen, snapshot_of
from miners.status.inference import Word
from tests.servers.process import soon

WHAT = "The miner at 192.168.1.2"
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_path = st.lists(st.sampled_from(["a", "b", "c", 0, 1]), min_size=1, max_size=4)


@given(document=_json, path=_path)
def test_any_answer_is_a_value_none_or_a_clear_error(document, path):
    for read in ("number", "watts", "text", "flag", "parts"):
        try:
            value = getattr(Part(document, WHAT), read)(*path)
        except BadAnswer as error:
            assert str(error).endswith((".", "?"))  # noqa: PT017 (either outcome is right)
            assert str(error).isprintable()  # noqa: PT017
        else:
            kinds = {"number": float, "watts": float, "text": str, "flag": bool, "parts": list}
            assert value is None or isinstance(value, kinds[read])


def test_missing_is_none_and_zero_is_zero():
    part = Part({"a": {"watt": 0}, "b": None}, WHAT)
    assert part.watts("a", "watt") == 0
    assert part.watts("b", "watt") is None
    assert part.watts("c", "watt") is None


@pytest.mark.parametrize("watts", [-1, 60_000, "much", True, [], {}])
def test_watts_that_cannot_be_are_an_error(watts):
    with pytest.raises(BadAnswer):
        Part({"watt": watts}, WHAT).watts("watt")


def test_a_sensor_beyond_reason_is_a_missing_sensor():
    assert celsius(Part({"t": -273}, WHAT), "t") is None
    assert celsius(Part({"t": 63.5}, WHAT), "t") == 63.5


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, b"", Unauthorized, "password"),
        (404, b"", NotFound, "404"),
        (412, {"message": "BOSminer is not running"}, Refused, "BOSminer is not running"),
        (400, {"err": "bad \x07 request"}, Refused, "bad ? request"),
        (503, b"", Unreachable, "not ready"),
        (500, b"oops", BadAnswer, "500"),
        (418, {"error": ["odd"]}, BadAnswer, "418"),
    ],
)
def test_what_a_status_means(stub, status, body, error, said):
    server = stub(lambda request, wire: wire.answer(status, body))
    with RestDevice(server.url.removeprefix("http://"), soon()) as device:
        for ask in (device.get, lambda path: device.tell("POST", path)):
            with pytest.raises(error, match=said.replace("?", r"\?")) as caught:
                ask("x")
            assert str(caught.value).endswith(".") or "?" in str(caught.value)


def test_all_requests_of_a_call_share_one_deadline(stub, monkeypatch):
    server = stub(lambda request, wire: wire.answer(401 if len(server.requests) == 1 else 200, {}))
    deadline = soon()
    with RestDevice(server.url.removeprefix("http://"), deadline, login=lambda device: "a token") as device:
        asked, request = [], device._http.request
        monkeypatch.setattr(
            device._http, "request", lambda *args, **how: asked.append(how["deadline"]) or request(*args, **how)
        )
        device.get("x")
        device.tell("POST", "x")
    assert asked == [deadline] * 3  # refused, with a token, and the second one


def test_a_token_that_would_break_the_request_is_an_error(stub):
    server = stub(lambda request, wire: wire.answer(401 if request.path != "/login" else 200, {"token": "a\r\nX: b"}))

    def login(device):
        return device.plain("POST", "login")["token"]

    with (
        RestDevice(server.url.removeprefix("http://"), soon(), login=login) as device,
        pytest.raises(BadAnswer),
    ):
        device.get("x")


_watts = st.none() | st.floats(0, 5000)
_rates = st.none() | st.floats(0, 200)


@given(word=st.sampled_from(Word), power_w=_watts, rate=_rates, level_w=st.floats(400, 4000), flags=st.integers(0, 7))
def test_never_off_while_watts_or_hash_rate_show_work(word, power_w, rate, level_w, flags):
    seen = Seen(word, power_w, level_w, 30.0, rate, bool(flags & 1), bool(flags & 2), bool(flags & 4))
    snapshot = snapshot_of(seen, name="The miner")
    if snapshot.status is MinerStatus.OFF:
        assert word is Word.OFF
        assert (power_w is not None and power_w < 0.25 * level_w) or (power_w is None and rate is not None and rate < 1)
    if snapshot.status is MinerStatus.HEATING and power_w is None:
        assert rate
    assert snapshot.power_is_measured == (snapshot.power_source is PowerSource.FIRMWARE)
    assert (snapshot.power_w is None) == (snapshot.power_source is PowerSource.NONE)
