"""Pictures that stand in a text as base64: in XMP metadata, and in SVG.

XMP has thumbnails (`xmpGImg:image`), and phones write there the picture that an effect was applied to (`GImage:Data`).
"""

from __future__ import annotations

import binascii
import re

from matcher.imaging.embedded.scanning import METADATA, scan
from matcher.imaging.embedded.search import PREVIEW, Search

_BEGINNINGS = tuple(re.compile(re.escape(text)) for text in (b"/9j/", b"iVBORw0KGgo", b"UklGR"))
"""The first characters of a JPEG, a PNG and a WebP in base64."""
_BEFORE = frozenset(b"\"'>,; \t\r\n")
"""What comes before such a text."""
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]++|\s++|&#(?:x[aAdD]|10|13);|%2[BbFf]|%3[Dd])*+")
"""A text in base64, perhaps with the escapes of XML and of addresses."""
_SPACE = re.compile(rb"\s|&#(?:x[aAdD]|10|13);|=|%3[Dd]")
_ESCAPED = ((b"%2b", b"+"), (b"%2B", b"+"), (b"%2f", b"/"), (b"%2F", b"/"))


def find_in_text(text: bytes, search: Search) -> None:
    """Add the pictures that stand in a text, in UTF-8, as previews."""
    behind = 0
    begins = []
    for beginning in _BEGINNINGS:
        for found in beginning.finditer(text):
            search.step()
            begins.append(found.start())
    for begin in sorted(begins):
        if begin < behind or text[begin - 1 : begin] == b"" or text[begin - 1] not in _BEFORE:
            continue
        whole = _BASE64.match(text, begin)
        assert whole is not None
        behind = whole.end()
        data = _decoded(whole[0])
        scan(data, 0, len(data), search, what=PREVIEW, signatures=METADATA)


def _decoded(text: bytes) -> bytes:
    """The bytes that a text in base64 stands for; a last character that stands for less than a byte is left out."""
    plain = _SPACE.sub(b"", text)
    for escape, character in _ESCAPED:
        plain = plain.replace(escape, character)
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4))
