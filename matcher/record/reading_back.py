"""The recorded items of a scan, read back while the scan runs, by their place in the scan.

The ledger has the finding of an item, the file of hashes its hashes. Only the position where each group begins is held
in memory; the positions of items follow from it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ledger import Ledger, decode_item
from matcher.errors import CaseError
from matcher.model import Finding, Hash, OrientationHashes
from matcher.record.hashes_file import CONFLICT, DOUBTFUL, NOT_COMPARED, NOTABLE, CaseHashes, Group, ItemHashes, Place
from matcher.record.runs import Runs

_GROUPS = 64
"""The number of groups whose columns stay mapped."""


def decode_finding(body: bytes, stored: ItemHashes, *, path: str) -> Finding:
    """The finding of an `item` entry with the stored hashes of the item, under another path."""
    _scan, _seq, form = decode_item(body)
    return replace(
        Finding.from_json(form),
        path=path,
        notable=bool(stored.flags & NOTABLE),
        doubtful=bool(stored.flags & DOUBTFUL),
        conflict=bool(stored.flags & CONFLICT),
        is_compared=not stored.flags & NOT_COMPARED,
        digests=tuple(Hash(name, value) for name, value in stored.digests.items()),
        pictures=tuple(turned for hashes in stored.pictures.values() for turned in hashes.values()),
    )


class RecordedFindings:
    """The items of a scan that are on the disk. `groups`: the offset in the file of each group of hashes."""

    def __init__(self, log: Ledger, path: Path, groups: Runs) -> None:
        self._log = log
        self._path = path
        self._groups = groups
        self._leaves = Runs()
        self._mapped: CaseHashes | None = None
        self._open: dict[int, Group] = {}

    def add(self, seq: int, index: int) -> None:
        """Add the leaf index of an item's entry. The entries of later items follow it unless they are added too."""
        self._leaves.add_place(seq, index)

    def release(self) -> None:
        """Unmap the file of hashes, so that it can be written on any system."""
        self._open.clear()
        self._mapped = None

    def sha256(self, seq: int) -> bytes:
        """The whole digest of an item's content. CaseError where the file is damaged."""
        group, place = self._group(seq)
        return bytes(group["sha256"][place])

    def finding(self, seq: int, *, path: str) -> Finding:
        """The finding of an item, with another path. CaseError or LedgerError where it cannot be read."""
        first, index = self._leaves.find(seq)
        index += seq - first
        _index, body = next(self._log.entries(index, index + 1))
        return decode_finding(body, self._item_hashes(seq), path=path)

    def _item_hashes(self, seq: int) -> ItemHashes:
        group, place = self._group(seq)
        header = self._hashes().header
        pictures: dict[Place, dict[str, OrientationHashes]] = {}
        for row in range(int(group.starts[place]), int(group.starts[place + 1])):
            for algorithm in header.pictures:
                turned = group.turned(row, algorithm.name)
                if turned is not None:
                    pictures.setdefault((turned.rendering, turned.region), {})[algorithm.name] = turned
        digests = {algorithm.name: group[algorithm.name][place].tobytes() for algorithm in header.digests}
        return ItemHashes(int(group["modified"][place]), int(group["flags"][place]), digests, pictures)

    def _hashes(self) -> CaseHashes:
        if self._mapped is None:
            self._mapped = CaseHashes(self._path)
        return self._mapped

    def _group(self, seq: int) -> tuple[Group, int]:
        first, at = self._groups.find(seq)
        group = self._open.get(at)
        if group is None:
            if len(self._open) >= _GROUPS:
                del self._open[next(iter(self._open))]
            _end, group = self._hashes().decode_group(at, first)
            self._open[at] = group
        if seq - first >= len(group):
            raise CaseError(f"{self._path}: item {seq} is not in the group that begins at {at}")
        return group, seq - first
