"""Documents: every link leads somewhere, and what they say of commands is what the program has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_files_that_are_named_in_the_code_exist() -> None:
    for path in (ROOT / "matcher").rglob("*.py"):
        for target in re.findall(r"\b(?:docs|benchmarks)/[\w/.]+\.(?:md|py)", path.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{path.name} names {target}"


def test_the_two_commands_stand_alone_in_their_blocks() -> None:
    """CI and readers copy them."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    alone = [block.strip() for block in blocks if "\n" not in block.strip()]
    assert any(block.endswith(".venv/bin/matcher demo") for block in alone)
    assert any(block.endswith(".venv/bin/python -m pytest") for block in alone)


def test_markers_of_unfinished_pages() -> None:
    for page in PAGES:
        assert not re.search(r"\b(TODO|FIXME|XXX)\b|_TABLE\b", page.read_text(encoding="utf-8")), page.name
