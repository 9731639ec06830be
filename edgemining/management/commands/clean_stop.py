"""The clean stop of separate processes; `up` does it by itself."""

from django.core.management.base import BaseCommand, CommandError

from optimization.services import clean_stop


class Command(BaseCommand):
    help = "Switch every miner off and wait until it is seen off; run it after beat and the workers have stopped."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--seconds", type=float, default=20.0, help="how long to wait for the miners (s)")

    def handle(self, *args, seconds: float, **options) -> None:
        unconfirmed = clean_stop(seconds=seconds)
        if unconfirmed:
            raise CommandError("\n".join(unconfirmed))
        self.stdout.write("Every miner is off.")
