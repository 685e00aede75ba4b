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


_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff"
_TURNED = re.compile(f"[{_RIGHT_TO_LEFT}]+(?: +[{_RIGHT_TO_LEFT}]+)*")
"""Words in scripts that are written from right to left."""
_MARK = "\u200e"


def left_to_right(text: str) -> str:
    """A line for a terminal in which names in right-to-left scripts do not turn round what stands beside them.

    A left-to-right mark stands on each side of such words: the folders of a path, its numbers and the rest of the line
    stay in their order, whatever the terminal makes of bidirectional text. The marks are invisible.
    """
    return _TURNED.sub(lambda words: f"{_MARK}{words[0]}{_MARK}", text)


def printable(text: str) -> str:
    """Text on one line, in which every character that is not printable is escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
