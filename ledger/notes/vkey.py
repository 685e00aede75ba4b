"""Named public keys, and vkeys, their text form (c2sp.org/signed-note). Pure.

    example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k

    vkey   = <name>+<key id in hex>+base64(kind || public key)
    key id = SHA-256(name || 0x0A || kind || public key)[:4]

The kind determines what a key signs, so one key of two kinds has two key ids.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

from ledger.errors import NoteError
from ledger.strict import decode_base64, encode_base64

MAX_NAME = 255
MAX_VKEY = 4096
KEY_ID_BYTES = 4


class Kind(IntEnum):
    """What a key signs: the byte before the key in a vkey."""

    ED25519 = 0x01
    """The key signs the text of a note."""

    ED25519_COSIGNATURE = 0x04
    """The key signs a checkpoint's text and a time: a witness' key."""

    MLDSA44 = 0x06
    """The key signs a checkpoint's fields, a time and the signer's name: a witness' key, or the log's own."""


LOG_KINDS = frozenset([Kind.ED25519, Kind.MLDSA44])
WITNESS_KINDS = frozenset([Kind.ED25519_COSIGNATURE, Kind.MLDSA44])

_FIELD = 2**255 - 19
_ORDER_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset([0, 1, _FIELD - 1, _ORDER_EIGHT, _FIELD - _ORDER_EIGHT])
"""The y coordinates of the eight points whose order divides 8: such a key verifies signatures that anyone can forge."""

KEY_BYTES = {Kind.ED25519: 32, Kind.ED25519_COSIGNATURE: 32, Kind.MLDSA44: 1312}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key, its name, and the kind that determines what it signs."""

    name: str
    kind: Kind
    key: bytes

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that identify the key under its name."""
        data = self.name.encode("utf-8") + b"\n" + bytes([self.kind]) + self.key
        return hashlib.sha256(data).digest()[:KEY_ID_BYTES]


def format_vkey(public: PublicKey) -> str:
    """The vkey of a public key. Raises NoteError if the name or the key is not valid."""
    check_name(public.name)
    if len(public.key) != KEY_BYTES[public.kind]:
        raise NoteError(f"vkey of {public.name}: not {KEY_BYTES[public.kind]} bytes of key")
    if public.kind != Kind.MLDSA44:
        _check_point(public)
    return f"{public.name}+{public.key_id.hex()}+{encode_base64(bytes([public.kind]) + public.key)}"


def parse_vkey(vkey: str) -> PublicKey:
    """The public key of a vkey. Raises NoteError unless its kind is known and it is written exactly."""
    if len(vkey) > MAX_VKEY:
        raise NoteError("a vkey is too long")
    name, _, rest = vkey.partition("+")
    key_id, _, encoded = rest.partition("+")
    check_name(name)
    data = decode_base64(encoded)
    try:
        kind = Kind(data[0] if data else 0)
    except ValueError as error:
        raise NoteError(f"vkey of {name}: neither an Ed25519 key, nor a cosignature key of known kind") from error
    public = PublicKey(name, kind, data[1:])
    if format_vkey(public) != vkey:
        raise NoteError(f"vkey of {name}: its key id {key_id[:16]!r} is not the key's, or it is not written exactly")
    return public


def _check_point(public: PublicKey) -> None:
    """Raises NoteError for an Ed25519 key that verifies forgeries, or is not reduced (RFC 8032, 5.1.3)."""
    y = int.from_bytes(public.key, "little") % 2**255  # without the sign of x
    if y >= _FIELD or y in _SMALL_ORDER:
        raise NoteError(f"vkey of {public.name}: a key that anyone can sign for")


def check_name(name: str) -> None:
    """Raises NoteError unless `name` can name a key: no space, no '+', no control character, 1 to 255 bytes."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise NoteError(f"{name!r:.80} cannot name a key: no spaces, no '+', not empty")
    try:
        length = len(name.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise NoteError("a key name is not UTF-8") from error
    if length > MAX_NAME:
        raise NoteError(f"a key name has more than {MAX_NAME} bytes")
