"""Files that hold a list in a form that no list format reads: compressed files, archives, spreadsheets, databases.

They are known by their first bytes, and the examiner is told how to go on. Nothing is unpacked here: a few bytes of a
compressed file can be a list without end.
"""

from __future__ import annotations

import shlex

from matcher.errors import ListError

_COMPRESSED = (
    (b"\x1f\x8b", "compressed by gzip", "gunzip -c"),
    (b"\xfd7zXZ\0", "compressed by xz", "xz -dc"),
    (b"BZh", "compressed by bzip2", "bzip2 -dc"),
    (b"\x28\xb5\x2f\xfd", "compressed by Zstandard", "zstd -dc"),
    (b"\x1f\x9d", "compressed by compress", "gunzip -c"),
)
_SPREADSHEET = "save it there as CSV in UTF-8, with columns of hashes and ids formatted as text, and import that"
_OTHERS = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, and import the files"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it, and import the files"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an Office program, as an Excel spreadsheet", _SPREADSHEET),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export its table of hashes as CSV with a header row, and import that",
    ),
    (b"%PDF-", "a PDF document", "ask its publisher for the list as a table"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument."
_OFFICE = (b"[Content_Types].xml", b"_rels/.rels", b"xl/workbook.")
_TAR_MAGIC = slice(257, 262)


def refuse_packed(head: bytes, name: str) -> None:
    """Raise ListError saying what the file is and how to import the list in it, if `head` begins such a file.

    `name` is the file's path, or `-`.
    """
    shown = "" if name == "-" else f" {shlex.quote(name)}"
    for magic, words, command in _COMPRESSED:
        if head.startswith(magic):
            raise ListError(
                f"{name}: nothing imported: the file is {words}. Unpack it on the way: "
                f"{command}{shown} | matcher lists import - …, with the other options as before"
            )
    if head.startswith(_ZIP):
        if _OPEN_DOCUMENT in head[:200] or any(part in head for part in _OFFICE):
            raise ListError(f"{name}: nothing imported: the file is a spreadsheet: {_SPREADSHEET}")
        raise ListError(
            f"{name}: nothing imported: the file is a ZIP archive. Unpack it and import the files; where it has "
            f"one alone: unzip -p{shown or ' ARCHIVE'} | matcher lists import - …, with the other options as before"
        )
    if head[_TAR_MAGIC] == b"ustar":
        raise ListError(f"{name}: nothing imported: the file is a tar archive: unpack it, and import the files")
    for magic, words, advice in _OTHERS:
        if head.startswith(magic):
            raise ListError(f"{name}: nothing imported: the file is {words}: {advice}")
