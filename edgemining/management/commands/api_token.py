"""Print a new API token."""

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError

from sites.services import create_api_token

from .sign_in_link import find_user


class Command(BaseCommand):
    help = "Print a new bearer token of the API; it is shown only now."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name", help="what it is for, like ‘Node-RED’; unique")
        parser.add_argument("--user", help="whose rights it has; without it the first administrator's")

    def handle(self, *args, name: str, user: str | None, **options) -> None:
        owner = find_user(user)
        try:
            token = create_api_token(name, owner)
        except IntegrityError:
            raise CommandError(
                f"A token named {name!r} exists. Choose another name or delete that one first."
            ) from None
        self.stdout.write(token)
