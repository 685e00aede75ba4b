"""The beginning and the end of a file, and tables of bytes by which a kind of file is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

HEAD = 1 << 20
"""How many of a file's first bytes are looked at."""

TAIL = 66 << 10
"""How many of a file's last bytes are looked at: the end of a zip and its longest comment are 65,557."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The first HEAD and the last TAIL bytes of a file of `size` bytes, or all of it where it is smaller."""

    head: bytes
    tail: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Edges:
        """The edges of a whole file."""
        return cls(data[:HEAD], data[-TAIL:], len(data))

    def part(self, start: int, length: int) -> bytes:
        """The bytes from offset `start`, at most `length`; a negative `start` counts from the end of the file.

        Empty where they do not lie wholly in the head or in the tail.
        """
        start += self.size if start < 0 else 0
        end = min(start + length, self.size)
        in_tail = start - (self.size - len(self.tail))
        if start < 0 or length <= 0:
            return b""
        if end <= len(self.head):
            return self.head[start:end]
        return self.tail[in_tail : in_tail + end - start] if in_tail >= 0 else b""


Signature = tuple[int, bytes, str]
"""An offset (from the end where it is negative), the bytes there, and the media type of such a file."""

Test = Callable[[Edges], str | None]
"""A function that returns the media type of a file, or None where it is not of the kind that is tested for."""


def by_signature(signatures: Iterable[Signature]) -> Test:
    """A test for the first of the signatures that a file has."""
    table = tuple(signatures)
    at_start: dict[bytes, list[Signature]] = {}
    for signature in table:
        if signature[0] == 0:
            at_start.setdefault(signature[1][:2], []).append(signature)
    elsewhere = [signature for signature in table if signature[0] != 0]

    def test(file: Edges) -> str | None:
        for _offset, magic, media_type in at_start.get(file.head[:2], ()):
            if file.head.startswith(magic):
                return media_type
        for offset, magic, media_type in elsewhere:
            found = file.head[offset : offset + len(magic)] if offset > 0 else file.part(offset, len(magic))
            if found == magic:
                return media_type
        return None

    return test
