"""Run everything in one process, as the supervisor's child; see `edgemining.up`."""

import os
import sys
import traceback

from django.core.management.base import BaseCommand

from edgemining import supervisor
from sites.faults import DATABASE_ERRORS, fault_of


class Command(BaseCommand):
    help = "Run web server, control and schedule in one supervised process; Ctrl-C stops cleanly."

    def handle(self, *args, **options) -> None:
        if not supervisor.is_supervised():
            sys.exit(supervisor.run([sys.executable, "manage.py", "up"]))
        code = _run()
        sys.stdout.flush()
        sys.stderr.flush()
        # A reader stuck in a dead device holds its thread for ever; it must not hold the exit.
        os._exit(code)


def _run() -> int:
    """The exit code of the program; whatever ends it is said on stderr."""
    from edgemining import instance, up

    try:
        return up.up()
    except instance.CannotStart as error:
        print(error, file=sys.stderr)
        return supervisor.EXIT_GIVE_UP
    except DATABASE_ERRORS as error:
        fault = fault_of(error)
        if fault is None:
            traceback.print_exc()
        else:
            print(f"{fault.text} ({error})", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    return 1
