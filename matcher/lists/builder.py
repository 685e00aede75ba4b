"""Listed hashes, one after the other → a version folder, which stands alone or updates a base.

Memory is bounded by the sorting of one algorithm's hashes, not by the list. The caller renames the folder to its
final name; readers see nothing of it before that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np

from matcher.algorithms import Algorithm, Metric
from matcher.distances import reach
from matcher.errors import ListError
from matcher.hashers import PictureHasher, ScreeningHasher, has_hasher, hasher, known_algorithm
from matcher.index import build_index
from matcher.index.digests import build as build_digests
from matcher.index.folder import map_array
from matcher.lists import version as layout
from matcher.lists.auditing import audit_algorithm, seed_of
from matcher.lists.categories import MAX_CATEGORIES, CategoryCounter, Counted, in_order
from matcher.lists.changes import Removal, counts_after, ids_in, removal_of
from matcher.lists.ids import id_hash, write_ids
from matcher.lists.opened import OpenList
from matcher.lists.part import Kind
from matcher.lists.version import Base, ListVersion
from matcher.model import CategoryProfile, ListedHash, ListEntry, RefusedLine
from matcher.system.files import sync_tree, write_new

_BUFFER = 1 << 20
_IDS = "entries.ids"

MAX_KEPT_TYPES = 100
"""The most types of hashes that cannot be looked up in one list."""


class _Column:
    """The files of one algorithm's hashes, which are written as hashes are added."""

    def __init__(self, folder: Path, algorithm: str, files: ExitStack) -> None:
        self.codes_path = folder / f"{algorithm}.codes"
        self.codes = files.enter_context(self.codes_path.open("wb", buffering=_BUFFER))
        self.entries = files.enter_context((folder / f"{algorithm}.entries").open("wb", buffering=_BUFFER))
        self.quality = files.enter_context((folder / f"{algorithm}.quality").open("wb", buffering=_BUFFER))
        self.count = 0

    def add(self, value: bytes, entry: int, quality: int | None) -> None:
        self.codes.write(value)
        self.entries.write(entry.to_bytes(4, "little"))
        self.quality.write(bytes((layout.NO_QUALITY if quality is None else quality,)))
        self.count += 1


class ListBuilder:
    """Writes one version folder. Call `add`, `remove` and `refuse` in any order, then `finish` once.

    With a `base` the version is an update of it: entries that are added replace those of `base` with the same ids.
    `remove` removes entries of `base` only, not those that are added here.
    """

    def __init__(self, folder: Path, *, default_category: str | None, base: OpenList | None = None) -> None:
        self._folder = folder
        self._base = base
        self._default_category = default_category
        self._files = ExitStack()
        (folder / layout.HASHES).mkdir(parents=True)
        self._entries = self._open(layout.ENTRIES)
        self._offsets = self._open(layout.OFFSETS)
        self._refused = self._open(layout.REFUSED)
        self._kept = self._open(layout.KEPT)
        self._ids = self._open(_IDS)
        self._categories = CategoryCounter(folder, self._open)
        self._columns: dict[str, _Column] = {}
        self._kept_counts: dict[str, int] = {}
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._kind: Kind = ({}, {})
        self._removed: list[str] = []
        self._last: ListEntry | None = None
        self._end = 0
        self.records = 0
        self.hashes = 0
        self.refused = 0

    @property
    def taken(self) -> int:
        """The number of hashes and removals that were added."""
        return self.hashes + len(self._removed)

    @property
    def folder(self) -> Path:
        """The folder in which the version is built."""
        return self._folder

    def _open(self, name: str) -> IO[bytes]:
        return self._files.enter_context((self._folder / name).open("wb", buffering=_BUFFER))

    def add(self, listed: ListedHash) -> None:
        """Add one hash. Consecutive hashes of one entry share a record. ListError for too many types (see above)."""
        entry = listed.entry
        if entry != self._last:
            self._end_record()
            self._last = entry
            self.records += 1
        number = self.records - 1
        kept = isinstance(listed.value, str)
        if isinstance(listed.value, str):
            if listed.algorithm not in self._kept_counts and len(self._kept_counts) >= MAX_KEPT_TYPES:
                raise ListError(f"line {listed.line}: more than {MAX_KEPT_TYPES} unknown hash types: this is no list")
            self._write_line(self._kept, [number, listed.algorithm, listed.value, listed.quality])
            self._kept_counts[listed.algorithm] = self._kept_counts.get(listed.algorithm, 0) + 1
        else:
            column = self._columns.get(listed.algorithm)
            if column is None:
                column = _Column(self._folder / layout.HASHES, listed.algorithm, self._files)
                self._columns[listed.algorithm] = column
            column.add(listed.value, number, listed.quality)
        has = self._kind[kept]
        has[listed.algorithm] = has.get(listed.algorithm, 0) + 1
        self.hashes += 1

    def remove(self, entry_id: str) -> None:
        """Remove an entry of the base. An id that the base does not have is ignored."""
        self._removed.append(entry_id)

    def refuse(self, source: str, line: RefusedLine) -> None:
        """Record a refused line in `refused.jsonl`."""
        self._write_line(self._refused, [source, line.line, line.reason])
        self.refused += 1

    def copy_refused(self, lines: Iterable[bytes]) -> None:
        """Copy lines of another version's `refused.jsonl`."""
        for line in lines:
            self._refused.write(line)
            self.refused += 1

    def _end_record(self) -> None:
        """Write the record of the last entry, whose hashes are complete."""
        entry = self._last
        if entry is None:
            return
        hashes, kept = self._kind
        kind = self._kinds.setdefault((tuple(hashes.items()), tuple(kept.items())), len(self._kinds))
        self._kind = ({}, {})
        category = self._default_category if entry.category is None else entry.category
        self._offsets.write(self._end.to_bytes(8, "little"))
        self._end += self._write_line(self._entries, [entry.id, category, entry.note, kind])
        self._ids.write(id_hash(entry.id))
        self._categories.add(category)

    @staticmethod
    def _write_line(stream: IO[bytes], values: Sequence[Any]) -> int:
        return stream.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")

    def finish(
        self,
        *,
        name: str,
        version: int,
        sources: Sequence[Mapping[str, Any]],
        profile: CategoryProfile,
        merged: ListVersion | None = None,
    ) -> ListVersion:
        """Build and audit the indexes, write the header and sync all files. IndexAuditError where an index is wrong.

        Of the base only the records that change are read. `merged` is the version whose parts this one merges; this
        one then has the same digest. Otherwise the digest is made from the base's and those of the sources.
        """
        self._end_record()
        self._offsets.write(self._end.to_bytes(8, "little"))
        self._files.close()
        self._write_kinds()
        entries, categories = self._write_ids()
        removal = self._write_removed()
        holds = {
            "entries": entries,
            "records": self.records,
            "hashes": {algorithm: column.count for algorithm, column in sorted(self._columns.items())},
            "kept": dict(sorted(self._kept_counts.items())),
            "removed": removal.entries,
            "removed_records": len(removal.records),
            "categories": categories,
            "removed_categories": in_order(removal.categories)[:MAX_CATEGORIES],
        }
        base = self._base
        digest = _digest_of(sources, base) if merged is None else merged.digest
        audits = {
            algorithm: self._index(algorithm, column, seed=seed_of(digest))
            for algorithm, column in sorted(self._columns.items())
        }
        before = _NOTHING if base is None else base.facts.counts
        counts = counts_after(before, removal, holds, refused=self.refused)
        if len(counts["kept"]) > MAX_KEPT_TYPES:
            raise ListError(f"{name}: more than {MAX_KEPT_TYPES} unknown hash types with its updates: this is no list")
        built = ListVersion(
            name=name,
            version=version,
            digest=digest,
            sources=tuple(sources),
            counts=counts,
            holds=holds,
            profile=profile,
            audit=audits,
            files=layout.files_below(self._folder),
            base=None if base is None else Base(base.version, base.index_digest()),
            same_as=() if merged is None else (*merged.same_as, merged.version),
        )
        write_new(self._folder / layout.HEADER, (json.dumps(built.as_json(), indent=1, sort_keys=True) + "\n").encode())
        sync_tree(self._folder)
        return built

    def close(self) -> None:
        """Close the files of a build that is given up."""
        with suppress(OSError):  # buffered data may not fit on the disk, and is not needed
            self._files.close()

    def _write_ids(self) -> tuple[int, Counted | None]:
        """Write the table of ids. Returns the number of entries, also by category.

        Records with the same id are one entry.
        """
        path = self._folder / _IDS
        ids = np.fromfile(path, "<u8")
        count = write_ids(self._folder, ids)
        path.unlink()
        return count, self._categories.finish(ids)

    def _write_kinds(self) -> None:
        kinds = [[dict(hashes), dict(kept)] for hashes, kept in self._kinds]
        (self._folder / layout.KINDS).write_bytes(json.dumps(kinds, separators=(",", ":")).encode() + b"\n")

    def _write_removed(self) -> Removal:
        if self._base is None:
            return Removal()
        removal = removal_of(self._base, chain(self._removed, ids_in(self._folder)))
        removal.records.astype("<u4").tofile(self._folder / layout.REMOVED)
        return removal

    def _index(self, algorithm: str, column: _Column, *, seed: int) -> dict[str, Any]:
        """Build one index. Returns the result of its audit."""
        facts = known_algorithm(algorithm)
        assert facts is not None, f"{algorithm} was parsed as bytes"
        codes = map_array(column.codes_path, np.uint8, (column.count, facts.width))
        path = self._folder / layout.HASHES / f"{algorithm}.index"
        order = None
        if facts.metric is Metric.EXACT:
            order = build_digests(codes, path=path)
            for beside, dtype in ((f"{algorithm}.entries", "<u4"), (f"{algorithm}.quality", "u1")):
                target = self._folder / layout.HASHES / beside
                np.fromfile(target, dtype)[order].tofile(target)
        else:
            build_index(codes, radius=_scan_radius(facts), path=path, metric=facts.metric)
        audit = audit_algorithm(self._folder, algorithm, seed=seed, codes=codes, order=order)
        del codes  # Windows does not delete a mapped file
        column.codes_path.unlink()
        return audit.as_json()


def _scan_radius(facts: Algorithm) -> int:
    """The radius of a scan's queries: the threshold, and the margin where hashes of this algorithm are screened."""
    installed = hasher(facts.name) if has_hasher(facts.name) else None
    margin = installed.margin if isinstance(installed, PictureHasher) else 0
    if isinstance(installed, ScreeningHasher):
        margin = max(margin, installed.screen.margin)
    return min(reach(facts.metric, facts.threshold, margin), facts.furthest)


_NOTHING: dict[str, Any] = {"entries": 0, "records": 0, "hashes": {}, "kept": {}, "refused": 0}


def _digest_of(sources: Sequence[Mapping[str, Any]], base: OpenList | None) -> str:
    digests = [str(source["sha256"]) for source in sources]
    if base is not None:
        digests.insert(0, base.facts.digest)
    return digests[0] if len(digests) == 1 else hashlib.sha256(b"".join(map(bytes.fromhex, digests))).hexdigest()
