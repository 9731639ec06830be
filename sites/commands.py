"""Commands that a message tells a person to type: they work wherever they are pasted. Standard library only.

What is the same on every installation (documentation, pages that nobody has signed in to) says `./run manage …`, to be
typed in the folder of the program.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shlex import quote

FOLDER = Path(__file__).resolve().parents[1]


def anywhere(words: str) -> str:
    """The management command, by the Python and on the data folder of this process, from any folder."""
    data = os.environ.get("DATA_DIR")
    where = f"DATA_DIR={quote(os.path.abspath(data))} " if data else ""
    return f"{where}{quote(sys.executable)} {quote(str(FOLDER / 'manage.py'))} {words}"
