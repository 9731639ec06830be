"""Entity suggestions as one types: what Home Assistant has, with its present state."""

from __future__ import annotations

from collections.abc import Collection

from sites.store import store

from .ask import call
from .connections.home_assistant import open_home_assistant
from .errors import AdapterError, in_words
from .models import HomeAssistant

#: Typing a word asks Home Assistant once, not once a letter (s).
REMEMBER_SECONDS = 10
WITHIN_SECONDS = 4.0
AT_MOST = 40


def suggest(
    row: HomeAssistant, domains: Collection[str], query: str, classes: Collection[str] = ()
) -> tuple[list[dict[str, str]], str]:
    """Entities ({id, name, state}) of `domains` whose id or name contains every word of `query`, and a problem.

    An exact id comes first, then those of the device `classes`. At most `AT_MOST`; the problem is one sentence,
    empty when all is well.
    """
    try:
        entities = _entities(row)
    except AdapterError as error:
        return [], in_words(error, row.site.tz)
    words = query.lower().split()
    fitting = [one for one in entities if not domains or one["id"].partition(".")[0] in domains]
    found = [one for one in fitting if all(word in f"{one['id']} {one['name']}".lower() for word in words)]
    found.sort(key=lambda one: (one["id"] != query, one["class"] not in classes, one["id"]))
    return [{name: one[name] for name in ("id", "name", "state")} for one in found[:AT_MOST]], ""


def _entities(row: HomeAssistant) -> list[dict[str, str]]:
    key = f"entities:{row.pk}"
    known = store().get(key)
    if known is None:
        session = open_home_assistant(row)
        try:
            entities = call(f"suggest:{row.pk}", session.entities, WITHIN_SECONDS, name="Home Assistant")
        finally:
            session.close()
        known = [
            {
                "id": one.entity_id,
                "name": one.name,
                "state": f"{one.state} {one.unit or ''}".strip(),
                "class": one.device_class or "",
            }
            for one in entities
        ]
        store().set(key, known, ttl_seconds=REMEMBER_SECONDS)
    return known
