"""Input files of commands: read whole, with a bounded length, text as UTF-8; - is stdin."""

from __future__ import annotations

import sys
from pathlib import Path

from ledger.durable import read_file
from ledger.errors import LedgerError, UnreadableError
from ledger.notes.byte_order import without_mark
from ledger.notes.checkpoint import parse_checkpoint
from ledger.notes.note import MAX_NOTE, parse_note
from ledger.notes.policy import MAX_POLICY, Policy, parse_policy

STREAM = Path("-")


def read_bytes(path: Path, limit: int) -> bytes:
    """All bytes of a file or of stdin. Raises UnreadableError, also for more than `limit` bytes."""
    try:
        if path != STREAM:
            return read_file(path, limit)
        data = sys.stdin.buffer.read(limit + 1)
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror}") from error
    if len(data) > limit:
        raise UnreadableError(f"{path}: longer than {limit} bytes")
    return data


def _text_bytes(path: Path, limit: int) -> bytes:
    data = read_bytes(path, limit)
    try:
        return without_mark(data)
    except UnreadableError as error:
        raise UnreadableError(f"{path}: {error}") from error


def read_text(path: Path, limit: int) -> str:
    """The text of a file or of stdin, without a byte order mark, its line ends unchanged. Raises UnreadableError."""
    try:
        return _text_bytes(path, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: not UTF-8") from error


def read_checkpoint(path: Path) -> str:
    """The text of a signed checkpoint; no signature is verified. Raises UnreadableError, also for another text."""
    text = read_text(path, MAX_NOTE)
    try:
        parse_checkpoint(parse_note(text).text)
    except LedgerError as error:
        raise UnreadableError(f"{path}: {error}") from error
    return text


def read_policy(path: Path) -> Policy:
    """A trust policy (c2sp.org/tlog-policy). Raises UnreadableError, also for a file that is no policy.

    Line ends of Windows are read as newlines; a return elsewhere is refused.
    """
    try:
        return parse_policy(_text_bytes(path, MAX_POLICY).replace(b"\r\n", b"\n"))
    except UnreadableError:
        raise
    except LedgerError as error:
        raise UnreadableError(f"{path}: {error}") from error
