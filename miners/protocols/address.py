"""Where a device is: a host or address in this home, as a person typed it.

API ports of miners know no password; a driver therefore speaks to private addresses alone, checked
again whenever a name is resolved.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from integrations.errors import BadAnswer, Unreachable
from integrations.http import Http

_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*\.?")
_V6_WITH_PORT = re.compile(r"\[([^\]]+)\](?::(\d+))?")


@dataclass(frozen=True, slots=True)
class Place:
    """An address that can be connected to, and how sentences call it."""

    ip: str
    port: int
    shown: str


#: As it stands in a browser: “http://user@192.168.1.40/status?x”, and “192.168.1.40/status” without the beginning.
_PASTED = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@\s]*@)?([^/?#\s]+)([/?#]\S*)?", re.IGNORECASE)


def pasted(text: str) -> str:
    """Host and port of an address as it was copied from a browser; other text as it is."""
    found = _PASTED.fullmatch(text.strip())
    # A word and a slash alone are no address of anything.
    is_one = found is not None and ("://" in text or not found[2] or any(sign in found[1] for sign in ".:"))
    return found[1] if is_one else text


def split(text: str) -> tuple[str, int | None]:
    """Host and port; a ValueError when it is neither."""
    bracketed = _V6_WITH_PORT.fullmatch(text)
    if bracketed:
        host, port = bracketed[1], bracketed[2]
    elif text.count(":") > 1:
        host, port = text, None
    else:
        host, _, port = text.partition(":")
        port = port or (None if ":" not in text else "none")
    if port is not None and not (port.isascii() and port.isdigit()):
        raise ValueError
    number = None if port is None else int(port)
    if number is not None and not 0 < number < 65536:
        raise ValueError
    return host, number


def is_private(ip: str) -> bool:
    """In this home: private, link-local or this very computer; never the internet, a group or no address."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if getattr(address, "teredo", None):
        return False  # it leads to a host on the internet, though Python counts 2001::/23 as private
    return (address.is_private or address.is_link_local) and not address.is_multicast and not address.is_unspecified


def _trouble(text: str) -> tuple[str, str] | None:
    """What kind of problem `text` is as an address, and in which words; None where it is one."""
    no_address = ("address", "‘{seen}’ is no address; one looks like {example}")
    try:
        host, _ = split(text)
    except ValueError:
        return no_address
    try:
        is_here = is_private(host)
    except ValueError:
        is_name = _NAME.fullmatch(host) and not host.rstrip(".").replace(".", "").isdigit()
        return None if is_name else no_address
    if is_here:
        return None
    return "address_public", "‘{seen}’ is not in this home’s network; enter the miner’s own, like {example}"


def _context(text: str) -> dict[str, str]:
    return {"example": "192.168.1.40", "seen": text[:60]}


def address_problem(text: str) -> str | None:
    """Why `text` is no address of a device in this home, without a full stop; None where it is one."""
    found = _trouble(text)
    return None if found is None else found[1].format(**_context(text))


def _checked(text: str) -> str:
    text = pasted(text)
    found = _trouble(text)
    if found is not None:
        raise PydanticCustomError(*found, _context(text))
    return text


#: The setting every driver has: host or IP, with a port where it is not the usual one.
DeviceAddress = Annotated[
    str,
    AfterValidator(_checked),
    Field(
        min_length=1,
        max_length=260,
        description="The miner’s address in this network, for example 192.168.1.40. Give it a fixed one in the router.",
    ),
]


def place(address: str, usual_port: int, name: str) -> Place:
    """The address to connect to. Raises `Unreachable` for an unknown name, `BadAnswer` for one outside the home.

    Looking a name up can block; `integrations.ask` gives such a call up.
    """
    host, port = split(address)
    port = port or usual_port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(
            f"The name ‘{host}’ is not known in this network. Check the address of {name}, or enter its IP address."
        ) from None
    for *_, where in found:
        if is_private(where[0]):
            return Place(where[0], port, address)
    raise BadAnswer(f"‘{host}’ leads to {found[0][4][0]}, which is not in this home’s network. Enter {name}’s own.")


def http_device(address: str, name: str, *, usual_port: int = 80, headers: dict[str, str] | None = None) -> Http:
    """The device's web API, bounded in time and size (`integrations.http`). Close it after use."""
    where = place(address, usual_port, name)
    host = f"[{where.ip}]" if ":" in where.ip else where.ip
    return Http(f"http://{host}:{where.port}", name=name, headers=headers)
