"""Parts of pages kept as they were rendered: a card whose model did not change is not rendered again.

What differs between two readers of the same card is left open and filled in for each: the CSRF token of their session,
and ages, which go on by themselves. Everything else of such a template comes from its model.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

#: Templates that take nothing but `model`, `part` and `oob`.
KEPT = frozenset({"dashboard/_zone_card.html"})
#: A card takes about 6 kB.
_MOST = 500

# Nobody can type it into a name of a room.
_MARK = f"\ue000{secrets.token_hex(8)}\ue000"
CSRF = f"{_MARK}csrf{_MARK}"
Key = tuple[str, str, str, bool]

_kept: OrderedDict[Key, list[str]] = OrderedDict()
_lock = threading.Lock()


def open_age(moment: datetime, stale_after_seconds: int) -> str:
    """Where an age is to be filled in."""
    return f"{_MARK}{moment.isoformat()} {stale_after_seconds}{_MARK}"


def rendered(key: Key, render: Callable[[], str], csrf_token: str, age: Callable[[datetime, int], str]) -> str:
    """The part of this key with its open places filled in; `render` makes it where it is not kept."""
    with _lock:
        pieces = _kept.get(key)
        if pieces is not None:
            _kept.move_to_end(key)
    if pieces is None:
        pieces = render().split(_MARK)
        with _lock:
            _kept[key] = pieces
            while len(_kept) > _MOST:
                _kept.popitem(last=False)
    filled = [_filled(piece, csrf_token, age) if number % 2 else piece for number, piece in enumerate(pieces)]
    return "".join(filled)


def _filled(place: str, csrf_token: str, age: Callable[[datetime, int], str]) -> str:
    if place == "csrf":
        return csrf_token
    moment, stale_after_seconds = place.split()
    return age(datetime.fromisoformat(moment), int(stale_after_seconds))


def forget() -> None:
    """Nothing is kept any more."""
    with _lock:
        _kept.clear()
