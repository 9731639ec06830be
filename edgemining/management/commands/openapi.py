"""`manage.py openapi`: write the API's description to docs/openapi.json."""

import json
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from ninja.responses import NinjaJSONEncoder

from edgemining.api import api

PATH = settings.BASE_DIR / "docs" / "openapi.json"


def text() -> str:
    """The description as it is committed: sorted, so that changes of it are readable."""
    return (
        json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    )


class Command(BaseCommand):
    help = "Write the OpenAPI description of the JSON API to docs/openapi.json."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--output", type=Path, default=PATH)

    def handle(self, *args, **options) -> None:
        options["output"].write_text(text(), encoding="utf-8")
        self.stdout.write(f"Wrote {options['output'].name}.")
