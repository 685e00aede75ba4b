"""Time-stamp tokens that no honest authority makes: any TSTInfo, written by hand."""

from __future__ import annotations

import hashlib

SHA256 = bytes.fromhex("0609608648016503040201")
SHA512_256 = bytes.fromhex("0609608648016503040206")
SHA3_256 = bytes.fromhex("0609608648016503040208")
GRANTED = bytes.fromhex("3003020100")


def der(tag: int, *contents: bytes) -> bytes:
    """One DER value: tag, length and contents."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def tst_info(
    data: bytes,
    *,
    version: int = 1,
    algorithm: bytes = SHA256,
    time: bytes = b"20260301120000Z",
    after: bytes = b"",
    serial: bytes = b"\x07",
) -> bytes:
    """A TSTInfo on the SHA-256 of `data`. `after` follows its time, where accuracy, nonce and the like belong."""
    imprint = der(0x30, der(0x30, algorithm), der(0x04, hashlib.sha256(data).digest()))
    policy = bytes.fromhex("06042a030401")
    return der(0x30, der(0x02, bytes([version])), policy, imprint, der(0x02, serial), der(0x18, time), after)


def response(token: bytes, status: bytes = GRANTED) -> bytes:
    """A TimeStampResp with a token."""
    return der(0x30, status, token)
