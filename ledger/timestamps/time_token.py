"""A time-stamp token that was verified, and the entry that tells of it. Pure: the time is given.

{"authority":"CN=Time Authority","gen_time":"2026-10-01T08:30:00+00:00","monotonic_us":1,"note_sha256":"…",
 "size":1024,"time":"…","token":"3082…","token_sha256":"…","type":"checkpoint.time","v":1}

`note_sha256` is the SHA-256 of the signed checkpoint as the log signed it, without cosignatures: what was stamped.
`gen_time` is the authority's word, cut to whole seconds; `time` is the clock's here, when the token was stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.entries.entry import canonical
from ledger.errors import TimestampError

MAX_INLINE = 24_000
"""The most bytes of a token that stands in its entry; of a longer one only the digest does."""
MAX_AUTHORITY = 1_000
"""Characters, so that the entry has room for a token."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a verified token says: `authority` states that what has the SHA-256 `imprint` existed at `time`."""

    der: bytes
    imprint: bytes
    time: datetime
    authority: str
    serial: int
    policy: str


def token_entry(size: int, note: str, token: Token, *, stored: dict[str, Any]) -> bytes:
    """The entry of a token on the signed checkpoint `note`. `stored` are the fields of a clock's stamp.

    Raises TimestampError if the token is on something else, or if the entry cannot hold its authority's name.
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
