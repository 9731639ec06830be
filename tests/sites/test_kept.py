"""A statement that is worked out once says what the plain one says, for every one who asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from miners.models import Miner
from sites.kept import kept
from sites.models import Site
from tests import factories

pytestmark = pytest.mark.django_db


def build(ids):
    return Miner.objects.filter(site__in=ids).select_related("site", "controller").prefetch_related("zones")


@pytest.fixture
def homes():
    made = [factories.site(name=f"House {number}") for number in range(3)]
    for site in made:
        for name in ("Avalon", "Bitaxe"):
            factories.miner(site, f"{name} of {site}", zones=[factories.zone(site, f"Room of {name}")])
    return made


def seen(miners) -> list[tuple]:
    return [
        (miner.name, miner.site.name, miner.controller, [zone.name for zone in miner.zones.all()]) for miner in miners
    ]


def test_each_time_it_reads_what_is_stored_now(homes):
    again = kept(build)
    for ids in ([homes[0].pk], [site.pk for site in homes], [homes[0].pk]):
        for name in ("Renamed", "Renamed again"):
            Site.objects.filter(pk=ids[0]).update(name=name)
            with CaptureQueriesContext(
                connection,
            ) as plain:
                expected = seen(build(ids))
            with CaptureQueriesContext(connection) as ours:
                assert seen(again(ids)) == expected
            assert [one["sql"] for one in ours] == [one["sql"] for one in plain]
    Miner.objects.all().delete()
    assert list(again([homes[0].pk])) == []


def test_without_ids_nothing_is_asked(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert list(kept(build)([])) == []


def test_a_condition_that_would_not_be_heard_is_refused(homes):
    with pytest.raises(TypeError, match="can only be iterated"):
        kept(build)([homes[0].pk]).filter(name="Avalon")


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_disturb_each_other(homes):
    again = kept(build)

    def ask(number: int) -> list[tuple]:
        try:
            return [seen(again([homes[number % 3].pk])) for _ in range(20)][-1]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(12)))
    assert answers == [seen(build([homes[number % 3].pk])) for number in range(12)]
