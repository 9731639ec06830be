"""What writes sites' rows: activity, alarms, tokens, sign-in links."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.apps import apps
from django.contrib.auth.models import update_last_login
from django.db import transaction
from django.utils import timezone

from . import known, recording
from .alarms import AlarmKind
from .clock import FUTURE_TOLERANCE
from .models import ActivityLog, Alarm, ApiToken, Severity, SignInLink, Site
from .patience import if_possible

SIGN_IN_LINK_MINUTES = 15
#: A note that nobody waits for waits no longer than this for a lock.
_NOTE_SECONDS = 0.2


def log_activity(site: Site | None, text: str, *, severity: str = Severity.INFO, actor: str = "") -> None:
    """Add one plain sentence to the activity log."""
    ActivityLog.objects.create(site=site, text=text[:500], severity=severity, actor=actor[:80])


def raise_site_alarm(site: Site, kind: AlarmKind, text: str, *, since: datetime | None = None) -> tuple[Alarm, bool]:
    """Open this alarm of a whole site outside a pass, and say so once. False: it was open already."""
    alarm, created = Alarm.objects.get_or_create(
        site=site,
        kind=kind.key,
        subject="site",
        ended_at=None,
        defaults={
            "severity": kind.severity,
            "text": text,
            "did": kind.did,
            "remedy": kind.remedy,
            "since": since or timezone.now(),
        },
    )
    if created:
        log_activity(site, f"{kind.title}: {text}", severity=kind.severity)
    return alarm, created


def raise_alarm_everywhere(kind: AlarmKind, text: str) -> None:
    """Open this alarm in every active home, or say there what is wrong by now."""
    for site in Site.objects.filter(is_active=True):
        alarm, created = raise_site_alarm(site, kind, text[:500])
        if not created and alarm.text != text[:500]:
            alarm.text = text[:500]
            alarm.save(update_fields=["text"])


def end_alarms_everywhere(kind: str) -> None:
    """What was wrong is over in every home."""
    Alarm.objects.filter(kind=kind, ended_at__isnull=True).update(ended_at=timezone.now())


def set_aside(label: str, pk: str, by: str) -> None:
    """Deactivate a row that was asked to be while nothing could be stored; the passes keep it off already."""
    row = apps.get_model(label)._default_manager.get(pk=pk)
    with transaction.atomic():
        row.is_active = False
        row.save(update_fields=["is_active"])
        site = row if isinstance(row, Site) else row.site
        log_activity(site, f"Set aside: {row._meta.verbose_name} {row}.", actor=by)
        site.wake()


def acknowledge_alarm(alarm: Alarm, by: str) -> None:
    """A person has seen it; it stays until its cause has gone."""
    if alarm.acknowledged_at is None:
        alarm.acknowledged_at, alarm.acknowledged_by = timezone.now(), by[:80]
        alarm.save(update_fields=["acknowledged_at", "acknowledged_by"])
        log_activity(alarm.site, f"Acknowledged: {alarm.text}", actor=by)
        alarm.site.wake()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_api_token(name: str, user) -> str:
    """A new bearer token, shown only now. Raises IntegrityError when the name is taken."""
    token = "em_" + secrets.token_urlsafe(32)
    ApiToken.objects.create(name=name, user=user, digest=_digest(token))
    return token


def user_of_api_token(token: str):
    """The active user whose token this is, or None; notes the use at most once a minute, and where that is possible."""
    row = ApiToken.objects.select_related("user").filter(digest=_digest(token)).first()
    if row is None or not row.user.is_active:
        known.forget(token)
        return None
    now = timezone.now()
    if row.last_used_at is None or abs((now - row.last_used_at).total_seconds()) > 60:
        _note_use(row, now)
    known.note(token, row.user.get_username())
    return row.user


def _note_use(row: ApiToken, now: datetime) -> None:
    """Reading needs no write: while nothing can be stored, or somebody else is writing, this is noted later."""
    if recording.state() is not None:
        return
    if_possible(lambda: ApiToken.objects.filter(pk=row.pk).update(last_used_at=now), _NOTE_SECONDS)


def note_last_login(sender, user, **kwargs) -> None:
    """Django's own note of a sign-in, where it can be stored: nobody is kept out because it cannot."""
    if_possible(lambda: update_last_login(sender, user, **kwargs), _NOTE_SECONDS)


def create_sign_in_link(user) -> str:
    """The secret of a link that signs `user` in once within 15 minutes."""
    token = secrets.token_urlsafe(24)
    SignInLink.objects.create(
        digest=_digest(token), user=user, expires_at=timezone.now() + timedelta(minutes=SIGN_IN_LINK_MINUTES)
    )
    return token


def redeem_sign_in_link(token: str):
    """The user of an unused, unexpired link (now used), or None. One made by a clock that was ahead has expired."""
    now = timezone.now()
    latest = now + timedelta(minutes=SIGN_IN_LINK_MINUTES) + FUTURE_TOLERANCE
    with transaction.atomic():
        links = SignInLink.objects.filter(digest=_digest(token), used_at__isnull=True)
        taken = links.filter(expires_at__gt=now, expires_at__lte=latest).update(used_at=now)
        if not taken:
            return None
        user = SignInLink.objects.select_related("user").get(digest=_digest(token)).user
    return user if user.is_active else None
