"""Every kind of device that a driver's folder brings for the contract suites, in its module `testing`."""

from __future__ import annotations

from integrations.registry import Kind
from tests.adapters.testing_modules import found

from .device import Bench, Device, seconds_for

__all__ = ["DEVICES", "Bench", "Device", "seconds_for"]

DEVICES: list[Device] = [device for module in found(Kind.MINER_CONTROLLER) for device in getattr(module, "DEVICES", ())]
