"""One version of one list on disk: a folder that is written once and never changed.

list.json          what this is: name, version, sources, counts, profile, audit, and the digest of every other file
entries.jsonl      one JSON array [id, category, note] a record
entries.offsets    (n + 1,) uint64, where each entry's line begins
refused.jsonl      the lines that were not taken, with their reasons
kept.jsonl         hashes of types that cannot be looked up, as they stood
hashes/ALGORITHM.index      the index folder (matcher.index) over the hashes
hashes/ALGORITHM.entries    (n,) uint32, the entry of each hash
hashes/ALGORITHM.quality    (n,) uint8, 255 where the list states none

Perceptual hashes are numbered in order of appearance. Digests are numbered by their place in the sorted table, equal
ones in order of appearance; `.entries` and `.quality` follow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import StoreError
from matcher.files import sha256_of
from matcher.model import CategoryProfile, Disposition

FORMAT = 2
HEADER = "list.json"
ENTRIES = "entries.jsonl"
OFFSETS = "entries.offsets"
REFUSED = "refused.jsonl"
KEPT = "kept.jsonl"
HASHES = "hashes"
NO_QUALITY = 255


@dataclass(frozen=True, slots=True)
class ListVersion:
    """What a version of a list says of itself (the body of list.json).

    `digest` is the SHA-256 of the imported file (of the files' digests, where there were several); `counts` has
    `entries`, `records` (lines of entries.jsonl: an entry has several where its hashes stand apart), `hashes` by
    algorithm, `kept` by type and `refused`; `audit` has, by algorithm, what the audit of its index found before it was
    published (index/auditing.py); `files` has the digest of every file beside it.
    """

    name: str
    version: int
    digest: str
    sources: tuple[Mapping[str, Any], ...]
    counts: Mapping[str, Any]
    profile: CategoryProfile
    audit: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "sources": [dict(source) for source in self.sources],
            "counts": dict(self.counts),
            "profile": self.profile.as_json(),
            "audit": {algorithm: dict(found) for algorithm, found in self.audit.items()},
            "files": dict(self.files),
        }


def read_version(folder: Path) -> ListVersion:
    """The header of a version folder. StoreError where it is missing or not one."""
    path = folder / HEADER
    try:
        body = json.loads(path.read_bytes())
        if body["format"] != FORMAT:
            raise StoreError(f"{path}: list format {body['format']!r} is not {FORMAT}: import the list again")
        categories = {name: Disposition(value) for name, value in body["profile"]["categories"].items()}
        return ListVersion(
            name=body["name"],
            version=body["version"],
            digest=body["digest"],
            sources=tuple(body["sources"]),
            counts=body["counts"],
            profile=CategoryProfile(categories, Disposition(body["profile"]["other"])),
            audit=body["audit"],
            files=body["files"],
        )
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: not the header of a list version") from error


def files_below(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a version folder but its header, by name with `/`."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / HEADER
    }


def check_version(folder: Path) -> None:
    """Read every byte of a version folder and compare with its header. StoreError naming the first difference."""
    expected = read_version(folder).files
    found = files_below(folder)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise StoreError(f"{folder / name}: its bytes are not those that were imported")
