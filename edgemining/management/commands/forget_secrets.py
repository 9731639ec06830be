"""For an installation whose secret key is lost: what it encrypted can never be read again."""

from django.core.management.base import BaseCommand

from edgemining import stored_secrets


class Command(BaseCommand):
    help = "Remove stored passwords and tokens that the present secret key cannot read."

    def handle(self, *args, **options) -> None:
        names = stored_secrets.forget_unreadable()
        if not names:
            self.stdout.write("Every stored password and token can be read; nothing was removed.")
            return
        self.stdout.write("Removed. Enter the password or token again of:\n" + "\n".join(f"  {one}" for one in names))
