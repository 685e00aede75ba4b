"""Selective disclosure: values in an entry as salted commitments, so that one can be shown without the others. Pure.

A sealed value, such as the path of a finding, is written as

    {"commitment": hex of SHA-256("ledger-commitment/v1\\n" || salt[32] || canonical(value))}

and its opening, the salt and the value, is stored apart. A reader of the entry and the opening can check that exactly
this value was committed to; a reader of the entry alone learns nothing of the value. The salt is

    HMAC-SHA256(secret, "salt\\n" || pointer || "\\n" || canonical(value))

so without the secret nobody can test likely paths, and with the same secret the same evidence gives the same entries
and the same findings root. One fact leaks: whether two values at the same pointer are equal.
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
"""Occurs in the canonical bytes of every entry that has a commitment."""

_PREFIX = b"ledger-commitment/v1\n"


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening of one commitment: its JSON pointer in the entry (RFC 6901), its salt, and the value."""

    pointer: str
    salt: bytes
    value: Any


def commitment(value: object, *, salt: bytes) -> str:
    """The hex digest that commits to a value."""
    if len(salt) != SALT_BYTES:
        raise DisclosureError(f"a salt is not {SALT_BYTES} bytes")
    return hashlib.sha256(_PREFIX + salt + canonical(value)).hexdigest()


def seal(entry: dict[str, Any], pointers: Sequence[str], *, secret: bytes) -> tuple[dict[str, Any], list[Opening]]:
    """A copy of an entry with commitments in place of the values at the pointers, and their openings.

    A pointer that leads nowhere, or to null, is skipped. Raises DisclosureError for a malformed pointer, and for
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
    """Raises DisclosureError unless the opening opens the commitment at its pointer."""
    committed = _find(entry, parse_pointer(opening.pointer))
    if not is_commitment(committed):
        raise DisclosureError(f"{opening.pointer}: no commitment stands there")
    if commitment(opening.value, salt=opening.salt) != committed["commitment"]:
        raise DisclosureError(f"{opening.pointer}: the opening is not that of the commitment")


def disclose(entry: dict[str, Any], openings: Iterable[Opening]) -> dict[str, Any]:
    """A copy of an entry with the values in place of their commitments, each checked. Raises DisclosureError."""
    for opening in openings:
        check_opening(entry, opening)
        entry = _replaced(entry, parse_pointer(opening.pointer), opening.value)
    return entry


def opening_of(pointer: str, salt: bytes, value: str) -> Opening:
    """The opening of a stored row, whose value is JSON text. Raises LedgerError."""
    parse_pointer(pointer)
    return Opening(pointer, salt, read_json(value))


def is_commitment(value: object) -> bool:
    """Whether a value is an object whose one member is `commitment`, of 64 lower-case hex digits."""
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
    """The value at the keys; None where there is none."""
    for key in keys:
        if type(value) is dict:
            value = value.get(key)
        elif type(value) is list and key.isascii() and key.isdigit() and str(int(key[:9])) == key:
            value = value[int(key)] if int(key) < len(value) else None
        else:
            return None
    return value


def _replaced(value: Any, keys: Sequence[str], by: object) -> Any:
    """A copy with the value at the keys, which must exist, replaced by `by`."""
    if not keys:
        return by
    if type(value) is dict:
        return {**value, keys[0]: _replaced(value[keys[0]], keys[1:], by)}
    copy = list(value)
    copy[int(keys[0])] = _replaced(value[int(keys[0])], keys[1:], by)
    return copy


def is_sealed(body: bytes) -> bool:
    """Whether an entry may hold a commitment, judged by its bytes alone. False is certain; True may be mistaken."""
    return _MARK in body
