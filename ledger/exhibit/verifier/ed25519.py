"""Ed25519 (RFC 8032), verification only: without cofactor, and of canonical encodings only.

Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z on -x^2 + y^2 = 1 + d x^2 y^2.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from ledger.exhibit.verifier.report import Refused

P25519 = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P25519) % P25519
ROOT_OF_MINUS_ONE = pow(2, (P25519 - 1) // 4, P25519)
EdPoint = tuple[int, int, int, int]
NEUTRAL: EdPoint = (0, 1, 1, 0)


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Verifies a signature (RFC 8032, 5.1.7, with the equation [S]B = R + [k]A). Refuses an invalid one."""
    if len(public) != 32 or len(signature) != 64:
        raise Refused("an Ed25519 key or signature is not of its length")
    minus_a = ed25519_negated(public)
    s = int.from_bytes(signature[32:], "little")
    if s >= ORDER:
        raise Refused("the signature is not valid (S is not below the order)")
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    both = ed_add(BASE, minus_a)
    result = NEUTRAL
    for bit in range(252, -1, -1):  # S B - k A, bit by bit of both numbers at once
        result = ed_double(result)
        chosen = (s >> bit & 1) | (k >> bit & 1) << 1
        if chosen:
            result = ed_add(result, (NEUTRAL, BASE, minus_a, both)[chosen])
    x, y, z, _ = result
    inverse = pow(z, -1, P25519)
    encoded = y * inverse % P25519 | (x * inverse % P25519 & 1) << 255
    if encoded.to_bytes(32, "little") != signature[:32]:
        raise Refused("the signature is not valid")


@lru_cache(maxsize=64)
def ed25519_negated(public: bytes) -> EdPoint:
    """The negated point of a public key. Refuses a key that is no point, not canonical, or of small order."""
    encoded = int.from_bytes(public, "little")
    y, sign = encoded & (2**255 - 1), encoded >> 255
    point = ed_point(y, sign)
    eight = ed_double(ed_double(ed_double(point)))
    if eight[0] % P25519 == 0:
        raise Refused("an Ed25519 public key is of small order")
    x, y, z, t = point
    return (-x % P25519, y, z, -t % P25519)


def ed_point(y: int, sign: int) -> EdPoint:
    """The point with this y and this lowest bit of x (RFC 8032, 5.1.3)."""
    if y >= P25519:
        raise Refused("an Ed25519 public key is not written canonically")
    u, v = (y * y - 1) % P25519, (D * y * y + 1) % P25519
    x = u * pow(v, 3, P25519) * pow(u * pow(v, 7, P25519), (P25519 - 5) // 8, P25519) % P25519
    if (v * x * x + u) % P25519 == 0:
        x = x * ROOT_OF_MINUS_ONE % P25519
    if (v * x * x - u) % P25519 != 0 or (x == 0 and sign):
        raise Refused("an Ed25519 public key is no point of the curve")
    if x & 1 != sign:
        x = P25519 - x
    return (x, y, 1, x * y % P25519)


def ed_add(p: EdPoint, q: EdPoint) -> EdPoint:
    """p + q (RFC 8032, 5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P25519
    b = (p[1] + p[0]) * (q[1] + q[0]) % P25519
    c = 2 * p[3] * q[3] * D % P25519
    d = 2 * p[2] * q[2] % P25519
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P25519, g * h % P25519, f * g % P25519, e * h % P25519)


def ed_double(p: EdPoint) -> EdPoint:
    """p + p (RFC 8032, 5.1.4)."""
    a = p[0] * p[0] % P25519
    b = p[1] * p[1] % P25519
    c = 2 * p[2] * p[2] % P25519
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % P25519
    g = a - b
    f = c + g
    return (e * f % P25519, g * h % P25519, f * g % P25519, e * h % P25519)


BASE = ed_point(4 * pow(5, -1, P25519) % P25519, 0)
