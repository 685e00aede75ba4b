"""Paths as commitments: entries whose names are sealed, so that an exhibit can show one match without showing all.

The openings of the commitments are stored in the ledger beside the entries, for the lab; an exhibit leaves them out
(ledger's `export`). The salts are derived from a secret in the examiner's folder: with the same secret, the same
evidence gives the same findings root again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger import KeyFileError, Ledger, Opening, canonical, is_sealed, load_secret, seal
from matcher.errors import CaseError, NotIntactError

SEALED = ["/finding/path", "/source/path"]
"""The `sealed` of `scan.open`: pointers to sealed paths. Lists of paths in anomalies and relookups are sealed too."""

SEALED_NAMES = "/source/names"
"""Of a list of files sealed too: the digest of its names, by which likely names could be tested."""

_WITH_PATHS = frozenset({"scan.open", "item", "anomaly", "relookup"})
"""The types of the entries of which paths are sealed."""
_LISTS_OF_PATHS = ("changed_paths", "vanished_paths", "added_paths")
_LISTS_OF_CHANGES = ("new", "withdrawn", "changed", "unconfirmed")

Openings = list[Opening]
Sealed = tuple[bytes, Openings]


class Sealing:
    """Replaces the paths of entries by commitments, with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def from_file(cls, path: Path) -> Sealing:
        """Read the secret from a file that only its owner can read; create it where it does not exist. CaseError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return cls(load_secret(path))
        except OSError as error:
            raise CaseError(f"{path.parent}: {error.strerror}: no secret to seal paths with") from error
        except KeyFileError as error:
            raise CaseError(str(error)) from error

    def seal(self, entry: dict[str, Any]) -> Sealed:
        """The canonical bytes of an entry with its paths sealed, and their openings."""
        sealed, openings = seal(entry, list(_pointers(entry)), secret=self._secret)
        return canonical(sealed), openings

    def seal_finding(self, finding: dict[str, Any]) -> Sealed:
        """The canonical bytes of a finding with its path sealed, and its openings, whose pointers are of the entry."""
        sealed, openings = seal({"finding": finding}, SEALED, secret=self._secret)
        return canonical(sealed["finding"]), openings


def plain(entry: dict[str, Any]) -> Sealed:
    """The canonical bytes of an entry that is not sealed, and no openings."""
    return canonical(entry), []


def opened_entry(log: Ledger, index: int, body: bytes) -> dict[str, Any]:
    """The entry with the values in place of its commitments. NotIntactError where the opening of one is missing."""
    entry = log.disclosed(index, body)
    if is_sealed(body) and entry["type"] in _WITH_PATHS and is_sealed(canonical(entry)):
        raise NotIntactError(
            f"NOT INTACT: the opening of a sealed value of entry {index} is missing: what was sealed there cannot be "
            "read any more. Take the case from a copy, if there is one; `matcher verify` says how much is missing"
        )
    return entry


def _pointers(entry: dict[str, Any]) -> Iterator[str]:
    yield from SEALED
    yield SEALED_NAMES
    for name in _LISTS_OF_PATHS:
        if entry.get(name):
            yield f"/{name}"
    if entry["type"] == "relookup":
        for name in _LISTS_OF_CHANGES:
            for place, _change in enumerate(entry[name]):
                yield f"/{name}/{place}/path"
