"""Text for terminals and lines of JSON: the name of an item or a list must not control a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters from 0x7F on and characters that turn the writing direction; json escapes those below space."""


def json_line(value: Any) -> str:
    """One line of JSON in which only characters that control a terminal are escaped, not all non-ASCII ones."""
    return _UNSAFE.sub(lambda unsafe: f"\\u{ord(unsafe[0]):04x}", json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    """Text on one line, in which every character that is not printable is escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
