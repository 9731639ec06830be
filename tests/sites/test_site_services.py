"""Activity, alarms' acknowledgement, API tokens, sign-in links, and what rows are pruned."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sites import services
from sites.alarms import KINDS
from sites.models import ActivityLog, Alarm, ApiToken, Severity, SignInLink, Site
from sites.slugs import make_slug, unique_slug
from tests import factories
from tests.chance import examples

pytestmark = pytest.mark.django_db


def test_activity_is_cut_to_its_columns(home):
    services.log_activity(home, "x" * 900, severity=Severity.WARNING, actor="a" * 200)
    row = ActivityLog.objects.get()
    assert (len(row.text), len(row.actor), row.severity) == (500, 80, "warning")


def test_an_alarm_is_acknowledged_once_and_stays(home):
    alarm = Alarm.objects.create(site=home, kind="high_limit_latched", subject="zone:1", text="Too hot.")
    services.acknowledge_alarm(alarm, "Ada")
    services.acknowledge_alarm(alarm, "Bob")
    alarm.refresh_from_db()
    assert (alarm.acknowledged_by, alarm.ended_at) == ("Ada", None)
    assert ActivityLog.objects.get().text == "Acknowledged: Too hot."
    assert Site.objects.get(pk=home.pk).next_pass_at is not None


def test_only_one_open_alarm_of_a_kind_and_subject(home):
    Alarm.objects.create(site=home, kind="high_limit", subject="zone:1", text="a", ended_at=timezone.now())
    Alarm.objects.create(site=home, kind="high_limit", subject="zone:1", text="b")
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(site=home, kind="high_limit", subject="zone:1", text="c")


def test_every_kind_of_alarm_says_what_was_done_and_what_to_do():
    for key, kind in KINDS.items():
        assert key == kind.key
        assert kind.severity in Severity.values
        assert kind.title
        assert kind.did.endswith(".")
        assert kind.remedy.endswith(".") or kind.remedy.endswith("?")


def test_a_token_signs_its_user_in_and_is_not_kept(db):
    user = factories.user()
    token = services.create_api_token("phone", user)
    assert services.user_of_api_token(token) == user
    assert ApiToken.objects.get().last_used_at is not None
    assert token not in str(ApiToken.objects.values())
    assert services.user_of_api_token(token + "x") is None
    user.is_active = False
    user.save()
    assert services.user_of_api_token(token) is None


def test_the_use_of_a_token_is_noted_at_most_once_a_minute(db, django_assert_num_queries):
    token = services.create_api_token("phone", factories.user())
    services.user_of_api_token(token)
    with django_assert_num_queries(1):
        services.user_of_api_token(token)


def test_a_sign_in_link_works_once(db):
    user = factories.user()
    token = services.create_sign_in_link(user)
    assert services.redeem_sign_in_link(token) == user
    assert services.redeem_sign_in_link(token) is None
    assert services.redeem_sign_in_link("something else") is None


def test_a_sign_in_link_ends_after_15_minutes(db):
    token = services.create_sign_in_link(factories.user())
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert services.redeem_sign_in_link(token) is None


def test_slugs_are_unique_in_a_site_and_survive_renaming(home):
    first, second = factories.zone(home, "Living room"), factories.zone(home, "Living-Room")
    assert (first.slug, second.slug) == ("living_room", "living_room_2")
    first.name = "Parlour"
    first.save()
    assert first.slug == "living_room"
    assert factories.zone(factories.site(), "Living room").slug == "living_room"
    assert factories.zone(home, "…").slug == "unnamed"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("климат", "klimat"),
        ("Детская 2", "detskaya_2"),
        ("Ку́хня", "kukhnya"),
        ("Ελλάδα", "ellada"),
        ("温室", "wenshi"),
        ("Küche & Bad", "kuche_bad"),
        ("Straße", "strasse"),
        ("Bad 1.5", "bad_1_5"),
        ("north-east", "north_east"),
        ("kept_as_typed", "kept_as_typed"),
        ("!!!", "unnamed"),
        ("\u200b", "unnamed"),
    ],
)
def test_a_name_of_any_script_has_a_readable_slug(name, slug):
    assert make_slug(name) == slug


@examples(100)
@given(st.text(max_size=80), st.sets(st.sampled_from(["unnamed", "a", "a_2"])))
def test_every_slug_fits_rule_paths_and_its_column(name, taken):
    slug = unique_slug(name, taken)
    assert re.fullmatch(r"[a-z0-9_]{1,90}", slug)
    assert slug not in taken
    assert unique_slug(name, {slug}) != slug


def test_every_named_thing_of_a_home_has_one_and_stored_ones_stay(home):
    made = [make(home, "климат") for make in (factories.zone, factories.miner)]
    made += [make(home, name="климат") for make in (factories.unit, factories.energy_source)]
    assert {row.slug for row in made} == {"klimat"}
    row = made[0]
    type(row).objects.filter(pk=row.pk).update(slug="unnamed")
    row.refresh_from_db()
    row.save()
    assert row.slug == "unnamed"


def test_a_test_bench_is_named_by_its_old_slug_too(settings):
    site = factories.site(name="Bench 1.5")
    for name, is_bench in (("bench_15", True), ("bench_1_5", True), ("Bench 1.5", True), ("bench", False)):
        settings.TEST_BENCH_SITES = [name]
        assert site.is_test_bench is is_bench
