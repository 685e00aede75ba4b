"""A binary stream → numbered lines, in bounded memory whatever the stream holds.

The quirks of text files are handled here and nowhere else: a byte order mark, the line ends LF, CRLF and CR, blank
lines, a missing last line end, lines without end, NUL bytes, UTF-16. A CR alone ends a line wherever it stands: as part
of a line it would hide the lines behind it, in the name of a file for example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from matcher.errors import ListError
from matcher.lists.formats.values import RefusedValue
from matcher.model import ListedHash, RefusedLine

LINE_LIMIT = 1 << 20
"""The most bytes of a line, without its end."""

_RETURN = b"\r"
_BOM = b"\xef\xbb\xbf"
_BLOCK = 64 * 1024
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


def refuse_utf16(head: bytes, source: str) -> None:
    """Raise ListError if the file is UTF-16, which would read as lines with NUL bytes."""
    if head.startswith(_UTF16_BOMS):
        raise ListError(f"{source}: the file is UTF-16; convert it to UTF-8 first")


def first_line(head: bytes, *, comment: bytes | None = None, skip: int = 0) -> bytes:
    """The first line of `head` that is neither blank nor begins with `comment`; empty if there is none.

    With `skip`, that many such lines are passed over.
    """
    for line in _with_newlines(head.removeprefix(_BOM)).split(b"\n"):
        if line.strip() and not (comment and line.startswith(comment)):
            if not skip:
                return line
            skip -= 1
    return b""


def _blocks(stream: BinaryIO, source: str) -> Iterator[list[bytes]]:
    """Generator of the lines of each block, without their ends. A line that is too long is cut and remains so."""
    rest = b""
    while len(rest) < len(_BOM) and (byte := stream.read(1)):
        rest += byte
    refuse_utf16(rest, source)
    rest = rest.removeprefix(_BOM)
    returned = rest.endswith(_RETURN)  # its newline may be in the next block
    rest = _with_newlines(rest.removesuffix(_RETURN))
    while block := stream.read(_BLOCK):
        if returned:
            block = _RETURN + block
        returned = block.endswith(_RETURN)
        lines = (rest + _with_newlines(block.removesuffix(_RETURN))).split(b"\n")
        rest = lines.pop()[: LINE_LIMIT + 1]
        yield lines
    yield [*rest.split(b"\n"), *([b""] if returned else [])]


def _with_newlines(text: bytes) -> bytes:
    """The text with a newline in place of every line end."""
    return text.replace(b"\r\n", b"\n").replace(_RETURN, b"\n") if _RETURN in text else text


def numbered_lines(stream: BinaryIO, source: str) -> Iterator[tuple[int, bytes] | RefusedLine]:
    """Generator of (line number from 1, line without its end). Blank lines are numbered, but not yielded."""
    number = 0
    try:
        for lines in _blocks(stream, source):
            for line in lines:
                number += 1
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
