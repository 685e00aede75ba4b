"""A case: the folder that holds one ledger and what belongs to it.

    case.ledger      the record (ledger/)
    verifier.keys    vkeys of the keys that sign it, one a line
    reports/         where reports go unless told otherwise

The signing key is not in it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger import KeyFileError, Ledger, LedgerError, Signer, add_vkey, load_signer, read_vkeys, write_key
from matcher.builds import library_builds, platform_facts, tool_version
from matcher.errors import CaseError
from matcher.model import FINDING_KEYS
from matcher.record import entry

LEDGER = "case.ledger"
KEYS = "verifier.keys"
REPORTS = "reports"

OnWait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What is said of a case when it is opened; everything optional."""

    exhibit: str | None = None
    examiner: str | None = None
    role: str | None = None
    authority: str | None = None


def open_case(folder: Path, facts: CaseFacts, *, key: Path, on_wait: OnWait | None = None) -> Ledger:
    """Open a case for recording; a new one is made where there is none. CaseError or LedgerError.

    `key` is the examiner's private key; a new one is made there if there is none. Its name is the case's origin, as
    C2SP recommends.
    """
    path = folder / LEDGER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORTS).mkdir(exist_ok=True)
        if path.exists():
            return _existing(folder, key, on_wait)
        if any(child.name != REPORTS for child in folder.iterdir()):
            raise CaseError(f"{folder}: holds other files and no {LEDGER}; a case needs a folder of its own")
    except OSError as error:
        raise CaseError(f"{error.filename or folder}: {error.strerror}") from error
    origin = f"case/{_slug(folder.resolve().name)}/{secrets.token_hex(4)}"
    signer = _signer(key, origin)
    log = Ledger.create(path, origin=origin, signer=signer)
    try:
        add_vkey(folder / KEYS, signer.vkey)
        log.append(
            [
                entry(
                    "case.open",
                    case=folder.resolve().name.encode("utf-8", "replace").decode(),
                    exhibit=facts.exhibit,
                    authority=facts.authority,
                    examiner=facts.examiner,
                    role=facts.role,
                    tool=tool_version(),
                    libraries=library_builds(),
                    platform=platform_facts(),
                ),
                entry("key", action="added", vkey=signer.vkey),
            ]
        )
    except BaseException:
        log.close()
        raise
    return log


def _existing(folder: Path, key: Path, on_wait: OnWait | None) -> Ledger:
    with Ledger.open_readonly(folder / LEDGER) as log:
        origin = log.origin
    signer = _signer(key, origin)
    log = Ledger.open(folder / LEDGER, signer=signer, on_wait=on_wait)
    if signer.vkey not in read_vkeys(folder / KEYS):
        log.append([entry("key", action="added", vkey=signer.vkey)])
        add_vkey(folder / KEYS, signer.vkey)
    return log


def _signer(key: Path, origin: str) -> Signer:
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_key(key, Signer.generate(origin))
        except KeyFileError:
            if not key.exists():  # another scan may have made it in this moment
                raise
    return load_signer(key, name=origin)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-")[:60] or "case"


class CaseReader:
    """A case's ledger, read-only: its entries as objects, and its findings with their keys in DESIGN's order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / LEDGER).is_file():
            raise CaseError(f"{folder}: not a case (it has no {LEDGER})")
        self._log = Ledger.open_readonly(folder / LEDGER)
        self.size = self._log.size
        self.origin = self._log.origin

    def __enter__(self) -> CaseReader:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._log.close()

    def entries(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """A generator of (leaf index, entry) for everything that stood in the ledger when it was opened."""
        for index, body in self._log.entries(0, self.size):
            try:
                yield index, json.loads(body)
            except ValueError as error:
                raise LedgerError(f"{self.folder / LEDGER}: entry {index} is not JSON") from error

    def findings(self, *, scan: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
        """A generator of (scan, finding as JSON) in the order of the ledger."""
        for _index, found in self.entries():
            if found.get("type") == "item" and scan in (None, found["scan"]):
                yield found["scan"], in_order(found["finding"])

    def latest_checkpoint(self) -> str:
        """The newest signed checkpoint."""
        return self._log.latest_checkpoint()

    def root(self) -> str:
        """The root hash over the entries that stood in the ledger when it was opened, hex."""
        return self._log.root(self.size).hex()


def in_order(finding: dict[str, Any]) -> dict[str, Any]:
    """A finding from the ledger, whose keys are sorted, with its keys as DESIGN prints them."""
    ordered = {key: finding[key] for key in FINDING_KEYS if key in finding}
    ordered["hashes"] = [{key: value[key] for key in _HASH_KEYS} for value in finding["hashes"]]
    ordered["matches"] = [{key: match[key] for key in _MATCH_KEYS} for match in finding["matches"]]
    return ordered


_HASH_KEYS = ("algorithm", "value", "quality", "region")
_MATCH_KEYS = (
    *("list", "entry", "category", "algorithm", "value", "entry_value"),
    *("distance", "threshold", "quality", "region", "transform"),
)
