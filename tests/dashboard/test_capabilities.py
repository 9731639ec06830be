"""What a device can, in words: for every driver's device, and for whatever a model may be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.capabilities import capabilities, levels, limits
from miners.drivers.shelly.driver import ShellyPlug
from miners.power import DEVICE_CLASSES, Level, OffBy, PowerModel, identity_json, to_json
from tests.drivers.conftest import bench_of  # noqa: F401
from tests.drivers.devices import DEVICES

CONFIG = ShellyPlug.Config(address="127.0.0.1", auto_off_minutes=None)


@pytest.mark.parametrize("device", [one for one in DEVICES if not one.many_at_once], ids=str)
def test_every_device_there_is_reads_well(bench_of, device):  # noqa: F811
    bench = bench_of(device)
    identity = identity_json(bench.identify(), datetime.now(UTC))
    lines = capabilities(identity, device.adapter, bench.config)
    text = " ".join(f"{line.term} {line.text} {line.more}" for line in lines)
    assert not {"None", "True", "False", "_"} & set(text.replace("_", " _ ").split()), text
    assert all(line.text.endswith((".", "W", "off")) for line in lines), text
    off = next(line for line in lines if line.term == "Switched off by")
    assert off.is_warning is not device.switches_off
    assert all(line.endswith(".") for line in limits(identity))


def model(*watts: float, **changes) -> PowerModel:
    return PowerModel(tuple(Level(f"{one:g}", one) for one in watts), **changes)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (model(1000), "1000 W, on or off"),
        (model(830, 1350), "830 W or 1350 W"),
        (model(830, 1350, 1660), "830 W, 1350 W or 1660 W"),
        (model(800, 3200, step_w=50), "any power from 800 W to 3200 W, in steps of 50 W"),
        (model(*range(100, 1700, 100)), "16 levels from 100 W to 1600 W"),
    ],
)
def test_levels_in_words(told, said):
    assert levels(told).replace("\u202f", " ") == said


models = st.builds(
    model,
    st.floats(1, 100),
    off_survives_power_cut=st.none() | st.booleans(),
    off_by=st.sampled_from(OffBy),
    needs_pool=st.booleans(),
    device_class=st.sampled_from([*DEVICE_CLASSES, "unheard of"]),
)


@given(models, st.booleans())
def test_what_a_person_should_be_wary_of_is_a_warning(told, has_plug):
    lines = {line.term: line for line in capabilities({"power": to_json(told)}, ShellyPlug, CONFIG, has_plug=has_plug)}
    assert lines["After a power cut"].is_warning is (told.off_survives_power_cut is not True)
    assert lines["Switched off by"].is_warning is (told.off_by is OffBy.PLUG and not has_plug)
    assert lines["If this program is gone"].is_warning
    assert ("Pool" in lines) is told.needs_pool


def test_the_minutes_of_an_upstream_plug_are_named():
    told = model(1000.0)
    words = "the plug’s own timer switches it off within 45 min"
    lines = capabilities({"power": to_json(told)}, ShellyPlug, CONFIG, has_plug=True, plug_dead_man=words)
    (line,) = [one for one in lines if one.term == "If this program is gone"]
    assert (line.text, line.is_warning) == (f"upstream, {words}.", False)


@pytest.mark.parametrize("identity", [{}, {"power": None}, {"power": {"levels": []}}, {"limits": "no list"}])
def test_what_was_never_told_is_not_invented(identity):
    assert capabilities(identity, ShellyPlug, CONFIG) == []
    assert limits(identity) == []
