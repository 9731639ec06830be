"""The demo home: small enough to follow, large enough to show everything.

Numbers (design case: coldest possible night -7 degrees C, see `Climate`):

| room        | floor | UA     | keeps              | heat needed then | miner  |
|-------------|-------|--------|--------------------|------------------|--------|
| living_room | 28 m2 | 45 W/K | 21 degrees C       | 1.29 kW          | 1600 W |
| bedroom     | 14 m2 | 24 W/K | 19 degrees C       | 0.59 kW          | 850 W  |
"""

from __future__ import annotations

from datetime import datetime

from .battery import BatterySpec
from .house import HouseSpec, HouseState, begin
from .household import HouseholdSpec
from .machine import MinerSpec
from .pv import PvSpec
from .sky import Climate
from .thermal import Adjacency, RoomSpec

TURIN = (45.07, 7.69)


def demo_house(seed: int, at: datetime, latitude: float = TURIN[0], longitude: float = TURIN[1]) -> HouseState:
    """The demo home at `at`: both rooms at 16 degrees C, battery at 95 %, winter outside.

    It is winter whatever the calendar says: the sun stays that of 5 February (north) or of 6 August
    (south), the outdoor mean is +1 degree C at any latitude. The walls start 1 K warmer than the air,
    as they are where the heating went out some hours ago.
    """
    spec = demo_spec(seed, latitude, longitude)
    return begin(spec, at, air_celsius=16.0, mass_celsius=17.0, battery_percent=95.0)


def demo_spec(seed: int, latitude: float = TURIN[0], longitude: float = TURIN[1]) -> HouseSpec:
    """What the demo home is made of."""
    south_of_equator = latitude < 0
    to_the_equator = 0.0 if south_of_equator else 180.0
    return HouseSpec(
        seed=seed,
        latitude=latitude,
        longitude=longitude,
        climate=Climate(
            mean_celsius=1.0,
            diurnal_celsius=3.5,
            synoptic_celsius=4.0,
            gust_celsius=0.4,
            mean_cloud=0.5,
            sun_day_of_year=218 if south_of_equator else 36,
        ),
        rooms=(
            _room("living_room", "Living room", 28.0, 45.0, 0.5, 60.0, to_the_equator),
            _room("bedroom", "Bedroom", 14.0, 24.0, 0.2, 30.0, 90.0),
        ),
        adjacency=(Adjacency("living_room", "bedroom", 12.0),),
        miners=(_avalon(), _heater()),
        household=HouseholdSpec(base_w=150.0, activity_w=300.0, appliance_w=2000.0),
        pv=PvSpec(peak_w=7000.0, inverter_w=6000.0, azimuth_degrees=to_the_equator),
        battery=BatterySpec(capacity_wh=10_000.0, charge_w=5000.0, discharge_w=5000.0),
    )


def _room(
    key: str,
    name: str,
    floor_m2: float,
    ua: float,
    aperture_m2: float,
    gain_w: float,
    azimuth: float,
) -> RoomSpec:
    """A room of light construction: 110 kJ/K and 15.5 W/K per m2 of floor (EN ISO 13790).

    The 25 kJ/K per m2 at the air are air (3), furniture (10, EN ISO 52016-1) and wall surfaces.
    """
    return RoomSpec(
        key=key,
        name=name,
        ua_w_per_k=ua,
        air_j_per_k=25e3 * floor_m2,
        mass_j_per_k=110e3 * floor_m2,
        air_mass_w_per_k=15.5 * floor_m2,
        solar_aperture_m2=aperture_m2,
        window_azimuth_degrees=azimuth,
        internal_gain_w=gain_w,
    )


def _avalon() -> MinerSpec:
    """A stepped machine of the Avalon Q kind; back from a power cut it mines, as the real one."""
    return MinerSpec(
        key="avalon",
        name="Avalon",
        room="living_room",
        levels_w=(800.0, 1300.0, 1600.0),
        hash_rates_th_s=(52.0, 80.0, 90.0),
        boot_to_w=400.0,
        slew_up_w_per_s=40.0,
        standby_w=3.0,
        off_survives_power_cut=False,
    )


def _heater() -> MinerSpec:
    """A small heater of the Avalon Mini 3 kind, on a plug that stays off after a power cut."""
    return MinerSpec(
        key="heater",
        name="Heater",
        room="bedroom",
        levels_w=(450.0, 850.0),
        hash_rates_th_s=(25.0, 40.0),
        boot_seconds=90.0,
        boot_from_w=40.0,
        boot_to_w=200.0,
        slew_up_w_per_s=40.0,
        cooldown_seconds=30.0,
        cooldown_w=15.0,
        chip_rise_k_per_w=0.06,
        off_survives_power_cut=True,
    )
