"""One spelling for the same place, however it was typed: for telling that two rows mean the same device. Pure.

No name is looked up here; where the names of devices lead now is noted beside them (`miners.host_names`).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}
_THIS_COMPUTER = "127.0.0.1"
_ITS_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "::1"})


def same_host(host: str) -> str:
    """`host` in the one spelling that is equal for the same name or address."""
    text = host.strip().strip("[]").casefold().rstrip(".")
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        pass
    else:
        text = str(getattr(address, "ipv4_mapped", None) or address)
    return _THIS_COMPUTER if text in _ITS_NAMES else text


def same_url(url: str) -> str:
    """“host:port/path” of a URL: by http or https, it is the same server. Text that is no URL stays as it is."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return url.strip().casefold()
    return f"{same_host(host)}:{port}{parts.path.rstrip('/')}"
