"""PostgreSQL, Redis and Mosquitto, each with nothing in it."""

from __future__ import annotations

import os
import subprocess
from glob import glob
from pathlib import Path

from .process import Server, require


class Postgres(Server):
    """PostgreSQL with an empty database `edgemining`; trusts everybody on loopback."""

    def __init__(self) -> None:
        folders = sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True)
        self._psql = require("psql", "postgresql-client", *folders)
        initdb = require("initdb", "postgresql", *folders)
        server = require("postgres", "postgresql", *folders)
        # PostgreSQL refuses to run as root.
        super().__init__("postgres", user="postgres" if os.geteuid() == 0 else None)
        data = self.folder / "data"
        self.run([initdb, "-D", data, "-U", "edgemining", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        options |= {"fsync": "off", "full_page_writes": "off", "max_connections": 50}
        settings = (part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        self._is_ready = [require("pg_isready", "postgresql-client", *folders), *self._where]
        self._command = [server, "-D", data, *settings]
        self.restart()
        self.run([require("createdb", "postgresql-client", *folders), *self._where, "edgemining"])

    def restart(self) -> None:
        """Start (again), with what it had."""
        self.kill()
        self.start(self._command, lambda: subprocess.run(self._is_ready, capture_output=True).returncode == 0)

    @property
    def _where(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "edgemining"]

    def query(self, sql: str) -> str:
        """What psql prints for a statement, without decoration."""
        command = [self._psql, *self._where, "-d", "edgemining", "-X", "-q", "-t", "-A", "-c", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    @property
    def url(self) -> str:
        """`DATABASE_URL`."""
        return f"postgres://edgemining@127.0.0.1:{self.port}/edgemining"


class Redis(Server):
    """A Redis that keeps nothing on disk."""

    def __init__(self) -> None:
        binary = require("redis-server", "redis-server")
        super().__init__("redis")
        self._command = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.restart()

    def restart(self) -> None:
        """Start (again), empty."""
        self.kill()
        self.start(self._command)

    @property
    def url(self) -> str:
        """`REDIS_URL`."""
        return f"redis://127.0.0.1:{self.port}/0"


class Mosquitto(Server):
    """An MQTT broker for everybody on loopback; `certificate` and key make it speak TLS."""

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        binary = require("mosquitto", "mosquitto")
        super().__init__("mosquitto")
        config = self.folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence false", "log_dest stdout"]
        if certificate is not None:
            lines += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
            lines += ["user root"] if os.geteuid() == 0 else []  # as another user it could not read the key
        config.write_text("\n".join(lines) + "\n")
        self._command = [binary, "-c", config]
        self.restart()

    def restart(self) -> None:
        """Start (again); retained messages are gone."""
        self.kill()
        self.start(self._command)
