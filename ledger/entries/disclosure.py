"""Selective disclosure: values in an entry as salted commitments, so that one can be shown without all. Pure.

A value that is sealed, say the path of a finding, is written as

    {"commitment": hex of SHA-256("ledger-commitment/v1\\n" || salt[32] || canonical(value))}

and its opening, the salt and the value, is kept apart. Who has the entry and an opening sees that just this value was
committed to; who has the entry alone learns nothing of it. The salt is

    HMAC-SHA256(secret, "salt\\n" || pointer || "\\n" || canonical(value))

so without the secret nobody can try likely paths, and with it the same evidence gives the same entries again, and the
same findings root. What that shows: whether two values at the same pointer are equal.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.entries.entry import canonical, read_json
from ledger.errors import DisclosureError

SALT_BYTES = 32
SECRET_BYTES = 32
MAX_POINTER = 1000

_MARK = b'{"commitment":"'
"""Stands in the canonical bytes of every entry that has a commitment."""

_PREFIX = b"ledger-commitment/v1\n"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment: where it stands (RFC 6901), its salt, and the value."""

    pointer: str
    salt: bytes
    value: Any


def commitment(value: object, *, salt: bytes) -> str:
    """The hex digest that stands for a value."""
    if len(salt) != SALT_BYTES:
        raise DisclosureError(f"a salt is not {SALT_BYTES} bytes")
    return hashlib.sha256(_PREFIX + salt + canonical(value)).hexdigest()


def seal(entry: dict[str, Any], pointers: Sequence[str], *, secret: bytes) -> tuple[dict[str, Any], list[Opening]]:
    """A copy of an entry with commitments where the pointers lead, and what opens them.

    A pointer that leads nowhere, or to null, is passed over. Raises DisclosureError for a pointer that is none, and for
    one to `v` or `type`, which say what the entry is.
    """
    if len(secret) != SECRET_BYTES:
        raise DisclosureError(f"a secret is not {SECRET_BYTES} bytes")
    sealed, openings = entry, []
    for pointer in pointers:
        keys = parse_pointer(pointer)
        if keys[0] in ("v", "type"):
            raise DisclosureError(f"{pointer}: says what an entry is, and cannot be sealed")
        value = _find(sealed, keys)
        if value is None or is_commitment(value):
            continue
        form = pointer.encode("utf-8") + b"\n" + canonical(value)
        salt = hmac.digest(secret, b"salt\n" + form, "sha256")
        openings.append(Opening(pointer, salt, value))
        sealed = _replaced(sealed, keys, {"commitment": commitment(value, salt=salt)})
    return sealed, openings


def check_opening(entry: dict[str, Any], opening: Opening) -> None:
    """Raises DisclosureError unless the opening opens the commitment that stands at its pointer."""
    found = _find(entry, parse_pointer(opening.pointer))
    if not is_commitment(found):
        raise DisclosureError(f"{opening.pointer}: no commitment stands there")
    if commitment(opening.value, salt=opening.salt) != found["commitment"]:
        raise DisclosureError(f"{opening.pointer}: the opening is not that of the commitment")


def disclose(entry: dict[str, Any], openings: Iterable[Opening]) -> dict[str, Any]:
    """A copy of an entry with the values in the places of their commitments, each checked."""
    for opening in openings:
        check_opening(entry, opening)
        entry = _replaced(entry, parse_pointer(opening.pointer), opening.value)
    return entry


def opening_of(pointer: str, salt: bytes, value: str) -> Opening:
    """An opening as a ledger stores it, with its value as JSON text. Raises LedgerError."""
    parse_pointer(pointer)
    return Opening(pointer, salt, read_json(value))


def is_commitment(value: object) -> bool:
    """Whether a value is an object with one member, a commitment of 64 hex digits."""
    if type(value) is not dict or value.keys() != {"commitment"}:
        return False
    digest = value["commitment"]
    return type(digest) is str and len(digest) == 64 and all(char in "0123456789abcdef" for char in digest)


def parse_pointer(pointer: str) -> list[str]:
    """The keys of a JSON pointer (RFC 6901) to a member. Raises DisclosureError."""
    if not pointer.startswith("/") or len(pointer) > MAX_POINTER:
        raise DisclosureError(f"{pointer!r:.80} is no JSON pointer: /finding/path, for example")
    keys = pointer[1:].split("/")
    for key in keys:
        if "~" in key.replace("~0", "").replace("~1", ""):
            raise DisclosureError(f"{pointer!r:.80} is no JSON pointer: ~ is written ~0, and / in a key ~1")
    return [key.replace("~1", "/").replace("~0", "~") for key in keys]


def _find(value: Any, keys: Sequence[str]) -> Any:
    """What stands there; None where nothing does."""
    for key in keys:
        if type(value) is dict:
            value = value.get(key)
        elif type(value) is list and key.isascii() and key.isdigit() and str(int(key[:9])) == key:
            value = value[int(key)] if int(key) < len(value) else None
        else:
            return None
    return value


def _replaced(value: Any, keys: Sequence[str], by: object) -> Any:
    """A copy with another value where the keys lead, which is somewhere."""
    if not keys:
        return by
    if type(value) is dict:
        return {**value, keys[0]: _replaced(value[keys[0]], keys[1:], by)}
    copy = list(value)
    copy[int(keys[0])] = _replaced(value[int(keys[0])], keys[1:], by)
    return copy


def is_sealed(body: bytes) -> bool:
    """Whether an entry may hold a commitment, told by its bytes alone: one that does not certainly holds none."""
    return _MARK in body
