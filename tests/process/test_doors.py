"""Who may ask and what is answered: host names, headers, deployment checks, Celery without a broker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from dashboard.urls import urlpatterns as dashboard_urls
from edgemining import addresses
from edgemining.checks import memory_broker_problem
from edgemining.hosts import is_home_host

from .program import ROOT, environment_of

HOME = [
    "192.168.1.20",
    "192.168.1.20:8000",
    "[fe80::1]:8000",
    "localhost:8000",
    "nas.local",
    "app.localhost",
    "NAS.local",
]
FOREIGN = [
    "evil.example",
    "evil.example:8000",
    "192.168.1.20.evil.example",
    "local",
    "localhost.evil.example",
    "",
    "a b",
]


@pytest.mark.parametrize("host", HOME)
def test_a_home_name_is_answered(host):
    assert is_home_host(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_name_is_not(host):
    assert not is_home_host(host)


@pytest.mark.django_db
def test_the_middleware_says_what_to_do(settings):
    settings.ALLOWED_HOSTS = ["*"]
    answer = Client().get("/healthz", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "add the name to ALLOWED_HOSTS" in answer.content.decode()
    assert Client().get("/healthz", headers={"host": "10.0.0.5:8000"}).status_code in (200, 503)


@pytest.mark.django_db
def test_names_given_by_the_operator_replace_the_home_names(settings):
    settings.ALLOWED_HOSTS = ["heat.example"]
    assert Client().get("/healthz", headers={"host": "heat.example"}).status_code in (200, 503)
    assert Client().get("/healthz", headers={"host": "10.0.0.5"}).status_code == 400


@pytest.mark.django_db
def test_only_set_up_may_run_text_as_a_script(admin_client):
    """Every page that has an address without parameters, and answers that are no page."""
    for path in [*fixed_paths(), "/no-such-page", "/admin/no-such-page", "/api/v1/docs", "/api/v1/sites"]:
        answer = admin_client.get(path)
        loose = "unsafe-eval" in answer.headers["Content-Security-Policy"]
        script = re.search(r"script-src ([^;]+)", answer.headers["Content-Security-Policy"]).group(1)
        is_set_up = path.startswith("/admin/")
        assert loose == is_set_up, path
        assert is_set_up or script == "'self'", path


def fixed_paths() -> list[str]:
    return [f"/{one.pattern}" for one in dashboard_urls if "<" not in str(one.pattern)] + ["/admin/", "/healthz"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/", "/healthz"])
def test_every_answer_keeps_to_itself(client, path):
    headers = client.get(path, follow=True).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["Referrer-Policy"] == "same-origin"


def run(*arguments: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment_of(data_dir, **environment),
        capture_output=True,
        text=True,
    )


def test_a_deployment_behind_https_passes_djangos_checks(tmp_path):
    done = run(
        "manage.py",
        "check",
        "--deploy",
        "--fail-level=WARNING",
        data_dir=tmp_path,
        HTTPS_ONLY="true",
        BEHIND_PROXY="true",
        ALLOWED_HOSTS="heat.example",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_celery_alone_without_a_broker_ends_and_says_why(tmp_path, command):
    done = run("-m", "celery", "-A", "edgemining", command, data_dir=tmp_path, REDIS_URL="")
    assert done.returncode != 0
    assert f"`celery {command}` would do nothing: without REDIS_URL" in done.stdout + done.stderr


def test_the_check_speaks_of_nothing_else():
    worker = ["/usr/bin/celery", "-A", "edgemining", "worker"]
    assert memory_broker_problem(worker, "memory://localhost/")
    assert memory_broker_problem(worker, "redis://localhost/0") is None
    assert memory_broker_problem(["/usr/bin/celery", "-A", "edgemining", "inspect", "ping"], "memory://") is None
    assert memory_broker_problem(["manage.py", "up"], "memory://localhost/") is None


def test_the_secret_key_is_made_once_and_kept_private(tmp_path):
    show = ("manage.py", "shell", "--no-imports", "-c", "from django.conf import settings; print(settings.SECRET_KEY)")
    first, second = (run(*show, data_dir=tmp_path).stdout.strip() for _ in range(2))
    assert first == second
    assert len(first) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_addresses_name_this_machine_first():
    assert addresses.urls("0.0.0.0", 8000)[0] == "http://localhost:8000/"
    assert addresses.urls("127.0.0.1", 80) == ["http://127.0.0.1:80/"]
    assert addresses.urls("fe80::1", 8000) == ["http://[fe80::1]:8000/"]
