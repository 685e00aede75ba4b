"""The exact bytes that a cosignature signs (c2sp.org/tlog-cosignature). Pure.

Ed25519, over the checkpoint's text as it stands:

    cosignature/v1
    time 1679315147
    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

ML-DSA-44, over what the checkpoint says and who signs:

    "subtree/v1\\n\\0" || u8 length || cosigner's name || u64 time
    || u8 length || origin || u64 0 || u64 size || root[32]

Both stand in a signature line behind their time: u64 time || signature. Integers are big-endian, and a time is in
seconds since 1970.
"""

from __future__ import annotations

from ledger.errors import NoteError
from ledger.notes.checkpoint import Checkpoint, format_checkpoint
from ledger.notes.vkey import check_name

MAX_TIME = 2**63 - 1
_TIME_BYTES = 8
_SUBTREE = b"subtree/v1\n\0"


def cosignature_message(checkpoint: Checkpoint, *, time: int) -> bytes:
    """What an Ed25519 cosigner signs."""
    _check_time(time)
    return f"cosignature/v1\ntime {time}\n{format_checkpoint(checkpoint)}".encode()


def subtree_message(checkpoint: Checkpoint, *, cosigner: str, time: int) -> bytes:
    """What an ML-DSA-44 cosigner of this name signs; the log itself signs as one too."""
    _check_time(time)
    check_name(cosigner)
    format_checkpoint(checkpoint)  # refuses an origin, a size or a root that no checkpoint has
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
    """What stands in the signature line, behind the key id."""
    _check_time(time)
    return time.to_bytes(_TIME_BYTES) + signature


def split_time(value: bytes) -> tuple[int, bytes]:
    """The time and the signature. Raises NoteError for a time that no cosignature has."""
    if len(value) <= _TIME_BYTES:
        raise NoteError("a cosignature is too short")
    time = int.from_bytes(value[:_TIME_BYTES])
    _check_time(time)
    return time, value[_TIME_BYTES:]


def _check_time(time: int) -> None:
    if not 0 <= time <= MAX_TIME:
        raise NoteError(f"{time} is not a time that a cosignature can have")
