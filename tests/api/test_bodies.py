"""Bodies that are none, and values that do not fit: a clear 4xx, nothing written."""

from __future__ import annotations

import json

import pytest

from climate.models import ClimateZone
from optimization.rules import FieldTree, RuleErrors
from optimization.rules import parse as parsing
from sites.brief import brief
from sites.models import Site
from sites.rest.problems import MOST_PROBLEMS
from tests import factories
from tests.api.conftest import problems

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"name=Cabin", "not JSON"),
        (b'{"latitude": NaN}', "NaN is not a number"),
        (b'{"latitude": -Infinity}', "-Infinity is not a number"),
        (b'{"latitude": 1e999}', "too large"),
        (b'{"name": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"name": "a\\u0000b"}', "NUL"),
        (b'{"name": "\\ud800"}', "half a character"),
        (b'{"\\ud800": 1}', "half a character"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "nested"),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else "",
)
def test_an_unreadable_body_is_400_and_says_why(api, raw, words):
    response = api.raw("POST", "/sites", raw)
    assert response.status_code == 400
    assert words in response.json()["detail"]
    assert not Site.objects.exists()


def test_a_body_of_10_mb_is_refused_by_its_length(api):
    response = api.raw("POST", "/sites", b'{"name": "' + b"x" * 10_000_000 + b'"}')
    assert response.status_code == 413
    assert "1000000 bytes" in response.json()["detail"]


@pytest.mark.parametrize("body", [None, [], "text", 7, True, {}], ids=repr)
def test_a_body_that_is_no_site_is_422(api, body):
    response = api.raw("POST", "/sites", json.dumps(body).encode())
    assert response.status_code == 422
    assert problems(response)


def test_a_problem_names_field_value_and_remedy(api):
    response = api.post("/sites", {"name": "Cabin", "latitude": 91, "time_zone": "Mars/Base", "colour": "red"})
    assert response.status_code == 422
    assert response.json()["detail"] == [
        {"loc": ["body", "latitude"], "msg": "Input should be less than or equal to 90.", "input": 91},
        {
            "loc": ["body", "colour"],
            "msg": "This field is not known here or cannot be changed. Leave it out.",
            "input": "red",
        },
    ]
    response = api.post("/sites", {"name": "Cabin", "time_zone": "Mars/Base"})
    assert response.json()["detail"] == [
        {
            "loc": ["body", "time_zone"],
            "msg": "‘Mars/Base’ is not a time zone. Use a name like Europe/Rome.",
            "input": "Mars/Base",
        }
    ]


def test_a_missing_field_is_named_and_shows_no_neighbours(api):
    response = api.post("/sites", {"currency": "EUR"})
    assert response.json()["detail"] == [
        {"loc": ["body", "name"], "msg": "This field is required. Add it.", "input": None}
    ]


def test_a_long_value_is_shown_cut(api):
    shown = api.post("/sites", {"name": "x" * 5000}).json()["detail"][0]["input"]
    assert len(shown) < 300
    assert shown.startswith('"xxx')


class Counting(list):
    """A list that knows how many of its items somebody looked at."""

    seen = 0

    def __iter__(self):
        for item in super().__iter__():
            self.seen += 1
            yield item


@pytest.mark.parametrize("value", [[1] * 100_000, ["x" * 1000] * 1000, [{"a": {"b": [0.5]}}] * 10_000], ids=len)
def test_showing_a_value_costs_what_is_shown_not_what_was_sent(value):
    sent = Counting(value)
    shown = brief({"conditions": sent})
    assert len(shown) <= 201
    assert shown.startswith('{"conditions": [')
    assert sent.seen <= 201


def test_a_short_value_is_shown_as_it_is_with_its_secrets_masked():
    value = {"url": "http://x", "token": "t", "list": [None, True, 1.5, {"my": "s", "api_key": "k"}]}
    assert brief(value, {"my"}) == value | {"token": "•••", "list": [None, True, 1.5, {"my": "•••", "api_key": "•••"}]}


def test_thousands_of_problems_are_fifty_and_a_number(api, home):
    policy = factories.policy(home)
    wrong = {"field": "no.such_field", "operator": "eq", "value": "x" * 20}
    answer = api.post(
        f"/policies/{policy.pk}/rules", {"kind": "start", "name": "R", "conditions": {"all_of": [wrong] * 9000}}
    )
    assert answer.status_code == 422
    assert 1 < len(answer.json()["detail"]) <= MOST_PROBLEMS + 1
    assert len(answer.content) < 100_000
    answer = api.post("/sites", {f"field_{number}": number for number in range(2000)})
    assert answer.status_code == 422
    last = answer.json()["detail"][-1]
    assert len(answer.json()["detail"]) == MOST_PROBLEMS + 1
    assert last["msg"] == "There are 1951 more problems. Correct these first, then send it again."


def test_a_rule_of_unknown_keys_alone_is_searched_no_further_than_its_problems_go(monkeypatch):
    searched = []
    monkeypatch.setattr(parsing.difflib, "get_close_matches", lambda word, *rest, **more: searched.append(word) or [])
    with pytest.raises(RuleErrors):
        parsing.parse({f"key_{number}": 1 for number in range(5000)}, FieldTree.for_zones([]))
    assert len(searched) <= parsing.MAX_PROBLEMS


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "offset=-1", "offset=99999999999999999999", "site_id=x", "site_id=%00"],
)
def test_bad_queries_are_422(api, query):
    assert api.get(f"/miners?{query}").status_code == 422


def test_lists_come_in_pieces(api, home):
    for number in range(5):
        ClimateZone.objects.create(site=home, name=f"Room {number}", position=number)
    whole = api.get("/climate-zones").json()
    assert (whole["count"], len(whole["items"])) == (5, 5)
    piece = api.get("/climate-zones?limit=2&offset=3").json()
    assert piece["count"] == 5
    assert [zone["name"] for zone in piece["items"]] == ["Room 3", "Room 4"]
    assert api.get("/climate-zones?offset=100").json() == {"items": [], "count": 5}


def test_a_broken_answer_is_500_without_the_reason(api, monkeypatch):
    from sites.rest import rows

    def broken(*args):
        raise RuntimeError("the inside of the program")

    monkeypatch.setattr(rows, "of_site", broken)
    response = api.get("/miners")
    assert response.status_code == 500
    assert "log" in response.json()["detail"]
    assert "inside" not in response.content.decode()
