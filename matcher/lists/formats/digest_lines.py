r"""The output of md5sum, sha1sum and sha256sum: a hex digest and a file's name, which becomes the note.

    d41d8cd98f00b204e9800998ecf8427e  name          text mode
    d41d8cd98f00b204e9800998ecf8427e *name          binary mode
    \d41d8cd98f00b204e9800998ecf8427e  a\nname      the name holds a newline, a return or a backslash
    MD5 (name) = d41d8cd98f00b204e9800998ecf8427e   --tag, and BSD

The digest's length gives its type, so 64 hex digits *with a name* are SHA-256, unless the examiner states another
type. A digest that is not indexed (SHA-512, say) is stored under its own name. Lines that begin with # are comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from matcher.lists.formats import ReadOptions
from matcher.lists.formats.lines import first_line, read_lines
from matcher.lists.formats.values import (
    DIGEST_DIGITS,
    RefusedValue,
    decode_text,
    default_id,
    parse_algorithm,
    parse_note,
    parse_value,
    stated_algorithm,
)
from matcher.model import ListedHash, ListEntry, RefusedLine

_BY_DIGITS = {digits: algorithm for algorithm, digits in DIGEST_DIGITS.items()}
_TAGGED = re.compile(rb"(\\?)([A-Za-z][A-Za-z0-9/-]*) ?\((.*)\) ?= ([0-9A-Fa-f]{16,})", re.DOTALL)
_PLAIN = re.compile(rb"\\?([0-9A-Fa-f]+) .+", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\nr])")
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}


def _unescaped(name: str) -> str:
    return _ESCAPE.sub(lambda escape: _ESCAPED[escape[1]], name)


def _listed(stated: str | None, number: int, line: bytes) -> ListedHash | None:
    digits, space, name = line.partition(b" ")
    algorithm = _BY_DIGITS.get(len(digits))
    if algorithm is None or not space:
        return _other_form(stated, number, line)
    digest = decode_text(digits)
    value = parse_value(stated or algorithm, digest)
    if name.startswith((b" ", b"*")):
        name = name[1:]
    entry = ListEntry(digest.lower(), None, parse_note(decode_text(name)) if name else None)
    return ListedHash(number, entry, stated or algorithm, value)


def _other_form(stated: str | None, number: int, line: bytes) -> ListedHash | None:
    """Parse the rare lines: a comment (None), an escaped name, the --tag form. RefusedValue for any other."""
    if line.startswith(b"#"):
        return None
    if tagged := _TAGGED.fullmatch(line):
        escape, kind, raw_name, raw_digest = tagged.groups()
        algorithm, digest = parse_algorithm(kind.decode().lower()), raw_digest.decode()
    elif (plain := _PLAIN.fullmatch(line)) and len(plain[1]) in _BY_DIGITS:
        escape, digest = line[:1], plain[1].decode()
        algorithm, raw_name = stated or _BY_DIGITS[len(digest)], line.partition(b" ")[2]
        if raw_name.startswith((b" ", b"*")):
            raw_name = raw_name[1:]
    else:
        raise RefusedValue("not a digest and a file name")
    name = parse_note(decode_text(raw_name))
    value = parse_value(algorithm, digest)
    note = _unescaped(name) if escape == b"\\" else name
    return ListedHash(number, ListEntry(default_id(digest.lower()), None, note or None), algorithm, value)


class DigestLines:
    """The format of digests and file names; see the module."""

    name = "digest-lines"

    def detect(self, head: bytes) -> bool:
        line = first_line(head, comment=b"#")
        if _TAGGED.fullmatch(line):
            return True
        plain = _PLAIN.fullmatch(line)
        return plain is not None and len(plain[1]) in _BY_DIGITS

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine]:
        stated = stated_algorithm(options.algorithm, options.source)
        yield from read_lines(stream, options.source, partial(_listed, stated))


DIGEST_LINES = DigestLines()
