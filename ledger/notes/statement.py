"""The exact bytes that a cosignature signs (c2sp.org/tlog-cosignature). Pure.

Ed25519 signs two lines, followed by the checkpoint's text:

    cosignature/v1
    time 1679315147
    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

ML-DSA-44 signs the checkpoint's fields and the signer's name:

    "subtree/v1\\n\\0" || u8 length || cosigner's name || u64 time
    || u8 length || origin || u64 0 || u64 size || root[32]

In a signature line both follow their time: u64 time || signature. Integers are big-endian, and a time is in seconds
since 1970.
"""

from __future__ import annotations

from ledger.errors import NoteError
from ledger.notes.checkpoint import Checkpoint, format_checkpoint
from ledger.notes.vkey import check_name

MAX_TIME = 2**63 - 1
_TIME_BYTES = 8
_SUBTREE = b"subtree/v1\n\0"


def cosignature_message(checkpoint: Checkpoint, *, time: int) -> bytes:
    """The message that an Ed25519 cosigner signs."""
    _check_time(time)
    return f"cosignature/v1\ntime {time}\n{format_checkpoint(checkpoint)}".encode()


def subtree_message(checkpoint: Checkpoint, *, cosigner: str, time: int) -> bytes:
    """The message that an ML-DSA-44 cosigner of this name signs; the log's own ML-DSA-44 key signs it too."""
    _check_time(time)
    check_name(cosigner)
    format_checkpoint(checkpoint)  # raises NoteError for an invalid origin, size or root
    name, origin = cosigner.encode(), checkpoint.origin.encode()
    return b"".join(
        (
            _SUBTREE,
            bytes([len(name)]) + name,
            time.to_bytes(_TIME_BYTES),
            bytes([len(origin)]) + origin,
            (0).to_bytes(8),
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )


def join_time(time: int, signature: bytes) -> bytes:
    """The value of a signature line: the time and the signature."""
    _check_time(time)
    return time.to_bytes(_TIME_BYTES) + signature


def split_time(value: bytes) -> tuple[int, bytes]:
    """The time and the signature in the value of a signature line. Raises NoteError for an invalid time."""
    if len(value) <= _TIME_BYTES:
        raise NoteError("a cosignature is too short")
    time = int.from_bytes(value[:_TIME_BYTES])
    _check_time(time)
    return time, value[_TIME_BYTES:]


def _check_time(time: int) -> None:
    if not 0 <= time <= MAX_TIME:
        raise NoteError(f"{time} is not a time that a cosignature can have")
