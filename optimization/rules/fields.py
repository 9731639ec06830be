"""The field tree: every path a rule may name, its type and unit, and how a person calls it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .context import OWN_ROOTS

ZONES = "climate.zones."
ZONE = "climate.zone."
#: What a stored rule's names of zones mean: name as written → id of the zone; None: there was none.
Bound = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Field:
    """One rule path. `type` number | text | boolean, `unit` e.g. "°C" or "", `values` of an enum or None.

    `label` is the plain noun of a sentence; `shows` = (left field, operator, right field) says
    which comparison a boolean stands for, so that a sentence can give the figures behind it.
    `low` and `high` bound what a number can ever be, `is_whole` says that it has no fraction, and `quantity` ("an hour
    of the day") what it measures where the unit alone does not say; only the same can be compared.
    """

    path: str
    type: str
    unit: str = ""
    description: str = ""
    values: tuple[str, ...] | None = None
    label: str = ""
    shows: tuple[Field, str, Field] | None = None
    low: float | None = None
    high: float | None = None
    is_whole: bool = False
    quantity: str = ""

    @property
    def measures(self) -> str:
        """What it is a number of, as a phrase: "in W", "an hour of the day"; equal for what can be compared."""
        return self.quantity or (f"in {self.unit}" if self.unit else "a plain number")

    @property
    def root(self) -> str:
        return self.path.split(".", 1)[0]

    @property
    def is_own(self) -> bool:
        """Whether the value belongs to one miner (or its zone) rather than to the whole unit."""
        return self.path.startswith(OWN_ROOTS)


class FieldTree:
    """All fields a rule of one unit may use. Build it with `FieldTree.for_zones`."""

    def __init__(self, fields: Iterable[Field], zones: Iterable[tuple[str, ...]] = ()):
        """`zones`: see `for_zones`."""
        self._fields = {f.path: f for f in fields}
        self._suggested: dict[str, str | None] = {}
        self._called: dict[str, list[str]] = {}
        self._by_id: dict[str, str] = {}
        for slug, name, *ids in zones:
            self._called.setdefault(name, []).append(slug)
            self._by_id.update(dict.fromkeys(ids, slug))
        self._called |= {slug: [slug] for slugs in list(self._called.values()) for slug in slugs}

    @classmethod
    def for_zones(cls, zones: Iterable[tuple[str, ...]] = ()) -> FieldTree:
        """The standard tree plus `climate.zones.<slug>.*` for each zone: (slug, exact name, id); the id may be missing.

        Where one zone's slug is another's exact name, the slug wins: it never changes.
        """
        from .catalogue import STANDARD_FIELDS

        zones = list(zones)
        own = [f for f in STANDARD_FIELDS if f.path.startswith(ZONE)]
        named = [zone_field(f, slug, name) for slug, name, *_ in zones for f in own]
        return cls([*STANDARD_FIELDS, *named], zones)

    def __iter__(self):
        return iter(self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def get(self, path: str, bound: Bound | None = None, *, by_name: bool = True) -> Field | None:
        """The field at `path`; a zone may be written by its slug or, unless `by_name` is False, by its exact name.

        `bound`: what the names of one rule mean. A name in it means that zone, whatever zones are called by now, and
        nothing when that is gone.
        """
        if not path.startswith(ZONES):
            return self._fields.get(path)
        name, leaf = _zone_and_leaf(path)
        if bound is not None and name in bound:
            slug = self._by_id.get(bound[name] or "", "")
        else:
            slugs = self._called.get(name, ())
            slug = slugs[0] if len(slugs) == 1 and (by_name or slugs[0] == name) else ""
        return self._fields.get(f"{ZONES}{slug}.{leaf}") if slug else None

    def called(self, path: str) -> list[str]:
        """The slugs of all zones that the zone in `path` may be."""
        return self._called.get(_zone_and_leaf(path)[0], []) if path.startswith(ZONES) else []

    def gone(self, path: str) -> Field | None:
        """The field `path` was while its zone still existed; None if it cannot have been one."""
        if not path.startswith(ZONES):
            return None
        zone, leaf = _zone_and_leaf(path)
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


def _zone_and_leaf(path: str) -> tuple[str, str]:
    """A zone's leaves have no dots, so whatever stands before the last dot is its name, dots and all."""
    name, _, leaf = path[len(ZONES) :].rpartition(".")
    return name, leaf


def zones_named(conditions: object) -> set[str]:
    """The names of zones in stored conditions, however they are damaged or nested."""
    found, waiting = set(), [conditions]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            paths = [one.get("field"), one.get("value_ref")]
            found |= zones_of(path for path in paths if isinstance(path, str))
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
    return found


def zones_of(paths: Iterable[str]) -> set[str]:
    """The names of zones in these paths."""
    return {_zone_and_leaf(path)[0] for path in paths if path.startswith(ZONES)} - {""}


def bindings(names: Iterable[str], zones: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The ids of the zones that these names mean today; `zones`: (slug, exact name, id). What means none, or more than
    one, is left out.
    """
    by_slug, by_name = {}, {}
    for slug, name, pk in zones:
        by_slug[slug] = pk
        by_name.setdefault(name, []).append(pk)
    found = {name: [by_slug[name]] if name in by_slug else by_name.get(name, []) for name in names}
    return {name: ids[0] for name, ids in found.items() if len(ids) == 1}


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
