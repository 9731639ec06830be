"""The engine imports nothing but the standard library, itself and how figures read, and neither clock nor network."""

import ast
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "optimization" / "rules"
FORBIDDEN = {"time", "datetime", "random", "socket", "urllib", "http", "threading", "os"}


def test_imports():
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                assert name == "sites.figures" or top in sys.stdlib_module_names - FORBIDDEN, (
                    f"{file.name} imports {name}"
                )
