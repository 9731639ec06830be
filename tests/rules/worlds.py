"""Random trees, contexts and timers, and an oracle that shares no code with the engine."""

from __future__ import annotations

from itertools import product

from hypothesis import strategies as st

from optimization.rules import ABSENT, Context, FieldTree

FIELDS = FieldTree.for_zones([("living_room", "Living room"), ("bath", "Bad 1.5")])
NOW = 1_700_000_000.0

#: Not one of them is bounded by 0, so that no comparison with 0 is impossible.
NUMBERS = [
    "energy_state.surplus_power",
    "energy_state.grid.current_power",
    "climate.zone.temperature_celsius",
    "climate.zones.bath.temperature_celsius",
    "climate.zone.trend_celsius_per_hour",
    "climate.zones.living_room.temperature_celsius",
]
TEXTS = ["miner_state.status", "miner.name"]
BOOLEANS = ["climate.zone.below_target", "sun.is_up", "miner.active"]
PAIRS = [
    ("energy_state.surplus_power", "energy_state.grid.current_power"),
    ("climate.zone.temperature_celsius", "climate.zones.living_room.temperature_celsius"),
]
WORDS = ["off", "on", "heating"]
SMALL = [0.0, 1.0, 2.0]

number_leaves = st.one_of(
    st.builds(
        lambda f, o, v: {"field": f, "operator": o, "value": v},
        st.sampled_from(NUMBERS),
        st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
        st.sampled_from(SMALL),
    ),
    st.builds(
        lambda f, o, v: {"field": f, "operator": o, "value": v},
        st.sampled_from(NUMBERS),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from(SMALL), min_size=1),
    ),
    st.builds(
        lambda p, o: {"field": p[0], "operator": o, "value_ref": p[1]},
        st.sampled_from(PAIRS),
        st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]),
    ),
)
text_leaves = st.builds(
    lambda f, o, v: {"field": f, "operator": o, "value": [v] if o in ("in", "not_in") else v},
    st.sampled_from(TEXTS),
    st.sampled_from(["eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "regex"]),
    st.sampled_from(WORDS),
)
boolean_leaves = st.builds(
    lambda f, o, v: {"field": f, "operator": o, "value": v},
    st.sampled_from(BOOLEANS),
    st.sampled_from(["eq", "ne"]),
    st.booleans(),
)
leaves = st.one_of(number_leaves, text_leaves, boolean_leaves)


def _with_for(nodes):
    return st.builds(lambda n, s: {**n, "for": s} if s else n, nodes, st.sampled_from([0, 0, 0, 20, 60]))


def trees(with_for: bool = True):
    wrap = _with_for if with_for else (lambda nodes: nodes)
    return st.recursive(
        wrap(leaves),
        lambda inner: wrap(
            st.one_of(
                st.builds(lambda c: {"all_of": c}, st.lists(inner, min_size=1, max_size=3)),
                st.builds(lambda c: {"any_of": c}, st.lists(inner, min_size=1, max_size=3)),
                st.builds(lambda c: {"not_": c}, inner),
            )
        ),
        max_leaves=8,
    ).filter(lambda t: depth(t) <= 10)


def depth(node) -> int:
    inner = node.get("all_of") or node.get("any_of") or ([node["not_"]] if "not_" in node else [])
    return 1 + max(map(depth, inner), default=0)


def values(path: str):
    known = st.sampled_from(SMALL if path in NUMBERS else WORDS if path in TEXTS else [True, False])
    broken = st.sampled_from([float("nan"), float("inf"), 10**400, b"x", [], {}, "x" * 300, 1, True])
    return st.one_of(known, known, known, st.none(), st.just(ABSENT), broken)


def _split(found: dict) -> Context:
    own = ("climate.zone.", "miner.", "miner_state.")
    return Context(
        {p: v for p, v in found.items() if not p.startswith(own)}, {p: v for p, v in found.items() if p.startswith(own)}
    )


ALL = NUMBERS + TEXTS + BOOLEANS
contexts = st.fixed_dictionaries({p: values(p) for p in ALL}).map(_split)
known_or_not = st.fixed_dictionaries(
    {
        p: st.one_of(
            st.sampled_from(SMALL if p in NUMBERS else WORDS if p in TEXTS else [True, False]),
            st.none(),
            st.just(ABSENT),
        )
        for p in ALL
    }
).map(_split)


def leaf_oracle(leaf: dict, ctx: Context):
    """True, False, "U" or "A", straight from the words of design.md §5.2."""
    seen = _look(leaf["field"], ctx)
    expected = _look(leaf["value_ref"], ctx) if "value_ref" in leaf else leaf["value"]
    if "A" in (
        type(seen) is str and seen.startswith("\0A") and "A",
        type(expected) is str and expected == "\0A" and "A",
    ):
        return "A"
    if seen == "\0U" or (type(expected) is str and expected == "\0U"):
        return "U"
    operator = leaf["operator"]
    if operator == "regex":
        return "U" if len(seen) > 256 else seen.startswith(expected)
    return {
        "eq": lambda: seen == expected,
        "ne": lambda: seen != expected,
        "gt": lambda: seen > expected,
        "gte": lambda: seen >= expected,
        "lt": lambda: seen < expected,
        "lte": lambda: seen <= expected,
        "in": lambda: seen in expected,
        "not_in": lambda: seen not in expected,
        "contains": lambda: expected in seen,
        "starts_with": lambda: seen[: len(expected)] == expected,
        "ends_with": lambda: seen[-len(expected) :] == expected,
    }[operator]()


def _look(path: str, ctx: Context):
    value = {**ctx.shared, **ctx.own}.get(path, ABSENT)
    if value is ABSENT:
        return "\0A"
    if path in NUMBERS:
        good = type(value) in (int, float) and value == value and abs(value) < 1e308
    else:
        good = type(value) is (str if path in TEXTS else bool)
    return value if good else "\0U"


def oracle(node: dict, ctx: Context, elapsed, place: str = "conditions", wanted: bool = True):
    """Whether `node` (wanted=False: its opposite) holds: True | False | None, by pushing `not_` to the
    leaves, where an absent leaf is false either way. `elapsed(place)` = seconds of a timer."""
    if "for" in node:
        bare = {k: v for k, v in node.items() if k != "for"}
        inner = oracle(bare, ctx, elapsed, place, True)
        if inner is None:
            return None
        if inner:
            return (elapsed(place) >= node["for"]) is wanted
        return False if wanted else oracle(bare, ctx, elapsed, place, False)
    if "not_" in node:
        return oracle(node["not_"], ctx, elapsed, f"{place}.not_", not wanted)
    word = "all_of" if "all_of" in node else "any_of" if "any_of" in node else None
    if word is None:
        truth = leaf_oracle(node, ctx)
        return False if truth == "A" else None if truth == "U" else truth is wanted
    found = [oracle(c, ctx, elapsed, f"{place}.{word}[{i}]", wanted) for i, c in enumerate(node[word])]
    if (word == "all_of") is wanted:
        return False if False in found else None if None in found else True
    return True if True in found else None if None in found else False


def could_be_true(tree: dict, ctx: Context) -> bool:
    """Whether some truth of every leaf that is not absent, and some age of every timer, makes `tree` true."""
    leaves, timers = raw_leaves(tree), raw_timers(tree)
    free = [number for number, leaf in enumerate(leaves) if leaf_oracle(leaf, ctx) != "A"]
    for truths in product((True, False), repeat=len(free)):
        told = dict(zip(free, truths, strict=True))
        for ages in product((0, 86_400), repeat=len(timers)):
            if _free(tree, iter(range(len(leaves))), told, iter(ages))[0]:
                return True
    return False


def _free(node: dict, numbers, told: dict[int, bool], ages) -> tuple[bool, bool]:
    """The node and its opposite; leaves and timers are met in the order of `raw_leaves` and `raw_timers`."""
    if "not_" in node:
        no, yes = _free(node["not_"], numbers, told, ages)
    elif "all_of" in node or "any_of" in node:
        found = [_free(child, numbers, told, ages) for child in node.get("all_of") or node["any_of"]]
        quantify, opposite = (all, any) if "all_of" in node else (any, all)
        yes, no = quantify(one[0] for one in found), opposite(one[1] for one in found)
    else:
        number = next(numbers)
        yes, no = (told[number], not told[number]) if number in told else (False, False)
    if "for" in node:
        is_held = next(ages) >= node["for"]
        yes, no = yes and is_held, (not is_held if yes else no)
    return yes, no


def raw_timers(node: dict) -> list[dict]:
    inner = node.get("all_of") or node.get("any_of") or ([node["not_"]] if "not_" in node else [])
    return [timer for child in inner for timer in raw_timers(child)] + ([node] if "for" in node else [])


def raw_leaves(node: dict) -> list[dict]:
    inner = node.get("all_of") or node.get("any_of") or ([node["not_"]] if "not_" in node else None)
    return [node] if inner is None else [leaf for child in inner for leaf in raw_leaves(child)]
