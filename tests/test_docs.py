"""Documents lead somewhere: links between them resolve, and rules that code cites are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")
CITED = re.compile(r"design\.md §(\d+(?:\.\d+)?)")
APPS = ("climate", "dashboard", "edgemining", "energy", "integrations", "miners", "optimization", "simulation", "sites")


def anchors(document: Path) -> set[str]:
    """The headings of a document, as links name them."""
    headings = re.findall(r"(?m)^#+ (.+)$", document.read_text())
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(one.relative_to(ROOT)) for one in DOCUMENTS])
def test_links_between_documents_resolve(document):
    for link in LINK.findall(document.read_text()):
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def rules() -> set[str]:
    """The numbers of the sections of design.md, and of the rules in its section 5."""
    text = (ROOT / "docs/design.md").read_text()
    sections = set(re.findall(r"(?m)^## (\d+)\. ", text))
    of_five = text.split("\n## 5. ")[1].split("\n## ")[0]
    return sections | {f"5.{number}" for number in re.findall(r"(?m)^(\d+)\. \*\*", of_five)}


def test_rules_that_code_cites_are_there():
    cited = set()
    for app in (*APPS, "tests"):
        for module in (ROOT / app).rglob("*.py"):
            cited |= set(CITED.findall(module.read_text()))
    assert cited <= rules()
    assert len(cited) > 5


def test_every_decision_is_in_the_list():
    folder = ROOT / "docs/decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert listed == {one.name for one in folder.glob("[0-9]*.md")}
    assert len(listed) >= 10


def test_the_glossary_has_one_line_for_a_term():
    terms = re.findall(r"(?m)^\| ([^|]+) \|", (ROOT / "docs/glossary.md").read_text())[2:]
    assert len(terms) >= 30
    assert terms == sorted(terms, key=str.casefold)


def test_the_files_that_answer_a_behaviour_are_there():
    table = (ROOT / "docs/architecture.md").read_text().split("## Where is it?")[1].split("\n## ")[0]
    files = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", table)
    assert len(files) >= 25
    assert [one for one in files if not (ROOT / one).exists()] == []
