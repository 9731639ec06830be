"""The web server of the one-process layout: waitress in a thread."""

from __future__ import annotations

import socket
import threading

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from waitress.server import create_server

THREADS = 6
#: Uploads here are policies and settings, never files.
MAX_BODY_BYTES = 2 * 1024 * 1024


class WebThread(threading.Thread):
    """Serves the WSGI application on a bound socket until stopped."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(name="web", daemon=True)
        self._server = create_server(
            get_wsgi_application(),
            sockets=[listener],
            threads=THREADS,
            max_request_body_size=MAX_BODY_BYTES,
            ident=None,
            **_proxy_options(),
        )

    def run(self) -> None:
        self._server.run()

    def stop(self) -> None:
        """Refuse new requests; those being answered get a few seconds."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=3)


def _proxy_options() -> dict:
    """Behind a proxy its word on the visitor's address, host and scheme is taken; else nobody's."""
    if not settings.BEHIND_PROXY:
        return {}
    return {
        "trusted_proxy": "*",
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"},
    }
