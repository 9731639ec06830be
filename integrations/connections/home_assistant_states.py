"""What Home Assistant answers about entities, as states with times of this computer's clock. Pure but for the clock.

Ages are taken in Home Assistant's own clock: the times of its entities are moved by how far its clock is from ours, so
that a clock that is wrong there, or here, makes no value older or younger than it is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ..errors import BadAnswer
from .entities import EntityState

#: Home Assistant's time, and rows of: id, state, unit, device class, current temperature, own time, name, time of the
#: last change, user.
_TEMPLATE = """\
{%- set ns = namespace(rows=[]) -%}
{%- for id in IDS -%}{%- set s = states[id] -%}{%- if s -%}
{%- set ns.rows = ns.rows + [[id, s.state,
 s.attributes.get('unit_of_measurement') or s.attributes.get('temperature_unit'),
 s.attributes.get('device_class'), s.attributes.get('current_temperature'),
 (s.last_reported if s.last_reported is defined else s.last_updated).isoformat(), s.name,
 s.last_changed.isoformat(), s.context.user_id]] -%}
{%- endif -%}{%- endfor -%}
{{ {'now': now().isoformat(), 'rows': ns.rows} | to_json }}"""
#: A clock that was found within so much of what it is kept for stays as it is, for times must not flicker.
_STEADY = timedelta(seconds=1)


def template(ids: Collection[str]) -> str:
    """The question for these entities; unknown ones are absent from the answer."""
    return _TEMPLATE.replace("IDS", json.dumps(list(ids)))


def rendered(answer: Any) -> tuple[datetime, list[EntityState]]:
    """Home Assistant's time and the states in an answer to `template`, by its clock. Raises `BadAnswer`."""
    rows = answer.get("rows") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise no_states()
    return _time(answer.get("now"), "its clock"), [_state_of_row(row) for row in rows]


def listed(answer: Any) -> list[EntityState]:
    """The states in an answer of `/api/states`, by its clock. Raises `BadAnswer`."""
    if not isinstance(answer, list):
        raise no_states()
    return [_state_of_json(item) for item in answer]


def no_states() -> BadAnswer:
    return BadAnswer("Home Assistant answered with something that is no list of states.")


class SourceClock:
    """How far another clock is from ours, as the answers of its owner show it; without any it is believed."""

    def __init__(self) -> None:
        self.ahead_of_it = timedelta(0)

    def heard(self, earliest: datetime, latest: datetime, sent: datetime, received: datetime) -> None:
        """Between `sent` and `received` by our clock it showed a time from `earliest` to `latest`."""
        low, high = sent - latest, received - earliest
        if not low - _STEADY <= self.ahead_of_it <= high + _STEADY:
            self.ahead_of_it = min(max(timedelta(0), low), high)

    def heard_date(self, header: str, sent: datetime, received: datetime) -> None:
        """The `Date` of an HTTP answer, whole seconds."""
        try:
            at = parsedate_to_datetime(header)
            at = at if at.utcoffset() is not None else at.replace(tzinfo=UTC)
        except (TypeError, ValueError):
            return
        self.heard(at, at + timedelta(seconds=1), sent, received)

    def ours(self, state: EntityState) -> EntityState:
        """The state with its times by our clock."""
        if not self.ahead_of_it:
            return state
        return replace(
            state,
            observed_at=state.observed_at and state.observed_at + self.ahead_of_it,
            changed_at=state.changed_at and state.changed_at + self.ahead_of_it,
        )


@dataclass(frozen=True, slots=True)
class _Restored:
    """An entity that a restart gave the time `came_at`: it keeps these times as long as it shows no other."""

    came_at: datetime | None
    observed_at: datetime | None
    changed_at: datetime | None


class BeforeRestart:
    """A restart makes no old value young: Home Assistant restores what it knew and gives it the time of its start.

    What an entity showed before an interruption keeps its times after it until it is reported again. All by its clock.
    """

    def __init__(self) -> None:
        self._last: dict[str, EntityState] = {}
        #: What was last heard of entities that were not heard since an interruption.
        self._before: dict[str, EntityState] = {}
        self._restored: dict[str, _Restored] = {}

    def interrupted(self) -> None:
        """Home Assistant did not answer, or is starting: what comes next may be restored."""
        self._before.update(self._last)
        self._last.clear()

    def kept(self, came: EntityState) -> EntityState:
        """The state with the times it had before where only a restart moved them."""
        if came.state in ("unavailable", "unknown", ""):
            return came
        key = came.entity_id
        then = self._before.pop(key, None)
        if then is not None and _is_restored(then, came):
            self._restored[key] = _Restored(came.observed_at, then.observed_at, then.changed_at)
        restored = self._restored.get(key)
        if restored is not None and restored.came_at != came.observed_at:
            del self._restored[key]
        elif restored is not None:
            came = replace(came, observed_at=restored.observed_at, changed_at=restored.changed_at)
        self._last[key] = came
        return came


def _is_restored(then: EntityState, now: EntityState) -> bool:
    """The same value, but with another time of its last *change*: nobody changed it, so it was gone in between."""
    shows = [(one.state, one.current_temperature, one.unit) for one in (then, now)]
    return shows[0] == shows[1] and None not in (then.changed_at, now.changed_at) and then.changed_at != now.changed_at


def _state_of_row(row: Any) -> EntityState:
    if not isinstance(row, list) or len(row) != 9:
        raise no_states()
    entity_id, state, unit, device_class, current_temperature, at, name, changed_at, user_id = row
    return _state(entity_id, state, unit, device_class, (at,), name, current_temperature, changed_at, user_id)


def _state_of_json(item: Any) -> EntityState:
    attributes = item.get("attributes") if isinstance(item, dict) else None
    if not isinstance(attributes, dict):
        raise no_states()
    return _state(
        item.get("entity_id"),
        item.get("state"),
        attributes.get("unit_of_measurement") or attributes.get("temperature_unit"),
        attributes.get("device_class"),
        (item.get("last_reported"), item.get("last_updated")),
        attributes.get("friendly_name"),
        attributes.get("current_temperature"),
        item.get("last_changed"),
        item["context"].get("user_id") if isinstance(item.get("context"), dict) else None,
    )


def _state(
    entity_id: Any,
    state: Any,
    unit: Any,
    device_class: Any,
    times: Iterable[Any],
    name: Any,
    current_temperature: Any,
    changed_at: Any,
    user_id: Any,
) -> EntityState:
    if not isinstance(entity_id, str) or not isinstance(state, str):
        raise no_states()
    return EntityState(
        entity_id,
        state,
        unit if isinstance(unit, str) else None,
        device_class if isinstance(device_class, str) else None,
        _time(next((at for at in times if at is not None), None), entity_id),
        name if isinstance(name, str) else entity_id,
        current_temperature,
        None if changed_at is None else _time(changed_at, entity_id),
        user_id if isinstance(user_id, str) else "",
    )


def _time(text: Any, entity_id: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.utcoffset() is None:
            raise ValueError
        return at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise BadAnswer(f"Home Assistant gives no usable time for ‘{entity_id[:80]}’.") from None
