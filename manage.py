#!/usr/bin/env python
"""Django's command-line entry: `manage.py up` runs the whole product in one supervised process."""

import os
import sys

#: The supervisor does not start again what would fail again (EX_CONFIG).
EXIT_GIVE_UP = 78


def main() -> int | None:
    if sys.argv[1:] == ["up"]:
        from edgemining import supervisor

        if not supervisor.is_supervised():
            return supervisor.run([sys.executable, *sys.argv])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        from django.conf import settings

        settings.INSTALLED_APPS  # noqa: B018 - reads the settings now, so that a wrong one is a sentence
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_GIVE_UP
    return execute_from_command_line(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
