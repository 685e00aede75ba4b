"""Files of other kinds in which a picture plainly stands: in base64 in a text, as it is in an unknown file.

Only the edges are searched. Programs are left out: their pictures are icons, and every one has some.
"""

from __future__ import annotations

import re

from matcher.examine.unopened.edges import Edges

_PROGRAMS = (
    *(b"MZ", b"\x7fELF", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"\xca\xfe\xba\xbe", b"dex\n", b"\0asm"),
)
"""The beginnings of programs: PE/COFF, ELF, Mach-O, Java classes, Dalvik, WebAssembly."""

_PICTURES = (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"WEBPVP8", b"ftypheic", b"ftypavif")
_JPEG = b"\xff\xd8\xff"
_JPEG_BEGINS = re.compile(rb"\xff\xd8\xff(?:\xe0..JFIF\x00|\xe1..Exif\x00|\xdb\x00[\x43\x84]\x00)", re.DOTALL)
"""JFIF 1.02; CIPA DC-008; and ITU-T T.81 for a JPEG without either, which begins with its tables."""
_MOST_JPEGS = 1000
"""How many beginnings of a JPEG are looked at, at most; a file with more is not believed to have none."""
_ENCODED = (b"/9j/4", b"/9j/2w", b"iVBORw0KGgo", b"R0lGODlh", b"R0lGODdh", b"UklGR")
"""The beginnings of JPEG, PNG, GIF and WebP in base64 (RFC 4648)."""
_LONG_ENOUGH = re.compile(
    rb"(?:/9j/[24]|iVBORw0KGgo|R0lGOD[ld]h|UklGR)"
    rb"(?>[A-Za-z0-9+/=]|\\n|\\r|%2[BFbf]|[ \t]*+\r?\n[ \t]*+){200}"
)
"""Base64 of 150 bytes and more: no picture that matches is shorter."""
_UUENCODED = re.compile(rb"^begin [0-7]{3,4} [^\r\n]{1,200}\r?\nM", re.MULTILINE)


def _binary(file: Edges) -> str | None:
    if b"\0" not in file.head or file.head.startswith(_PROGRAMS):
        return None
    parts = (file.head,) if file.size <= len(file.head) else (file.head, file.tail)
    found = any(_has_jpeg(part) or any(magic in part for magic in _PICTURES) for part in parts)
    return "application/octet-stream" if found else None


def _has_jpeg(data: bytes) -> bool:
    at = -1
    for _place in range(_MOST_JPEGS):
        at = data.find(_JPEG, at + 1)
        if at < 0:
            return False
        if _JPEG_BEGINS.match(data, at):
            return True
    return True


def _text(file: Edges) -> str | None:
    if b"\0" in file.head:
        return None
    for part in (file.head,) if file.size <= len(file.head) else (file.head, file.tail):
        if any(begin in part for begin in _ENCODED) and _LONG_ENOUGH.search(part):
            return "text/plain"
    return "text/plain" if b"begin " in file.head and _UUENCODED.search(file.head) else None


TESTS = (_binary, _text)
