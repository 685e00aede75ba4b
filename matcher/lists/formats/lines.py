"""A binary stream → numbered lines, in bounded memory whatever the stream holds.

The quirks of text files are handled here and nowhere else: a byte order mark, CRLF, blank lines, a missing last
newline, lines without end, NUL bytes, UTF-16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from matcher.errors import ListError
from matcher.lists.formats.values import RefusedValue
from matcher.model import ListedHash, RefusedLine

LINE_LIMIT = 1 << 20
"""The most bytes of a line, without its end."""

_BOM = b"\xef\xbb\xbf"
_BLOCK = 64 * 1024
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def refuse_utf16(head: bytes, source: str) -> None:
    """Raise ListError if the file is UTF-16, which would read as lines with NUL bytes."""
    if head.startswith(_UTF16_BOMS):
        raise ListError(f"{source}: the file is UTF-16; convert it to UTF-8 first")


def first_line(head: bytes, *, comment: bytes | None = None) -> bytes:
    """The first line of `head` that is neither blank nor begins with `comment`; empty if there is none."""
    for line in head.removeprefix(_BOM).split(b"\n"):
        if line.strip() and not (comment and line.startswith(comment)):
            return line.removesuffix(b"\r")
    return b""


def _blocks(stream: BinaryIO, source: str) -> Iterator[list[bytes]]:
    """Generator of the lines of each block, without their newlines.

    A line beyond LINE_LIMIT is cut, but remains too long even when a return is removed from its end.
    """
    rest = b""
    while len(rest) < len(_BOM) and (byte := stream.read(1)):
        rest += byte
    refuse_utf16(rest, source)
    rest = rest.removeprefix(_BOM)
    while block := stream.read(_BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()[: LINE_LIMIT + 2]
        yield lines
    yield rest.split(b"\n")


def numbered_lines(stream: BinaryIO, source: str) -> Iterator[tuple[int, bytes] | RefusedLine]:
    """Generator of (line number from 1, line without its end). Blank lines are numbered, but not yielded."""
    number = 0
    try:
        for lines in _blocks(stream, source):
            for raw in lines:
                number += 1
                line = raw.removesuffix(b"\r")
                if len(line) > LINE_LIMIT:
                    yield RefusedLine(number, f"longer than {LINE_LIMIT} bytes")
                elif b"\0" in line:
                    yield RefusedLine(number, "holds a NUL byte")
                elif line and not line.isspace():
                    yield number, line
    except OSError as error:
        raise ListError(f"{source}: cannot be read after line {number}: {error.strerror or error}") from error


def read_lines(
    stream: BinaryIO, source: str, parse: Callable[[int, bytes], ListedHash | None]
) -> Iterator[ListedHash | RefusedLine]:
    """Generator of the results of `parse(number, line)` for each line. None skips the line, RefusedValue refuses it."""
    for line in numbered_lines(stream, source):
        if isinstance(line, RefusedLine):
            yield line
            continue
        number, text = line
        try:
            listed = parse(number, text)
        except RefusedValue as refusal:
            yield RefusedLine(number, refusal.reason)
            continue
        if listed is not None:
            yield listed
