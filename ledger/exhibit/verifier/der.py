"""DER (X.690), as far as tokens and certificates need it: definite, minimal lengths and small tags only."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import NamedTuple

from ledger.exhibit.verifier.report import Refused

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
MAX_MEMBERS = 1000


class Der(NamedTuple):
    """One value: its tag, its content, and all its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def members(self, tag: int = SEQUENCE) -> list[Der]:
        """The values inside a value of this tag."""
        self.expect(tag)
        members, at = [], 0
        while at < len(self.content):
            member = der_at(self.content, at)
            members.append(member)
            at += len(member.raw)
            if len(members) > MAX_MEMBERS:
                raise Refused("DER with too many members")
        return members

    def inner(self, tag: int) -> Der:
        """The one value inside a value of this tag."""
        members = self.members(tag)
        if len(members) != 1:
            raise Refused("DER that does not hold one value where it must")
        return members[0]

    def expect(self, tag: int) -> bytes:
        """The content of a value of this tag. Refuses another tag."""
        if self.tag != tag:
            raise Refused(f"DER with tag {self.tag:#04x} where {tag:#04x} must be")
        return self.content

    def integer(self) -> int:
        """The value of an INTEGER. Refuses one that is not in the shortest form."""
        content = self.expect(INTEGER)
        if not content or (len(content) > 1 and content[0] in {0, 0xFF} and (content[0] ^ content[1]) < 0x80):
            raise Refused("a DER integer is not written exactly")
        return int.from_bytes(content, "big", signed=True)

    def oid(self) -> str:
        """The value of an OBJECT IDENTIFIER, dotted."""
        content = self.expect(OID)
        if not content or content[-1] & 0x80 or len(content) > 64:
            raise Refused("a DER object identifier is malformed")
        numbers, value = [], 0
        for byte in content:
            if value == 0 and byte == 0x80:
                raise Refused("a DER object identifier is malformed")
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(value)
                value = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))

    def bits(self) -> bytes:
        """The bytes of a BIT STRING. Refuses one that is not of whole bytes."""
        content = self.expect(BIT_STRING)
        if content[:1] != b"\x00":
            raise Refused("a DER bit string is not of whole bytes")
        return content[1:]

    def seconds(self) -> int:
        """The Unix time of a UTCTime or GeneralizedTime in UTC; fractions of a second are cut off."""
        match = TIMES[self.tag].fullmatch(self.content) if self.tag in TIMES else None
        if match is None:
            raise Refused("a DER time is malformed")
        year, month, day, hour, minute, second = (int(group) for group in match.groups())
        if self.tag == UTC_TIME:
            year += 2000 if year < 50 else 1900
        try:
            return int(datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc).timestamp())
        except ValueError as error:
            raise Refused("a DER time is not one") from error


TIMES = {
    UTC_TIME: re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z"),
    GENERALIZED_TIME: re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d{1,9})?Z"),
}


def read_der(data: bytes) -> Der:
    """The one value whose encoding is `data`. Refuses further bytes."""
    value = der_at(data, 0)
    if len(value.raw) != len(data):
        raise Refused("something stands behind the DER")
    return value


def der_at(data: bytes, at: int) -> Der:
    """The value that begins at offset `at`."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise Refused("DER that is cut off, or has a large tag")
    length, start = data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        if not 1 <= count <= 4 or length < max(0x80, 1 << 8 * (count - 1)):
            raise Refused("DER with a length that is not written exactly")
        start += count
    if start + length > len(data):
        raise Refused("DER that is cut off")
    return Der(data[at], data[start : start + length], data[at : start + length])
