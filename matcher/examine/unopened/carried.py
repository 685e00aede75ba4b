"""Files of other kinds in which a picture plainly stands: in base64, also in UTF-16, or as it is in an unknown file.

Only the edges are searched. Programs are left out: their pictures are icons, and every one has some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from matcher.examine.unopened.edges import Edges

_PROGRAMS = (
    *(b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"\xca\xfe\xba\xbe", b"dex\n", b"\0asm"),
)
"""The beginnings of programs: PE/COFF, ELF, Mach-O, Java classes, Dalvik, WebAssembly."""

_BEGINNINGS = (
    (
        b"\xff\xd8\xff",  # JFIF 1.02; CIPA DC-008; and ITU-T T.81 for a JPEG without either, which begins with a table
        0,
        re.compile(rb"\xff\xd8\xff(?:\xe0..JFIF\x00|\xe1..Exif\x00|\xdb\x00[\x43\x84]\x00)", re.DOTALL),
    ),
    (b"\x89PNG\r\n", 0, re.compile(rb"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")),  # PNG, third edition, 5.2
    (b"WEBPVP8", 8, re.compile(rb"RIFF....WEBPVP8", re.DOTALL)),  # RFC 9649
    (b"ftyp", 4, re.compile(rb"\x00\x00[\x00-\x0f].ftyp(?:heic|heix|mif1|avif)", re.DOTALL)),  # ISO 23008-12
)
"""What stands at the beginning of a picture: rare bytes, how far behind the beginning they stand, and the whole."""

_ENCODED = (
    b"9j",  # JPEG; what follows may be an escape of JSON or of addresses
    *(b"iVBORw0KGgo", b"R0lGOD", b"UklGR"),  # PNG, GIF, WebP
    *(b"GZ0eXB", b"SUkqAA", b"TU0AKg", b"EpYTCANCocK"),  # HEIC and AVIF, TIFF, JPEG XL
)
"""Rare characters at the beginning of pictures in base64 (RFC 4648, sections 4 and 5)."""
_SLASH = rb"(?:\\?/|_|%2[Ff])"
_LONG_ENOUGH = re.compile(
    rb"(?:(?<=[/_Ff])9j" + _SLASH + rb"[24]|iVBORw0KGgo|R0lGOD[ld]h|UklGR|(?<=AAAA.)GZ0eXB|SUkqAA|TU0AKg|EpYTCANCocK)"
    rb"(?>(?:\\[nr]|[ \t]*+\r?\n[ \t]*+)*+(?:[A-Za-z0-9+/=_-]|\\/|%2[BFbf])){200}"
)
"""A picture in base64, of 150 bytes and more: no picture that matches is shorter."""

_UUENCODED = re.compile(rb"begin [0-7]{3,4} [^\r\n]{1,200}\r?\nM")
"""POSIX uuencode: the line before the first full one."""

_MOST_PLACES = 1000
"""How often the rare bytes are looked at, at most; a file with more of them is not believed to have no picture."""


def _stands(data: bytes, rare: bytes, before: int, whole: re.Pattern[bytes]) -> bool:
    """Whether `whole` stands anywhere in the data: `before` bytes before a place where `rare` stands."""
    at = -1
    for _place in range(_MOST_PLACES):
        at = data.find(rare, at + 1)
        if at < 0:
            return False
        if at >= before and whole.match(data, at - before):
            return True
    return True


def _parts(file: Edges) -> tuple[bytes, ...]:
    return (file.head,) if file.size <= len(file.head) else (file.head, file.tail)


def _binary(file: Edges) -> str | None:
    if b"\0" not in file.head or file.head.startswith(_PROGRAMS):
        return None
    found = any(_stands(part, *beginning) for part in _parts(file) for beginning in _BEGINNINGS)
    return "application/octet-stream" if found else None


def _text(file: Edges) -> str | None:
    if file.head.startswith(_PROGRAMS):
        return None
    if any(_has_encoded(narrowed) for part in _parts(file) for narrowed in _narrowed(part)):
        return "application/octet-stream" if b"\0" in file.head else "text/plain"
    is_mail = b"\0" not in file.head and _stands(b"\n" + file.head, b"\nbegin ", -1, _UUENCODED)
    return "text/plain" if is_mail else None


def _has_encoded(text: bytes) -> bool:
    return any(begin in text and _stands(text, begin, 0, _LONG_ENOUGH) for begin in _ENCODED)


def _narrowed(part: bytes) -> Iterator[bytes]:
    """A generator of the bytes, and of every second one where the others are zero as in UTF-16."""
    yield part
    if not 3 / 8 < part.count(0) / (len(part) or 1) < 5 / 8:
        return
    for kept, others in ((part[::2], part[1::2]), (part[1::2], part[::2])):
        if others.count(0) > len(others) * 3 // 4 and kept.count(0) < len(kept) // 4:
            yield kept


TESTS = (_binary, _text)
