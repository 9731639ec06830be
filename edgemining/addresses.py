"""Where a person opens the program: this machine, and the same machine seen from the network."""

from __future__ import annotations

import socket

#: An address of the documentation block: routing to it names our own address and sends nothing.
_ELSEWHERE = ("192.0.2.1", 9)


def lan_address() -> str | None:
    """This machine's IPv4 address in its network, or None without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith(("127.", "0.")) else address


def urls(host: str, port: int) -> list[str]:
    """The addresses to open, the nearest first; `host` is what the server listens on."""
    if host in ("0.0.0.0", "::", "*", ""):  # noqa: S104 (compared, not bound)
        names = ["localhost", lan_address()]
    else:
        names = [f"[{host}]" if ":" in host else host]
    return [f"http://{name}:{port}/" for name in names if name]
