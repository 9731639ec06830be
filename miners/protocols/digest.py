"""HTTP digest authentication (RFC 7616) with SHA-256, as Shelly's plugs ask for it: the password is never sent."""

from __future__ import annotations

import hashlib
import re
import secrets

_PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_SAFE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,200}")


class Digest:
    """What one device asked for last, and the answers to it."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user, password
        self._realm = self._nonce = ""
        self._count = 0

    @property
    def has_challenge(self) -> bool:
        return bool(self._nonce)

    def take(self, challenge: str) -> bool:
        """Remember a `WWW-Authenticate` header; False when it asks for anything else than this."""
        fields = {key.lower(): quoted or plain for key, quoted, plain in _PAIR.findall(challenge)}
        self._realm, self._nonce, self._count = fields.get("realm", ""), fields.get("nonce", ""), 0
        is_known = challenge.lower().startswith("digest ") and fields.get("algorithm", "").upper() == "SHA-256"
        is_sound = all(_SAFE.fullmatch(text) for text in (self._realm, self._nonce))
        if not (is_known and is_sound and "auth" in re.split(r"[\s,]+", fields.get("qop", ""))):
            self._nonce = ""
        return self.has_challenge

    def header(self, method: str, uri: str) -> str:
        """The `Authorization` header of one request; each counts on."""
        self._count += 1
        count, mine = f"{self._count:08x}", secrets.token_hex(8)
        asked = f"{self._nonce}:{count}:{mine}:auth"
        response = _sha(f"{_sha(f'{self._user}:{self._realm}:{self._password}')}:{asked}:{_sha(f'{method}:{uri}')}")
        return (
            f'Digest username="{self._user}", realm="{self._realm}", nonce="{self._nonce}", uri="{uri}", '
            f'response="{response}", algorithm=SHA-256, qop=auth, nc={count}, cnonce="{mine}"'
        )


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
