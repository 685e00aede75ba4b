"""The file of a list while it is read: its digest and size, and whether its last line was cut off.

A download that breaks off ends in the middle of a line. Its last line then has no line end, and most often it is no
line of the format, or a shorter one than the others. A last line that is whole and has no line end is no cut.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import IO

from matcher.model import ListedHash, RefusedLine, RemovedEntry

Listed = ListedHash | RefusedLine | RemovedEntry

MAX_HELD = 10_000
"""The most hashes of one line that are held back. A line with more is that of a format without lines."""


class ListFile(io.RawIOBase):
    """A stream that digests and counts the bytes that are read from it. `head` looks ahead."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = b""
        self._after_last_end = False
        self._returned = False
        self.digest = hashlib.sha256()
        self.size = 0
        self.line_ends = 0

    def head(self, length: int) -> bytes:
        """The first `length` bytes, before any is read; fewer if the file is shorter."""
        while len(self._ahead) < length and (data := self._stream.read(length - len(self._ahead))):
            self._ahead += data
        return self._ahead

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: WriteableBuffer
        data = self._ahead[: len(buffer)] or self._stream.read(len(buffer))
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        self.digest.update(data)
        self.size += len(data)
        returns = data.count(b"\r")
        self.line_ends += data.count(b"\n") + returns - (data.count(b"\r\n") if returns else 0)
        self.line_ends -= self._returned and data[:1] == b"\n"
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._after_last_end = bool(data[end + 1 :].strip()) or (end < 0 and self._after_last_end)
        if data:
            self._returned = data[-1:] == b"\r"
        return len(data)

    @property
    def unended(self) -> int | None:
        """The number of the last line if no line end follows it, counted from 1. Valid once the file is read."""
        return self.line_ends + 1 if self._after_last_end else None


class LastLine:
    """Hands on what a format read, line by line, and holds back the newest line until another one follows it."""

    def __init__(self, listed: Iterator[Listed]) -> None:
        self._listed = listed
        self.held: list[Listed] = []
        """What the last line holds, once the others were iterated."""

    def others(self) -> Iterator[Listed]:
        """A generator of everything but the last line's."""
        held, line = self.held, 0
        for listed in self._listed:
            if listed.line != line or len(held) >= MAX_HELD:
                yield from held
                held.clear()
                line = listed.line
            held.append(listed)

    def cut(self, unended: int | None) -> str | None:
        """Why the last line, which has the number `unended` if no line end follows it, is cut; None where it is not."""
        for listed in self.held if unended is not None else ():
            if listed.line == unended and isinstance(listed, RefusedLine):
                return f"it was refused ({listed.reason})"
            if listed.line == unended and isinstance(listed, ListedHash) and listed.short:
                return "it is shorter than the other lines"
        return None
