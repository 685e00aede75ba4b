"""One version of one list on disk: a folder that is written once and never changed.

list.json          the header: name, version, sources, counts, profile, audit, and the digest of every other file
entries.jsonl      one JSON array [id, category, note, kind] a record; `kind` is a place in kinds.json
entries.offsets    (n + 1,) uint64, where each record's line begins, and the length of entries.jsonl
ids.hashes         (n,) uint64 ascending, the hash of each record's id (lists/ids.py)
ids.records        (n,) uint32, the record of each of those hashes
kinds.json         the kinds of records: an array of [{algorithm: number of hashes}, {type in kept.jsonl: number}]
removed.records    (k,) uint32 ascending, only in an update: the records of earlier parts that this version removes
refused.jsonl      the lines that were refused, with their reasons
kept.jsonl         hashes of types that cannot be looked up, as text
hashes/ALGORITHM.index      the index folder (matcher.index) over the hashes
hashes/ALGORITHM.entries    (n,) uint32, the record of each hash
hashes/ALGORITHM.quality    (n,) uint8, 255 where the list states none

Perceptual hashes are numbered in order of appearance. Digests are numbered by their place in the sorted table, equal
ones in order of appearance. `.entries` and `.quality` are in the same order.

A version stands alone, or is an *update* of an earlier one, its base: then its folder holds the records that it adds
and the numbers of those that it removes, and its header has the SHA-256 of the base's list.json. The folders of such a
chain, the oldest first, are the version's *parts*. Inside a folder records count from 0; in a list they are numbered
consecutively over its parts, and removed.records has these numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.errors import StoreError
from matcher.model import CategoryProfile
from matcher.system.files import sha256_of

FORMAT = 2
HEADER = "list.json"
ENTRIES = "entries.jsonl"
OFFSETS = "entries.offsets"
ID_HASHES = "ids.hashes"
ID_RECORDS = "ids.records"
KINDS = "kinds.json"
REMOVED = "removed.records"
REFUSED = "refused.jsonl"
KEPT = "kept.jsonl"
HASHES = "hashes"
NO_QUALITY = 255


@dataclass(frozen=True, slots=True)
class Base:
    """The version of the same list that an update changes. `sha256` is that of its list.json, in hex."""

    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ListVersion:
    """The facts of a list's version (the body of list.json).

    `digest` is the SHA-256 of the imported file (of the files' digests, where there were several; of the base's digest
    and theirs, for an update). `counts` is for the whole list, all its parts without the removed records: `entries`,
    `records` (an entry has several where its hashes are apart in the file), `hashes` by algorithm, `kept` by type and
    `refused`. `holds` is for this folder alone: `entries`, `records`, `hashes` and `kept` in its files, and `removed`
    and `removed_records`, the entries and records that it removes from earlier parts; `categories` and
    `removed_categories` are pairs of a category and its number of entries (lists/categories.py). `audit` has by
    algorithm the result of the audit of this folder's index before it was published (index/auditing.py). `files` has
    the digest of every other file. `base` is None where the version stands alone. `same_as` has the versions whose
    parts this one merges: it has the same entries and gives the same matches.
    """

    name: str
    version: int
    digest: str
    sources: tuple[Mapping[str, Any], ...]
    counts: Mapping[str, Any]
    holds: Mapping[str, Any]
    profile: CategoryProfile
    audit: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, str]
    base: Base | None = None
    same_as: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        base = None if self.base is None else {"version": self.base.version, "sha256": self.base.sha256}
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "base": base,
            "same_as": list(self.same_as),
            "digest": self.digest,
            "sources": [dict(source) for source in self.sources],
            "counts": dict(self.counts),
            "holds": dict(self.holds),
            "profile": self.profile.as_json(),
            "audit": {algorithm: dict(result) for algorithm, result in self.audit.items()},
            "files": dict(self.files),
        }


def read_version(folder: Path) -> ListVersion:
    """The header of a version folder. StoreError where it is missing or not a header."""
    path = folder / HEADER
    try:
        body = json.loads(path.read_bytes())
        if body["format"] != FORMAT:
            raise StoreError(f"{path}: list format {body['format']!r} is not {FORMAT}: import the list again")
        return ListVersion(
            name=body["name"],
            version=body["version"],
            digest=body["digest"],
            sources=tuple(body["sources"]),
            counts=body["counts"],
            holds=body["holds"],
            profile=CategoryProfile.from_json(body["profile"]),
            audit=body["audit"],
            files=body["files"],
            same_as=tuple(map(int, body["same_as"])),
            base=None if body["base"] is None else Base(body["base"]["version"], body["base"]["sha256"]),
        )
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{path}: not the header of a list version") from error


def read_chain(folder: Path) -> list[tuple[Path, ListVersion]]:
    """The parts of the version in `folder`, the oldest first: folder and header.

    The bases are beside `folder`, named by their version's number. StoreError naming a base that is missing, or whose
    header is not the one that the update was made for.
    """
    chain = [(folder, read_version(folder))]
    while (base := chain[-1][1].base) is not None:
        update = chain[-1][1]
        below = folder.parent / str(base.version)
        if not 0 < base.version < update.version:
            raise StoreError(f"{chain[-1][0] / HEADER}: version {update.version} is no update of {base.version}")
        try:
            sha256 = sha256_of(below / HEADER)
        except FileNotFoundError as error:
            raise StoreError(
                f"{below}: is missing: version {update.version} of {update.name} is an update of it"
            ) from error
        except OSError as error:
            raise StoreError(f"{below / HEADER}: {error.strerror}") from error
        if sha256 != base.sha256:
            raise StoreError(f"{below / HEADER}: is not the one of which version {update.version} is an update")
        chain.append((below, read_version(below)))
    return chain[::-1]


def files_below(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a version folder except its header, by name with `/`."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / HEADER
    }


def check_version(folder: Path) -> None:
    """Read every byte of a version's parts and compare with their headers.

    StoreError naming the first difference, or a file that cannot be read.
    """
    for part, facts in read_chain(folder):
        try:
            digests = files_below(part)
        except OSError as error:
            raise StoreError(f"{error.filename or part}: {error.strerror}") from error
        for name in sorted(facts.files.keys() | digests.keys()):
            if facts.files.get(name) != digests.get(name):
                raise StoreError(f"{part / name}: its bytes are not those that were imported")
