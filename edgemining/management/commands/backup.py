from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from edgemining import backup


class Command(BaseCommand):
    help = "Write a backup of everything to FILE; it may run meanwhile."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args, **options):
        try:
            backup.make(options["file"])
        except backup.BackupError as error:
            raise CommandError(str(error)) from None
        size = options["file"].stat().st_size / 1e6
        self.stdout.write(
            f"Backup written to {options['file']} ({size:.1f} MB). Keep it private: it holds your tokens."
        )
