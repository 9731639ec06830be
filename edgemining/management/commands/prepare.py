"""Everything before the first start of separate processes; `up` does it by itself."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from edgemining import addresses, instance, prepare
from edgemining.supervisor import EXIT_GIVE_UP


class Command(BaseCommand):
    help = "Bring the database up to date and make the first administrator and the simulated home."

    def handle(self, *args, **options) -> None:
        try:
            first_sign_in = prepare.prepare()
        except instance.CannotStart as error:
            raise CommandError(str(error), returncode=EXIT_GIVE_UP) from None
        if first_sign_in is not None:
            self.stdout.write(first_sign_in.text(addresses.urls(settings.HOST, settings.PORT)))
