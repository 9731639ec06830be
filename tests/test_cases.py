"""The inputs that were handed over with their right outcome are replayed byte for byte, each by some test."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
#: As they were handed over: file and the beginning of its SHA-256. Nobody edits them; another input is a new file.
CASES = {
    "adapters/cases/hybrid_production_is_battery.json": "39c219ad9ca7",
    "adapters/cases/latin1.json": "5b01cc28f1ee",
    "adapters/cases/mqtt_other_message_on_the_topic.jsonl": "039be0766f21",
    "adapters/cases/negative_consumption.json": "0fddba2264fd",
    "adapters/cases/numbers_with_units.txt": "48215cde2545",
    "adapters/cases/slow_battery_sensor.json": "3df0fe9c3f34",
    "adapters/cases/two_positive_meters.json": "f1c7691a5909",
    "drivers/cases/avalon_a1246.json": "0491f2b2b8d2",
    "drivers/cases/avalon_nano3_first_generation.json": "e23ab1a0a415",
    "drivers/cases/avalon_nano3_first_generation_estats.txt": "b910909c6ec6",
    "drivers/cases/axeos_paused_overheat_flag.json": "ddbfeb9158a9",
    "drivers/cases/axeos_pools_lost.json": "d6ba82f91d8b",
    "drivers/cases/axeos_sv2_unreachable.json": "b9727ef10a2c",
    "drivers/cases/axeos_v2_4_5_no_asic_route.json": "7a2c237a3570",
    "drivers/cases/nerdqaxe_overheated.json": "0433d88ceb64",
    "drivers/cases/vnish_miner_null.json": "07096c16b5e3",
    "drivers/cases/whatsminer_m20s_v1.json": "111a5a19d417",
    "passes/cases/plug_meter_stuck_after_off.json": "51d56818a7e9",
    "passes/cases/temperature_falls_impossibly.json": "784a72f594cd",
}


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_as_it_was_handed_over(case):
    assert hashlib.sha256((TESTS / case).read_bytes()).hexdigest().startswith(CASES[case])


def test_every_case_is_replayed_by_a_test():
    sources = [file.read_text() for file in TESTS.rglob("*.py") if file.name != "test_cases.py"]
    found = {str(file.relative_to(TESTS)) for file in TESTS.rglob("cases/*")}
    assert found == set(CASES)
    assert [case for case in CASES if not any(Path(case).name in source for source in sources)] == []
