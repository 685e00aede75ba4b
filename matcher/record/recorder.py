"""Findings → the ledger: a scan's items are appended in their order and in groups."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from ledger import Ledger, LedgerError, Opening, TreeHasher, canonical, clock, encode_item, is_item_of, leaf_hash
from matcher.calibration.tables import KINDS
from matcher.model import CategoryProfile, Finding, Item, Status
from matcher.reasons import ENVIRONMENT_DEPENDENT
from matcher.record.contents import Contents
from matcher.record.entries import entry
from matcher.record.finding_json import encode_finding, has_negative, has_trivial
from matcher.record.floods import FloodTally
from matcher.record.hashes_file import CONFLICT, DOUBTFUL, NOT_COMPARED, NOTABLE, RETRIED, ItemHashes, hashes_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.reading_back import RecordedFindings, decode_finding
from matcher.record.sealing import Sealed, Sealing
from matcher.record.shortfall import Shortfall
from matcher.record.strength import UNLISTED, Nearest, counts, is_compared_json, is_compared_picture
from matcher.record.strength_now import nearest_of_finding, nearest_of_json, profiles_of_scan

MAX_INTEGER = 2**53 - 1
"""The largest number in a ledger's entry."""
GROUP_ITEMS = 1000
"""The largest number of findings that are appended in one transaction."""
GROUP_SECONDS = 2.0
"""The longest time that a finding waits for its group once its turn has come."""


class Recorder:
    """Records one scan's findings in their order, in groups, and their hashes; counts them and computes their root."""

    def __init__(
        self,
        log: Ledger,
        scan: int,
        hashes: HashesWriter,
        sealing: Sealing | None = None,
        *,
        floods: FloodTally | None = None,
    ) -> None:
        self._log = log
        self._scan = scan
        self._sealing = sealing
        self._stamp = clock.now()
        self._hashes = hashes
        self._retried: set[str] = set()
        self._group: list[tuple[bytes, ItemHashes, list[Opening]]] = []
        self._since = time.monotonic()
        self._root = TreeHasher()
        self.contents = Contents()
        """The first item with each examined content."""
        self._written = RecordedFindings(log, hashes.path, hashes.groups)
        self._recorded = 0
        self._sure = True
        self._end = 0
        """A leaf index before which all recorded items of the scan have their entries."""
        self.items = 0
        self.bytes = 0
        self.matches = 0
        self.notable = 0
        self.doubtful = 0
        self.trivial = 0
        """The number of items that match a list by a digest of trivial content."""
        self.negative = 0
        """The number of items with a match that a list of what matched wrongly makes not notable."""
        self.conflicts = 0
        self.retried = 0
        """The number of items that hit a worker's limit, or killed a worker, and were tried once more alone."""
        self.environment_dependent = 0
        """The number of items whose finding may differ on another machine: `of_the_machine` in `scan.close`."""
        self.query_counts: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        """The hashes that each algorithm looked up, without duplicates, by kind: `questions` in `scan.close`."""
        self.counts: Counter[str] = Counter({status.value: 0 for status in Status})
        self.pictures = 0
        """The number of pictures that were compared, each content counted once."""
        self.nearest: Counter[Nearest] = Counter()
        """The notable items, by what their strength follows from: `strength` in `scan.close`."""
        self.shortfall = Shortfall()
        """Items that were not opened, not looked at whole or not compared: four fields of `scan.close`."""
        self.floods = FloodTally() if floods is None else floods
        """The different pictures that each entry and each algorithm matches: two fields of `scan.close`."""

    def retry(self, item: Item) -> None:
        """Record that an item hit a worker's limit, or killed a worker, and is tried once more alone."""
        self._retried.add(item.path)

    def restore(self, finding: dict[str, Any], flags: int, queries: Mapping[str, int], *, index: int) -> None:
        """Count a finding that the ledger already has, at leaf index `index`.

        `flags` are as the file of hashes stores them. `queries`: the number of the item's hashes that each algorithm
        looks up, by kind.
        """
        if finding["status"] != Status.DUPLICATE:
            self.query_counts.update(queries)
            self.floods.add_json(finding["matches"], is_compared=any(queries.values()))
        self._root.append(leaf_hash(canonical(finding)))
        if finding["status"] in (Status.EXAMINED, Status.KNOWN) and finding["sha256"] is not None:
            self.contents.add(bytes.fromhex(finding["sha256"]), self.items)
        self._written.add(self.items, index)
        self._recorded += 1
        self._count(finding["size"], finding["status"], finding["reason"], finding["matches_total"], flags)
        self.trivial += has_trivial(finding)
        self.negative += has_negative(finding)
        self.pictures += is_compared_json(finding)
        if flags & NOTABLE:
            self.nearest[nearest_of_json(finding, self._profiles) or UNLISTED] += 1
        self.shortfall.add_json(finding, is_compared=not flags & NOT_COMPARED)

    def finish_restoring(self, end: int) -> None:
        """End the calls of `restore`. All recorded items of the scan have their entries before leaf index `end`."""
        self._end = end

    def add(self, item: Item, finding: Finding) -> Finding:
        """Record one finding. Returns the finding as recorded: a repeated content is a duplicate."""
        if finding.size is not None and finding.size > MAX_INTEGER:  # as a damaged file system may report
            finding = replace(finding, size=None)
        finding = self._deduplicated(finding)
        stored = hashes_of(item, finding, retried=item.path in self._retried)
        self._retried.discard(item.path)
        if finding.status is not Status.DUPLICATE:
            queries = stored.query_counts()
            self.query_counts.update(queries)
            self.floods.add(finding.matches, is_compared=any(queries.values()))
        form, openings = self._form(finding)
        self._root.append(leaf_hash(form))
        self._group.append((encode_item(self._scan, self.items, form), stored, openings))
        self._count(finding.size, finding.status, finding.reason, finding.matches_total, stored.flags)
        self.trivial += finding.trivial
        self.negative += finding.negative
        self.pictures += is_compared_picture(finding)
        if stored.flags & NOTABLE:
            self.nearest[nearest_of_finding(finding, self._profiles) or UNLISTED] += 1
        self.shortfall.add_finding(finding)
        if len(self._group) >= GROUP_ITEMS:
            self.flush()
        else:
            self.flush_if_due()
        return finding

    @cached_property
    def _profiles(self) -> Mapping[str, CategoryProfile]:
        """The profiles of the lists that the scan opened with, read from the ledger."""
        return profiles_of_scan(self._log, self._scan)

    def _form(self, finding: Finding) -> Sealed:
        """The canonical bytes of a finding, with its path sealed if paths are, and its openings."""
        if self._sealing is None:
            return encode_finding(finding), []
        return self._sealing.seal_finding(finding.as_json())

    def _count(self, size: int | None, status: str, reason: str | None, matches: int, flags: int) -> None:
        self.items += 1
        self.bytes = min(self.bytes + (size or 0), MAX_INTEGER)
        self.counts[status] += 1
        self.matches += matches
        self.notable += bool(flags & NOTABLE)
        self.doubtful += bool(flags & DOUBTFUL)
        self.conflicts += bool(flags & CONFLICT)
        self.retried += bool(flags & RETRIED)
        self.environment_dependent += reason in ENVIRONMENT_DEPENDENT

    def flush_if_due(self) -> None:
        """Append the group if it has waited GROUP_SECONDS. To be called regularly, also while nothing is added."""
        if self._group and time.monotonic() - self._since >= GROUP_SECONDS:
            self.flush()

    def _deduplicated(self, finding: Finding) -> Finding:
        if finding.status not in (Status.EXAMINED, Status.KNOWN) or finding.sha256 is None:
            return finding
        if self._first_with(finding.sha256) is not None:
            return replace(finding, status=Status.DUPLICATE)
        self.contents.add(finding.sha256, self.items)
        return finding

    def earlier(self, sha256: bytes, *, path: str) -> Finding | None:
        """The finding of the first item with this content, with another path; None where none was recorded yet."""
        seq = self._first_with(sha256)
        if seq is None:
            return None
        waiting = seq - (self.items - len(self._group))
        if waiting < 0:
            return self._written.finding(seq, path=path)
        body, stored, _openings = self._group[waiting]
        return decode_finding(body, stored, path=path)

    def _first_with(self, sha256: bytes) -> int | None:
        written = self.items - len(self._group)
        for seq in self.contents.candidates(sha256):
            waiting = None if seq < written else self._group[seq - written][1]
            if sha256 == (self._written.sha256(seq) if waiting is None else waiting.digests["sha256"]):
                return seq
        return None

    def flush(self) -> None:
        """Append the waiting group. It is durable on return."""
        self._since = time.monotonic()
        if self._group:
            self._append()

    def _append(self, *after: Callable[[], bytes]) -> None:
        """Append the waiting group, its hashes first, and the entries of `after`, made when the hashes are on the disk.

        Where that fails, no entry was written, and the group still waits. Where it is interrupted, it is unknown here
        whether the entries were written: the group is dropped, so that it is never written twice.
        """
        group, self._group, self._sure = self._group, [], False
        self._written.release()
        try:
            self._hashes.write([stored for _body, stored, _openings in group])
            bodies = [*(body for body, _stored, _openings in group), *self._jumps(), *(make() for make in after)]
        except Exception:
            self._group, self._sure = group, True
            raise
        try:
            openings = [] if self._sealing is None else [openings for _body, _stored, openings in group]
            first = self._log.append(bodies, checkpoint=bool(after), openings=openings)
        except LedgerError:
            self._group, self._sure = group, True
            raise
        self._hashes.settle()
        if group:
            self._written.add(self.items - len(group), first)
        self._recorded += len(group)
        self._end, self._sure = first + len(group), True

    def _jumps(self) -> Iterator[bytes]:
        """A generator of an `anomaly` entry if a clock ran backwards, or was set, since the last call."""
        before, self._stamp = self._stamp, clock.now()
        fields = clock.jump(before, self._stamp)
        if fields is not None:
            yield entry("anomaly", scan=self._scan, items=self.items, **fields)

    def close(self) -> dict[str, Any]:
        """Append the rest and `scan.close`, with a signed checkpoint in one transaction. Returns its fields.

        `hashes` is not among the returned fields.
        """
        facts = {
            "scan": self._scan,
            "items": self.items,
            "bytes": self.bytes,
            "counts": dict(self.counts),
            **self.shortfall.facts(),
            "matches": self.matches,
            "notable": self.notable,
            "pictures": self.pictures,
            "strength": counts(self.nearest, self.pictures),
            "doubtful": self.doubtful,
            "trivial": self.trivial,
            "negative": self.negative,
            "conflicts": self.conflicts,
            "retried": self.retried,
            "of_the_machine": self.environment_dependent,
            **self.floods.facts(),
            "questions": dict(self.query_counts),
            "findings_root": self._root.root().hex(),
        }
        self._append(lambda: entry("scan.close", **facts, **self._after(), hashes=self._hashes.facts()))
        self._hashes.close()
        return facts

    def _after(self) -> dict[str, int]:
        return {"after_checkpoint": self._log.latest_size()}

    def abandon(self, what: str) -> None:
        """Append the waiting group, if possible, and an `anomaly` whose `what` is the reason of the early end."""
        if not self._sure:
            self._recorded += sum(is_item_of(body, self._scan) for _index, body in self._log.entries(self._end))
        items = self._recorded + len(self._group)
        try:
            self._append(lambda: self._anomaly(what, items))
        except Exception:  # noqa: BLE001 - a full disk, for example: an entry may fit where a group does not
            self._written.release()
            self._hashes.discard()
            self._log.append([self._anomaly(what, self._recorded)], checkpoint=True)
        finally:
            self._hashes.close()

    def _anomaly(self, what: str, items: int) -> bytes:
        return entry("anomaly", scan=self._scan, what=what, items=items)
