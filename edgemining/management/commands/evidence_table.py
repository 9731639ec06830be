"""`manage.py evidence_table`: write which evidence outranks which to docs/evidence.md."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from optimization.evidence_table import markdown

PATH = settings.BASE_DIR / "docs" / "evidence.md"


class Command(BaseCommand):
    help = "Write which evidence of a miner's state outranks which to docs/evidence.md."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--output", type=Path, default=PATH)

    def handle(self, *args, **options) -> None:
        options["output"].write_text(markdown(), encoding="utf-8")
        self.stdout.write(f"Wrote {options['output'].name}.")
