"""The field tree: every path a rule may name, its type and unit, and how a person calls it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .context import OWN_ROOTS

ZONES = "climate.zones."
ZONE = "climate.zone."


@dataclass(frozen=True, slots=True)
class Field:
    """One rule path. `type` number | text | boolean, `unit` e.g. "°C" or "", `values` of an enum or None.

    `label` is the plain noun of a sentence; `shows` = (left field, operator, right field) says
    which comparison a boolean stands for, so that a sentence can give the figures behind it.
    """

    path: str
    type: str
    unit: str = ""
    description: str = ""
    values: tuple[str, ...] | None = None
    label: str = ""
    shows: tuple[Field, str, Field] | None = None

    @property
    def root(self) -> str:
        return self.path.split(".", 1)[0]

    @property
    def is_own(self) -> bool:
        """Whether the value belongs to one miner (or its zone) rather than to the whole unit."""
        return self.path.startswith(OWN_ROOTS)


class FieldTree:
    """All fields a rule of one unit may use. Build it with `FieldTree.for_zones`."""

    def __init__(self, fields: Iterable[Field], zone_names: Mapping[str, str] | None = None):
        """`zone_names`: what may stand for a zone in a path (slug or exact name) → its slug."""
        self._fields = {f.path: f for f in fields}
        self._slugs = dict(zone_names or {})
        self._suggested: dict[str, str | None] = {}

    @classmethod
    def for_zones(cls, zones: Iterable[tuple[str, str]] = ()) -> FieldTree:
        """The standard tree plus `climate.zones.<slug>.*` for each (slug, exact name).

        Where one zone's slug is another's exact name, the slug wins: it never changes.
        """
        from .catalogue import STANDARD_FIELDS

        zones = list(zones)
        own = [f for f in STANDARD_FIELDS if f.path.startswith(ZONE)]
        named = [zone_field(f, slug, name) for slug, name in zones for f in own]
        return cls([*STANDARD_FIELDS, *named], {n: s for s, n in zones} | {s: s for s, _ in zones})

    def __iter__(self):
        return iter(self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def get(self, path: str) -> Field | None:
        """The field at `path`; a zone may be written by its slug or by its exact name."""
        found = self._fields.get(path)
        if found is None and path.startswith(ZONES):
            # a zone's leaves have no dots, so whatever stands before the last dot is its name, dots and all
            zone, _, leaf = path[len(ZONES) :].rpartition(".")
            found = self._fields.get(f"{ZONES}{self._slugs[zone]}.{leaf}") if zone in self._slugs else None
        return found

    def gone(self, path: str) -> Field | None:
        """The field `path` was while its zone still existed; None if it cannot have been one."""
        if not path.startswith(ZONES):
            return None
        zone, _, leaf = path[len(ZONES) :].rpartition(".")
        template = self._fields.get(ZONE + leaf)
        return zone_field(template, zone, zone) if zone and template else None

    def nearest(self, path: str) -> str | None:
        """The valid path most like `path` ("did you mean"), or None when nothing is near."""
        path = path[:120]
        if path not in self._suggested:
            if len(self._suggested) > 200:
                self._suggested.clear()
            close = difflib.get_close_matches(path, self._fields, n=1, cutoff=0.55)
            self._suggested[path] = close[0] if close else self._same_leaf(path)
        return self._suggested[path]

    def _same_leaf(self, path: str) -> str | None:
        leaf = path.rpartition(".")[2]
        return next((p for p in self._fields if leaf and p.rpartition(".")[2] == leaf), None)

    def structure(self) -> list[dict]:
        """Nested nodes {name, path, type, description, unit, values, children} for the API and the builder.

        Inner nodes have type "group"; leaves have no children.
        """
        roots: list[dict] = []
        groups: dict[str, dict] = {}
        for field in self._fields.values():
            siblings, prefix = roots, ""
            *parents, name = field.path.split(".")
            for parent in parents:
                prefix = f"{prefix}.{parent}" if prefix else parent
                if prefix not in groups:
                    groups[prefix] = _node(parent, prefix, "group")
                    siblings.append(groups[prefix])
                siblings = groups[prefix]["children"]
            siblings.append(_node(name, field.path, field.type, field))
        return roots


def _node(name: str, path: str, type_name: str, field: Field | None = None) -> dict:
    return {
        "name": name,
        "path": path,
        "type": type_name,
        "description": field.description if field else "",
        "unit": field.unit if field else "",
        "values": list(field.values) if field and field.values else None,
        "children": [],
    }


def zone_field(template: Field, slug: str, name: str) -> Field:
    """The `climate.zone.*` field `template` as the field of the zone `slug`, called by its name."""

    shows = template.shows
    if shows:
        shows = (zone_field(shows[0], slug, name), shows[1], zone_field(shows[2], slug, name))
    return replace(
        template,
        path=f"{ZONES}{slug}.{template.path[len(ZONE) :]}",
        label=f"{name} {template.label.removeprefix('the room ')}",
        description=template.description.replace("the miner's own zone", f"the zone {name}"),
        shows=shows,
    )
