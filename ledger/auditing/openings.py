"""Checks the openings that a ledger's file stores beside its sealed entries: each fits, and none is missing.

An opening may be missing only where nobody said that it would be there: of the entries of a scan whose `scan.open` says
that values are `sealed`, the owner's ledger has every opening. Without it nobody can read the value any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ledger.entries.disclosure import check_opening, is_commitment, is_sealed, opening_of
from ledger.entries.entry import parse
from ledger.errors import DisclosureError, LedgerError
from ledger.storage.store import FIRST, LAST, Store


class OpeningChecker:
    """Checks openings part by part, in the order of the entries; problems are passed to `problem(text)`.

    `has_any`: whether the file has an opening at all.
    """

    def __init__(self, store: Store, problem: Callable[[str], None], *, has_any: bool) -> None:
        self._store = store
        self._problem = problem
        self._has_any = has_any
        self._sealed_scans: set[object] = set()
        self._missing = 0
        self._first_missing = -1

    def check(self, first: int, bodies: Sequence[bytes]) -> None:
        """Check the openings of the next entries, from index `first` on, and which are missing."""
        opened = self._stored(first, bodies) if self._has_any else {}
        for index, body in enumerate(bodies, start=first):
            if is_sealed(body) or b'"sealed":[' in body:
                self._check_missing(index, body, opened.get(index, ()))

    def finish(self, size: int) -> None:
        """Check that no opening is beyond the `size` entries, and report how many are missing."""
        if self._has_any:
            self._stored(size, ())
        if self._missing:
            self._problem(
                f"{self._missing} openings of sealed values are missing, the first of entry {self._first_missing}: "
                "what was sealed there cannot be read any more"
            )

    def _stored(self, first: int, bodies: Sequence[bytes]) -> dict[int, list[str]]:
        """Checks the stored openings of these entries. Returns their pointers by index."""
        pointers: dict[int, list[str]] = defaultdict(list)
        start, stop = first if first else FIRST, first + len(bodies) if bodies else LAST + 1
        for index, pointer, salt, value in self._store.openings(start, stop):
            try:
                if not 0 <= index < first + len(bodies):
                    raise DisclosureError(f"{pointer}: there is no such entry")
                check_opening(parse(bodies[index - first]), opening_of(pointer, salt, value))
            except LedgerError as error:
                self._problem(f"opening of entry {index}: {error}")
            pointers[index].append(pointer)
        return pointers

    def _check_missing(self, index: int, body: bytes, opened: Sequence[str]) -> None:
        try:
            entry = parse(body)
        except LedgerError:  # reported where entries are read
            return
        if entry["type"] == "scan.open" and entry.get("sealed"):
            self._sealed_scans.add(entry.get("scan"))
        if entry.get("scan") in self._sealed_scans:
            missing = sum(1 for _commitment in _commitments(entry)) - len(opened)
            if missing > 0:
                self._first_missing = index if not self._missing else self._first_missing
                self._missing += missing


def _commitments(value: Any) -> Iterator[dict[str, Any]]:
    """A generator of every commitment in an entry."""
    if is_commitment(value):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _commitments(part)
