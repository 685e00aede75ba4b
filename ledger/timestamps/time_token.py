"""A verified time-stamp token, and the entry that records it. Pure: the time is an argument.

{"authority":"CN=Time Authority","gen_time":"2026-10-01T08:30:00+00:00","monotonic_us":1,"note_sha256":"…",
 "size":1024,"time":"…","token":"3082…","token_sha256":"…","type":"checkpoint.time","v":1}

`note_sha256` is the stamped digest: the SHA-256 of the checkpoint as the log signed it, without cosignatures.
`gen_time` is the time that the authority states, cut to whole seconds; `time` is the local clock's when the token was
stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.entries.entry import canonical
from ledger.errors import TimestampError

MAX_INLINE = 24_000
"""The most bytes of a token that its entry contains; of a longer token the entry has the digest only."""
MAX_AUTHORITY = 1_000
"""The most characters of an authority's name, so that the entry has room for the token."""


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token: `authority` states that data with the SHA-256 `imprint` existed at `time`."""

    der: bytes
    imprint: bytes
    time: datetime
    authority: str
    serial: int
    policy: str


def token_entry(size: int, note: str, token: Token, *, stored: dict[str, Any]) -> bytes:
    """The entry of a token on the signed checkpoint `note` of `size`. `stored` are the fields of a clock.Stamp.

    Raises TimestampError if the token is on other data, or if its authority's name is too long.
    """
    digest = hashlib.sha256(note.encode("utf-8", "replace")).digest()
    if token.imprint != digest:
        raise TimestampError(f"the token is not on the checkpoint of size {size}")
    if not 0 < len(token.authority) <= MAX_AUTHORITY:
        raise TimestampError(f"the name of the token's authority does not have 1 to {MAX_AUTHORITY} characters")
    entry = {
        **{"v": 1, "type": "checkpoint.time"},
        **stored,
        "size": size,
        "note_sha256": digest.hex(),
        "token_sha256": hashlib.sha256(token.der).hexdigest(),
        "gen_time": token.time.astimezone(UTC).isoformat(timespec="seconds"),
        "authority": token.authority,
    }
    if len(token.der) <= MAX_INLINE:
        entry["token"] = token.der.hex()
    return canonical(entry)
