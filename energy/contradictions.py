"""Energy values that cannot all be true, and what surplus is left of them. Pure.

What comes in (production, import, discharge) is what goes out (consumption, export, charging). Where the meters say
otherwise by more than a margin, one of them is wrong, inverted or measures something else. Which one is not known, so
the lower surplus counts at once, and after some minutes it is told. After dark the sun gives nothing: a “production”
then is the battery's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sites import remembered
from sites.figures import negative_watts

from .state import EnergySnapshot

#: By so much meters that agree may differ (W, share of the largest flow): losses of inverters, readings some seconds
#: apart. And by so much of the miners' watts, where they are calculated, not measured with the home.
MARGIN_W, MARGIN_SHARE, MINERS_SHARE = 150.0, 0.15, 0.25
#: A consumption that is so negative is no skew of its parts (W, share of the largest flow).
NEGATIVE_W, NEGATIVE_SHARE = 500.0, 0.3
#: An inverter in the dark shows some watts (W, share of its nominal power).
STANDBY_W, STANDBY_SHARE = 100.0, 0.02
#: So long values must contradict each other before it is told, and agree before it is over.
PATIENCE = timedelta(minutes=5)


class Contradiction(NamedTuple):
    """A kind (“dark”, “balance”, “negative”; empty: none) and a sentence that names the sensors."""

    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Flows:
    """What flows in a home by its meters (W; grid + = import, battery + = charging); None: unknown.

    `consumption_w` as its meter shows it. `is_dark`: by the sun, no panel gives anything.
    """

    production_w: float | None
    consumption_w: float | None
    consumption_includes_miners: bool
    grid_w: float | None
    battery_w: float | None
    has_grid: bool
    has_battery: bool
    own_miners_w: float
    other_miners_w: float
    is_dark: bool
    nominal_power_w: float | None
    is_real: bool

    @property
    def miners_w(self) -> float:
        return self.own_miners_w + self.other_miners_w

    @property
    def household_w(self) -> float | None:
        """What the home takes without its miners."""
        if self.consumption_w is None:
            return None
        return max(0.0, self.consumption_w - (self.miners_w if self.consumption_includes_miners else 0.0))

    @property
    def is_impossible_sun(self) -> bool:
        if not self.is_dark or self.production_w is None:
            return False
        return self.production_w > max(STANDBY_W, STANDBY_SHARE * (self.nominal_power_w or 0.0))

    @property
    def residual_w(self) -> float | None:
        """What comes in less what goes out; None where a part of it is unknown."""
        if self.production_w is None or self.consumption_w is None or self._bought_w is None:
            return None
        total = self.consumption_w + (0.0 if self.consumption_includes_miners else self.miners_w)
        return self.production_w + self._bought_w - max(0.0, total)

    @property
    def margin_w(self) -> float:
        unmeasured = 0.0 if self.consumption_includes_miners else MINERS_SHARE * self.miners_w
        return max(MARGIN_W, MARGIN_SHARE * self._largest_w) + unmeasured

    @property
    def is_negative(self) -> bool:
        if self.consumption_w is None:
            return False
        return self.consumption_w < -max(NEGATIVE_W, NEGATIVE_SHARE * self._largest_w)

    @property
    def _largest_w(self) -> float:
        flows = (self.production_w, self.consumption_w, self.grid_w, self.battery_w, self.miners_w)
        return max(abs(flow) for flow in flows if flow is not None)

    @property
    def _bought_w(self) -> float | None:
        """What comes from the grid and the battery together."""
        grid = self.grid_w if self.has_grid else 0.0
        battery = self.battery_w if self.has_battery else 0.0
        return None if grid is None or battery is None else grid - battery

    def surplus_w(self, *, is_doubted: bool = False) -> float | None:
        """From production and household, or from the meters at grid and battery; the lower where they contradict.

        None: nobody knows.
        """
        sun = self._sun_w
        calculated = None if sun is None or self.household_w is None else sun - self.household_w - self.other_miners_w
        # A home off the grid may have more sun than its meters show, so they alone say nothing there.
        is_metered = self._bought_w is not None and (self.has_grid or calculated is not None)
        metered = self.own_miners_w - self._bought_w if is_metered else None
        known = [one for one in (calculated, metered) if one is not None]
        if not known:
            return None
        if self.is_dark:
            return min([*known, -(self.household_w or 0.0) - self.other_miners_w])
        if len(known) == 2 and abs(calculated - metered) <= self.margin_w and not is_doubted:
            return calculated
        if is_doubted and calculated is not None and self.is_negative:
            known.append(calculated + self.consumption_w)  # its sign may be inverted
        return min(known)

    @property
    def _sun_w(self) -> float | None:
        return 0.0 if self.is_dark and (self.production_w is None or self.is_impossible_sun) else self.production_w


def find(flows: Flows, snapshot: EnergySnapshot) -> Contradiction:
    """What contradicts itself at this moment, the clearest first."""
    name = snapshot.name_of
    if flows.is_impossible_sun:
        text = f"{_start(name('production_w'))} shows {flows.production_w:.0f} W although the sun is down"
        gives = flows.battery_w is not None and flows.battery_w < -MARGIN_W
        other = f"what {name('battery_w')} gives" if gives else "a battery or the grid"
        return Contradiction("dark", f"{text}. It seems to count {other}: choose the sensor of the panels alone.")
    residual = flows.residual_w
    if residual is not None and not flows.is_real and flows.miners_w:
        # Typed values know nothing of the miners.
        residual = min(residual, residual + flows.miners_w, key=abs)
    if residual is not None and abs(residual) > flows.margin_w:
        return Contradiction("balance", f"{_sides(flows, snapshot)} {_likely(flows, residual, snapshot)}".strip())
    if flows.is_negative:
        text = f"{_start(name('household_w'))} shows {negative_watts(flows.consumption_w)}."
        advice = "Consumption cannot be negative. If it shows consumption as negative, say so in its settings."
        return Contradiction("negative", f"{text} {advice}")
    return Contradiction()


def _sides(flows: Flows, snapshot: EnergySnapshot) -> str:
    """“‘sensor.pv’ and ‘sensor.grid’ bring 3000 W, but …”."""
    signed = {
        "production_w": flows.production_w,
        "grid_w": flows.grid_w or 0.0,
        "battery_w": -(flows.battery_w or 0.0),
        "household_w": -max(0.0, flows.consumption_w or 0.0),
    }
    come = [f"{snapshot.name_of(part)} {watts:.0f} W" for part, watts in signed.items() if round(watts) > 0]
    go = [f"{snapshot.name_of(part)} {-watts:.0f} W" for part, watts in signed.items() if round(watts) < 0]
    if flows.miners_w and not flows.consumption_includes_miners:
        go.append(f"the miners {flows.miners_w:.0f} W")
    incoming, outgoing = ", ".join(come) or "nothing", ", ".join(go) or "nothing"
    return f"Incoming power ({incoming}) does not match outgoing power ({outgoing})."


def _likely(flows: Flows, residual: float, snapshot: EnergySnapshot) -> str:
    """The one mistake that would explain it, if any does."""
    name, battery, grid = snapshot.name_of, flows.battery_w or 0.0, flows.grid_w or 0.0
    miners = flows.miners_w if flows.consumption_includes_miners else -flows.miners_w
    guesses = (
        (-battery if battery < 0 else 0.0, f"{name('production_w')} counted what {name('battery_w')} gives"),
        (-2 * battery, f"the sign of {name('battery_w')} were inverted"),
        (2 * grid, f"the sign of {name('grid_w')} were inverted"),
        (miners, f"{name('household_w')} {'did not count' if miners > 0 else 'counted'} the miners"),
    )  # fmt: skip
    for explains, words in guesses:
        if abs(explains) > MARGIN_W and abs(residual - explains) <= flows.margin_w:
            return f"It looks as if {words}."
    return "A sensor is wrong, or something takes or gives power that no sensor here measures."


def follow(before: Mapping[str, Any], found: Contradiction, now: datetime) -> tuple[dict[str, Any], str]:
    """What to remember of one source, and the sentence to tell while values contradict each other for some minutes.

    The sentence stays as it was when it was told first. `since`, `agree_since` (ISO), `kind`, `text`, `told`.
    """
    told = before.get("told") is True and isinstance(before.get("text"), str)
    if not found.kind and not told:
        return {}, ""
    if found.kind and found.kind != before.get("kind") and not told:
        before = {}
    if told and (not found.kind or found.kind != before.get("kind")):
        agree_since = remembered.past(before.get("agree_since"), now) or now
        if now - agree_since >= PATIENCE:
            return follow({}, found, now)
        return {**before, "agree_since": agree_since.isoformat()}, before["text"]
    since = remembered.past(before.get("since"), now) or now
    told = told or now - since >= PATIENCE
    text = before["text"] if before.get("told") else found.text
    return {"kind": found.kind, "since": since.isoformat(), "text": text, "told": told}, text if told else ""


def _start(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
