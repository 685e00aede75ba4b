"""ML-DSA-44 (FIPS 204), verification only, with an empty context.

Polynomials are lists of 256 integers modulo Q. Algorithm numbers are those of FIPS 204.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from ledger.exhibit.verifier.report import Refused

Q = 8380417
DROPPED = 13
ROWS = COLUMNS = 4
TAU = 39
BETA = 78
GAMMA1 = 2**17
GAMMA2 = (Q - 1) // 88
OMEGA = 80
MLDSA_KEY = 32 + 320 * ROWS
MLDSA_SIGNATURE = 32 + 576 * COLUMNS + OMEGA + ROWS
Poly = list[int]

ZETAS = [pow(1753, int(f"{place:08b}"[::-1], 2), Q) for place in range(256)]


def mldsa44_verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Verifies a signature (algorithms 3 and 8). Refuses an invalid one."""
    if len(public) != MLDSA_KEY or len(signature) != MLDSA_SIGNATURE:
        raise Refused("an ML-DSA-44 key or signature is not of its length")
    matrix, t1, tr = mldsa_expanded(public)
    challenge = signature[:32]
    z = [unpack_z(signature[32 + 576 * i : 32 + 576 * (i + 1)]) for i in range(COLUMNS)]
    hints = unpack_hints(signature[32 + 576 * COLUMNS :])
    if max(abs(value) for poly in z for value in poly) >= GAMMA1 - BETA:
        raise Refused("the signature is not valid (z is too large)")
    mu = hashlib.shake_256(tr + b"\x00\x00" + message).digest(64)
    c = ntt(sample_in_ball(challenge))
    z = [ntt(poly) for poly in z]
    encoded = b""
    for i in range(ROWS):
        total = [0] * 256
        for j in range(COLUMNS):
            row, column = matrix[i][j], z[j]
            total = [total[n] + row[n] * column[n] for n in range(256)]
        w = inverse_ntt([(total[n] - c[n] * t1[i][n]) % Q for n in range(256)])
        encoded += pack_6_bits([use_hint(n in hints[i], w[n]) for n in range(256)])
    if hashlib.shake_256(mu + encoded).digest(32) != challenge:
        raise Refused("the signature is not valid")


@lru_cache(maxsize=16)
def mldsa_expanded(public: bytes) -> tuple[list[list[Poly]], list[Poly], bytes]:
    """The matrix A and t1 * 2**d, both in the NTT domain, and the key's hash (algorithms 23 and 32)."""
    rho = public[:32]
    matrix = [[sample_uniform(rho + bytes([j, i])) for j in range(COLUMNS)] for i in range(ROWS)]
    t1 = []
    for i in range(ROWS):
        packed = int.from_bytes(public[32 + 320 * i : 32 + 320 * (i + 1)], "little")
        t1.append(ntt([(packed >> 10 * n & 1023) << DROPPED for n in range(256)]))
    return matrix, t1, hashlib.shake_256(public).digest(64)


def sample_uniform(seed: bytes) -> Poly:
    """Algorithm 30: 256 numbers below Q from SHAKE128."""
    length = 168 * 5
    while True:
        stream = hashlib.shake_128(seed).digest(length)
        drawn = [int.from_bytes(stream[at : at + 3], "little") & 0x7FFFFF for at in range(0, length, 3)]
        accepted = [value for value in drawn if value < Q]
        if len(accepted) >= 256:
            return accepted[:256]
        length += 168


def sample_in_ball(seed: bytes) -> Poly:
    """Algorithm 29: TAU coefficients are 1 or -1, all others 0."""
    length = 136
    while True:
        stream = hashlib.shake_256(seed).digest(length)
        signs = int.from_bytes(stream[:8], "little")
        c, at = [0] * 256, 8
        for i in range(256 - TAU, 256):
            while at < length and stream[at] > i:
                at += 1
            if at >= length:
                break
            j = stream[at]
            at += 1
            c[i] = c[j]
            c[j] = 1 - 2 * (signs >> (i + TAU - 256) & 1)
        else:
            return c
        length += 136


def unpack_z(data: bytes) -> Poly:
    """Algorithm 19 for numbers from -GAMMA1 + 1 to GAMMA1, 18 bits each."""
    packed = int.from_bytes(data, "little")
    return [GAMMA1 - (packed >> 18 * n & 0x3FFFF) for n in range(256)]


def unpack_hints(data: bytes) -> list[set[int]]:
    """Algorithm 21: the positions of the hints of each row. Refuses an encoding that is not the canonical one."""
    hints: list[set[int]] = []
    start = 0
    for row in range(ROWS):
        stop = data[OMEGA + row]
        places = list(data[start:stop])
        if not start <= stop <= OMEGA or places != sorted(set(places)):
            raise Refused("the signature is not valid (its hints are malformed)")
        hints.append(set(places))
        start = stop
    if any(data[start:OMEGA]):
        raise Refused("the signature is not valid (its hints are malformed)")
    return hints


def use_hint(hint: bool, r: int) -> int:
    """Algorithm 40: the high bits of r, raised or lowered by one where there is a hint."""
    low = r % (2 * GAMMA2)
    if low > GAMMA2:
        low -= 2 * GAMMA2
    if r - low == Q - 1:
        high, low = 0, low - 1
    else:
        high = (r - low) // (2 * GAMMA2)
    if not hint:
        return high
    return (high + (1 if low > 0 else -1)) % 44


def pack_6_bits(values: list[int]) -> bytes:
    """Algorithm 16 for numbers below 64."""
    packed = 0
    for n, value in enumerate(values):
        packed |= value << 6 * n
    return packed.to_bytes(192, "little")


def ntt(poly: Poly) -> Poly:
    """Algorithm 41: the number-theoretic transform."""
    w = list(poly)
    m, length = 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            m += 1
            zeta = ZETAS[m]
            for j in range(start, start + length):
                t = zeta * w[j + length] % Q
                w[j + length] = w[j] - t
                w[j] += t
        length >>= 1
    return [value % Q for value in w]


def inverse_ntt(poly: Poly) -> Poly:
    """Algorithm 42: the inverse number-theoretic transform."""
    w = list(poly)
    m, length = 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            m -= 1
            zeta = Q - ZETAS[m]
            for j in range(start, start + length):
                t = w[j]
                w[j] = (t + w[j + length]) % Q
                w[j + length] = zeta * (t - w[j + length]) % Q
        length <<= 1
    factor = pow(256, -1, Q)
    return [value * factor % Q for value in w]
