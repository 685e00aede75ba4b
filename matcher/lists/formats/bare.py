"""One hash a line and nothing else; # begins a comment line.

The examiner states the type. If not, 32 hex digits are MD5 and 40 SHA-1; 16 and 64 may be any of several types, and a
file whose first hash has so many is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from matcher.algorithms import ALGORITHMS
from matcher.errors import ListError
from matcher.lists.formats import ReadOptions
from matcher.lists.formats.lines import first_line, read_lines
from matcher.lists.formats.values import RefusedValue, decode_text, default_id, parse_value, stated_algorithm
from matcher.model import ListedHash, ListEntry, RefusedLine

_HEX = re.compile(r"[0-9A-Fa-f]+")
_BY_DIGITS: dict[int, list[str]] = {}
for _algorithm in ALGORITHMS.values():
    _BY_DIGITS.setdefault(2 * _algorithm.width, []).append(_algorithm.name)


class _Lines:
    """The parser of one file's lines. `shortest`: the digits of the shortest accepted hash; 0 before the first."""

    def __init__(self, stated: str | None, source: str) -> None:
        self.stated = stated
        self.source = source
        self.shortest = 0

    def parse(self, number: int, line: bytes) -> ListedHash | None:
        if line.startswith(b"#"):
            return None
        text = decode_text(line).strip()
        algorithm = self.stated or self._by_length(text)
        value = parse_value(algorithm, text)
        short = len(text) < self.shortest
        self.shortest = min(len(text), self.shortest or len(text))
        return ListedHash(number, ListEntry(default_id(value)), algorithm, value, short=short)

    def _by_length(self, text: str) -> str:
        if not _HEX.fullmatch(text):
            raise RefusedValue("not a hash in hex")
        candidates = _BY_DIGITS.get(len(text), [])
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise RefusedValue(f"no hash type with {len(text)} hex digits is known; state it with --algorithm")
        reason = f"{len(text)} hex digits may be {', '.join(candidates)}; state which with --algorithm"
        if not self.shortest:
            raise ListError(f"{self.source}: {reason}")
        raise RefusedValue(reason)


class Bare:
    """The format of hashes alone; see the module."""

    name = "bare"

    def detect(self, head: bytes) -> bool:
        line = first_line(head, comment=b"#").strip()
        return len(line) in _BY_DIGITS and _HEX.fullmatch(decode_text(line)) is not None

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine]:
        stated = stated_algorithm(options.algorithm, options.source)
        yield from read_lines(stream, options.source, _Lines(stated, options.source).parse)


BARE = Bare()
