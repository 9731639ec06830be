"""One spelling for the same place, however it was typed: for telling that two rows mean the same device. Pure.

No name is looked up here; where the names of devices lead now is noted beside them (`miners.identity.host_names`).
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


def as_url(text: str, scheme: str = "http") -> str:
    """An address as it was typed or pasted, as a URL: nothing around it, and with a scheme."""
    text = text.strip().strip("<>\"'")
    return text if not text or "://" in text else f"{scheme}://{text}"


#: What comes before an MQTT broker's address, and whether it asks for TLS.
_BROKER_SCHEMES = {"": False, "mqtt": False, "tcp": False, "mqtts": True, "ssl": True, "tls": True}


def broker_of(text: str) -> tuple[str, int | None, bool]:
    """Host, port (None: it does not say) and whether it asks for TLS, of an MQTT broker as pasted. Other text stays.

    From the address of a web page on that computer only the host is taken: its port is not the broker's.
    """
    scheme, has_scheme, rest = text.strip().partition("://")
    scheme, rest = (scheme.lower(), rest) if has_scheme else ("", text.strip())
    if not has_scheme and rest.count(":") > 1 and "[" not in rest:
        return rest.partition("/")[0], None, False  # an IPv6 address
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text, None, False
    if not host or "@" in parts.netloc:
        return text, None, False
    if scheme not in _BROKER_SCHEMES:
        return host, None, False
    return host, port, _BROKER_SCHEMES[scheme]


def same_url(url: str) -> str:
    """“host:port/path” of a URL: by http or https, it is the same server. Text that is no URL stays as it is."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return url.strip().casefold()
    return f"{same_host(host)}:{port}{parts.path.rstrip('/')}"
