"""Print a new one-time sign-in link."""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from edgemining import addresses, prepare
from sites import commands


class Command(BaseCommand):
    help = "Print a link that signs a person in once, within 15 minutes."

    def add_arguments(self, parser) -> None:
        parser.add_argument("user", nargs="?", help="user name; without it the first administrator")

    def handle(self, *args, user: str | None, **options) -> None:
        path = prepare.sign_in_path(find_user(user))
        for url in addresses.urls(settings.HOST, settings.PORT):
            self.stdout.write(f"{url.rstrip('/')}{path}")


def find_user(name: str | None):
    """The active user of that name, or the first administrator. Raises CommandError saying who there is."""
    users = get_user_model().objects.filter(is_active=True).order_by("pk")
    found = users.filter(username=name).first() if name else users.filter(is_superuser=True).first()
    if found is None:
        there_are = (
            ", ".join(users.values_list("username", flat=True)[:10])
            or f"nobody yet: start {commands.FOLDER / 'run'} once"
        )
        raise CommandError(f"There is no active user {name or 'with all rights'!r}. There is: {there_are}.")
    return found
