"""The text of a checkpoint (c2sp.org/tlog-checkpoint), which a signed note contains. Pure.

    lab.example/case-17
    1024
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

Three lines, each ending in a newline: the origin, the tree size in decimal, base64 of the root.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from ledger.errors import NoteError
from ledger.strict import decode_base64
from ledger.tree.merkle import HASH_BYTES

MAX_ORIGIN = 255
MAX_SIZE = 2**63 - 1
_MAX_TEXT = MAX_ORIGIN + 64 + 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """States that the first `size` entries of the log `origin` have `root`."""

    origin: str
    size: int
    root: bytes


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text of a checkpoint: three lines with origin, size and root. Raises NoteError if a field is not valid."""
    check_origin(checkpoint.origin)
    if not 0 <= checkpoint.size <= MAX_SIZE:
        raise NoteError(f"{checkpoint.size} is no tree size")
    if len(checkpoint.root) != HASH_BYTES:
        raise NoteError(f"a root is not {HASH_BYTES} bytes")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode('ascii')}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of three lines. Raises NoteError unless `format_checkpoint` would write them so."""
    if len(text) > _MAX_TEXT:
        raise NoteError("a checkpoint is too long")
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] != "":
        raise NoteError("a checkpoint is not three lines")
    origin, size, root, _ = lines
    if not (size.isascii() and size.isdigit()):
        raise NoteError("a tree size is not decimal")
    checkpoint = Checkpoint(origin, int(size), decode_base64(root))
    if format_checkpoint(checkpoint) != text:
        raise NoteError("a checkpoint is not written exactly")
    return checkpoint


def check_origin(origin: str) -> None:
    """Raises NoteError unless `origin` is one line of 1 to 255 bytes without control characters."""
    try:
        length = len(origin.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise NoteError("an origin is not UTF-8") from error
    if not 0 < length <= MAX_ORIGIN:
        raise NoteError(f"an origin has 1 to {MAX_ORIGIN} bytes, not {length}")
    if any(char < " " for char in origin):
        raise NoteError("an origin holds a control character")
