"""Byte order marks of text files: that of UTF-8 is skipped, other encodings are named. Pure.

Editors of Windows write the mark of UTF-8, and PowerShell's `>` writes UTF-16.
"""

from __future__ import annotations

from ledger.errors import UnreadableError

UTF8 = b"\xef\xbb\xbf"
_OTHERS = ((b"\xff\xfe\0\0", "UTF-32"), (b"\0\0\xfe\xff", "UTF-32"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"))


def without_mark(data: bytes) -> bytes:
    """A file's bytes without the byte order mark of UTF-8. Raises UnreadableError for UTF-16 and UTF-32.

    UTF-16 without a mark is recognised by the NUL beside its first character.
    """
    for mark, name in _OTHERS:
        if data.startswith(mark):
            raise UnreadableError(f"text in {name}: save it as UTF-8 or ASCII")
    if len(data) > 3 and b"\0\0" in (data[:4:2], data[1:4:2]) and data[:4].count(0) == 2:
        raise UnreadableError("text in UTF-16: save it as UTF-8 or ASCII")
    return data.removeprefix(UTF8)
