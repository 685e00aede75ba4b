"""The output of hashdeep: several hashes of each file, which are one entry; the file's name becomes the note.

    %%%% HASHDEEP-1.0
    %%%% size,md5,sha256,filename
    ## any number of comments
    12,6f5902ac237024bdd0c176cb93063dc4,a948…a447,a name, with a comma

The name is the last column and nothing in it is quoted. The id is the first accepted digest of the line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from matcher.errors import ListError
from matcher.lists.formats import ReadOptions
from matcher.lists.formats.lines import first_line, numbered_lines
from matcher.lists.formats.values import (
    RefusedValue,
    decode_text,
    default_id,
    parse_algorithm,
    parse_note,
    parse_value,
)
from matcher.model import ListedHash, ListEntry, RefusedLine

_HEADER = b"%%%% HASHDEEP-"
_NAME = "filename"
_NOT_HASHES = ("size", _NAME)


def _columns(line: bytes) -> list[str]:
    columns = [column.strip() for column in decode_text(line[4:]).split(",")]
    return [column if column in _NOT_HASHES else parse_algorithm(column) for column in columns]


def _row(number: int, line: bytes, columns: list[str]) -> Iterator[ListedHash | RefusedLine]:
    """Generator of a ListedHash for each hash of the line, and a RefusedLine for each value that is not one."""
    fields = decode_text(line).split(",", len(columns) - 1 if columns[-1] == _NAME else -1)
    if len(fields) != len(columns):
        raise RefusedValue(f"has {len(fields)} fields, needs {len(columns)}")
    named = [(column, text) for column, text in zip(columns, fields, strict=True) if column not in _NOT_HASHES]
    if not any(text for _, text in named):
        raise RefusedValue("no hash")
    note = parse_note(fields[-1]) or None if columns[-1] == _NAME else None
    entry = None
    for algorithm, text in named:
        if not text:
            continue
        try:
            value = parse_value(algorithm, text)
        except RefusedValue as refusal:
            yield RefusedLine(number, refusal.reason)
            continue
        entry = entry or ListEntry(default_id(value), None, note)
        yield ListedHash(number, entry, algorithm, value)


class Hashdeep:
    """The format of hashdeep's output; see the module."""

    name = "hashdeep"

    def detect(self, head: bytes) -> bool:
        return first_line(head).startswith(_HEADER)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine]:
        headed = False
        columns: list[str] = []
        for line in numbered_lines(stream, options.source):
            if isinstance(line, RefusedLine):
                yield line
                continue
            number, raw = line
            try:
                if raw.startswith(_HEADER):
                    headed, columns = True, []
                elif not headed:
                    raise ListError(f"{options.source}: does not begin with %%%% HASHDEEP-1.0")
                elif raw.startswith(b"%%%%"):
                    columns = _columns(raw)
                elif raw.startswith(b"##"):
                    continue
                elif not columns:
                    raise RefusedValue("stands before the line that names the columns")
                else:
                    yield from _row(number, raw, columns)
            except RefusedValue as refusal:
                yield RefusedLine(number, refusal.reason)


HASHDEEP = Hashdeep()
