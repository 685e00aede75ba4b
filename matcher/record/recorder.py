"""Findings → the ledger: how a scan's items get there, in their order and in groups."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ledger import Ledger, LedgerError, Opening, TreeHasher, canonical, clock, encode_item, is_item_of, leaf_hash
from matcher.calibration.tables import KINDS
from matcher.model import Finding, Item, Status
from matcher.reasons import OF_THE_MACHINE
from matcher.record.contents import Contents
from matcher.record.entries import entry
from matcher.record.finding_json import encode_finding
from matcher.record.hashes_file import CONFLICT, DOUBTFUL, NOTABLE, RETRIED, ItemHashes, hashes_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.reading_back import RecordedFindings, decode_finding
from matcher.record.sealing import Sealed, Sealing

MAX_INTEGER = 2**53 - 1
"""The largest number that a ledger's entry holds."""
GROUP_ITEMS = 1000
"""Findings that are appended in one transaction, at most."""
GROUP_SECONDS = 2.0
"""How long a finding waits for its group once its turn has come, at most."""


class Recorder:
    """Records one scan's findings in their order, in groups, and their hashes; counts them and computes their root."""

    def __init__(self, log: Ledger, scan: int, hashes: HashesWriter, sealing: Sealing | None = None) -> None:
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
        """The first item with each content that was examined."""
        self._written = RecordedFindings(log, hashes.path, hashes.groups)
        self._recorded = 0
        self._sure = True
        self._behind = 0
        """A leaf index in front of which all that was recorded stands."""
        self.items = 0
        self.bytes = 0
        self.matches = 0
        self.notable = 0
        self.doubtful = 0
        self.conflicts = 0
        self.retried = 0
        """Items that hit a worker's limit, or that a worker died of, and were tried once more alone."""
        self.of_the_machine = 0
        """Items whose finding may be another one on another machine."""
        self.questions: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
        """Hashes that were looked up by each algorithm, of contents that were not examined before, by kind."""
        self.counts: Counter[str] = Counter({status.value: 0 for status in Status})

    def retry(self, item: Item) -> None:
        """An item hit a worker's limit, or a worker died of it: it is tried once more alone."""
        self._retried.add(item.path)

    def restore(self, finding: dict[str, Any], flags: int, queries: Mapping[str, int], *, index: int) -> None:
        """Count a finding that the ledger has already, at this leaf index; `flags` as the file of hashes stores them.

        `queries`: how many of its hashes each algorithm looks up, by kind.
        """
        if finding["status"] != Status.DUPLICATE:
            self.questions.update(queries)
        self._root.append(leaf_hash(canonical(finding)))
        if finding["status"] in (Status.EXAMINED, Status.KNOWN) and finding["sha256"] is not None:
            self.contents.add(bytes.fromhex(finding["sha256"]), self.items)
        self._written.add(self.items, index)
        self._recorded += 1
        self._count(finding["size"], finding["status"], finding["reason"], finding["matches_total"], flags)

    def restored(self, behind: int) -> None:
        """All that was recorded of the scan stands in front of this leaf index."""
        self._behind = behind

    def add(self, item: Item, finding: Finding) -> Finding:
        """Record one finding; what comes back is what was recorded: a repeated content is a duplicate."""
        if finding.size is not None and finding.size > MAX_INTEGER:  # what a damaged file system says
            finding = replace(finding, size=None)
        finding = self._deduplicated(finding)
        stored = hashes_of(item, finding, retried=item.path in self._retried)
        self._retried.discard(item.path)
        if finding.status is not Status.DUPLICATE:
            self.questions.update(stored.query_counts())
        form, openings = self._form(finding)
        self._root.append(leaf_hash(form))
        self._group.append((encode_item(self._scan, self.items, form), stored, openings))
        self._count(finding.size, finding.status, finding.reason, finding.matches_total, stored.flags)
        if len(self._group) >= GROUP_ITEMS:
            self.flush()
        else:
            self.flush_if_due()
        return finding

    def _form(self, finding: Finding) -> Sealed:
        """The canonical bytes of a finding, its path sealed where that is asked, and what opens it."""
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
        self.of_the_machine += reason in OF_THE_MACHINE

    def flush_if_due(self) -> None:
        """Append what has waited long enough. To be called now and then, also while nothing is added."""
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
        """The finding of the first item with this content, with another path; None where none was examined by now."""
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
            kept = None if seq < written else self._group[seq - written][1]
            if sha256 == (self._written.sha256(seq) if kept is None else kept.digests["sha256"]):
                return seq
        return None

    def flush(self) -> None:
        """Append what is waiting. On return it is durable."""
        self._since = time.monotonic()
        if self._group:
            self._append()

    def _append(self, *after: Callable[[], bytes]) -> None:
        """Append what is waiting, its hashes first, and one more entry, made when those are on the disk.

        Where that fails nothing of it was written, and it still waits. Where it is interrupted, nobody knows here
        whether it was: it is dropped, never to be written twice.
        """
        group, self._group, self._sure = self._group, [], False
        self._written.let_go()
        try:
            self._hashes.write([kept for _body, kept, _openings in group])
            bodies = [*(body for body, _kept, _openings in group), *self._jumps(), *(make() for make in after)]
        except Exception:
            self._group, self._sure = group, True
            raise
        try:
            openings = [] if self._sealing is None else [openings for _body, _kept, openings in group]
            first = self._log.append(bodies, checkpoint=bool(after), openings=openings)
        except LedgerError:
            self._group, self._sure = group, True
            raise
        self._hashes.settle()
        if group:
            self._written.add(self.items - len(group), first)
        self._recorded += len(group)
        self._behind, self._sure = first + len(group), True

    def _jumps(self) -> Iterator[bytes]:
        """Generates an `anomaly` if a clock ran backwards, or was set, since this was asked last."""
        before, self._stamp = self._stamp, clock.now()
        told = clock.jump(before, self._stamp)
        if told is not None:
            yield entry("anomaly", scan=self._scan, items=self.items, **told)

    def close(self) -> dict[str, Any]:
        """Append the rest and `scan.close`, with a signed checkpoint in the same transaction. Returns the facts."""
        facts = {
            "scan": self._scan,
            "items": self.items,
            "bytes": self.bytes,
            "counts": dict(self.counts),
            "matches": self.matches,
            "notable": self.notable,
            "doubtful": self.doubtful,
            "conflicts": self.conflicts,
            "retried": self.retried,
            "of_the_machine": self.of_the_machine,
            "questions": dict(self.questions),
            "findings_root": self._root.root().hex(),
        }
        self._append(lambda: entry("scan.close", **facts, hashes=self._hashes.facts()))
        self._hashes.close()
        return facts

    def abandon(self, what: str) -> None:
        """Append what was examined, if that can be, and an `anomaly` that says why there is no more."""
        if not self._sure:
            self._recorded += sum(is_item_of(body, self._scan) for _index, body in self._log.entries(self._behind))
        items = self._recorded + len(self._group)
        try:
            self._append(lambda: self._anomaly(what, items))
        except Exception:  # noqa: BLE001 - a full disk, say: a line may fit where a group does not
            self._written.let_go()
            self._hashes.take_back()
            self._log.append([self._anomaly(what, self._recorded)], checkpoint=True)
        finally:
            self._hashes.close()

    def _anomaly(self, what: str, items: int) -> bytes:
        return entry("anomaly", scan=self._scan, what=what, items=items)
