"""Queries entries by type, time, scan, status and path.

A file beside the ledger, `case.ledger.query`, has a table of these fields. It can be deleted at any time, is rebuilt or
updated when it is needed, and is never trusted: it is bound to the ledger by origin, size and root, and every entry
that it names is read and checked again. Where it cannot be written, all entries are read instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.clock import parse_iso
from ledger.errors import DamagedError
from ledger.log import Ledger
from ledger.query.query_store import QueryFileError, QueryStore, Row, normal

SUFFIX = ".query"


@dataclass(frozen=True, slots=True)
class Query:
    """The conditions that entries must meet; None and an empty tuple mean no condition.

    Times are in milliseconds since 1970, both inclusive; an item has no time, so it meets no condition on time. `path`
    is the beginning of a finding's path, in either of Unicode's forms NFC and NFD; a sealed path meets none.
    `start` and `stop` are leaf indexes, half-open.
    """

    types: tuple[str, ...] = ()
    since: int | None = None
    until: int | None = None
    scan: int | None = None
    status: str | None = None
    path: str | None = None
    start: int = 0
    stop: int | None = None

    @property
    def all_of_a_range(self) -> bool:
        """Whether the query has conditions on indexes only."""
        return not self.types and (self.since, self.until, self.scan, self.status, self.path) == (None,) * 5

    def takes(self, row: Row) -> bool:
        """Whether an entry with these fields meets all conditions."""
        return (
            row.index >= self.start
            and (self.stop is None or row.index < self.stop)
            and (not self.types or row.type in self.types)
            and (self.since is None or (row.time is not None and row.time >= self.since))
            and (self.until is None or (row.time is not None and row.time <= self.until))
            and (self.scan is None or row.scan == self.scan)
            and (self.status is None or row.status == self.status)
            and (self.path is None or (row.path is not None and row.path.startswith(normal(self.path))))
        )


def find(
    log: Ledger, query: Query, *, table: Path | None, on_trouble: Callable[[str], None] = lambda _reason: None
) -> Iterator[tuple[int, bytes]]:
    """Generates (index, body) of the entries that match the query, in order, up to the ledger's size at the first step.

    `table` is the path of the query table's file; without it only the ledger is read. `on_trouble` is called with the
    reason why the file cannot be used.
    """
    size = log.size if query.stop is None else min(log.size, query.stop)
    done = query.start
    if table is not None and not query.all_of_a_range:
        try:
            with closing(QueryStore.open(table)) as store:
                _bring_up_to_date(store, log)
                for index, body in _confirmed(store, log, query, size):
                    done = index + 1
                    yield index, body
            return
        except QueryFileError as error:
            on_trouble(str(error))
    for index, body in log.entries(done, size) if done < size else ():
        if query.all_of_a_range or query.takes(_row(index, body)):
            yield index, body


def _bring_up_to_date(store: QueryStore, log: Ledger) -> None:
    """Updates the table to all current entries of this ledger."""
    covered, size = store.covers(log.origin), log.size
    if covered is None or covered[0] > size or covered[1] != log.root(covered[0]):
        store.clear()
        covered = (0, b"")
    if covered[0] < size:
        rows = (_row(index, body) for index, body in log.entries(covered[0], size))
        store.add(rows, origin=log.origin, size=size, root=log.root(size))


def _confirmed(store: QueryStore, log: Ledger, query: Query, stop: int) -> Iterator[tuple[int, bytes]]:
    """Generates the entries that the table names and that match the query."""
    for named in store.find(query, stop):
        for index, body in log.entries(named, named + 1):
            if query.takes(_row(index, body)):
                yield index, body


def _row(index: int, body: bytes) -> Row:
    try:
        entry = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"entry {index} is not JSON") from error
    if type(entry) is not dict:
        raise DamagedError(f"entry {index} is not an object")
    finding = entry.get("finding")
    finding = finding if type(finding) is dict else {}
    path = _text(finding.get("path"))
    return Row(
        index=index,
        type=_text(entry.get("type")) or "",
        time=parse_iso(entry.get("time")),
        scan=_number(entry.get("scan")),
        seq=_number(entry.get("seq")),
        status=_text(finding.get("status")),
        path=None if path is None else normal(path),
    )


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _number(value: Any) -> int | None:
    return value if type(value) is int and abs(value) < 2**53 else None
