"""Regular codes: against brute force, and on codes of which the answer is known."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matcher.hashers.regularity import MOST_REGULARITY, REGION_QUALITY, SHIFTS, SIDE, is_informative, regularity
from matcher.model import OrientationHashes


def slow(code: bytes) -> int:
    """The same by rows of numbers."""
    bits = np.unpackbits(np.frombuffer(code, np.uint8)).reshape(SIDE, SIDE).astype(int) * 2 - 1
    found = []
    for down, across in SHIFTS:
        products = [
            bits[row, column] * bits[row + down, column + across]
            for row in range(SIDE)
            for column in range(SIDE)
            if row + down < SIDE and 0 <= column + across < SIDE
        ]
        found.append(100 * abs(sum(products)) // len(products))
    return int(max(found))


@given(st.binary(min_size=32, max_size=32) | st.binary(min_size=2, max_size=2).map(lambda part: part * 16))
def test_is_that_of_brute_force(code: bytes) -> None:
    assert regularity(code) == slow(code)


def test_what_repeats_is_regular() -> None:
    assert regularity(b"\x00" * 32) == regularity(b"\xff" * 32) == 100
    assert regularity(b"\x55" * 32) == regularity(b"\x55\x55\xaa\xaa" * 8) == 100
    assert regularity(b"\x33" * 32) == 100
    random = np.random.default_rng(1)
    assert max(regularity(random.bytes(32)) for _ in range(100)) < MOST_REGULARITY


def test_whether_a_region_says_enough() -> None:
    """The hash as it stands decides, whatever those of the other orientations are."""
    irregular, regular = np.random.default_rng(1).bytes(32), b"\x0f" * 32

    def turned(algorithm: str, code: bytes, quality: int) -> OrientationHashes:
        other = regular if code == irregular else irregular
        return OrientationHashes("", algorithm, code + 7 * other, bytes([quality] + [100] * 7), (0,) * 8)

    assert is_informative(turned("pdq", irregular, REGION_QUALITY))
    assert not is_informative(turned("pdq", irregular, REGION_QUALITY - 1))
    assert not is_informative(turned("pdq", regular, 100))
    assert is_informative(turned("phash", regular, 0))
