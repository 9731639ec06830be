"""Looking for miners where a person said: which ports answer, and which driver recognises what is behind them.

Nothing is ever written to a device, and no password is tried at anything a driver has not recognised. Every look has
a deadline of its own, whatever answers there; a whole search has one for all.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError as ConfigError

from integrations import registry
from integrations.ask import call, call_all
from integrations.errors import AdapterError, DeadlineExceeded, MissingSetting, Unauthorized
from integrations.registry import Adapter, AdapterConfig, Kind
from miners.power import identity_json
from miners.protocols.address import place

from . import unrecognised
from .typed_addresses import Target

#: A device in the same house answers a connection within milliseconds; the first call to one asleep takes longer.
CONNECT_SECONDS = 1.0
#: What one driver may take for one device, and all of them together.
DRIVER_SECONDS, HOST_SECONDS = 3.0, 10.0
#: A whole search, however much hangs in it.
SEARCH_SECONDS = 120.0
#: A look at one address while somebody waits.
PROBE_SECONDS = 4.8
_NAME = "The device"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A device that a driver recognised. JSON-able.

    `identity`: as a controller stores it; empty while it cannot be used, for which `problem` is the reason.
    `status`, `power_w`: what it does now, where it says so. `needs_password`: it tells more only with one. Without an
    `adapter_type` nothing drives it as it is, and `problem` says what to do instead.
    """

    address: str
    adapter_type: str
    model: str
    firmware: str = ""
    version: str = ""
    serial: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    status: str = ""
    power_w: float | None = None
    needs_password: bool = False
    problem: str = ""
    #: Settings of its driver that it does not tell and a person must enter.
    needs: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Look:
    """What one address showed. `answers`: something is there; `problem`: why it is not known what."""

    address: str
    answers: bool = False
    found: Found | None = None
    problem: str = ""


def drivers() -> list[type[Adapter]]:
    """The drivers that can be asked what is at an address, generalists last."""
    every = registry.adapters(Kind.MINER_CONTROLLER).values()
    able = [one for one in every if one.connection is None and one.is_real and one.usual_ports]
    return sorted(able, key=lambda adapter: adapter.is_generalist)


def usual_ports(adapters: Collection[type[Adapter]]) -> list[int]:
    return sorted({port for adapter in adapters for port in adapter.usual_ports})


def fitting(
    adapters: Sequence[type[Adapter]], open_ports: Collection[int] | None
) -> Iterator[tuple[int, type[Adapter]]]:
    """Whom to ask in which order, each once, with the usual port of his that counts: by port, generalists last.

    `open_ports` None: a person typed the port, which fits everybody.
    """
    asked: set[type[Adapter]] = set()
    for generalist in (False, True):
        for port in usual_ports(adapters):
            for adapter in adapters:
                fits = port in adapter.usual_ports and (open_ports is None or port in open_ports)
                if fits and adapter.is_generalist is generalist and adapter not in asked:
                    asked.add(adapter)
                    yield port, adapter


def look_at(target: Target, deadline: float, adapters: Sequence[type[Adapter]] | None = None) -> Look:
    """Which ports answer there, and the first driver that recognises the device. Raises nothing a device can cause.

    Resolving a name can block; `integrations.ask` gives such a call up.
    """
    adapters = drivers() if adapters is None else adapters
    deadline = min(deadline, time.monotonic() + HOST_SECONDS)
    ports = usual_ports(adapters) if target.port is None else [target.port]
    try:
        where = place(target.address, ports[0], _NAME)
    except AdapterError as error:
        return Look(target.address, problem=str(error))
    answering = open_ports(where.ip, ports, min(deadline, time.monotonic() + CONNECT_SECONDS))
    if not answering:
        return Look(target.address)
    silent: set[int] = set()
    for port, adapter in fitting(adapters, answering if target.port is None else None):
        if port in silent or time.monotonic() >= deadline:
            continue
        try:
            found = ask(adapter, target.address, {}, min(deadline, time.monotonic() + DRIVER_SECONDS))
        except DeadlineExceeded:
            silent.add(port)  # what hangs for one hangs for all who speak the same way
            continue
        if found is not None:
            return Look(target.address, True, found)
    told = _stranger(target, set(answering) - silent, adapters, deadline)
    is_late = told is None and (silent or time.monotonic() >= deadline)
    return Look(
        target.address, True, told, problem=_late(target, silent & set(answering) or answering) if is_late else ""
    )


def _late(target: Target, ports: Collection[int]) -> str:
    """What hangs may be a miner: it is not called a stranger."""
    at = ", ".join(f"port {port}" for port in sorted(ports))
    return (
        f"{target.address} accepts the connection ({at}) but did not answer in time, so it is not known what it is. "
        "If it is a miner, wait until it has started, or restart it; then look again."
    )


def _stranger(
    target: Target, ports: Collection[int], adapters: Sequence[type[Adapter]], deadline: float
) -> Found | None:
    """What no driver takes, by its own name; None: it does not say who it is."""
    if not ports or time.monotonic() >= deadline:
        return None
    has_pyasic = any(adapter.is_generalist for adapter in adapters)
    told = unrecognised.named(target, ports, min(deadline, time.monotonic() + DRIVER_SECONDS), has_pyasic=has_pyasic)
    return None if told is None else Found(target.address, "", told.name, problem=told.problem)


def ask(adapter: type[Adapter], address: str, settings: Mapping[str, Any], deadline: float) -> Found | None:
    """What this driver finds there with these settings; None: nothing of its kind.

    Raises `DeadlineExceeded` when nothing came in time before the device was recognised.
    """
    try:
        config = adapter.Config.model_validate({**settings, "address": address})
    except ConfigError:
        return None
    name = ""
    try:
        if _recognises(adapter):
            name = adapter.recognise(config, deadline)
        return _identified(adapter, config, address, deadline)
    except AdapterError as error:
        if isinstance(error, DeadlineExceeded) and not name:
            raise
        if not name:
            return None
        needs_password = isinstance(error, Unauthorized)
        needs = error.settings if isinstance(error, MissingSetting) else ()
        return Found(address, adapter.key, name, needs_password=needs_password, problem=str(error), needs=needs)
    except Exception:
        log.exception("the driver %s failed in a way it must not", adapter.key)
        return None


def _recognises(adapter: type[Adapter]) -> bool:
    return adapter.recognise.__func__ is not Adapter.recognise.__func__


def _identified(adapter: type[Adapter], config: AdapterConfig, address: str, deadline: float) -> Found:
    said = adapter.identify(config, deadline)
    found = Found(
        address,
        adapter.key,
        said.model,
        said.firmware,
        said.version,
        said.serial,
        identity=identity_json(said, datetime.now(UTC)),
    )
    try:
        now = adapter.read_alone(config, deadline)
    except AdapterError:
        return found
    return replace(found, status=str(now.status), power_w=now.power_w)


def probe(address: str, adapter_type: str = "", settings: Mapping[str, Any] | None = None) -> Look:
    """Look at one address (≤ 5 s) while somebody waits: with every driver, or with one and its settings.

    `address` as `typed_addresses` took it. Raises `AdapterError` when it does not come back in time, LookupError for a
    driver that is not there.
    """
    if not adapter_type:
        return call(
            ("discovery", address),
            lambda deadline: look_at(Target.of(address), deadline),
            PROBE_SECONDS,
            name=f"What is at {address}",
        )
    adapter = registry.get(Kind.MINER_CONTROLLER, adapter_type)
    return call(
        ("discovery", address, adapter_type),
        lambda deadline: _look_with(adapter, address, settings or {}, deadline),
        PROBE_SECONDS,
        name=f"What is at {address}",
    )


def _look_with(adapter: type[Adapter], address: str, settings: Mapping[str, Any], deadline: float) -> Look:
    found = ask(adapter, address, settings, deadline)
    return Look(address, answers=found is not None, found=found)


def search(
    places: Sequence[Target],
    report: Callable[[Look], None],
    is_wanted: Callable[[], bool],
    *,
    seconds: float = SEARCH_SECONDS,
) -> bool:
    """Look at all these places at the same time (64 at most), telling each in `report`; one call of it at a time.

    `is_wanted` False ends it: what has begun is finished. True when every place was looked at within `seconds`.
    """
    adapters, lock, is_open = drivers(), threading.Lock(), True

    def looking_at(target: Target) -> Callable[[float], None]:
        def look(deadline: float) -> None:
            if not is_wanted():
                return
            seen = look_at(target, deadline, adapters)
            with lock:
                if is_open:
                    report(seen)

        return look

    calls = {("discovery", target.address): looking_at(target) for target in places}
    outcomes = call_all(calls, seconds)
    with lock:
        is_open = False  # who comes back later is not heard any more
    return all(outcome.error is None for outcome in outcomes.values())


def open_ports(ip: str, ports: Sequence[int], deadline: float) -> list[int]:
    """Those of `ports` that accept a connection before `deadline` (`time.monotonic()`), all tried at the same time."""
    accepted: list[int] = []
    with selectors.DefaultSelector() as selector:
        for port in ports:
            sock = _connecting(ip, port)
            if sock is not None:
                selector.register(sock, selectors.EVENT_WRITE, port)
        try:
            while selector.get_map() and (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    selector.unregister(key.fileobj)
                    with closing(key.fileobj) as sock:
                        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                            accepted.append(key.data)
        finally:
            for key in list(selector.get_map().values()):
                key.fileobj.close()
    return sorted(accepted)


def _connecting(ip: str, port: int) -> socket.socket | None:
    """A socket that is about to connect; None: it cannot from here."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            ip, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        sock = socket.socket(family, kind, protocol)
    except OSError:
        return None
    sock.setblocking(False)
    try:
        code = sock.connect_ex(where)
    except OSError:
        code = errno.EINVAL
    if code in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
        return sock
    sock.close()
    return None
