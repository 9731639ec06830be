"""`manage.py safety_table`: write the table of promises and their proofs to docs/safety.md."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from optimization.safety import markdown

PATH = settings.BASE_DIR / "docs" / "safety.md"


class Command(BaseCommand):
    help = "Write what is promised about safety, and what proves it, to docs/safety.md."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--output", type=Path, default=PATH)

    def handle(self, *args, **options) -> None:
        options["output"].write_text(markdown(), encoding="utf-8")
        self.stdout.write(f"Wrote {options['output'].name}.")
