"""What is wrong with a rule: every problem at once, each with its place and the remedy."""

from __future__ import annotations

import json
import re
from typing import NamedTuple


class RuleProblem(NamedTuple):
    """`place` e.g. `conditions.all_of[1].field`; `nearest` the closest valid word, or None."""

    place: str
    message: str
    nearest: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    @property
    def loc(self) -> tuple[str | int, ...]:
        """The place as the keys and indexes that lead there: ("conditions", "all_of", 1, "field")."""
        return tuple(int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", self.place))


class RuleErrors(ValueError):
    """A rule that cannot be accepted; `problems` lists all that is wrong with it."""

    def __init__(self, problems: list[RuleProblem]):
        self.problems = tuple(problems)
        super().__init__("; ".join(str(p) for p in problems))


def shown(value: object, limit: int = 60) -> str:
    """`value` as an error message shows it, cut to `limit` characters; yes, no and nothing as JSON writes them."""
    if isinstance(value, str):
        value = value[: limit + 1]
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**limit:
        return "a number with more than 60 digits"
    elif isinstance(value, (list, tuple, dict, set)):
        return f"a {'list' if not isinstance(value, dict) else 'group'} of {len(value)}"
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
