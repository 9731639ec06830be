"""The solar roof: irradiance on the panels to watts at the inverter's AC side."""

from __future__ import annotations

from dataclasses import dataclass

from .values import check_range


@dataclass(frozen=True, slots=True)
class PvSpec:
    """A roof. Watts at standard test conditions, degrees (azimuth clockwise from north)."""

    peak_w: float
    inverter_w: float
    tilt_degrees: float = 40.0
    azimuth_degrees: float = 180.0
    efficiency: float = 0.88  # cables, inverter, dirt, mismatch
    per_kelvin: float = -0.0038  # power lost per K of cell above 25 degrees C

    def __post_init__(self) -> None:
        check_range("pv.peak_w", self.peak_w, 0, 1e7)
        check_range("pv.inverter_w", self.inverter_w, 0, 1e7)
        check_range("pv.tilt_degrees", self.tilt_degrees, 0, 90)
        check_range("pv.azimuth_degrees", self.azimuth_degrees, 0, 360)
        check_range("pv.efficiency", self.efficiency, 0, 1)
        check_range("pv.per_kelvin", self.per_kelvin, -0.02, 0)


def pv_power_w(spec: PvSpec, plane_w_m2: float, outdoor_celsius: float) -> float:
    """AC power. Cells stand 0.031 K per W/m2 above the air (NOCT 45 degrees C, IEC 61215)."""
    cell_celsius = outdoor_celsius + 0.031 * plane_w_m2
    relative = 1 + spec.per_kelvin * (cell_celsius - 25)
    power_w = spec.peak_w * plane_w_m2 / 1000 * spec.efficiency * relative
    return min(spec.inverter_w, max(0.0, power_w))
