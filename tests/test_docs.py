"""Documents: every link leads somewhere, and what they say of commands is what the program has."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def heading_ids(page: Path) -> set[str]:
    """What a link may name after `#`: as GitHub and the documentation's site make it of each heading."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    for name, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
        target = page.parent / name if name else page
        assert target.exists(), name
        assert not heading or heading in heading_ids(target), f"{name}#{heading}"


def test_the_front_documents_are_there() -> None:
    names = {page.relative_to(ROOT).as_posix() for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/index.md"} <= names


@pytest.mark.parametrize("package", ["matcher", "ledger"])
def test_the_architecture_tells_of_every_folder(package: str) -> None:
    """One row each, of its own package's table, that says what the folder is for."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    told = re.findall(rf"^\| `{package}/(\w+)/` \| .{{20,}} \|$", text, re.MULTILINE)
    assert sorted(told) == sorted(rooms)


@pytest.mark.parametrize(
    ("page", "package"), [("matcher", "matcher"), ("matcher-index", "matcher.index"), ("ledger", "ledger")]
)
def test_every_public_name_has_its_place_in_the_interface(page: str, package: str) -> None:
    text = (ROOT / "docs" / "api" / f"{page}.md").read_text(encoding="utf-8")
    told = re.findall(rf"^::: {re.escape(package)}\.(\w+)$", text, re.MULTILINE)
    assert sorted(told) == sorted(import_module(package).__all__)


def test_every_page_is_in_the_sites_navigation() -> None:
    """scripts/docs fails otherwise, but it needs the extra `docs`."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    told = re.findall(r"([\w/-]+\.md)$", navigation, re.MULTILINE)
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.is_relative_to(ROOT / "docs")]
    assert sorted(told) == sorted([*pages, *(page.name.lower() for page in PAGES if page.parent == ROOT)])


def test_files_that_are_named_in_the_code_exist() -> None:
    for path in (ROOT / "matcher").rglob("*.py"):
        for target in re.findall(r"\b(?:docs|benchmarks)/[\w/.]+\.(?:md|py)", path.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{path.name} names {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_are_named_in_a_page_exist(page: Path) -> None:
    """But `tests/test_contracts.py`, which is a plug-in's own."""
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`(?:python -m pytest )?((?:matcher|ledger|tests|benchmarks|scripts)/[\w/.]*\w)[` ]", text):
        assert (ROOT / path).exists() or path == "tests/test_contracts.py", path
    for module in re.findall(r"python -m (benchmarks\.\w+\.[a-z_]+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_the_two_commands_stand_alone_in_their_blocks() -> None:
    """CI and readers copy them."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    alone = [block.strip() for block in blocks if "\n" not in block.strip()]
    assert any(block.endswith(".venv/bin/matcher demo") for block in alone)
    assert any(block.endswith(".venv/bin/python -m pytest") for block in alone)


def test_markers_of_unfinished_pages() -> None:
    for page in PAGES:
        assert not re.search(r"\b(TODO|FIXME|XXX)\b|_TABLE\b", page.read_text(encoding="utf-8")), page
