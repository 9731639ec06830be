"""What a person typed to look for miners: addresses, names, ranges, a subnet → the places to look at. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from miners.protocols.address import address_problem, is_private, pasted, split

#: More is no home, and takes minutes.
MOST_HOSTS = 1024
MOST_CHARACTERS = 20_000
#: Spaces around the dash of a range belong to it; only between digits, as names may hold dashes.
_SPACED_DASH = re.compile(r"(?<=[0-9])\s*[-–]\s*(?=[0-9])")
_RANGE = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})-(\d{1,3}(?:(?:\.\d{1,3}){3})?)")
_EXAMPLES = "192.168.1.40, 192.168.1.40-60 or 192.168.1.0/24"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAPlace(ValueError):
    """What was typed is no place to look at; `str(error)` is a sentence naming the value."""


@dataclass(frozen=True, slots=True)
class Target:
    """One place to look at: IP address or name, and the port where one was typed."""

    host: str
    port: int | None = None

    @classmethod
    def of(cls, address: str) -> Target:
        """The place a driver's address names, written the one way it can be compared. Raises ValueError."""
        host, port = split(address)
        try:
            return cls(str(ipaddress.ip_address(host)), port)
        except ValueError:
            return cls(host.lower(), port)

    @property
    def address(self) -> str:
        """As drivers take it (`miners.protocols.address.DeviceAddress`)."""
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def targets(text: str) -> tuple[Target, ...]:
    """The places in `text`, each once, in the order typed; parts stand between spaces, commas, semicolons or lines.

    Raises `NotAPlace` for anything that is none, is not in a private network, or is more than `MOST_HOSTS` together.
    """
    if len(text) > MOST_CHARACTERS:
        raise NotAPlace(f"That is too much text: {len(text)} characters. Type at most {MOST_CHARACTERS}.")
    found: dict[Target, None] = {}
    for part in re.split(r"[\s,;]+", _SPACED_DASH.sub("-", text)):
        for target in _places(part) if part else ():
            found[target] = None
            if len(found) > MOST_HOSTS:
                raise NotAPlace(f"Together that is more than {MOST_HOSTS} addresses. Look at fewer at once.")
    if not found:
        raise NotAPlace(f"Type where to look: {_EXAMPLES}.")
    return tuple(found)


def _places(part: str) -> Iterator[Target]:
    span = _RANGE.fullmatch(part)
    if span:
        return _of_range(part, *span.groups())
    is_subnet = "/" in part and "://" not in part and part.partition("/")[2].strip("0123456789") == ""
    return _of_subnet(part) if is_subnet and not part.endswith("/") else iter((_one(pasted(part)),))


def _one(part: str) -> Target:
    problem = address_problem(part)
    if problem:
        raise NotAPlace(f"{problem}.")
    return Target.of(part)


def _of_range(part: str, first: str, last: str) -> Iterator[Target]:
    """`192.168.1.40-60` and `192.168.1.250-192.168.2.10`, both ends included."""
    try:
        low = ipaddress.IPv4Address(first)
        high = ipaddress.IPv4Address(last if "." in last else f"{first.rpartition('.')[0]}.{last}")
    except ValueError:
        raise NotAPlace(f"‘{part}’ is no range of addresses; one looks like 192.168.1.40-60.") from None
    if high < low:
        raise NotAPlace(f"‘{part}’ ends before it begins. Write the lower address first.")
    return _all(part, low, high)


def _of_subnet(part: str) -> Iterator[Target]:
    """The hosts of a subnet: without its own name and its broadcast address, where it has them."""
    try:
        net = ipaddress.ip_network(part, strict=False)
    except ValueError:
        raise NotAPlace(f"‘{_shown(part)}’ is no subnet; one looks like 192.168.1.0/24.") from None
    has_ends = net.version == 4 and net.prefixlen < 31
    return _all(part, net[1] if has_ends else net[0], net[-2] if has_ends else net[-1])


def _all(part: str, low: _Address, high: _Address) -> Iterator[Target]:
    count = int(high) - int(low) + 1
    if count > MOST_HOSTS:
        raise NotAPlace(
            f"‘{part}’ is {count} addresses. At most {MOST_HOSTS} are looked at at once: name a part of it, "
            "like 192.168.1.0/24."
        )
    addresses = [str(type(low)(number)) for number in range(int(low), int(high) + 1)]
    outside = next((one for one in addresses if not is_private(one)), None)
    if outside is not None:
        raise NotAPlace(
            f"‘{part}’ is not in this home’s network ({outside} is none of its addresses). Name your own, like "
            "192.168.1.0/24."
        )
    return (Target(one) for one in addresses)


def _shown(part: str) -> str:
    return part[:60]
