"""Who signed an examiner's results first: the ends of scans, decisions and relookups.

A writer signs each of them in the transaction that appends it. So the first checkpoint over such an entry is signed by
its writer, and a later one, by a known key, tells only that the entry was there by then. An entry whose first
checkpoint no known key has signed is named, whoever signs later; without a later one it is a problem as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_RESULTS = {
    "decision": "a decision",
    "relookup": "a relookup",
    "scan.close": "the close of a scan",
    "scan.abandon": "the abandonment of a scan",
}
_MOST_NAMED = 5
"""The most entries and keys that the note names; the entries are all counted."""


class FirstSigners:
    """Takes entries and checkpoints in order of size. Memory grows with the results between two checkpoints."""

    def __init__(self) -> None:
        self._last: tuple[int, str] | None = None
        self._waiting: list[tuple[int, str]] = []
        self._named: list[str] = []
        self._count = 0
        self._keys: dict[str, None] = {}

    def add(self, index: int, kind: str) -> None:
        """Take the type of the next entry."""
        if kind in _RESULTS:
            self._waiting.append((index, _RESULTS[kind]))
        if kind in ("decision", "relookup"):
            self._last = index, kind

    def signed(self, *, is_known: bool, keys: Sequence[str]) -> None:
        """Take the next checkpoint over all entries so far: whether a known key has signed it, and who did."""
        if self._waiting and not is_known:
            self._count += len(self._waiting)
            named = (f"entry {index}, {what}" for index, what in self._waiting)
            self._named = [*self._named, *named][:_MOST_NAMED]
            self._keys.update(dict.fromkeys(keys))
        self._waiting.clear()

    def notes(self) -> Iterator[str]:
        """Generates the note on the entries that no known key signed first, if there are any."""
        if self._count:
            more = f", and {self._count - len(self._named):,} more" if self._count > len(self._named) else ""
            keys = " or ".join(list(self._keys)[:_MOST_NAMED]) or "nobody who can be told"
            whom = "it" if self._count == 1 else "them"
            yield (
                f"signed first by no known key: {'; '.join(self._named)}{more}. "
                f"Who wrote {whom} signed as {keys}: ask whose key that is; if you trust it, name its vkey with --keys"
            )

    def unsigned(self, signed: int) -> Iterator[str]:
        """Generates the problem that the last decision or relookup is not among the first `signed` entries."""
        if self._last is not None and self._last[0] >= signed:
            yield f"entry {self._last[0]}, a {self._last[1]}, is signed by no known key"
