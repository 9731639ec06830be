"""The plug upstream of a miner: what it is to the miner and what it says; `miners.status.evidence` weighs it. Pure."""

from __future__ import annotations

from miners.power import OffBy, PowerModel
from miners.state import MinerSnapshot, MinerStatus

#: Less than this is a meter's own error (W).
NOTHING_BELOW_W = 5.0


def is_switch(model: PowerModel) -> bool:
    """The device has no off of its own: its upstream plug is its switch."""
    return model.off_by is OffBy.PLUG


def is_metered(plug: MinerSnapshot) -> bool:
    """Its meter says something of now."""
    return plug.power_is_measured and plug.power_w is not None


def is_off(plug: MinerSnapshot | None) -> bool:
    """The plug says so, and its meter (where it has one) shows no more than its error."""
    if plug is None or plug.status is not MinerStatus.OFF:
        return False
    return not is_metered(plug) or plug.power_w < NOTHING_BELOW_W


def says_off(plug: MinerSnapshot | None) -> bool:
    """The plug itself says so, confirmed by its meter or not: only an “on” brings current."""
    return is_off(plug) or (plug is not None and plug.status is MinerStatus.UNCONFIRMED)


def carries_nothing(plug: MinerSnapshot | None) -> bool:
    """Its meter shows that nothing flows, on or off."""
    return plug is not None and is_metered(plug) and plug.power_w < NOTHING_BELOW_W
