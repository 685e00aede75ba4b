"""Text for terminals and lines of JSON: nothing that an item or a list is named may steer a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

_UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters above ASCII's and those that turn the direction of writing; json escapes those below space."""


def json_line(value: Any) -> str:
    """One line of JSON, readable, with every character escaped that steers a terminal."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    """Text on one line, with every character escaped that cannot be printed."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
