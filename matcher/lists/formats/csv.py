"""A table with a header row: CSV with commas, semicolons or tabs, its columns identified by name.

Columns named like our fields (id, algorithm, value, category, note, quality) are those fields. A column named
after a hash type (MD5, SHA-1, pdq, PhotoDNA…, in any case) holds a hash of the row's one entry. `columns` of the
ReadOptions maps either to a column of another name. All other columns are not read, and are named in a notice.

The id of an entry without one is its first digest, or its first hash. It is never the line's number, which another
entry may have in the next file that updates the list. A quality belongs to the row's perceptual hashes. A quoted field
may run over several lines, and the row then has the number of its first line. Where quotes do not balance, the row is
refused and reading continues at the *next line*, so that one stray quote costs one line.

A first line `sep=;`, as Excel writes and reads it, states the separator, which may then be any character.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from matcher.errors import ListError
from matcher.lists.formats import ReadOptions
from matcher.lists.formats.lines import LINE_LIMIT, first_line, numbered_lines
from matcher.lists.formats.unused import Unused
from matcher.lists.formats.values import (
    DIGEST_DIGITS,
    RefusedValue,
    decode_text,
    default_id,
    is_known,
    is_perceptual,
    parse_algorithm,
    parse_note,
    parse_quality,
    parse_text,
    parse_value,
    stated_algorithm,
)
from matcher.model import ListedHash, ListEntry, RefusedLine

FIELDS = ("id", "algorithm", "value", "category", "note", "quality")
ROW_LINES = 100
"""The most lines of one row."""

_DELIMITERS = (",", ";", "\t")
_SEPARATOR = re.compile(r'"?sep=(?P<separator>[^"])"?[,;\t ]*', re.IGNORECASE)
_HASH = re.compile(r"[0-9A-Fa-f]{16}")


@dataclass(frozen=True, slots=True)
class _Columns:
    """The positions of a row's fields: `fields` by our name, `hashes` by type. A row has `width` columns."""

    fields: Mapping[str, int]
    hashes: tuple[tuple[str, int], ...]
    width: int


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a header row; empty if its quotes do not balance."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _meaning(cell: str) -> str | None:
    """Our field or the hash type that a column's name means; None for any other name."""
    if cell.lower() in FIELDS:
        return cell.lower()
    try:
        algorithm = parse_algorithm(cell)
    except RefusedValue:
        return None
    return algorithm if is_known(algorithm) else None


def _stated_delimiter(line: str) -> str | None:
    """The delimiter that a first line `sep=;` states; None where the line is none of these."""
    stated = _SEPARATOR.fullmatch(line.strip(" \r"))
    return None if stated is None else stated["separator"]


def _header(line: str, named: Mapping[str, str], stated: str | None = None) -> tuple[str, list[str]]:
    """The delimiter, the stated one or that with which most cells of the header have a meaning, and the cells."""
    if stated is not None:
        return stated, _cells(line, stated)
    wanted = {name.strip().lower() for name in named.values()}

    def score(delimiter: str) -> tuple[int, int]:
        cells = _cells(line, delimiter)
        return sum(cell.lower() in wanted or _meaning(cell) is not None for cell in cells), len(cells)

    delimiter = max(_DELIMITERS, key=score)
    return delimiter, _cells(line, delimiter)


def _columns(cells: list[str], named: Mapping[str, str], source: str) -> _Columns:
    lowered = [cell.lower() for cell in cells]
    places: dict[str, int] = {}
    for name, column in named.items():
        meaning = _meaning(name)
        if meaning is None:
            raise ListError(f"{source}: {name!r} is neither a field ({', '.join(FIELDS)}) nor a hash type")
        if lowered.count(column.strip().lower()) != 1:
            raise ListError(f"{source}: not exactly one column {column!r}; the columns are {', '.join(cells)}")
        places[meaning] = lowered.index(column.strip().lower())
    stated = frozenset(places)
    taken = set(places.values())
    for place, cell in enumerate(cells):
        meaning = None if place in taken else _meaning(cell)
        if meaning is None or meaning in stated:
            continue
        if meaning in places:
            raise ListError(f"{source}: two columns for {meaning}; the columns are {', '.join(cells)}")
        places[meaning] = place
    hashes = tuple((name, place) for name, place in places.items() if name not in FIELDS)
    fields = {name: place for name, place in places.items() if name in FIELDS}
    return _Columns(fields, tuple(sorted(hashes, key=lambda column: column[1])), len(cells))


def _rows(
    lines: Iterator[tuple[int, bytes] | RefusedLine], delimiter: str
) -> Iterator[tuple[int, list[str]] | RefusedLine]:
    """Generator of (first line, cells). Holds at most ROW_LINES lines and about twice LINE_LIMIT bytes."""
    waiting: deque[tuple[int, bytes] | RefusedLine] = deque()
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        if isinstance(line, RefusedLine):
            yield line
            continue
        number, raw = line
        text = decode_text(raw)
        if '"' not in text:
            yield number, text.split(delimiter)
            continue
        taken: list[tuple[int, bytes] | RefusedLine] = []
        try:
            cells = next(csv.reader(_of_one_row(text, waiting, lines, taken), delimiter=delimiter, strict=True))
        except csv.Error:
            yield RefusedLine(number, "its quotes do not balance, or a quoted field is too long")
            waiting.extendleft(reversed(taken))
            continue
        yield number, cells


def _of_one_row(
    text: str,
    waiting: deque[tuple[int, bytes] | RefusedLine],
    lines: Iterator[tuple[int, bytes] | RefusedLine],
    taken: list[tuple[int, bytes] | RefusedLine],
) -> Iterator[str]:
    """Generator of the lines that csv reads until the row ends. Those after the first are appended to `taken`."""
    size = len(text)
    yield text + "\n"
    while len(taken) < ROW_LINES - 1 and size <= LINE_LIMIT:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        taken.append(line)
        if isinstance(line, RefusedLine):
            return
        text = decode_text(line[1])
        size += len(text)
        yield text + "\n"


class _UnusedColumns:
    """The cells of one file's columns that no hash is made of, while they are looked at."""

    def __init__(self, cells: list[str], columns: _Columns, options: ReadOptions) -> None:
        """ListError where the options call a column unused that is not in the header, or that they map too."""
        used = {**columns.fields, **dict(columns.hashes)}
        lowered = [cell.lower() for cell in cells]
        stated = {name.strip().lower() for name in options.unused}
        for name in stated - set(lowered):
            raise ListError(f"{options.source}: no column {name!r}; the columns are {', '.join(cells)}")
        by_place = {place: meaning for meaning, place in used.items()}
        self.seen = Unused(
            {meaning: cells[place] for meaning, place in used.items()},
            option=True,
            has_category=any(_meaning(name) == "category" for name in options.columns),
        )
        self._open = {
            place: cell for place, cell in enumerate(cells) if place not in by_place and lowered[place] not in stated
        }

    def row(self, cells: list[str]) -> None:
        full = []
        for place, name in self._open.items():
            if place < len(cells) and (text := cells[place].strip()) and not self.seen.add(name, text):
                full.append(place)
        for place in full:
            del self._open[place]


class _Reader:
    """The rows of one file → its hashes."""

    def __init__(self, columns: _Columns, stated: str | None) -> None:
        self.columns = columns
        self.stated = stated

    def row(self, number: int, cells: list[str]) -> Iterator[ListedHash | RefusedLine]:
        """Generator of a ListedHash for each hash of the row, and a RefusedLine for each value that is not one."""
        columns = self.columns
        if len(cells) > columns.width and any(cell.strip() for cell in cells[columns.width :]):
            raise RefusedValue(f"has {len(cells)} fields, the header has {columns.width}")
        width = len(cells)
        field = {name: cells[place].strip() for name, place in columns.fields.items() if place < width}
        texts = [(name, cells[place].strip()) for name, place in columns.hashes if place < width]
        if value := field.get("value"):
            texts.insert(0, (self._algorithm(field.get("algorithm")), value))
        values: list[tuple[str, bytes | str]] = []
        refused: list[RefusedLine] = []
        for algorithm, text in texts:
            if text:
                try:
                    values.append((algorithm, parse_value(algorithm, text)))
                except RefusedValue as refusal:
                    refused.append(RefusedLine(number, refusal.reason))
        if not values and not refused:
            raise RefusedValue("no hash")
        if not values:
            yield from refused
            return
        entry, quality = self._entry(field, values)
        short = width < columns.width
        for algorithm, listed in values:
            yield ListedHash(number, entry, algorithm, listed, quality if is_perceptual(algorithm) else None, short)
        yield from refused

    def _algorithm(self, text: str | None) -> str:
        if text:
            return parse_algorithm(text)
        if self.stated is None:
            raise RefusedValue("algorithm is missing")
        return self.stated

    @staticmethod
    def _entry(field: dict[str, str], values: list[tuple[str, bytes | str]]) -> tuple[ListEntry, int | None]:
        identity, category, note = field.get("id"), field.get("category"), field.get("note")
        quality = field.get("quality")
        if not identity:
            digests = (value for algorithm, value in values if algorithm in DIGEST_DIGITS)
            digest = next(digests, None)
            if isinstance(digest, str):
                digest = digest.lower()
            identity = default_id(values[0][1] if digest is None else digest)
        entry = ListEntry(
            parse_text("id", identity),
            parse_text("category", category) if category else None,
            parse_note(note) if note else None,
        )
        return entry, parse_quality(quality) if quality else None


class CsvTable:
    """The format of a table with a header row; see the module."""

    name = "csv"

    def detect(self, head: bytes) -> bool:
        """Whether the header names a hash type or a value, and holds no hash itself."""
        line = decode_text(first_line(head))
        stated = _stated_delimiter(line)
        if stated is not None:
            line = decode_text(first_line(head, skip=1))
        if line.startswith("{") or "\0" in line or _HASH.search(line):
            return False
        cells = _header(line, {}, stated)[1]
        return any(meaning == "value" or meaning not in (None, *FIELDS) for meaning in map(_meaning, cells))

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine]:
        source = options.source
        stated = stated_algorithm(options.algorithm, source)
        lines = numbered_lines(stream, source)
        first = next(lines, None)
        if first is None:
            return
        delimiter = None if isinstance(first, RefusedLine) else _stated_delimiter(decode_text(first[1]))
        if delimiter is not None:
            first = next(lines, first)
        if isinstance(first, RefusedLine):
            raise ListError(f"{source}: the first line is not a header: {first.reason}")
        delimiter, cells = _header(decode_text(first[1]), options.columns, delimiter)
        columns = _columns(cells, options.columns, source)
        if "value" not in columns.fields and not columns.hashes:
            raise ListError(
                f"{source}: no column with hashes; the columns are {', '.join(cells)}; map one with --column, for "
                "example --column md5=NAME"
            )
        if not columns.hashes and "algorithm" not in columns.fields and stated is None:
            raise ListError(f"{source}: no column says the hash type; state it with --algorithm")
        reader, unused = _Reader(columns, stated), _UnusedColumns(cells, columns, options)
        for row in _rows(lines, delimiter):
            if isinstance(row, RefusedLine):
                yield row
                continue
            unused.row(row[1])
            try:
                yield from reader.row(*row)
            except RefusedValue as refusal:
                yield RefusedLine(row[0], refusal.reason)
        for notice in unused.seen.notices():
            options.on_notice(notice)


CSV = CsvTable()
