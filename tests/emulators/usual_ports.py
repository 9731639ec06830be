"""A device on the ports it really has, on a loopback address of its own: for libraries that know no other ports."""

from __future__ import annotations

import contextlib
import errno
import socket
import socketserver
import threading
from collections.abc import Iterator

from tests.servers.process import loopback_network, missing


def _own_hosts() -> Iterator[str]:
    while True:
        network = loopback_network()
        yield from (f"{network}.{number}" for number in range(1, 255))


_hosts = _own_hosts()


class _Forwarder(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    to_port: int


class _Handler(socketserver.BaseRequestHandler):
    server: _Forwarder

    def handle(self) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.server.to_port)) as device:
            back = threading.Thread(target=_pump, args=(device, self.request), daemon=True)
            back.start()
            _pump(self.request, device)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class UsualPorts:
    """Whoever connects to `host` (default: one of its own) at one of `ports` reaches the emulator at `to_port`."""

    def __init__(self, ports: tuple[int, ...], to_port: int, host: str = "") -> None:
        self.host = host or next(_hosts)
        self._forwarders = [self._forward(port, to_port) for port in ports]

    def _forward(self, port: int, to_port: int) -> _Forwarder:
        try:
            forwarder = _Forwarder((self.host, port), _Handler)
        except OSError as error:
            if error.errno != errno.EACCES:
                raise
            missing(f"port {port}", "sysctl net.ipv4.ip_unprivileged_port_start=80")
        forwarder.to_port = to_port
        threading.Thread(target=forwarder.serve_forever, args=(0.01,), daemon=True).start()
        return forwarder

    def close(self) -> None:
        for forwarder in self._forwarders:
            forwarder.shutdown()
            forwarder.server_close()
