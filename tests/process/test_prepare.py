"""What comes before the first page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.db.migrations.recorder import MigrationRecorder

from edgemining import instance, prepare
from tests import factories


@pytest.mark.django_db
def test_a_current_database_is_left_as_it_is(capsys):
    prepare.migrate()
    assert capsys.readouterr().out == ""


@pytest.mark.django_db
def test_a_database_of_a_newer_version_is_left_alone():
    MigrationRecorder.Migration.objects.create(app="climate", name="0999_of_next_year")
    with pytest.raises(instance.CannotStart, match=r"newer version of Edge Mining .*climate 0999_of_next_year"):
        prepare.migrate()


@pytest.mark.django_db
def test_traces_of_an_app_that_is_gone_do_not_matter():
    MigrationRecorder.Migration.objects.create(app="no_longer_installed", name="0001_initial")
    prepare.migrate()


@pytest.mark.django_db
def test_the_first_administrator_can_sign_in_and_is_made_once():
    made = prepare.first_administrator()
    user = authenticate(username=made.username, password=made.password)
    assert user.is_superuser
    assert user.is_staff
    assert made.path.startswith("/sign-in/")
    assert prepare.first_administrator() is None


@pytest.mark.django_db
def test_a_person_named_admin_without_rights_is_not_given_them():
    factories.user("admin", staff=False)
    made = prepare.first_administrator()
    assert made.username.startswith("admin-")
    assert not get_user_model().objects.get(username="admin").is_superuser


def test_the_data_folder_is_held_until_let_go(tmp_path):
    instance.hold_data_folder(tmp_path)
    with pytest.raises(instance.CannotStart, match=f"already runs on the data folder {tmp_path}"):
        instance.hold_data_folder(tmp_path)


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 99999, "PORT 99999: a port is a number from 1 to 65535"),
        ("203.0.113.7", 8000, "HOST '203.0.113.7', PORT 8000: .* or 0.0.0.0 for all"),
        ("no such name", 8000, "HOST 'no such name'"),
    ],
)
def test_an_address_that_cannot_be_is_named(host, port, words):
    with pytest.raises(instance.CannotStart, match=words):
        instance.listening_socket(host, port)


def test_a_free_port_is_taken():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with instance.listening_socket("127.0.0.1", port) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


@pytest.mark.parametrize("setting", ["PORT=abc", "PORT=0", "TICK_SECONDS=nan", "TICK_SECONDS=-1"])
def test_a_setting_that_is_no_number_is_a_sentence(setting, tmp_path):
    name, value = setting.split("=")
    environment = {**os.environ, "DATA_DIR": str(tmp_path), name: value}
    done = subprocess.run([sys.executable, "manage.py", "check"], env=environment, capture_output=True, text=True)
    assert done.returncode == 78
    assert done.stderr.startswith(f"{name}='{value}': set it to a number from ")
    assert "Traceback" not in done.stderr
