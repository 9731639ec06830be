from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from edgemining import backup
from sites import commands


class Command(BaseCommand):
    help = "Put the backup in FILE in place of everything; the program must be stopped."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args, **options):
        if not options["yes"] and input("What is stored now is replaced. Type yes to go on: ") != "yes":
            raise CommandError("Nothing was changed.")
        try:
            backup.restore(options["file"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Restored. Start it again: {commands.FOLDER / 'run'}")
