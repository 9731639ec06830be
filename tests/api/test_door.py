"""Who may come in, and the manners of every address."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client

from miners.models import ManualRequest
from sites.models import Site
from sites.services import create_api_token
from tests.api.addresses import ids_of, operations
from tests.api.conftest import ROOT, Caller

pytestmark = pytest.mark.django_db


def _answers_401(client: Client, method: str, address: str, **headers) -> None:
    response = client.generic(method, address, b"{}", content_type="application/json", headers=headers)
    assert response.status_code == 401, (method, address, response.status_code)
    assert method == "HEAD" or "Sign in" in response.json()["detail"]
    assert response["WWW-Authenticate"] == "Bearer"


def test_no_operation_answers_without_sign_in(furnished):
    client, ids = Client(), ids_of(furnished)
    every = list(operations())
    assert len(every) > 100
    for operation in every:
        for method in {operation.method, "HEAD", "OPTIONS"}:
            _answers_401(client, method, operation.address(ids))
    assert ManualRequest.objects.count() == 0


@pytest.mark.parametrize(
    "header",
    ["Bearer em_wrong", "Bearer ", "Bearer", "Basic YW5uYTpx", "em_", "Bearer \x00", "Bearer " + "x" * 5000],
    ids=["wrong", "empty", "bare", "basic", "no scheme", "control character", "long"],
)
def test_a_wrong_token_is_refused_even_with_a_session(anna, header):
    client = Client()
    client.force_login(anna)
    _answers_401(client, "GET", f"{ROOT}/sites", Authorization=header)


@pytest.mark.parametrize("address", ["/nothing", "/miners/", "/openapi.json", "/sites/not-an-id", "/"])
def test_addresses_that_are_no_operation_need_sign_in_too(address):
    _answers_401(Client(), "GET", ROOT + address)


def test_a_token_opens_the_door_until_its_user_leaves(api, anna):
    assert api.get("/sites").status_code == 200
    anna.is_active = False
    anna.save()
    assert api.get("/sites").status_code == 401


def test_a_session_reads_but_writes_only_with_its_csrf_token(anna):
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    body = json.dumps({"name": "Cabin"})
    assert client.get(f"{ROOT}/sites").status_code == 200
    refused = client.post(f"{ROOT}/sites", body, content_type="application/json")
    assert refused.status_code == 403
    assert "X-CSRFToken" in refused.json()["detail"]
    assert not Site.objects.filter(name="Cabin").exists()

    client.get("/api/v1/docs")  # a page sets the cookie
    token = client.cookies["csrftoken"].value
    headers = {"X-CSRFToken": token}
    accepted = client.post(f"{ROOT}/sites", body, content_type="application/json", headers=headers)
    assert accepted.status_code == 201


def test_a_token_needs_no_csrf_token(anna):
    caller = Caller(create_api_token("script", anna), Client(enforce_csrf_checks=True))
    assert caller.post("/sites", {"name": "Cabin"}).status_code == 201


def test_head_is_get_without_a_body(api, furnished):
    got, head = api.get("/sites"), api.call("HEAD", "/sites")
    assert head.status_code == 200
    assert head["Content-Type"] == got["Content-Type"]
    assert head["Cache-Control"] == got["Cache-Control"] == "no-store"
    assert head.content == b""
    assert api.call("HEAD", "/all-off").status_code == 405


def test_options_names_the_methods(api):
    response = api.call("OPTIONS", "/sites")
    assert (response.status_code, response["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_a_wrong_method_is_told_the_right_ones(api, method):
    response = api.call(method, "/sites")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert "GET" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/nothing", "/miners/", "/miners/not-an-id", "/miners/not-an-id/start", "/"])
def test_what_does_not_exist_is_404_in_json(api, path):
    response = api.get(path)
    assert response.status_code == 404
    assert "openapi.json" in response.json()["detail"]


def test_the_docs_page_sends_strangers_to_sign_in():
    response = Client().get(f"{ROOT}/docs")
    assert response.status_code == 302
    assert "next=/api/v1/docs" in response["Location"]


def test_the_docs_page_loads_nothing_from_elsewhere(anna):
    client = Client()
    client.force_login(anna)
    page = client.get(f"{ROOT}/docs").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert '"validatorUrl": null' in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert client.get(asset).status_code == 200, asset


def test_the_committed_description_is_that_of_the_code():
    from edgemining.management.commands.openapi import PATH, text

    assert Path(PATH).read_text(encoding="utf-8") == text(), "run `manage.py openapi` and commit docs/openapi.json"


def test_the_command_writes_the_description(tmp_path):
    from django.core.management import call_command

    from edgemining.management.commands.openapi import text

    call_command("openapi", output=tmp_path / "openapi.json")
    assert (tmp_path / "openapi.json").read_text(encoding="utf-8") == text()


def test_operation_ids_are_unique():
    ids = [operation.details["operationId"] for operation in operations()]
    assert len(ids) == len(set(ids))
