"""Findings as a table: RFC 4180, UTF-8 (on request with a byte order mark, which Excel needs), a header row.

There is one row for each match, and one row with empty match columns for each item without a match. Items with a
notable match come first, then those with other matches, then all others, each in the order of the ledger. `region` is
`x y width height`; `kind` is `identical` (a digest) or `similar` (a perceptual hash). `not_compared` is the algorithms
that the picture was not looked up by, each with the reason: `pdq=quality phash=quality`; `skipped_parts` is the kinds
of parts that were not looked at, with spaces between them. `relookup` says what relookups changed of the item:
`new=1 withdrawn=0 changed=0 unconfirmed=0`; `decision`, `decided_by` and `decided_at` are of the current decision;
`before_relookup` is `true` where the lists changed the item after it, so that it has to be looked at again. `strength`
is that of the item, in each of its rows (matcher/record/strength.py); `expected` is of the match: the false matches as
near that are expected among all pictures of its scan.

Names in evidence are chosen by others, and a spreadsheet runs a cell that looks like a formula. So a text cell gets a
leading apostrophe if it begins with `=`, `+`, `-`, `@` (or their full-width forms), a tab, a carriage return or a line
feed. A cell that begins with an apostrophe gets one too, so that removing one apostrophe always restores the original.

A spreadsheet has at most MOST_ROWS rows, and MOST_CHARACTERS characters in a cell. A longer table is written whole, and
a warning tells what a spreadsheet leaves out; a longer cell is cut, with a mark at its end.

A spreadsheet may also turn digits into a number and drop zeros: import the columns as text, or use the JSON lines.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from io import TextIOWrapper
from typing import Any, BinaryIO

from matcher.record.case import CaseReader
from matcher.record.current import matching_items, state_of
from matcher.record.strength import expected
from matcher.record.strength_now import pictures_of
from matcher.reports import ReportOptions
from matcher.reports.classify import ClassifiedFinding, ClassifiedMatch, classified
from matcher.reports.masking import shown_path

COLUMNS = (
    *("scan", "path", "exhibit", "size", "sha256", "status", "reason", "media_type", "width", "height"),
    *("list", "entry", "category", "disposition", "kind", "algorithm", "value", "entry_value"),
    *("distance", "threshold", "quality", "region", "transform", "matches_total"),
    *("not_compared", "skipped_parts", "doubtful", "trivial"),
    *("relookup", "decision", "decided_by", "decided_at", "before_relookup"),
    *("strength", "expected", "negative_by"),
)
MOST_ROWS = 1_048_576
"""The largest number of rows of a spreadsheet, the header's among them."""
MOST_CHARACTERS = 32_767
"""The largest number of characters of a cell, in UTF-16 code units."""

_MATCH_COLUMNS = COLUMNS.index("matches_total") - COLUMNS.index("list")
_RISKY = tuple("=+-@\t\r\n＝＋－＠'")

Cell = str | int | None


class CsvReport:
    """A table with one row for each match and one for each item without a match."""

    name = "csv"

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        text = TextIOWrapper(stream, encoding="utf-8-sig" if options.byte_order_mark else "utf-8", newline="")
        table = _Table(csv.writer(text))
        try:
            table.add(list(COLUMNS), is_match=False)
            pictures = pictures_of(case)
            for item in _in_order(case, options):
                for row in _rows(item, options, pictures.get(item.scan, 0)):
                    table.add(row, is_match=bool(item.matches))
        finally:
            text.detach()
        for warning in table.warnings():
            options.warn(warning)


def _in_order(case: CaseReader, options: ReportOptions) -> Iterator[ClassifiedFinding]:
    """A generator of the findings: notable ones, then other matches, then those without a match, if they are wanted.

    The ledger's bytes are read three times, and each entry is parsed once. Memory grows by eight bytes for each item
    with matches none of which is notable.
    """
    state = state_of(case, as_scanned=options.as_scanned)
    read = partial(classified, case, as_scanned=options.as_scanned, state=state)
    matching = matching_items(state)
    others, without = array("q"), set()
    for item in read(items=matching):
        if item.notable:
            yield item
        elif item.finding.matches_total:
            others.append(item.index)
        else:
            without.add(item.index)  # a relookup withdrew its matches
    yield from read(items=_Listed(others))
    if not options.matched:
        yield from read(items=lambda index, body: index in without or not matching(index, body))


class _Listed:
    """Whether an item is one of those with the listed leaf indexes; asked once for each item, in order."""

    def __init__(self, indexes: Sequence[int]) -> None:
        self._indexes = indexes
        self._next = 0

    def __call__(self, index: int, _body: bytes) -> bool:
        is_listed = self._next < len(self._indexes) and self._indexes[self._next] == index
        self._next += is_listed
        return is_listed


class _Table:
    """Writes rows, and counts what a spreadsheet leaves out of them."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._rows = 0
        self._lost_matches = 0
        self._cut = 0

    def add(self, row: Sequence[Cell], *, is_match: bool) -> None:
        """Write one row; `is_match` is whether it is that of a match."""
        self._rows += 1
        self._lost_matches += is_match and self._rows > MOST_ROWS
        cells = [guarded(cell) for cell in row]
        for at, cell in enumerate(cells):
            if isinstance(cell, str) and len(cell) > MOST_CHARACTERS // 2:
                cells[at] = shortened(cell)
                self._cut += cells[at] is not cell
        self._writer.writerow(cells)

    def warnings(self) -> Iterator[str]:
        """A generator of sentences; empty where a spreadsheet shows everything."""
        if (lost := self._rows - MOST_ROWS) > 0:
            which, advice = "none of them a match", "write only matches (--matched)"
            if self._lost_matches:
                which, advice = f"{self._lost_matches:,} of them MATCHES", "read it with a database"
            yield (
                f"warning: the table has {self._rows:,} rows. A spreadsheet shows the first {MOST_ROWS:,} and leaves "
                f"out the last {lost:,} without a word, {which}: {advice}"
            )
        if self._cut:
            cells = "1 cell" if self._cut == 1 else f"{self._cut:,} cells"
            yield (
                f"warning: {cells} had more than {MOST_CHARACTERS:,} characters, the most that a spreadsheet shows. "
                "They are cut here; the JSON lines (--format jsonl) have them whole"
            )


def shortened(cell: Cell) -> Cell:
    """The cell, cut to MOST_CHARACTERS with a mark at its end if it is longer."""
    if not isinstance(cell, str):
        return cell
    units = cell.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * MOST_CHARACTERS:
        return cell
    mark = f" [CUT: {len(cell):,} characters]"
    return units[: 2 * (MOST_CHARACTERS - len(mark))].decode("utf-16-le", "ignore") + mark


def guarded(cell: Cell) -> Cell:
    """The cell, with a leading apostrophe if its text begins with a character of `_RISKY`."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_RISKY) else cell


def _rows(classified_finding: ClassifiedFinding, options: ReportOptions, pictures: int) -> Iterator[list[Cell]]:
    finding = classified_finding.finding
    item: list[Cell] = [
        classified_finding.scan,
        shown_path(finding.path, scan=classified_finding.scan, seq=classified_finding.seq, options=options),
        finding.exhibit,
        finding.size,
        None if finding.sha256 is None else finding.sha256.hex(),
        finding.status.value,
        None if finding.reason is None else finding.reason.value,
        finding.media_type,
        finding.width,
        finding.height,
    ]
    last: list[Cell] = [
        finding.matches_total,
        " ".join(f"{name}={why}" for name, why in sorted(finding.not_compared.items())) or None,
        " ".join(finding.skipped_parts) or None,
    ]
    nearest = classified_finding.nearest
    strength = None if nearest is None else nearest.strength(pictures).value
    for match in classified_finding.matches or (None,):
        cells = [None] * _MATCH_COLUMNS if match is None else _cells(match)
        marks = (None, None) if match is None else (match.match.doubtful, match.match.trivial)
        flags = [None if mark is None else str(mark).lower() for mark in marks]
        number = None if match is None else expected(match.match.chance, pictures)
        negative_by = None if match is None else match.match.negative_by
        yield [*item, *cells, *last, *flags, *_later(classified_finding), strength, number, negative_by]


def _later(item: ClassifiedFinding) -> Iterator[Cell]:
    """A generator of cells: what relookups changed of the item, and the decision on it."""
    relookup, decision = item.relookup, item.decision
    if relookup is None:
        yield None
    else:
        counts = {kind: relookup[kind] for kind in ("new", "withdrawn", "changed")}
        counts["unconfirmed"] = len(relookup["unconfirmed"])
        yield " ".join(f"{kind}={count}" for kind, count in counts.items())
    for name in ("verdict", "examiner", "time"):
        yield None if decision is None or decision[name] is None else str(decision[name])
    yield None if decision is None else str(decision["before_relookup"]).lower()


def _cells(classified_match: ClassifiedMatch) -> list[Cell]:
    match = classified_match.match
    return [
        match.list,
        match.entry,
        match.category,
        classified_match.disposition.value,
        classified_match.kind.value,
        match.algorithm,
        match.value.hex(),
        match.entry_value.hex(),
        match.distance,
        match.threshold,
        match.quality,
        None if match.region is None else " ".join(map(str, match.region)),
        match.transform,
    ]


CSV = CsvReport()
