"""One program per data folder, and one per port."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from . import data_folder
from .supervisor import EXIT_GIVE_UP


class CannotStart(Exception):
    """Starting again would change nothing; `str(error)` says what to do."""


def read_settings() -> None:
    """Now, so that a wrong setting or a damaged data folder ends this process with one sentence, whichever it is."""
    from django.conf import settings

    try:
        settings.INSTALLED_APPS  # noqa: B018 - reading one reads all
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(EXIT_GIVE_UP) from None


def hold_data_folder(folder: Path) -> int:
    """Lock `folder` until this process ends; returns the descriptor that holds the lock."""
    try:
        descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(data_folder.unusable(folder, folder / "up.lock", error)) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        other = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise CannotStart(
            f"Edge Mining already runs on the data folder {folder} (process {other}). "
            "Stop it first, or give this one a folder of its own with DATA_DIR=/some/folder."
        ) from None
    with suppress(OSError):  # a full disk: the lock is what counts, the number is for people
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket bound to `host`:`port`."""
    if not 1 <= port <= 65535:
        raise CannotStart(f"PORT {port}: a port is a number from 1 to 65535.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise CannotStart(_why_not_bound(error, host, port)) from None
    return listener


def _why_not_bound(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by another program. Stop that one, or choose another with PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights this user does not have. Choose one from 1024 up, like PORT=8000."
    return f"HOST {host!r}, PORT {port}: {error.strerror}. HOST is an address of this machine, or 0.0.0.0 for all."
