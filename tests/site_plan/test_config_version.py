"""The version of a site moves with everything a person sets up there, whoever writes it, and with nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.core.management import call_command
from django.db import connection

from optimization.site_plan import triggers
from optimization.site_plan.classification import (
    ROUTES,
    STATE_FIELDS,
    STATE_MODELS,
    all_models,
    configured_models,
)
from sites.models import Site
from tests import factories

from . import writes


def test_every_model_is_classified_once():
    labels = {model._meta.label: model for model in all_models()}
    assert set(ROUTES) | STATE_MODELS == set(labels)
    assert not set(ROUTES) & STATE_MODELS
    for label, names in STATE_FIELDS.items():
        assert label in ROUTES
        assert names <= {field.name for field in labels[label]._meta.concrete_fields}, label


@pytest.mark.django_db
def test_each_field_of_each_model_moves_the_version_or_not_as_it_is_classified():
    assert writes.walk() == []


@pytest.mark.postgres
def test_the_same_on_postgresql(postgres):
    postgres.query("CREATE DATABASE config_version")
    url = postgres.url.removesuffix("edgemining") + "config_version"
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "edgemining.settings"}
    command = [sys.executable, "-m", "tests.site_plan.writes"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.django_db
def test_a_row_that_is_saved_from_before_takes_no_version_back(home):
    before = Site.objects.get(pk=home.pk)
    factories.zone(home)
    moved = writes.version(home)
    before.currency = "USD"
    before.save()
    assert writes.version(home) > moved > before.config_version


@pytest.mark.django_db
def test_missing_triggers_are_put_back_and_every_version_moves(home):
    before = writes.version(home)
    assert not triggers.ensure()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TRIGGER "{triggers.prefix("sqlite")}climate_climatezone_upd"')
    assert triggers.ensure()
    assert writes.version(home) > before
    assert not triggers.ensure()


@pytest.mark.django_db
def test_triggers_of_another_version_of_the_program_are_replaced(home):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER site_config_0123abcd_sites_site_upd AFTER UPDATE ON sites_site BEGIN SELECT 1; END"
        )
    assert triggers.ensure()
    assert len(triggers.installed()) == len(triggers.wanted("sqlite"))


@pytest.mark.django_db(transaction=True)
def test_migrations_go_back_and_forward_with_data_in_the_tables(home):
    zone = factories.zone(home, monitor=factories.climate_monitor(home))
    before = writes.version(home)
    try:
        call_command("migrate", "sites", "0004", verbosity=0)
        assert triggers.installed() == set()
        zone.position = 7
        zone.save()
    finally:
        call_command("migrate", verbosity=0)
    assert writes.version(home) != before
    moved = writes.version(home)
    zone.position = 8
    zone.save()
    assert writes.version(home) > moved
    assert len(configured_models()) * 3 == len(triggers.installed())
