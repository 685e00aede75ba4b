r"""Our own hash list: JSON lines, one hash a line. Lines with the same id are one entry.

    {"id": "a1b2", "algorithm": "pdq", "value": "f8f8f0ce…", "quality": 100, "category": "1", "note": "free text"}

Only `id`, `algorithm` and `value` are required, `algorithm` only if the examiner states none; `quality`, `category` and
`note` may be null. Other keys are not read, and are named in a notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from matcher.lists.formats import ReadOptions
from matcher.lists.formats.lines import first_line, read_lines
from matcher.lists.formats.unused import Unused
from matcher.lists.formats.values import (
    RefusedValue,
    check_quality,
    decode_text,
    parse_algorithm,
    parse_note,
    parse_text,
    parse_value,
    stated_algorithm,
)
from matcher.model import ListedHash, ListEntry, RefusedLine

_KEYS = frozenset(("id", "algorithm", "value", "quality", "category", "note"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise RefusedValue("a key stands twice")
    return record


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)


def _record(line: bytes) -> dict[str, Any]:
    try:
        text = decode_text(line).strip()
        record, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:  # ValueError: not JSON, or a number of thousands of digits
        raise RefusedValue("not a line of JSON") from error
    if end != len(text):
        raise RefusedValue("more than one value in a line of JSON")
    if not isinstance(record, dict):
        raise RefusedValue("not a JSON object")
    return record


def _required(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str):
        raise RefusedValue(f"{key} is missing" if value is None else f"{key} is not text")
    return value


def _category(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return parse_text("category", value) if value else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise RefusedValue("category is neither text nor a whole number")


def _note(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return parse_note(value)
    raise RefusedValue("note is not text")


def _quality(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return check_quality(value)
    raise RefusedValue("quality is not a whole number from 0 to 100")


def _listed(stated: str | None, unused: Unused, number: int, line: bytes) -> ListedHash:
    record = _record(line)
    for key, given in record.items():
        if key not in _KEYS and given is not None and given != "":
            unused.add(key, str(given))
    identity = parse_text("id", _required(record, "id"))
    if stated is not None and record.get("algorithm") is None:
        algorithm = stated
    else:
        algorithm = parse_algorithm(_required(record, "algorithm"))
    value = parse_value(algorithm, _required(record, "value"))
    get = record.get
    entry = ListEntry(identity, _category(get("category")), _note(get("note")))
    return ListedHash(number, entry, algorithm, value, _quality(get("quality")))


class JsonLines:
    """The format of our own hash list; see the module."""

    name = "jsonl"

    def detect(self, head: bytes) -> bool:
        line = first_line(head)
        if not line.startswith(b"{"):
            return False
        try:
            record = _record(line)
        except RefusedValue:
            return False
        return isinstance(record.get("id"), str) and isinstance(record.get("value"), str)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine]:
        stated = stated_algorithm(options.algorithm, options.source)
        unused = Unused({}, option=False, has_category=False)
        yield from read_lines(stream, options.source, partial(_listed, stated, unused))
        for notice in unused.notices():
            options.on_notice(notice)


JSONL = JsonLines()
