"""“Test connection” and “Read now”: one look at a connection or a device, in plain words, within 5 s.

Works on unsaved rows, too: a form can be tried before it is saved. Nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError as ConfigError

from sites import live

from . import registry
from .ask import call, running_session
from .errors import AdapterError, BadAnswer, in_words
from .models import AdapterRow, Connection, config_messages
from .registry import Advice, Kind, Session
from .tls import told

PROBE_SECONDS = 4.8


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look showed: `sentence` for a person, `values` (JSON-able) of what was read, `code` of the error.

    `advice`: what would make the row better.
    """

    ok: bool
    sentence: str
    values: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    advice: tuple[Advice, ...] = ()


def probe(row: Connection | AdapterRow) -> Probe:
    """Look at a connection or through an adapter once, at most 5 s. Raises nothing that a device can cause."""
    try:
        look = _look_through(row) if isinstance(row, AdapterRow) else lambda deadline: _look_at(row, deadline)
        # A key of its own: a look never stands in the way of the pass.
        return call(("probe", row.pk), told(look), PROBE_SECONDS, name=f"‘{row}’")
    except AdapterError as error:
        return Probe(False, in_words(error, row.site.tz if row.site_id else UTC), code=error.code)


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

    known = "" if connection is None else _known_to_control(row)

    def look(deadline: float) -> Probe:
        if connection is None:
            return _seen(row, adapter.read_alone(config, deadline))
        return _look_shared(row, connection, adapter, config, deadline, known)

    return look


def _look_shared(
    row: AdapterRow,
    connection: Connection,
    adapter: type[registry.Adapter],
    config: registry.AdapterConfig,
    deadline: float,
    known: str,
) -> Probe:
    """Through a connection. One that listens is asked where passes have it running: it knows what came before."""
    running = running_session(connection)
    session: Session = running if getattr(running, "listens", False) else registry.openers[connection.kind](connection)
    try:
        ask = getattr(session, "ask_patiently", session.ask)
        answers = ask(adapter.wants(config), deadline)
        try:
            seen = _seen(row, adapter.read(config, answers))
        except AdapterError as error:
            seen = Probe(False, f"{error} {known}".strip(), code=error.code)
        return replace(seen, advice=_advice(row, adapter, config, answers, session, deadline))
    finally:
        if session is not running:
            session.close()


def _seen(row: AdapterRow, reading: Any) -> Probe:
    return Probe(True, _SENTENCES[row.adapter_kind](reading), _values(reading))


def _advice(
    row: AdapterRow,
    adapter: type[registry.Adapter],
    config: registry.AdapterConfig,
    answers: Any,
    session: Session,
    deadline: float,
) -> tuple[Advice, ...]:
    """What the row does not have yet of what its adapter advises; advice is not worth an error."""
    try:
        found = adapter.advice(config, answers, lambda keys: session.ask(keys, deadline))
    except AdapterError:
        return ()
    return tuple(one for one in found if not one.fields or _is_more(row, one))


def _is_more(row: AdapterRow, advice: Advice) -> bool:
    return any(getattr(row, name) < value for name, value in advice.fields.items())


def _known_to_control(row: AdapterRow) -> str:
    """What the last pass read through this row; where passes run in another process, only they have heard it."""
    zones = (live.read(row.site_id) or {}).get("zones", {}).values()
    seen = next((zone["monitors"][str(row.pk)] for zone in zones if str(row.pk) in zone.get("monitors", {})), {})
    celsius, at = seen.get("temperature_celsius"), seen.get("observed_at")
    if celsius is None or at is None:
        return ""
    return f"Control last read {celsius:.1f} °C, {_reported(datetime.fromisoformat(at))}."


def _values(reading: Any) -> dict[str, Any]:
    """The reading's fields as JSON-able values."""
    return {item.name: _plain(getattr(reading, item.name)) for item in fields(reading)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


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
    grid_w, battery_w = reading.grid_w, reading.battery_w
    told = (
        ("producing", reading.production_w),
        ("the home takes", reading.household_w),
        ("exporting" if (grid_w or 0) < 0 else "importing", None if grid_w is None else abs(grid_w)),
        ("battery giving" if (battery_w or 0) < 0 else "battery taking", None if battery_w is None else abs(battery_w)),
    )
    parts = [f"{words} {_watts(watts)}" for words, watts in told if watts is not None]
    if reading.battery_soc_percent is not None:
        parts.append(f"battery at {reading.battery_soc_percent:.0f} %")
    if reading.battery_remaining_wh is not None:
        parts.append(f"{reading.battery_remaining_wh / 1000:.1f} kWh left")
    return " ".join([_sentence(parts, reading.observed_at), *reading.problems, *reading.notes])


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
