"""Plain English for explained nodes: facts with their figures, no dotted paths."""

from __future__ import annotations

from sites.figures import MOST_DECIMALS, apart, number

from .operators import BOOLEAN, OPERATORS, Operator

_DECIMALS = {"°C": 1, "°C/h": 1}


def sentence_of(node: dict) -> str:
    """One phrase for a leaf; for a group the phrases that decide its truth."""
    if node["node"] == "leaf":
        text = _leaf(node)
    elif node["node"] == "not_":
        text = sentence_of(node["children"][0])  # the fact is the same, whichever way it is wanted
    else:
        deciding = _deciding(node)
        telling = [child for child in deciding if not _goes_without_saying(child)] or deciding
        text = " and ".join(dict.fromkeys(sentence_of(child) for child in telling))
    return text + _hold(node)


def _goes_without_saying(node: dict) -> bool:
    """True because there is nothing to compare with, like a room that is above no minimum."""
    shows = node.get("shows")
    return bool(shows) and node["truth"] == "true" and shows["value"] is not None and shows["expected"] is None


def _deciding(node: dict) -> list[dict]:
    """The children that make the group what it is: one is enough, or all are."""
    children, truth = node["children"], node["truth"]
    same = [c for c in children if c["truth"] == truth]
    one_is_enough = truth == "false" if node["node"] == "all_of" else truth == "true"
    if one_is_enough:
        return (same or [c for c in children if c["truth"] == "absent"] or children)[:1]
    if truth == "unknown":
        return same or children
    applicable = [c for c in children if c["truth"] != "absent"]
    return applicable or children[:1]


def _leaf(node: dict) -> str:
    label, truth = node["label"], node["comparison"]
    if node.get("missing"):
        return f"{label} is unknown because its room no longer exists"
    if truth == "absent":
        return f"{label} does not apply here"
    if truth == "unknown":
        return _unknown(node, label)
    if node["type"] == BOOLEAN and node["value_ref"] is None:
        return _boolean(node)
    operator = OPERATORS[node["operator"]]
    phrase = operator.when_true if truth == "true" else operator.when_false
    seen, expected = compared(node["value"], node["expected"], operator, node["unit"])
    other = node["expected_label"]
    return f"{label} {seen} {phrase} {_the(other)}{expected}"


def _unknown(node: dict, label: str) -> str:
    if node.get("shows"):
        shows = node["shows"]
        return f"{shows['label'] if shows['value'] is None else shows['expected_label']} is unknown"
    if node["value"] is not None and node["value_ref"] is not None:
        return f"{node['expected_label']} is unknown"
    if node["value"] is not None:
        return f"{label} is too long to be matched"
    return f"whether {label} is unknown" if node["type"] == BOOLEAN else f"{label} is unknown"


def _boolean(node: dict) -> str:
    shows = node.get("shows")
    if shows and shows["value"] is not None and shows["expected"] is not None:
        operator = OPERATORS[shows["operator"]]
        phrase = operator.when_true if node["value"] else operator.when_false
        seen, bound = compared(shows["value"], shows["expected"], operator, shows["unit"])
        return f"{shows['label']} {seen} {phrase} {_the(shows['expected_label'])}{bound}"
    return node["label"] if node["value"] else _negated(node["label"])


def _negated(label: str) -> str:
    """ "the sun is up" → "the sun is not up"; a label without "is" gets "not: " in front."""
    if label.startswith("there is "):
        return "there is no " + label.removeprefix("there is ").removeprefix("a ")
    return label.replace(" is ", " is not ", 1) if " is " in label else f"not: {label}"


def _the(label: str) -> str:
    if not label:
        return ""
    return f"{label} " if label.startswith("the ") or label[0].isupper() else f"the {label} "


def compared(seen: object, expected: object, operator: Operator, unit: str = "") -> tuple[str, str]:
    """Both figures, with as many decimals as it takes to show what `operator` says of them."""
    listed = list(expected) if isinstance(expected, (list, tuple, set, frozenset)) else [expected]
    if not all(_is_number(value) for value in (seen, *listed)):
        return figure(seen, unit), figure(expected, unit)
    takes = (lambda values: values) if operator.takes_list else (lambda values: values[0])
    holds = operator.test(seen, takes(listed))
    least = max(_decimals(value, unit) for value in (seen, *listed))
    for more in (None, *range(least, MOST_DECIMALS + 1)):
        shown = [round(value, _decimals(value, unit) if more is None else more) for value in (seen, *listed)]
        if operator.test(shown[0], takes(shown[1:])) == holds:
            return figure(seen, unit, more), figure(expected, unit, more)
    if operator.takes_list:
        return figure(seen, unit, _AS_IS), figure(expected, unit, _AS_IS)
    first, second = apart(seen, listed[0], operator.test, least)
    return f"{first} {unit}".strip(), f"{second} {unit}".strip()


#: Decimals of what differs by less than anybody measures, and of what a person typed.
_AS_IS = 6


def typed(value: object, unit: str = "") -> str:
    """A value that a person typed, not rounded."""
    return figure(value, unit, _AS_IS)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _decimals(value: float, unit: str) -> int:
    return _DECIMALS.get(unit, 0 if abs(value) >= 100 else 1)


def figure(value: object, unit: str = "", decimals: int | None = None) -> str:
    """A value as a person reads it: "20.5 °C", "2400 W", "“heating”". `decimals`: at most so many, else the usual."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(figure(v, unit, decimals) for v in value)
    if not isinstance(value, (int, float)):
        return f"“{value}”"
    usual = _decimals(value, unit)
    text = number(value, usual if decimals is None else decimals)
    whole, dot, rest = text.partition(".")
    least = _DECIMALS.get(unit, 0)
    rest = rest[:least] + rest[least:].rstrip("0")
    return f"{whole}{dot if rest else ''}{rest} {unit}".strip()


def duration(seconds: float) -> str:
    """ "90 s", "3 min", "1 min 20 s", "2 h"."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (left if not hours else 0, "s")]
    return " ".join(f"{n} {unit}" for n, unit in parts if n)


def _hold(node: dict) -> str:
    """How long it has been so: "for 3 min", "for 30 s of 3 min"; nothing while it is not so."""
    hold = node.get("hold")
    if not hold or hold["inner"] != "true":
        return ""
    whole = duration(hold["seconds"])
    return f" for {whole}" if hold["elapsed"] >= hold["seconds"] else f" for {duration(hold['elapsed'])} of {whole}"
