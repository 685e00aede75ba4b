"""The local file of python-threatexchange: a signal type and its value a line.

    pdq f8f8f0ce…
    video_md5 d41d8cd98f00b204e9800998ecf8427e

`pdq` is PDQ; `md5`, `photo_md5` and `video_md5` are MD5; every other type (`pdq_ocr`, `raw_text`, `url`…) is
stored under its own name. The entry's id is the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from matcher.lists.formats import ReadOptions
from matcher.lists.formats.lines import first_line, read_lines
from matcher.lists.formats.values import (
    RefusedValue,
    decode_text,
    default_id,
    is_known,
    parse_algorithm,
    parse_value,
)
from matcher.model import ListedHash, ListEntry, RefusedLine

_MD5_TYPES = frozenset({"photo_md5", "video_md5"})
_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)[ \t]+(\S.*)")


def _parsed(number: int, line: bytes) -> ListedHash:
    split = _LINE.fullmatch(decode_text(line).rstrip())
    if split is None:
        raise RefusedValue("not a signal type and a value")
    kind, text = split.groups()
    algorithm = "md5" if kind in _MD5_TYPES else parse_algorithm(kind)
    value = parse_value(algorithm, text)
    return ListedHash(number, ListEntry(default_id(value)), algorithm, value)


class ThreatExchange:
    """The format of python-threatexchange's local file; see the module."""

    name = "threatexchange"

    def detect(self, head: bytes) -> bool:
        """Whether the first line holds a hash. A word followed by free text would fit any file."""
        try:
            first = _parsed(1, first_line(head))
        except RefusedValue:
            return False
        return isinstance(first.value, bytes) and is_known(first.algorithm)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine]:
        yield from read_lines(stream, options.source, _parsed)


THREATEXCHANGE = ThreatExchange()
