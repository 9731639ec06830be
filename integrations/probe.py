"""“Test connection” and “Read now”: one look at a connection or a device, in plain words, within 5 s.

Works on unsaved rows, too: a form can be tried before it is saved. Nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError as ConfigError

from . import registry
from .ask import call
from .errors import AdapterError, BadAnswer
from .models import AdapterRow, Connection, config_messages
from .registry import Kind, Session
from .tls import told

PROBE_SECONDS = 4.8


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look showed: `sentence` for a person, `values` (JSON-able) of what was read, `code` of the error."""

    ok: bool
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)
    code: str = ""


def probe(row: Connection | AdapterRow) -> Probe:
    """Look at a connection or through an adapter once, at most 5 s. Raises nothing that a device can cause."""
    try:
        look = _look_through(row) if isinstance(row, AdapterRow) else lambda deadline: _look_at(row, deadline)
        # A key of its own: a look never stands in the way of the pass.
        return call(("probe", row.pk), told(look), PROBE_SECONDS, name=f"‘{row}’")
    except AdapterError as error:
        return Probe(False, str(error), code=error.code)


def _look_at(row: Connection, deadline: float) -> Probe:
    session = registry.openers[row.kind](row)
    try:
        return Probe(True, session.check(deadline))
    finally:
        session.close()


def _look_through(row: AdapterRow) -> Callable[[float], Probe]:
    """The look through an adapter. The database is asked here, in the caller's thread; the look itself never does."""
    try:
        row.__dict__.pop("settings", None)  # it may be of the config before
        adapter, config = row.adapter, row.settings
    except LookupError as error:
        raise BadAnswer(f"{str(error.args[0])[:1].upper()}{str(error.args[0])[1:]}.") from None
    except ConfigError as error:
        raise BadAnswer(" ".join(config_messages(error, row.secret_names()))) from None
    connection = row.connection
    if adapter.connection is not None and connection is None:
        raise BadAnswer(f"{adapter.label} needs a connection. Choose one or add one first.")

    def look(deadline: float) -> Probe:
        if connection is None:
            reading = adapter.read_alone(config, deadline)
        else:
            reading = _read_shared(connection, adapter, config, deadline)
        return Probe(True, _SENTENCES[row.adapter_kind](reading), _values(reading))

    return look


def _read_shared(
    connection: Connection,
    adapter: type[registry.Adapter],
    config: registry.AdapterConfig,
    deadline: float,
) -> Any:
    session: Session = registry.openers[connection.kind](connection)
    try:
        return adapter.read(config, session.ask(adapter.wants(config), deadline))
    finally:
        session.close()


def _values(reading: Any) -> dict[str, Any]:
    """The reading's fields as JSON-able values."""
    values = {item.name: getattr(reading, item.name) for item in fields(reading)}
    return {
        name: value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
    }


def _climate_sentence(reading: Any) -> str:
    parts = [f"{reading.temperature_celsius:.1f} °C"]
    if reading.humidity_percent is not None:
        parts.append(f"{reading.humidity_percent:.0f} % humidity")
    if reading.window_open is not None:
        parts.append("window open" if reading.window_open else "window closed")
    if reading.is_occupied is not None:
        parts.append("somebody is there" if reading.is_occupied else "nobody is there")
    problems = (reading.window_problem, reading.presence_problem)
    return " ".join(filter(None, (_sentence(parts, reading.observed_at), *problems)))


def _energy_sentence(reading: Any) -> str:
    grid_w, battery_w = reading.grid_w or 0.0, reading.battery_w or 0.0
    told = (
        ("producing", reading.production_w),
        ("the home takes", reading.household_w),
        ("exporting" if grid_w < 0 else "importing", reading.grid_w),
        ("battery giving" if battery_w < 0 else "battery taking", reading.battery_w),
    )
    parts = [f"{words} {_watts(abs(watts))}" for words, watts in told if watts is not None]
    if reading.battery_soc_percent is not None:
        parts.append(f"battery at {reading.battery_soc_percent:.0f} %")
    if reading.battery_remaining_wh is not None:
        parts.append(f"{reading.battery_remaining_wh / 1000:.1f} kWh left")
    return " ".join([_sentence(parts, reading.observed_at), *reading.problems])


def _miner_sentence(reading: Any) -> str:
    parts = [str(reading.status).replace("_", " ")]
    parts.append(_watts(reading.power_w) if reading.power_is_measured else "power not measured")
    if reading.hash_rate_th_s is not None:
        parts.append(f"{reading.hash_rate_th_s:.1f} TH/s")
    if reading.chip_temperature_celsius is not None:
        parts.append(f"chips at {reading.chip_temperature_celsius:.0f} °C")
    return " ".join(filter(None, [_sentence(parts, reading.observed_at), reading.problem]))


def _pool_sentence(reading: Any) -> str:
    rate = reading.hash_rate_th_s
    parts = ["the pool sees no hash rate" if rate is None else f"the pool sees {rate:.1f} TH/s"]
    if reading.workers_ok is not None:
        parts.append(f"{reading.workers_ok} {'worker' if reading.workers_ok == 1 else 'workers'} at work")
    if reading.unpaid_sat is not None:
        parts.append(f"{reading.unpaid_sat:,} sat not paid out yet".replace(",", "\u202f"))
    return _sentence(parts, reading.observed_at)


def _hash_price_sentence(reading: Any) -> str:
    parts = [f"1 TH/s earns {reading.sat_per_th_s_day:.1f} sat a day"]
    if reading.currency_per_btc is not None:
        parts.append(
            f"a bitcoin costs {reading.currency_per_btc:,.0f} {reading.currency}".replace(",", "\u202f").strip()
        )
    return _sentence(parts, reading.observed_at)


_SENTENCES: dict[Kind, Callable[[Any], str]] = {
    Kind.CLIMATE_MONITOR: _climate_sentence,
    Kind.ENERGY_MONITOR: _energy_sentence,
    Kind.MINER_CONTROLLER: _miner_sentence,
    Kind.POOL_TRACKER: _pool_sentence,
    Kind.HASH_PRICE_SOURCE: _hash_price_sentence,
}


def _sentence(parts: list[str], observed_at: datetime | None) -> str:
    text = ", ".join([*parts, _reported(observed_at)])
    return f"{text[:1].upper()}{text[1:]}."


def _reported(observed_at: datetime | None) -> str:
    if observed_at is None:
        return "without a time of its own"
    seconds = (datetime.now(UTC) - observed_at).total_seconds()
    if seconds < -60:
        return f"reported at a time that is still to come ({_span(-seconds)} ahead)"
    return f"reported {_span(max(0.0, seconds))} ago"


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 86400:.0f} days"


def _watts(watts: float) -> str:
    return f"{watts:.0f} W" if abs(watts) < 1000 else f"{watts / 1000:.1f} kW"
