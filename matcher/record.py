"""Findings → ledger entries: what matcher writes into a ledger, and how a scan's items get there.

Entries that matcher writes, all with `"v": 1` and a `type`; all but `item` with `time` (UTC) and `monotonic_us`:

    case.open    case, exhibit, authority, examiner, role, tool, libraries, platform
    key          vkey, action
    self.test    vectors (digest of the known answers), cases, tested, untested
    list.load    name, version, digest, sources, counts, profile, index_digest
    scan.open    scan, source, examiner, role, authority, exhibit, settings, algorithms, lists, executor, tool,
                 libraries, platform
    item         scan, seq, finding
    scan.close   scan, items, bytes, counts, notable, doubtful, conflicts, matches, retried, of_the_machine,
                 findings_root
    anomaly      scan, what, items (how many are recorded)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ledger import Ledger, LedgerError, SizeChangedError, TreeHasher, canonical, leaf_hash
from ledger import parse as parsed
from matcher.model import Finding, Status
from matcher.reasons import OF_THE_MACHINE

GROUP_ITEMS = 1000
"""Findings that are appended in one transaction, at most."""
GROUP_SECONDS = 2.0
"""How long a finding waits for its group once its turn has come, at most."""


def entry(kind: str, **fields: Any) -> bytes:
    """The canonical bytes of one entry that carries the time."""
    now = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "monotonic_us": time.monotonic_ns() // 1000}
    return canonical({"v": 1, "type": kind, **now, **fields})


class Recorder:
    """Records one scan's findings in their order, in groups; counts them and computes their root."""

    def __init__(self, log: Ledger, scan: int) -> None:
        self._log = log
        self._scan = scan
        self._group: list[bytes] = []
        self._since = time.monotonic()
        self._root = TreeHasher()
        self._seen: set[bytes] = set()
        self._recorded = 0
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
        self.counts: Counter[str] = Counter({status.value: 0 for status in Status})

    def add(self, finding: Finding) -> Finding:
        """Record one finding; what comes back is what was recorded: a repeated content is a duplicate."""
        finding = self._deduplicated(finding)
        form = canonical(finding.as_json())
        self._root.append(leaf_hash(form))
        rest = b',"scan":%d,"seq":%d,"type":"item","v":1}' % (self._scan, self.items)
        self._group.append(b'{"finding":' + form + rest)  # its keys in canonical order
        self.items += 1
        self.bytes += finding.size or 0
        self.counts[finding.status.value] += 1
        self.matches += finding.matches_total
        self.notable += finding.notable
        self.doubtful += finding.doubtful
        self.conflicts += finding.conflict
        self.of_the_machine += finding.reason in OF_THE_MACHINE
        if len(self._group) >= GROUP_ITEMS:
            self.flush()
        else:
            self.flush_if_due()
        return finding

    def flush_if_due(self) -> None:
        """Append what has waited long enough. To be called now and then, also while nothing is added."""
        if self._group and time.monotonic() - self._since >= GROUP_SECONDS:
            self.flush()

    def _deduplicated(self, finding: Finding) -> Finding:
        if finding.status not in (Status.EXAMINED, Status.KNOWN) or finding.sha256 is None:
            return finding
        if finding.sha256 in self._seen:
            return replace(finding, status=Status.DUPLICATE)
        self._seen.add(finding.sha256)
        return finding

    def flush(self) -> None:
        """Append what is waiting. On return it is durable."""
        group, self._group = self._group, []
        self._since = time.monotonic()
        if not group:
            return
        try:
            self._log.append(group)
        except LedgerError:  # nothing of it was written; there may be room for it at the end
            self._group = group
            raise
        self._recorded += len(group)

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
            "findings_root": self._root.root().hex(),
        }
        group, self._group = self._group, []
        self._log.append([*group, entry("scan.close", **facts)], checkpoint=True)
        return facts

    def abandon(self, what: str) -> None:
        """Append what was examined, and an `anomaly` that says why there is no more."""
        group, self._group = self._group, []
        items = self._recorded + len(group)
        self._log.append([*group, entry("anomaly", scan=self._scan, what=what, items=items)], checkpoint=True)


def append_scan_open(log: Ledger, before: Sequence[bytes], facts: dict[str, Any]) -> int:
    """Append `before` and a `scan.open` under the next free number; the number.

    The number is free at the size that was read, so the append insists on that size and starts over where another
    scan came in between.
    """
    number, read = 0, 0
    while True:
        size = log.size
        for _index, body in log.entries(read, size):
            if b'"type":"scan.open"' in body:
                number = max(number, int(parsed(body)["scan"]))
        read = size
        with suppress(SizeChangedError):
            log.append([*before, entry("scan.open", scan=number + 1, **facts)], expected_size=size)
            return number + 1
