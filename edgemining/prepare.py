"""What comes before the first page: a current database, somebody who may sign in, something to see."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from optimization.demo import ensure_first_home
from optimization.site_plan import triggers
from sites import commands
from sites.services import create_sign_in_link

from . import backup, backups, data_folder, stored_secrets
from .instance import CannotStart

ADMINISTRATOR = "admin"


@dataclass(frozen=True, slots=True)
class FirstSignIn:
    """The first administrator's ways in; shown once, the password is kept nowhere."""

    username: str
    password: str
    path: str

    def text(self, urls: list[str]) -> str:
        """What to tell the person; `urls` are the addresses of the program."""
        links = "".join(f"    {url.rstrip('/')}{self.path}\n" for url in urls)
        return (
            f"\nSign in for the first time with this link (one use, 15 minutes):\n{links}"
            f"or as ‘{self.username}’ with the password  {self.password}\n"
            f"It is shown only now. A new link: {commands.anywhere('sign_in_link')}\n"
        )


def prepare() -> FirstSignIn | None:
    """All of it; every step does nothing where it was done before. Raises CannotStart, with the remedy."""
    check_database()
    migrate()
    check_key()
    first_sign_in = first_administrator()
    ensure_first_home()
    return first_sign_in


def check_database() -> None:
    """The SQLite file can be read and written; of PostgreSQL its own server takes care."""
    if connection.vendor != "sqlite" or connection.is_in_memory_db():
        return
    problem = data_folder.database_problem(Path(connection.settings_dict["NAME"]), settings.DATA_DIR)
    if problem:
        raise CannotStart(problem)


def check_key() -> None:
    """The secret key is the one that stored passwords and tokens were encrypted with."""
    stored = list(stored_secrets.encrypted())
    if stored and not any(one.is_readable for one in stored):
        where = "SECRET_KEY" if os.environ.get("SECRET_KEY") else str(settings.DATA_DIR / data_folder.KEY_NAME)
        raise CannotStart(
            f"The stored passwords and tokens were encrypted with another key than the one in {where}. Put that key "
            "back (a backup holds it), or name it in SECRET_KEY_FALLBACKS. If it is lost, "
            f"`{commands.anywhere('forget_secrets')}` removes what cannot be read; then enter those "
            "passwords and tokens again."
        )


def migrate() -> None:
    """Bring the database to this version, and say so when that changed it."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    unknown = sorted(
        key for key in loader.applied_migrations if key[0] in loader.migrated_apps and key not in loader.disk_migrations
    )
    if unknown:
        names = ", ".join(f"{app} {name}" for app, name in unknown[:3])
        raise CannotStart(
            f"The database was written by a newer version of Edge Mining (it has {names}). "
            "Start that version, or restore a backup made by this one."
        )
    steps = len(executor.migration_plan(loader.graph.leaf_nodes()))
    if steps:
        if loader.applied_migrations:
            _back_up_first()
        call_command("migrate", interactive=False, verbosity=0)
        say(f"Database brought up to date ({steps} steps).")
    triggers.ensure()


def _back_up_first() -> None:
    try:
        backups.make_before_migration()
    except backup.BackupError as error:
        raise CannotStart(f"Before its update the database is backed up, which did not succeed. {error}") from None


def first_administrator() -> FirstSignIn | None:
    """Create somebody who may do everything, when there is no such person yet."""
    users = get_user_model().objects
    if users.filter(is_superuser=True, is_active=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        name = ADMINISTRATOR if not users.filter(username=ADMINISTRATOR).exists() else f"admin-{secrets.token_hex(2)}"
        user = users.create_superuser(name, password=password)
        return FirstSignIn(name, password, sign_in_path(user))


def sign_in_path(user) -> str:
    """The path of a new one-time link."""
    return reverse("sign-in-link", args=[create_sign_in_link(user)])


def say(text: str) -> None:
    """One message to the person at the terminal (or to the journal), at once."""
    with suppress(OSError):  # where the log is, the disk may be full
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
