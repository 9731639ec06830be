"""`manage.py startadapter monitor|driver NAME`: a new adapter's folder, which passes the contract suite as it is."""

import re
from pathlib import Path
from string import Template

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations import registry
from integrations.registry import Kind

TEMPLATES = Path(__file__).parents[1] / "adapter_templates"
#: Where the folder goes, and what its key must not be taken in.
PLACES = {
    "monitor": ("climate/monitors", Kind.CLIMATE_MONITOR),
    "driver": ("miners/drivers", Kind.MINER_CONTROLLER),
}


class Command(BaseCommand):
    help = "Write the folder of a new adapter: a sensor at a web address, or a plug with an HTTP API."

    def add_arguments(self, parser) -> None:
        parser.add_argument("kind", choices=sorted(PLACES))
        parser.add_argument("name", help="its key, like my_sensor")
        parser.add_argument("--root", type=Path, default=settings.BASE_DIR, help="another copy of the program")

    def handle(self, *args, **options) -> None:
        name, (place, kind) = options["name"], PLACES[options["kind"]]
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,38}[a-z0-9]", name):
            raise CommandError(f"‘{name[:40]}’ is no key: lower-case letters, digits and _, beginning with a letter.")
        folder = options["root"] / place / name
        if folder.exists() or folder.with_suffix(".py").exists() or name in registry.adapters(kind):
            raise CommandError(f"There is a {options['kind']} ‘{name}’ already.")
        words = {
            "key": name,
            "label": name.replace("_", " ").capitalize(),
            "class_name": "".join(part.capitalize() for part in name.split("_")),
        }
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        for template in sorted((TEMPLATES / options["kind"]).glob("*.txt")):
            text = Template(template.read_text(encoding="utf-8")).substitute(words)
            (folder / f"{template.stem}.py").write_text(text, encoding="utf-8")
        self.stdout.write(f"Wrote {place}/{name}. Its docstrings say what to replace; then run the contract suites:")
        self.stdout.write("./run test tests/adapters/test_contract.py tests/drivers")
