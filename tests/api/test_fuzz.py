"""Random requests at every operation: always a documented answer, never a 500, never a secret.

Bodies and queries come from the API's own description, mutated: most are nearly right, as those
reach deepest.
"""

from __future__ import annotations

import json
import random
import string
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import transaction

from tests.api.addresses import Operation, ids_of, operations, schema
from tests.api.conftest import ROOT, SECRET
from tests.chance import seeds

pytestmark = pytest.mark.django_db

ROUNDS = 8
_GARBAGE: list[Any] = [
    None, True, False, 0, -1, 1, 10**30, -(10**30), 1e308, 0.1, "", " ", "x" * 3000, "💥", "\u202e", "'; --", "{{7*7}}",
    "../../etc", "2026-13-45T99:99:99Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", [], {}, [[]],
    [None], {"": None}, {"a": {"b": [1, {"c": []}]}}, "true", "NaN", "1e5", "٣", "5f0c8f4e-6c1b-4b3f-9d0e-2a7b1c9d8e7f",
]  # fmt: skip


class Maker:
    """Makes values for JSON schemas, seeded: a failure names its seed and can be repeated."""

    def __init__(self, seed: int, home) -> None:
        self.random = random.Random(seed)
        self.definitions = schema()["components"]["schemas"]
        self.known = [str(pk) for pk in ids_of(home).values()] + [str(home.house.pk)]

    def value(self, described: dict, depth: int = 0) -> Any:
        if self.random.random() < 0.12 or depth > 6:
            return self.random.choice(_GARBAGE)
        if "$ref" in described:
            return self.value(self.definitions[described["$ref"].rsplit("/", 1)[1]], depth)
        for several in ("anyOf", "allOf"):
            if several in described:
                return self.value(self.random.choice(described[several]), depth)
        if "enum" in described:
            return self.random.choice(described["enum"])
        return self.typed(described, depth)

    def typed(self, described: dict, depth: int) -> Any:
        match described.get("type"):
            case "object":
                return self.mapping(described, depth)
            case "array":
                return [self.value(described.get("items", {}), depth + 1) for _ in range(self.random.randrange(4))]
            case "integer" | "number":
                low, high = described.get("minimum", -5), described.get("maximum", 5000)
                return self.random.choice([low, high, low - 1, high + 1, self.random.uniform(low, high)])
            case "boolean":
                return self.random.random() < 0.5
            case "string":
                return self.text(described)
        return self.random.choice(_GARBAGE)

    def mapping(self, described: dict, depth: int) -> dict:
        made = {
            name: self.value(inner, depth + 1)
            for name, inner in described.get("properties", {}).items()
            if name in described.get("required", ()) or self.random.random() < 0.5
        }
        if self.random.random() < 0.1:
            made["".join(self.random.choices(string.printable, k=5))] = self.random.choice(_GARBAGE)
        return made

    def text(self, described: dict) -> str:
        match described.get("format"):
            case "uuid":
                return self.random.choice([*self.known, str(UUID(int=self.random.getrandbits(128), version=4))])
            case "date-time":
                return self.random.choice(["2026-01-01T00:00:00Z", "2030-06-01T12:00:00+02:00", "soon"])
        choices = ["Europe/Rome", "EUR", "dummy", "simulated", "home_assistant", "06:00", "22:30", "http://127.0.0.1:1"]
        return self.random.choice([*choices, "".join(self.random.choices(string.printable, k=12))])

    def query(self, operation: Operation) -> dict[str, str]:
        asked = {}
        for parameter in operation.details["parameters"]:
            if parameter["in"] == "query" and self.random.random() < 0.5:
                asked[parameter["name"]] = str(self.value(parameter["schema"]))
        return asked


def _body(operation: Operation, maker: Maker) -> bytes:
    content = operation.details.get("requestBody", {}).get("content", {})
    if not content:
        return b""
    value = maker.value(content["application/json"]["schema"])
    return json.dumps(value).encode()


@pytest.mark.random
@pytest.mark.parametrize("operation", list(operations()), ids=str)
def test_no_request_breaks_an_operation(api, furnished, operation, monkeypatch):
    # A look at devices that do not exist takes its time; what it answers is tested elsewhere.
    monkeypatch.setattr("integrations.probe.PROBE_SECONDS", 0.2)
    monkeypatch.setattr("miners.discovery.scan.PROBE_SECONDS", 0.2)
    # A search is handed to workers there are none of here; nothing of what random callers name is ever looked at.
    monkeypatch.setattr("miners.discovery.scan.search", lambda *args: pytest.fail("a random caller started a search"))
    monkeypatch.setattr("miners.discovery.scan.open_ports", lambda ip, ports, deadline: [])
    ids = ids_of(furnished)
    documented = {int(status) for status in operation.details["responses"]} | {413}
    for seed in seeds(ROUNDS):
        maker = Maker(seed, furnished)
        raw = _body(operation, maker)
        query = maker.query(operation)
        with transaction.atomic():
            response = api.raw(operation.method, operation.address(ids), raw, QUERY_STRING=_encoded(query))
            # Each round meets the same home.
            transaction.set_rollback(True)
        told = f"seed {seed}: {query} {raw[:300]!r} → {response.status_code} {response.content[:300]!r}"
        assert response.status_code in documented, told
        assert SECRET not in response.content.decode(), told
        assert response.status_code == 204 or response["Content-Type"].startswith("application/json"), told


def _encoded(query: dict[str, str]) -> str:
    return urlencode(query, errors="replace")


NAMING_A_ROW = [one for one in operations() if "{" in one.path and "{adapter_type}" not in one.path]


@pytest.mark.parametrize("operation", NAMING_A_ROW, ids=str)
def test_an_operation_on_a_row_that_is_not_there_is_a_4xx(api, operation):
    response = api.raw(operation.method, operation.address({}), b"{}")
    assert response.status_code in (404, 422), response.content
    assert response.json()["detail"]


def test_reading_all_of_a_home_shows_no_secret(api, furnished):
    ids = ids_of(furnished)
    read = [operation for operation in operations() if operation.method == "GET"]
    answers = {str(operation): api.get(operation.address(ids)) for operation in read}
    opened = {name: answer for name, answer in answers.items() if answer.status_code == 200}
    # All but what needs a wish, an alarm or a decision to be there.
    assert len(opened) >= len(read) - 6, sorted(set(answers) - set(opened))
    for name, answer in opened.items():
        assert SECRET not in answer.content.decode(), name
    assert api.get(f"{ROOT}/openapi.json").status_code == 200
