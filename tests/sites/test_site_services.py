"""Activity, alarms' acknowledgement, API tokens, sign-in links, and what rows are pruned."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from sites import services
from sites.alarms import KINDS
from sites.models import ActivityLog, Alarm, ApiToken, Severity, SignInLink, Site
from tests import factories

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
