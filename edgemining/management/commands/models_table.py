"""`manage.py models_table`: write what becomes of every known model into docs/miners.md."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from miners.drivers.known_models import with_table

PATH = settings.BASE_DIR / "docs" / "miners.md"


class Command(BaseCommand):
    help = "Write the table of known models into docs/miners.md."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--output", type=Path, default=PATH)

    def handle(self, *args, **options) -> None:
        path = options["output"]
        path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
        self.stdout.write(f"Wrote {path.name}.")
