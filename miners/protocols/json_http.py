"""A miner that answers JSON over HTTP: one connection, one deadline for all that one call asks.

Where it wants a token, the one of last time is tried first and a new one fetched only when it is
refused: a login at every poll would fill the device's list of sessions. Tokens live in memory only.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from integrations.errors import AdapterError, BadAnswer, NotFound, Refused
from integrations.http import Answer
from integrations.http_status import status_error
from integrations.text import printable

from .address import http_device
from .digest import Digest

#: No firmware behind such an API switches off by itself when nobody asks it any more.
NO_DEAD_MAN_HELP = (
    "It heats on when this program is gone. Put it behind a metering plug with a timer of its own as the last resort; "
    "a hard cut wears power supplies, so give the timer an hour or more."
)
#: What a driver cannot see of a device before it happens; a sentence of its limits.
UNSEEN_SCHEDULES = (
    "A start scheduled by its own page, app or cloud cannot be seen in advance: it is switched off again afterwards."
)
_MOST_TOKENS = 1000

_tokens: OrderedDict[str, str] = OrderedDict()
_tokens_lock = threading.Lock()


class RestDevice:
    """Ask with `get` and `send`, inside `with`. `login(device)` answers the value of the Authorization header.

    `secret`: what the login depends on (user, password); another one never uses a token of this one. `digest`: for
    devices that ask for the password in each request instead.
    """

    def __init__(
        self,
        address: str,
        deadline: float,
        *,
        name: str = "The miner",
        base: str = "",
        login: Callable[[RestDevice], str] | None = None,
        secret: str = "",
        digest: Digest | None = None,
    ) -> None:
        self._deadline, self._base, self._login, self._digest = deadline, base, login, digest
        self._key = hashlib.sha256(f"{address}{base}\0{secret}".encode()).hexdigest()
        self._token = _known_token(self._key) if login else ""
        self._http = http_device(address, name)
        #: How sentences call it.
        self.what = f"{name} at {self._http.place}"
        self.place = self._http.place

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        """The JSON at `path`."""
        return self.send("GET", path)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that is answered, None for an empty answer. Raises `AdapterError` for anything but a success."""
        return _json(self._asked(method, path, body))

    def tell(self, method: str, path: str, body: Any = None) -> None:
        """As `send`, for a command whose answer says nothing: what came of it, a later read shows."""
        self._asked(method, path, body)

    def plain(self, method: str, path: str, body: Any = None) -> Any:
        """As `send`, without a login: what a login itself asks."""
        return _json(self._checked(self._request(method, path, body)))

    def log_in(self) -> None:
        """Whether it takes the password, where it answers without one. Raises `Unauthorized` when it does not."""
        if self._login is not None and not self._token:
            self._log_in(self._login)

    def _asked(self, method: str, path: str, body: Any) -> Answer:
        answer = self._request(method, path, body)
        if answer.status in (401, 403) and self._login is not None:
            self._log_in(self._login)
            answer = self._request(method, path, body)
        elif answer.status == 401 and self._digest is not None and self._digest.take(answer.challenge):
            answer = self._request(method, path, body)
        return self._checked(answer)

    def _log_in(self, login: Callable[[RestDevice], str]) -> None:
        self._token = ""
        _keep_token(self._key, "")
        self._token = login(self)
        _keep_token(self._key, self._token)

    def _request(self, method: str, path: str, body: Any) -> Answer:
        uri = f"{self._base}/{path}"
        who = self._token
        if self._digest is not None and self._digest.has_challenge:
            who = self._digest.header(method, uri)
        headers = {"Authorization": who} if who else None
        return self._http.request(method, uri, deadline=self._deadline, json=body, headers=headers)

    def _checked(self, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        raise self._error(answer)

    def _error(self, answer: Answer) -> AdapterError:
        has_password = self._login is not None or self._digest is not None
        return status_error(
            answer.status,
            self.what,
            locked=f"{'refuses the' if has_password else 'asks for a'} password ({{status}}). "
            "Enter the one of its own web page.",
            unknown="does not know what it is asked (404). Is it of this kind, and up to date?",
            reason=_said(answer),
        )


def surely(look: Callable[[], bool]) -> bool:
    """What `look` finds; False when the device answers but cannot be understood: an off is then sent all the same."""
    try:
        return look()
    except (BadAnswer, NotFound, Refused):
        return False


def _json(answer: Answer) -> Any:
    return answer.json() if answer.body.strip() else None


def _said(answer: Answer) -> str:
    """What the device gives as its reason, in quotes."""
    try:
        body = answer.json()
    except BadAnswer:
        return ""
    reason = (
        next((body[key] for key in ("err", "error", "message") if body.get(key)), None)
        if isinstance(body, dict)
        else body
    )
    text = printable(reason[:80]) if isinstance(reason, str) else ""
    return f": ‘{text}’" if text else ""


def _known_token(key: str) -> str:
    with _tokens_lock:
        return _tokens.get(key, "")


def _keep_token(key: str, token: str) -> None:
    with _tokens_lock:
        _tokens.pop(key, None)
        if token:
            _tokens[key] = token
        if len(_tokens) > _MOST_TOKENS:
            _tokens.popitem(last=False)


def forget_tokens() -> None:
    """Forget all tokens (tests)."""
    with _tokens_lock:
        _tokens.clear()
