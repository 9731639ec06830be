"""How late a call comes back from what hangs: past its deadline, or after so many seconds.

The tests of the same faults prove that everything ends while they last; how soon is measured here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

from benchmarks.passes import prepare_database
from benchmarks.rows import Row, row, where_there

DEADLINE_S = 0.3
#: A driver on loopback, and HTTP as such, may overrun a deadline by so much.
LATE_TARGET_MS = 300.0
#: One look at a connection or a device while somebody waits; a search of 14 addresses of which two hang.
PROBE_TARGET_S, STREET_TARGET_S = 5.0, 13.0
ASKS, ASKS_TARGET_MS = 50, 250.0


def rows() -> Iterator[Row]:
    prepare_database()
    from tests.drivers.devices import DEVICES

    for device in DEVICES:
        if not device.is_variant:
            name = f"{device}: a call that hangs, past its deadline"
            yield from where_there(name, lambda device=device, name=name: [_driver(name, device)])
    yield from _http()
    yield from _probe()
    yield from where_there("search of a street of 14 addresses, two hang", _street)
    yield from where_there(f"MQTT: {ASKS} questions about a silent topic", _mqtt)


def _late_ms(action: Callable[[float], object]) -> float:
    """By how much `action(deadline)` overruns it."""
    from integrations.errors import AdapterError

    deadline = time.monotonic() + DEADLINE_S
    with suppress(AdapterError):
        action(deadline)
    return max(0.0, time.monotonic() - deadline) * 1000


def _driver(name: str, device) -> Row:
    from tests.drivers.devices import Bench
    from tests.emulators.faults import WITHOUT_END

    late = []
    with closing(Bench(device)) as bench:
        for fault in WITHOUT_END:
            bench.emulator.fail(fault)
            late.append(_late_ms(lambda deadline: device.adapter.read_alone(bench.config, deadline)))
            late.append(_late_ms(lambda deadline: device.adapter.write(bench.config, None, 0, deadline)))
    return row(name, max(late), "ms", LATE_TARGET_MS)


def _http() -> Iterator[Row]:
    from integrations.errors import DeadlineExceeded
    from integrations.http import Http
    from tests.adapters.faults import EXCHANGE
    from tests.servers.stub import Stub

    late = []
    for fault in EXCHANGE:
        if fault.error is DeadlineExceeded:
            with closing(Stub(fault.behave)) as server, closing(Http(server.url, name="It")) as http:
                late.append(_late_ms(lambda deadline, http=http: http.request("GET", "/", deadline=deadline)))
    yield row("HTTP: an exchange that hangs or drips, past its deadline", max(late), "ms", LATE_TARGET_MS)


def _probe() -> Iterator[Row]:
    from integrations.models import HomeAssistant
    from integrations.probe import probe
    from tests.adapters.faults import hung
    from tests.servers.stub import Stub

    with closing(Stub(hung)) as server:
        began = time.monotonic()
        probe(HomeAssistant(url=server.url, token="token"))
        yield row("“Test connection” to what hangs", time.monotonic() - began, "s", PROBE_TARGET_S)


def _street() -> Iterator[Row]:
    from miners.discovery.scan import search
    from miners.discovery.typed_addresses import targets
    from tests.discovery.street import Neighbours, Street
    from tests.emulators.clock import Clock

    with closing(Street()) as street:
        Neighbours(street, Clock())
        began = time.monotonic()
        search(targets(street.net), lambda look: None, lambda: True)
        yield row("search of a street of 14 addresses, two hang", time.monotonic() - began, "s", STREET_TARGET_S)


def _mqtt() -> Iterator[Row]:
    from integrations.connections.mqtt import MqttSession
    from tests.servers.databases import Mosquitto

    server = Mosquitto()
    try:
        with closing(MqttSession("127.0.0.1", server.port)) as session:
            session.ask(["home/nobody"], time.monotonic() + 10)
            began = time.monotonic()
            for _ in range(ASKS):
                session.ask(["home/nobody"], time.monotonic() + 10)
            taken_ms = (time.monotonic() - began) * 1000
    finally:
        server.stop()
    yield row(f"MQTT: {ASKS} questions about a silent topic", taken_ms, "ms", ASKS_TARGET_MS)


if __name__ == "__main__":
    for one in rows():
        print(one)
