"""A simulated house: rooms, weather, solar, battery and miners as pure functions.

    state = demo_house(seed=1, at=now)
    state = set_power(state, "avalon", 1600)
    state = step(state, until=now + timedelta(minutes=5))
    room(state, "living_room").temperature_celsius

Nothing here knows Django, a clock or a network, and it needs the standard library only.
"""

from .battery import BatterySpec
from .demo import demo_house, demo_spec
from .house import (
    TICK_SECONDS,
    Flows,
    HouseSpec,
    HouseState,
    Meters,
    begin,
    power_cut,
    redated,
    set_occupied,
    set_power,
    set_window,
    step,
)
from .household import HouseholdSpec
from .machine import MinerSpec, MinerState
from .pv import PvSpec
from .readings import (
    EnergyReading,
    MinerReading,
    RoomReading,
    WeatherReading,
    energy,
    miner,
    miners,
    room,
    rooms,
    weather,
)
from .sky import Climate
from .thermal import Adjacency, RoomSpec, RoomState

__all__ = [
    "TICK_SECONDS",
    "Adjacency",
    "BatterySpec",
    "Climate",
    "EnergyReading",
    "Flows",
    "HouseSpec",
    "HouseState",
    "HouseholdSpec",
    "Meters",
    "MinerReading",
    "MinerSpec",
    "MinerState",
    "PvSpec",
    "RoomReading",
    "RoomSpec",
    "RoomState",
    "WeatherReading",
    "begin",
    "demo_house",
    "demo_spec",
    "energy",
    "miner",
    "miners",
    "power_cut",
    "redated",
    "room",
    "rooms",
    "set_occupied",
    "set_power",
    "set_window",
    "step",
    "weather",
]
