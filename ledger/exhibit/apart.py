"""Refuses to write an exhibit into the evidence that a ledger's scans name."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ledger.entries.entry import parse
from ledger.entries.item import is_item
from ledger.errors import EntryError
from ledger.exhibit.writing import ExhibitError
from ledger.log import Ledger

_OPEN = b'"type":"scan.open"'
_ESCAPED = re.compile(rb"%([0-9A-F]{2})")
_LIST = "files"
"""The kind of a source whose path is the folder that the names of its files start from."""


def check_outside_evidence(ledger: Path, out: Path) -> None:
    """Raises ExhibitError where `out` is, or lies inside, the path of a scan's source, as the scan's opening names it.

    Not compared: sealed paths, lists of files, and openings that an audit finds malformed.
    """
    written = Path(os.path.realpath(out))
    with Ledger.open_readonly(ledger) as log:
        for _index, body in log.entries():
            if is_item(body) or _OPEN not in body:
                continue
            try:
                source = parse(body).get("source")
            except EntryError:
                continue
            if not isinstance(source, dict) or source.get("kind") == _LIST or not isinstance(source.get("path"), str):
                continue
            recorded = Path(_decoded(source["path"]))
            if recorded.is_absolute() and written.is_relative_to(evidence := os.path.realpath(recorded)):
                raise ExhibitError(f"{out}: lies inside the evidence {evidence}, which is never written to")


def _decoded(path: str) -> str:
    """A recorded path, in which `%XX` stands for a byte."""
    return os.fsdecode(_ESCAPED.sub(lambda escape: bytes([int(escape[1], 16)]), os.fsencode(path)))
