"""Where a Home Assistant is, from what a person typed or pasted: with a page behind it, without http or port.

Each address that may be meant is asked for a file that Home Assistant shows to everybody, so that a token is shown to
nobody else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from ..ask import call_all
from ..errors import AdapterError, BadAnswer, Unreachable, Untrusted
from ..http import Http
from ..whereabouts import as_url

PORT = 8123
ASK_SECONDS = 4.5
_MANIFEST = "/manifest.json"
_NAME = re.compile(r"(?=.{1,253}\.?$)[\w-]{1,63}(\.[\w-]{1,63})*\.?")
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


class NoAddress(ValueError):
    """What was typed is no address."""


def candidates(typed: str) -> list[str]:
    """The addresses that may be meant, the likeliest first. A page, a user and a password behind or in it are left out.

    Raises `NoAddress`.
    """
    text = typed.strip().strip("<>\"'")
    scheme, has_scheme, rest = text.partition("://")
    scheme, rest = (_SCHEMES.get(scheme.lower(), ""), rest) if has_scheme else ("http", text)
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoAddress from None
    if not scheme or not _is_host(host):
        raise NoAddress
    host = f"[{host}]" if ":" in host else host
    if port is not None:
        other = {"http": "https", "https": "http"}[scheme]
        return [f"{one}://{host}:{port}" for one in ([scheme] if has_scheme else [scheme, other])]
    if has_scheme:
        return [f"{scheme}://{host}", f"{scheme}://{host}:{PORT}"]
    return [f"http://{host}:{PORT}", f"https://{host}:{PORT}", f"https://{host}", f"http://{host}"]


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return bool(_NAME.fullmatch(host)) and not host.replace(".", "").isdigit()
    return True


def without_page(url: str) -> str:
    """An address as it is stored: without the page of Home Assistant that was open in the browser."""
    has_scheme, url = "://" in url, as_url(url)
    try:
        parts = urlsplit(url)
        if not has_scheme and parts.hostname and parts.port is None:
            parts = parts._replace(netloc=f"{parts.netloc}:{PORT}")
    except ValueError:
        return url
    page = parts.path.strip("/").partition("/")[0]
    if _PAGES.fullmatch(page) or parts.query or parts.fragment:
        return f"{parts.scheme}://{parts.netloc}"
    return parts.geturl().rstrip("/")


#: What its own pages begin with; anything else may be the path of a proxy.
_PAGES = re.compile(
    r"lovelace.*|dashboard-.*|home|energy|map|logbook|history|media-browser|todo|calendar|config|profile|auth|hassio|"
    r"developer-tools|onboarding.*|local|api"
)


def find(addresses: Sequence[str], certificate: str = "") -> str:
    """The first of these where a Home Assistant answers (≤ 5 s), without a token. One alone is not asked.

    Raises `AdapterError` where none does.
    """
    if len(addresses) == 1:
        return addresses[0]
    calls = {("find", url): (lambda deadline, url=url: _is_there(url, certificate, deadline)) for url in addresses}
    outcomes = call_all(calls, ASK_SECONDS)
    errors: list[AdapterError] = []
    for url in addresses:
        outcome = outcomes[("find", url)]
        if outcome.error is None and outcome.value:
            return url
        if outcome.error is not None:
            errors.append(outcome.error)
    untrusted = next((error for error in errors if isinstance(error, Untrusted)), None)
    if untrusted is not None:
        raise untrusted  # what is there is worth more than what is not
    tried = ", ".join(addresses)
    if len(errors) < len(addresses):
        raise BadAnswer(f"What answers there is no Home Assistant. Tried: {tried}. Type the address with its port.")
    raise Unreachable(f"No Home Assistant answers there. Tried: {tried}. Is it running, and on this network?")


def _is_there(url: str, certificate: str, deadline: float) -> bool:
    http = Http(url, name="Home Assistant", certificate=certificate)
    try:
        answer = http.request("GET", _MANIFEST, deadline=deadline)
        manifest = answer.json() if answer.status == 200 else None
    except BadAnswer:
        return False
    finally:
        http.close()
    return isinstance(manifest, dict) and "home assistant" in str(manifest.get("name", "")).lower()
