"""What was heard on MQTT topics: which messages are kept, and which of them say anything. Pure.

Many topics carry more than one kind of message (a Shelly's `events/rpc`, a birth message beside values), so the last
message of a topic is not always a reading. Whoever wants a value names its paths; of each topic the newest message is
kept, and for every want the newest that has all of its paths, live and retained. The last good one ages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..errors import AdapterError, BadAnswer, NotFound, Unauthorized
from ..json_path import document, pick

#: A thermometer's message has some hundred bytes; more than this is not kept.
LARGEST_MESSAGE_BYTES = 64_000
#: What stands in the place of a value while there is none.
_NO_VALUE = frozenset({"", "none", "null", "unknown"})
#: Birth messages: where a number is wanted, they tell of the connection alone.
_BIRTHS = frozenset({"online", "connected"})


class Want(NamedTuple):
    """A topic, and the paths that a message must have to be a reading; an empty path: all of it is the value.

    `is_word`: words are wanted, not numbers.
    """

    topic: str
    paths: tuple[str, ...] = ()
    is_word: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message, cut after `LARGEST_MESSAGE_BYTES` + 1, and when it arrived (aware UTC).

    `is_retained`: the broker had kept it, so its age at arrival is unknown.
    """

    payload: bytes
    arrived_at: datetime
    is_retained: bool


class MqttAnswers(dict[str, Message]):
    """The newest message by topic at `at`; a topic that nothing was heard on is absent.

    `earlier`: older messages by topic that say what the newest does not, newest first. `refused`: topics that the
    broker's rules forbid.
    """

    def __init__(
        self,
        messages: Any = (),
        *,
        at: datetime,
        earlier: Mapping[str, tuple[Message, ...]] | None = None,
        refused: Collection[str] = (),
    ) -> None:
        super().__init__(messages)
        self.at = at
        self.earlier = earlier or {}
        self.refused = refused


def message(answers: Any, topic: str) -> Message:
    """The newest message of a topic. Raises `NotFound`, `Unauthorized` or `BadAnswer`."""
    found = answers.get(topic)
    if found is None and topic in getattr(answers, "refused", ()):
        raise Unauthorized(f"The MQTT broker does not let this user read ‘{topic[:80]}’. Allow it there.")
    if found is None:
        raise NotFound(
            f"Nothing has come on ‘{topic[:80]}’ yet. It counts when its sensor reports; is the topic right?"
        )
    if len(found.payload) > LARGEST_MESSAGE_BYTES:
        raise BadAnswer(f"The message on ‘{topic[:80]}’ is larger than {LARGEST_MESSAGE_BYTES // 1000} kB.")
    return found


def readings(answers: Any, want: Want) -> list[tuple[Message, Any]]:
    """The messages of a topic that have all of the wanted paths, newest first, each with its document.

    Raises `AdapterError` when there is none: what is wrong with the newest message, or that there is none.
    """
    heard = [answers[want.topic], *getattr(answers, "earlier", {}).get(want.topic, ())] if want.topic in answers else []
    found = [(one, parsed) for one in heard if is_reading(parsed := parse(one.payload), want)]
    if found:
        return found
    newest, what = message(answers, want.topic), f"‘{want.topic[:80]}’"
    parsed = document(newest.payload, what, may_be_plain="" in want.paths)
    for path in want.paths:
        pick(parsed, path, what)
    return [(newest, parsed)]  # it has the path but no value there, which whoever reads it says


#: What `parse` makes of bytes that are neither JSON nor a word.
NOTHING = object()


def parse(payload: bytes) -> Any:
    """The document in a message, JSON or a plain text; `NOTHING` where it is neither."""
    if len(payload) > LARGEST_MESSAGE_BYTES:
        return NOTHING
    try:
        return document(payload, "", may_be_plain=True)
    except AdapterError:
        return NOTHING


def is_reading(parsed: Any, want: Want) -> bool:
    """Whether a value stands at every wanted path; null, an object or a birth message is none."""
    return parsed is not NOTHING and all(_has_value(parsed, path, want.is_word) for path in want.paths)


def _has_value(parsed: Any, path: str, is_word: bool) -> bool:
    try:
        value = pick(parsed, path, "")
    except AdapterError:
        return False
    if isinstance(value, str):
        word = value.strip().lower()
        return word not in _NO_VALUE and (is_word or word not in _BIRTHS)
    return value is not None and not isinstance(value, dict | list)


class Topic:
    """What is kept of one topic: the newest message, and the last live and the last retained reading of each want."""

    def __init__(self) -> None:
        self._count = 0
        self._newest: Message | None = None
        #: By want and whether it was retained: which message in turn it was, and the message.
        self._readings: dict[tuple[Want, bool], tuple[int, Message]] = {}
        self._wants: set[Want] = set()

    def want(self, want: Want) -> None:
        """Keep its readings from now on, and what is known of them already."""
        if want.paths and want not in self._wants:
            self._wants.add(want)
            for number, one in reversed(self._kept()):
                self._note(number, one, [want])

    def hear(self, heard: Message) -> None:
        """A message has come; an empty one withdraws whatever was said."""
        if not heard.payload:
            self._newest = None
            self._readings.clear()
        elif not (heard.is_retained and any(one.payload == heard.payload for one in self.kept())):
            self._count += 1
            self._newest = heard
            self._note(self._count, heard, self._wants)
        # else: after a reconnect the broker repeats what we know; it keeps the time we heard it.

    def kept(self) -> list[Message]:
        """Each message once, newest first."""
        return [one for _, one in self._kept()]

    def has_reading(self, want: Want) -> bool:
        """Whether anything was heard that says what is wanted."""
        return self._newest is not None and (not want.paths or any(key[0] == want for key in self._readings))

    def _kept(self) -> list[tuple[int, Message]]:
        newest = [] if self._newest is None else [(self._count, self._newest)]
        return sorted({*newest, *self._readings.values()}, key=lambda one: one[0], reverse=True)

    def _note(self, number: int, heard: Message, wants: Collection[Want]) -> None:
        parsed = parse(heard.payload) if wants else NOTHING
        for want in wants:
            if is_reading(parsed, want):
                self._readings[want, heard.is_retained] = number, heard
