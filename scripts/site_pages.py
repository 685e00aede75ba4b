"""A hook of MkDocs: the documents beside the README become pages of the site, and links to and from them lead there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]

DOCUMENTS = {name: f"{name.lower()}" for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")}
"""Each with the page that it becomes. README.md would be taken for the folder's index under its own name."""

_FROM_THE_TOP = re.compile(r"\]\((?:docs/)?([\w/.-]+\.md)")
_FROM_A_PAGE = re.compile(r"\]\(\.\./([A-Z]+\.md)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the documents."""
    for name, page in DOCUMENTS.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:
    """Turns links between the folder above and `docs/` into links between pages."""
    if page.file.src_uri in DOCUMENTS.values():
        return _FROM_THE_TOP.sub(lambda found: f"]({DOCUMENTS.get(found[1], found[1])}", markdown)
    return _FROM_A_PAGE.sub(lambda found: f"]({DOCUMENTS.get(found[1], found[0])}", markdown)
