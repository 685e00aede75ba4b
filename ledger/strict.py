"""Strict base64 and decimals: only the one canonical spelling is accepted; the standard library accepts more. Pure."""

from __future__ import annotations

import base64
import binascii

from ledger.errors import NoteError

MAX_DECIMAL = 2**63 - 1
_MAX_DIGITS = len(str(MAX_DECIMAL))


def decode_base64(text: str) -> bytes:
    """The bytes of standard base64 with padding. Raises NoteError unless `encode_base64` would write it so."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NoteError("not base64") from error
    if encode_base64(data) != text:
        raise NoteError("base64 is not written exactly")
    return data


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode_decimal(text: str) -> int:
    """A number from 0 to 2**63 - 1 in ASCII digits without leading zeros. Raises NoteError."""
    if not 0 < len(text) <= _MAX_DIGITS or not (text.isascii() and text.isdigit()):
        raise NoteError(f"{text[:40]!r} is not a decimal number from 0 to {MAX_DECIMAL}")
    number = int(text)
    if str(number) != text or number > MAX_DECIMAL:
        raise NoteError(f"{text!r} is not a decimal number from 0 to {MAX_DECIMAL}, written exactly")
    return number
