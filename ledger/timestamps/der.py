"""Reads and writes DER (X.690), as far as time-stamp tokens need it. Refuses lengths that are not minimal. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ledger.errors import TimestampError

INTEGER, OCTET_STRING, OBJECT_IDENTIFIER, UTF8_STRING = 0x02, 0x04, 0x06, 0x0C
SEQUENCE, SET = 0x30, 0x31
CONTEXT_0 = 0xA0
"""The tag [0], constructed."""


class Value(NamedTuple):
    """One value: its tag, its content, and all its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def inside(self, tag: int) -> list[Value]:
        """The values inside this value, which must have the tag. Raises TimestampError."""
        return _values(self.of(tag))

    def only(self, tag: int) -> Value:
        """The one value inside this value, which must have the tag. Raises TimestampError."""
        values = self.inside(tag)
        if len(values) != 1:
            raise TimestampError(f"DER with {len(values)} values where one must be")
        return values[0]

    def of(self, tag: int) -> bytes:
        """The content of this value, which must have the tag. Raises TimestampError."""
        if self.tag != tag:
            raise TimestampError(f"DER with tag {self.tag:#04x} where {tag:#04x} must be")
        return self.content

    def number(self) -> int:
        """The number of an INTEGER, which need not be in the shortest form."""
        return int.from_bytes(self.of(INTEGER), "big", signed=True)


def read_value(data: bytes) -> Value:
    """The one value whose encoding is `data`. Raises TimestampError."""
    values = _values(data)
    if len(values) != 1:
        raise TimestampError(f"{len(values)} DER values where one must be")
    return values[0]


def write_value(tag: int, *contents: bytes) -> bytes:
    """The bytes of a value with these contents, its length in the shortest form."""
    content = b"".join(contents)
    return bytes([tag]) + _length(len(content)) + content


def _values(data: bytes) -> list[Value]:
    values, start = [], 0
    while start < len(data):
        head = data[start : start + 6]
        if len(head) < 2 or head[0] & 0x1F == 0x1F:
            raise TimestampError("DER that ends too early, or has a tag of several bytes")
        octets = head[1] & 0x7F if head[1] & 0x80 else 0
        length = int.from_bytes(head[2 : 2 + octets], "big") if octets else head[1]
        begin = start + 2 + octets
        if data[start + 1 : begin] != _length(length):
            raise TimestampError("DER with a length that is not written exactly")
        if begin + length > len(data):
            raise TimestampError("DER that ends too early")
        values.append(Value(head[0], data[begin : begin + length], data[start : begin + length]))
        start = begin + length
    return values


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = (length.bit_length() + 7) // 8
    return bytes([0x80 | octets]) + length.to_bytes(octets, "big")
