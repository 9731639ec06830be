"""`manage.py up` as a person meets it: first start, second start, crash, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import socket
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from edgemining.supervisor import EXIT_GIVE_UP
from tests.servers.process import PATIENT_SECONDS, wait_until

from .program import Program

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


def sign_in_links(output: str) -> list[str]:
    return re.findall(r"http://\S+(/sign-in/[\w-]+/)", output)


class Browser:
    """Cookies, forms and the CSRF token: as much of a browser as signing in needs."""

    def __init__(self, program: Program) -> None:
        self._url = program.url
        self._jar = CookieJar()
        opener = build_opener(HTTPCookieProcessor(self._jar))
        opener.addheaders = [("Accept", "text/html")]
        self._open = opener.open

    def get(self, path: str) -> tuple[int, str]:
        return self._answer(self._url + path)

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        token = next(cookie.value for cookie in self._jar if cookie.name == "csrftoken")
        return self._answer(self._url + path, urlencode({**fields, "csrfmiddlewaretoken": token}).encode())

    def _answer(self, url: str, body: bytes | None = None) -> tuple[int, str]:
        try:
            with self._open(url, body, timeout=PATIENT_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @property
    def is_signed_in(self) -> bool:
        return any(cookie.name == "sessionid" for cookie in self._jar)


def test_first_start_prints_a_link_that_signs_in_once_and_a_password(new_program):
    program = new_program
    program.start()
    link = sign_in_links(program.output)[0]
    password = re.search(r"‘admin’ with the password  (\S+)", program.output).group(1)

    first = Browser(program)
    assert first.get(link)[0] == 200
    assert not first.is_signed_in
    assert first.post(link)[0] == 200
    assert first.is_signed_in
    second = Browser(program)
    second.get("/sign-in/")
    assert second.post(link)[0] == 410
    assert not second.is_signed_in
    assert second.post("/sign-in/", username="admin", password=password)[0] == 200
    assert second.is_signed_in
    assert program.output.count(password) == 1


def test_the_simulated_home_is_heated_and_off_after_the_stop(new_program):
    program = new_program
    program.start()
    wait_until(program.heats_the_simulated_home, "both miners on")
    assert program.health()["ok"]
    assert program.stop() == 0
    assert program.desired_watts() == [0, 0]
    assert program.output.rstrip().endswith("Stopped.")


def test_the_second_start_continues_and_says_no_secret_again(program):
    program.start()
    assert "password" in program.output
    assert program.stop() == 0
    program.start()
    assert "password" not in program.output
    assert sign_in_links(program.output) == []
    assert "Database brought up to date" not in program.output


def test_a_killed_program_is_started_again_and_controls_again(program):
    program.start()
    first = program.child_pid()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: program.child_pid() not in (None, first), "a new process")
    wait_until(program.answers, "the page is back")
    wait_until(lambda: program.health()["last_tick_age_seconds"] is not None, "a tick completed")
    assert "was killed by signal 9. Starting it again in 1 s." in program.output
    assert program.stop() == 0


def test_the_program_stops_when_its_supervisor_is_gone(program, tmp_path):
    program.start()
    child = program.child_pid()
    program.process.kill()
    program.process.wait()
    wait_until(lambda: not os.path.exists(f"/proc/{child}"), "the child has stopped too")
    assert program.output.rstrip().endswith("Stopped.")


def test_a_second_program_on_the_same_data_folder_is_refused(program, tmp_path):
    program.start()
    log = tmp_path / "second"
    log.mkdir()
    second = Program(log, DATA_DIR=str(tmp_path))
    second.launch()
    assert second.ends() == EXIT_GIVE_UP
    assert f"already runs on the data folder {tmp_path} (process {program.child_pid()})" in second.output
    assert program.health()["ok"]


def test_a_port_that_is_taken_is_named(program):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", program.port))
        taken.listen()
        program.launch()
        assert program.ends() == EXIT_GIVE_UP
    assert f"Port {program.port} is taken by another program." in program.output


def test_a_service_manager_that_signals_every_process_gets_a_clean_stop(program):
    program.start()
    os.kill(program.child_pid(), signal.SIGTERM)
    program.process.send_signal(signal.SIGTERM)
    program.process.send_signal(signal.SIGTERM)
    assert program.ends() == 0
    assert program.output.rstrip().endswith("Stopped.")


def test_commands_for_links_and_tokens(program):
    program.start()
    link = program.manage("sign_in_link")
    browser = Browser(program)
    path = sign_in_links(link.stdout)[0]
    browser.get(path)
    browser.post(path)
    assert browser.is_signed_in
    assert program.manage("api_token", "Node-RED").stdout.startswith("em_")
    again = program.manage("api_token", "Node-RED")
    assert again.returncode == 1
    assert "A token named 'Node-RED' exists." in again.stderr
    nobody = program.manage("sign_in_link", "Grace")
    assert "There is no active user 'Grace'. There is: admin." in nobody.stderr
