"""One value of an answer is nonsense: a sound reading or a clear error, never "off" of a device that heats."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from integrations.errors import AdapterError
from miners.state import MinerStatus
from tests.chance import examples

from .devices import DEVICES, Bench

ODD = [None, "", [], {}, True, False, -1, 0, 1e300, "NaN", "off", "9" * 400]
PAIR = re.compile(r"(\w+)\[([^\[\]]*)\]")


def leaves(value, path=()):
    """The paths of all values that are no object and no list."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for key, one in enumerate(value) for leaf in leaves(one, (*path, key))]
    return [path]


def spoiled(document, pick, odd):
    """The document with one value replaced; in a string of `KEY[value]` one of those."""
    paths = leaves(document)
    if not paths:
        return document
    *where, last = paths[pick % len(paths)]
    place = document
    for key in where:
        place = place[key]
    pairs = list(PAIR.finditer(place[last])) if isinstance(place[last], str) else []
    if len(pairs) > 5:
        hit = pairs[pick // len(paths) % len(pairs)]
        text = place[last]
        place[last] = f"{text[: hit.start(2)]}{odd if odd is not None else ''}{text[hit.end(2) :]}"
    else:
        place[last] = odd
    return document


def tampering(pick, odd):
    """Spoils the JSON in an answer's bytes, HTTP or line; what is no JSON stays."""

    def tamper(raw: bytes) -> bytes:
        head, cut, body = raw.rpartition(b"\r\n\r\n") if raw.startswith(b"HTTP/") else (b"", b"", raw)
        try:
            document = json.loads(body.rstrip(b"\0"))
        except ValueError:
            return raw
        if not isinstance(document, dict | list):
            return raw
        new = json.dumps(spoiled(document, pick, odd)).encode()
        if not cut:
            return new + b"\0"
        head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(new), head)
        return head + cut + new

    return tamper


@pytest.fixture(scope="module", params=[device for device in DEVICES if not device.is_variant], ids=str)
def benches(request):
    """A device that heats, and one that is off (or None when only a plug can do that)."""
    heating, off = Bench(request.param), Bench(request.param) if request.param.switches_off else None
    if off is not None:
        off.write(0)
        off.clock.advance(60)
    yield heating, off
    for bench in (heating, off):
        if bench is not None:
            bench.close()


@given(pick=st.integers(0, 5000), odd=st.sampled_from(ODD))
@examples(30, HealthCheck.function_scoped_fixture)
def test_one_odd_value(benches, pick, odd):
    for bench in filter(None, benches):
        bench.emulator.tamper = tampering(pick, odd)
        try:
            seen = bench.read()
        except AdapterError as error:
            assert str(error).isprintable()  # noqa: PT017 (either outcome is right)
            continue
        finally:
            bench.emulator.tamper = None
        if bench.rig.is_drawing:
            assert seen.status is not MinerStatus.OFF
        else:
            assert seen.status is not MinerStatus.HEATING or (seen.power_w or 0) > 0.2 * bench.full_w
        for field in fields(seen):
            value = getattr(seen, field.name)
            assert not isinstance(value, float) or math.isfinite(value)
        assert len(seen.problem) < 300
        assert seen.problem.isprintable()
