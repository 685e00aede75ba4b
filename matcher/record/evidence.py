"""Where the evidence of a case lies, as its scans recorded it, and the refusal to write there."""

from __future__ import annotations

import os
from pathlib import Path

from matcher.errors import CaseError
from matcher.record.case import CaseReader
from matcher.sources.files import FILES
from matcher.sources.folder import raw_path
from matcher.system.files import readable_name


def check_outside_evidence(reader: CaseReader, target: Path) -> None:
    """CaseError where `target` is, or lies inside, a source of the case's scans.

    Not compared: a source whose path is sealed and cannot be opened here, and the files of a list, of which the ledger
    has no places.
    """
    written = Path(os.path.realpath(target))
    for _index, entry in reader.entries(items=lambda _index, _body: False, unopened=True):
        source = entry.get("source")
        if entry.get("type") not in ("scan.open", "anomaly") or not isinstance(source, dict):
            continue
        if source.get("kind") == FILES or not isinstance(source.get("path"), str):
            continue
        evidence = os.path.realpath(os.fsdecode(raw_path(source["path"])))
        if written.is_relative_to(evidence):
            raise CaseError(
                f"{target}: lies inside the evidence of scan {entry.get('scan')}, {readable_name(evidence)}, which is "
                "never written to: name a place outside it"
            )
