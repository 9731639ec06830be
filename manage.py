#!/usr/bin/env python
"""Django's command-line entry: `manage.py up` runs the whole product in one supervised process."""

import os
import sys


def main() -> int | None:
    if sys.argv[1:] == ["up"]:
        from edgemining import supervisor

        if not supervisor.is_supervised():
            return supervisor.run([sys.executable, *sys.argv])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "edgemining.settings")
    from django.core.management import execute_from_command_line

    from edgemining.instance import read_settings

    read_settings()
    return execute_from_command_line(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
