"""Asking Home Assistant with a token, with the manners it expects of whoever asks.

A refused token is not shown again and again (`integrations.refusals`): Home Assistant bans the address of those who do.
Nor is it found out by refusals what the token may do: who it belongs to is asked for (WebSocket, `auth/current_user`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..errors import AdapterError, BadAnswer, Unauthorized
from ..http import MEGABYTE, Answer, Http
from ..refusals import Refusals, Waits
from ..websocket import WebSocket

NAME = "Home Assistant"
#: A computer that is banned asks no more often (s); it costs Home Assistant nothing, and others may count it.
_BANNED_PAUSE_SECONDS = 60.0
#: A token that was taken so recently is right: what is refused now is refused to its user (s).
_TAKEN_RECENTLY_SECONDS = 120.0
#: The registries of a large home are some megabytes.
_LARGEST_LISTS_BYTES = 16 * MEGABYTE
_REFUSED = "Home Assistant refuses the token. Create a new long-lived access token there and enter it here."
_BANNED = (
    "Home Assistant refuses this computer (403): most likely it has banned its address after several refused tokens. "
    "Remove the address from the file ip_bans.yaml in Home Assistant’s configuration folder, restart Home Assistant, "
    "and enter a new token here."
)


@dataclass(frozen=True, slots=True)
class User:
    """Whose token it is."""

    name: str
    is_admin: bool


class Door:
    """The way in. Safe to use from several threads; all deadlines are `time.monotonic()`."""

    def __init__(self, url: str, token: str, certificate: str = "") -> None:
        if not token:
            raise Unauthorized("Home Assistant needs a token. Create a long-lived access token in your profile there.")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise Unauthorized("The token holds characters that no token has. Copy it from Home Assistant again.")
        self._url, self._token, self._certificate = url, token, certificate
        self._http = Http(url, name=NAME, headers={"Authorization": f"Bearer {token}"}, certificate=certificate)
        self._address = url.rstrip("/")
        self._refusals = Refusals(NAME, self._address, token)
        self._rights: dict[str, Refusals] = {}
        self._taken_at = float("-inf")
        self._banned_until = float("-inf")

    @property
    def place(self) -> str:
        return self._http.place

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        json: Any = None,
        limit_bytes: int = MEGABYTE,
        right: str = "",
        is_off: bool = False,
    ) -> Answer:
        """The answer, of any status but a refusal. Raises `Unauthorized` for those, and as `Http.request` does.

        `right`: what the token's user needs to be allowed, in words (“switch”); `is_off`: something is switched off.
        """
        held_against = self._before(right, is_off)
        try:
            answer = self._http.request(method, path, json=json, deadline=deadline, limit_bytes=limit_bytes)
        except AdapterError:
            self._unanswered(held_against)
            raise
        self._judge(answer.status, held_against, right, is_off)
        return answer

    def who(self, deadline: float) -> User:
        """Whose token it is. Raises `Unauthorized` where it is refused, and other `AdapterError`s where it cannot be
        asked (a proxy that knows no WebSocket).
        """
        held_against = self._before("", is_off=False)
        try:
            said = self._said(deadline)
        except AdapterError:
            self._unanswered(held_against)
            raise
        if said is None:
            self._judge(401, held_against, "", is_off=False)
        self._judge(200, held_against, "", is_off=False)
        return said

    def lists(self, commands: Sequence[str], deadline: float) -> list[list[Any]]:
        """The answers to commands that answer lists, such as those of registries. Raises as `who`, and `BadAnswer`."""
        held_against = self._before("", is_off=False)
        try:
            said = self._conversation(commands, deadline, _LARGEST_LISTS_BYTES)
        except AdapterError:
            self._unanswered(held_against)
            raise
        self._judge(401 if said is None else 200, held_against, "", is_off=False)
        if not all(isinstance(one, list) for one in said or ()):
            raise _no_home_assistant(self.place)
        return said

    def _said(self, deadline: float) -> User | None:
        """None: the token is refused."""
        said = self._conversation(["auth/current_user"], deadline)
        if said is None:
            return None
        user = said[0]
        if not isinstance(user, dict) or not isinstance(user.get("is_admin"), bool):
            raise _no_home_assistant(self.place)
        return User(str(user.get("name") or "?")[:60], user["is_admin"])

    def _conversation(self, commands: Sequence[str], deadline: float, limit_bytes: int = MEGABYTE) -> list[Any] | None:
        """The result of each command, one after the other; None: the token is refused."""
        with WebSocket(
            self._url,
            "/api/websocket",
            name=NAME,
            deadline=deadline,
            certificate=self._certificate,
            limit_bytes=limit_bytes,
        ) as conversation:
            if _type(conversation.receive()) != "auth_required":
                raise _no_home_assistant(self.place)
            conversation.send({"type": "auth", "access_token": self._token})
            if _type(conversation.receive()) != "auth_ok":
                return None
            results = []
            for number, command in enumerate(commands, 1):
                conversation.send({"id": number, "type": command})
                answer = conversation.receive()
                results.append(answer.get("result") if isinstance(answer, dict) else None)
        return results

    # -- manners -------------------------------------------------------------------------------

    def _before(self, right: str, is_off: bool) -> list[Refusals]:
        """What is held against this request, all of which may be tried now. Raises `Unauthorized`."""
        if time.monotonic() < self._banned_until and not is_off:
            raise Unauthorized(_BANNED)
        found = []
        asked = [(self._refusals, _REFUSED)]
        if right:
            asked.append((self._right(right), _needs(right)))
        for refusals, sentence in asked:
            try:
                if refusals.before(is_off=is_off):
                    found.append(refusals)
            except Waits as waits:
                self._unanswered(found)
                raise Unauthorized(sentence, waits.until) from None
        return found

    def _right(self, right: str) -> Refusals:
        """What is held against a token that is right, but whose user may not do this."""
        if right not in self._rights:
            self._rights[right] = Refusals(NAME, self._address, self._token, right)
        return self._rights[right]

    def _judge(self, status: int, held_against: list[Refusals], right: str, is_off: bool) -> None:
        """Note what an answer of this status says of the token. Raises `Unauthorized` for a refusal."""
        if status == 401:
            if right and time.monotonic() - self._taken_at < _TAKEN_RECENTLY_SECONDS:
                self._unanswered([one for one in held_against if one is self._refusals])
                raise Unauthorized(_needs(right), self._right(right).refused(is_off=is_off))
            raise Unauthorized(_REFUSED, self._token_refused(is_off))
        if status == 403:
            self._unanswered(held_against)
            self._banned_until = time.monotonic() + _BANNED_PAUSE_SECONDS
            raise Unauthorized(_BANNED)
        if status not in (200, 201, 400):  # 404 and others are answered to anybody
            self._unanswered(held_against)
            return
        self._taken_at, self._banned_until = time.monotonic(), float("-inf")
        for refusals in held_against:
            refusals.accepted()

    def _token_refused(self, is_off: bool) -> datetime:
        """The time of the next try. What was taken for a missing right of its user was the token's refusal already."""
        self._taken_at = float("-inf")
        already = sum(refusals.count for refusals in self._rights.values())
        for refusals in self._rights.values():
            refusals.accepted()
        return self._refusals.refused(is_off=is_off, already=already)

    @staticmethod
    def _unanswered(held_against: list[Refusals]) -> None:
        for refusals in held_against:
            refusals.unanswered()


def _needs(right: str) -> str:
    return (
        f"Home Assistant does not allow the user of this token to {right}. Enter a token of a user who may, best of an "
        "administrator."
    )


def _type(message: Any) -> str:
    return str(message.get("type")) if isinstance(message, dict) else ""


def _no_home_assistant(place: str) -> BadAnswer:
    return BadAnswer(f"{place} does not answer like Home Assistant. Check the address.")
