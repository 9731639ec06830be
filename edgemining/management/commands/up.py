"""Run everything in one process, as the supervisor's child; see `edgemining.up`."""

import os
import sys

from django.core.management.base import BaseCommand

from edgemining import supervisor


class Command(BaseCommand):
    help = "Run web server, control and schedule in one supervised process; Ctrl-C stops cleanly."

    def handle(self, *args, **options) -> None:
        if not supervisor.is_supervised():
            sys.exit(supervisor.run([sys.executable, "manage.py", "up"]))
        from edgemining import instance, up

        try:
            code = up.up()
        except instance.CannotStart as error:
            self.stderr.write(str(error))
            code = supervisor.EXIT_GIVE_UP
        sys.stdout.flush()
        sys.stderr.flush()
        # A reader stuck in a dead device holds its thread for ever; it must not hold the exit.
        os._exit(code)
