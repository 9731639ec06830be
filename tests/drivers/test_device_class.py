"""How long a machine runs and rests and how often it may start follows from its kind, until somebody says otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miners.models import Miner
from miners.power import DEVICE_CLASSES, followed
from miners.services import identify
from tests import factories

from .devices import DEVICES
from .test_identify import controller_of

BY_NAME = {device.name: device for device in DEVICES}
TIMES = ("min_on_seconds", "min_off_seconds", "max_starts_per_hour", "max_starts_per_day")


def times_of(miner: Miner) -> tuple[int, ...]:
    miner.refresh_from_db()
    return tuple(getattr(miner, name) for name in TIMES)


@pytest.mark.parametrize(
    ("device", "expected"),
    [("avalon-q", (1200, 600, 2, 8)), ("luxos", (1800, 600, 2, 8)), ("axeos", (120, 60, 12, 96))],
)
@pytest.mark.django_db
def test_a_miner_takes_what_its_device_says_it_is(bench_of, device, expected):
    controller = controller_of(bench_of(BY_NAME[device]))
    miner = factories.miner(controller.site, controller=controller)
    found = identify(controller, by="Ada")
    assert times_of(miner) == expected
    assert (miner.device_class, miner.ramp_seconds) == (found.power.device_class, found.power.ramp_seconds)
    assert miner.nominal_power_w == 1000  # a person typed it


@pytest.mark.django_db
def test_what_a_person_chose_stays(bench_of):
    controller = controller_of(bench_of(BY_NAME["avalon-q"]))
    miner = factories.miner(controller.site, controller=controller, min_on_seconds=900, max_starts_per_day=12)
    identify(controller, by="Ada")
    assert times_of(miner) == (900, 600, 2, 12)


@pytest.mark.django_db
def test_a_new_miner_on_a_known_device_has_its_power_and_times(bench_of):
    controller = controller_of(bench_of(BY_NAME["avalon-q"]))
    identify(controller, by="Ada")
    miner = Miner(site=controller.site, name="Avalon", controller=controller, heats_no_room=True)
    miner.full_clean(exclude=["slug"])
    miner.save()
    assert times_of(miner) == (1200, 600, 2, 8)
    assert miner.nominal_power_w == 1660


@pytest.mark.django_db
def test_another_kind_chosen_by_hand_brings_its_times():
    miner = factories.miner(factories.site(), heats_no_room=True)
    miner.device_class = "antminer"
    miner.full_clean()
    miner.save()
    assert times_of(miner) == (1800, 600, 2, 8)
    miner.device_class = "plain"
    miner.full_clean()
    miner.save()
    assert times_of(miner) == (600, 600, 3, 40)


_CLASSES = st.sampled_from(["", *DEVICE_CLASSES])
_VALUES = st.fixed_dictionaries({name: st.integers(0, 2000) for name in TIMES})


@given(values=_VALUES, before=_CLASSES, after=_CLASSES)
def test_only_what_nobody_changed_follows(values, before, after):
    old, new = (DEVICE_CLASSES[key or "plain"] for key in (before, after))
    found = followed(values, before, after)
    for name, value in values.items():
        assert found.get(name, value) == (getattr(new, name) if value == getattr(old, name) else value)
