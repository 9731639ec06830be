"""Commands that pages, messages and documents tell a person to type work when pasted: interpreter, command, options,
paths. How they run from a fresh clone: `tests/process/test_run.py`."""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from sites import commands

ROOT = Path(__file__).resolve().parents[1]
#: What is typed first; each is looked at by `problem`.
_BEGINS = re.compile(
    r"(?:\./run\b|\bmake (?=run|test|fuzz|bench|check|ready)|[\w./]*\bpython3? (?=-m|manage)|[\w./]*\bmanage\.py"
    r"|\bpip (?=install)|[\w./]*\bcelery -A|[\w./]*\bgunicorn (?=\w))"
)
_ENDS = re.compile(r"[`‘’<>\n|;()#\"”]|  | -->|[.,:](?:\s|$)")
#: Programs that `requirements.txt` brings into `.venv/bin`.
_INSTALLED = {".venv/bin/python", ".venv/bin/celery", ".venv/bin/gunicorn"}
_VERBS = set(re.search(r"There is: ([a-z, -]+)\.", (ROOT / "run").read_text())[1].split(", "))
_FOLDERS = ("benchmarks", "climate", "dashboard", "edgemining", "energy", "integrations", "miners", "optimization")


def _documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "docs/openapi.json", *ROOT.glob("templates/**/*.html")]


def _strings(path: Path) -> list[str]:
    """What a module may print: its strings, without docstrings."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    parts = [
        "".join(one.value if isinstance(one, ast.Constant) else "X" for one in node.values)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    ]
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return parts + [node.value for node in whole if id(node) not in docs]


def _modules() -> list[Path]:
    return [path for folder in (*_FOLDERS, "sites", "simulation") for path in (ROOT / folder).rglob("*.py")]


def told(text: str) -> list[str]:
    """The commands in a text, up to where each one ends."""
    found, at = [], 0
    while (match := _BEGINS.search(text, at)) is not None:
        end = _ENDS.search(text, match.end())
        at = end.start() if end else len(text)
        found.append(text[match.start() : at].strip())
    return found


def problem(command: str) -> str:
    """Why a command would not work as pasted, in the folder of a fresh clone; empty: it works."""
    words = [word for word in command.replace("…", "").split() if not word.startswith("[") and not word.endswith("]")]
    first, rest = words[0], words[1:]
    if first in ("make", "./run"):
        if first == "make" and rest[0] not in _VERBS:
            return f"no target {rest[0]}"
        if rest[:1] == ["manage"]:
            return _managed(rest[1:])
        if rest[:1] == ["bench"] and len(rest) > 1:
            return _module(f"benchmarks.{rest[1]}")
        return ""
    if first not in _INSTALLED:
        # Elsewhere than in `.venv` the page says so; the command itself is looked at all the same.
        if first == "python" and rest[:1] == ["manage.py"]:
            return _managed(rest[1:])
        return "not an interpreter or program that a fresh clone has"
    if rest[:1] == ["manage.py"]:
        return _managed(rest[1:])
    if rest[:1] == ["-m"] and rest[1] != "pip":
        return _module(rest[1])
    missing = [word for word in rest if word.endswith((".txt", ".py")) and not (ROOT / word).exists()]
    return f"there is no {missing[0]}" if missing else ""


def _module(name: str) -> str:
    try:
        return "" if importlib.util.find_spec(name) else f"no module {name}"
    except ModuleNotFoundError:
        return f"no module {name}"


def _managed(words: list[str]) -> str:
    if not words:
        return ""  # “`./run manage` is …”, or a placeholder
    name, rest = words[0], words[1:]
    if name in ("COMMAND", "X"):
        return ""
    if name not in get_commands():
        return f"no command {name}"
    app = get_commands()[name]
    parser = (load_command_class(app, name) if isinstance(app, str) else app).create_parser("manage.py", name)
    unknown = [word for word in rest if word.startswith("--") and word not in parser._option_string_actions]
    takes = [one for one in parser._actions if not one.option_strings]
    most = sum(99 if one.nargs in ("*", "+", argparse.REMAINDER) else 1 for one in takes)
    free = [word for before, word in zip([name, *rest], rest, strict=False) if not before.startswith("--")]
    given = [word for word in free if re.fullmatch(r"[A-Z]+|admin", word)]
    return f"unknown {unknown[0]}" if unknown else "" if len(given) <= most else f"{name} takes {most} words"


def test_every_command_that_is_told_works_as_pasted():
    texts = [(path, path.read_text()) for path in _documents()]
    texts += [(path, text) for path in _modules() for text in _strings(path)]
    found = [(path.relative_to(ROOT), one) for path, text in texts for one in told(text)]
    assert len(found) > 40
    # `manage.py` alone is the name of a file.
    wrong = [(str(path), one, why) for path, one in found if one != "manage.py" and (why := problem(one))]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("type `./run manage sign_in_link NAME`", False),
        ("type `manage.py sign_in_link`", True),
        ("A new link: manage.py sign_in_link\n", True),
        ("Run ./run manage sign_in now", True),
        ("`./run manage api_token NAME --owner X`", True),
        ("`./run manage api_token NAME --user USER`", False),
        ("`pip install -r requirements-miners.txt`", True),
        ("`.venv/bin/python -m pip install -r requirements-miner.txt`", True),
        ("`python -m benchmarks soak`", True),
        ("`./run bench soak`", False),
        ("celery -A edgemining beat", True),
        (".venv/bin/python manage.py backup FILE", False),
    ],
)
def test_what_would_not_work_is_found(text, is_wrong):
    assert any(problem(one) for one in told(text)) is is_wrong


@pytest.mark.process
def test_a_printed_command_runs_from_any_folder(tmp_path, monkeypatch):
    """By the interpreter and on the data folder of the process that prints it."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "my data"))
    printed = commands.anywhere("sign_in_link --help")
    assert shlex.split(printed)[0].startswith("DATA_DIR=")
    done = subprocess.run(
        ["sh", "-c", printed], cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "signs a person in once" in done.stdout
    assert (tmp_path / "my data" / "secret_key").exists()
