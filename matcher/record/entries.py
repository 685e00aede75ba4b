"""The entries that matcher writes into a case's ledger, and the functions that make them.

All entries have `"v": 1` and a `type`; all but `item` have `time` (UTC) and `monotonic_us`:

    case.open    case, exhibit, authority, examiner, role, tool, libraries, platform
    key          vkeys, action
    self.test    vectors (digest of the known answers), cases, tested, untested, decoded (formats)
    list.load    name, version, digest, sources, counts, profile, audit, index_digest
    scan.open    scan, source, examiner, role, authority, exhibit, settings, algorithms, chances (the calibration, and
                 the matches expected by chance), lists, executor, tool, libraries, platform; sealed (the pointers of
                 paths that are commitments, if they are)
    item         scan, seq, finding
    scan.close   scan, items, bytes, counts, notable, doubtful, trivial, negative, conflicts, matches, retried,
                 of_the_machine, questions (the number of queries of each algorithm, by kind), findings_root, hashes
                 (file, bytes, sha256 of the scan's case.hashes); not in those of earlier versions: not_opened (items
                 by reason, all of NOT_OPENED), skipped_parts (items by kind of part, all of SKIPPED_PARTS),
                 not_compared (pictures that no perceptual algorithm looked up), not_compared_by (pictures, by
                 algorithm), pictures (that were compared, each content once), strength (notable items by group:
                 record/strength.py)
    scan.abandon scan, reason, examiner, role, authority, items, bytes, counts, matches, findings_root, hashes (or null)
    relookup     scan, part, parts, lists, new, withdrawn, ... (revisit/relookup.py)
    anomaly      scan, what, items (the number recorded), from, to, seconds (of a clock); source (a scan was resumed
                 where its source lies at another path)

Those that begin, resume or end a scan, and relookups, have `after_checkpoint`: the size of the newest checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ledger import Ledger, SizeChangedError, canonical, clock
from ledger import parse as parsed
from matcher.record.sealing import Sealed, plain

RECENT = 200
"""The number of last entries that are searched for the newest time before a scan begins."""


def entry(kind: str, **fields: Any) -> bytes:
    """The canonical bytes of one entry with the current time."""
    return canonical(form_of(kind, **fields))


def form_of(kind: str, **fields: Any) -> dict[str, Any]:
    """The JSON form of one entry with the current time."""
    return {"v": 1, "type": kind, **clock.now().fields(), **fields}


def clock_anomaly(log: Ledger) -> list[bytes]:
    """An `anomaly` entry if this machine's clock is behind the newest time among the last RECENT entries.

    Entries of all writers count. An empty list otherwise.
    """
    times = [parsed(body).get("time") for _index, body in log.entries(max(0, log.size - RECENT)) if b'"time":"' in body]
    newest = max((moment for moment in map(clock.parse_iso, times) if moment is not None), default=None)
    fields = None if newest is None else clock.behind(clock.iso(newest), clock.now())
    return [] if fields is None else [entry("anomaly", **fields)]


def append_scan_open(
    log: Ledger, before: Sequence[bytes], facts: dict[str, Any], make: Callable[[dict[str, Any]], Sealed] = plain
) -> int:
    """Append `before` and a `scan.open` that `make` encodes, under the next free scan number. Returns the number.

    The number is free at the ledger size that was read, so the append requires that size, and starts over where
    another process appended in between.
    """
    number, read = 0, 0
    while True:
        size = log.size
        for _index, body in log.entries(read, size):
            if b'"type":"scan.open"' in body:
                number = max(number, int(parsed(body)["scan"]))
        read = size
        with suppress(SizeChangedError):
            own = {"scan": number + 1, "after_checkpoint": log.latest_size()}
            body, opened = make(form_of("scan.open", **{**facts, **own}))
            bodies = [*clock_anomaly(log), *before, body]
            log.append(bodies, expected_size=size, openings=[*([] for _ in bodies[1:]), opened])
            return number + 1
