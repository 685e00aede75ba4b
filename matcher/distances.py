"""How far apart two hashes are: the one place that knows what each metric means.

Distances are whole numbers and exact: bits that differ, or squared Euclidean (`Metric`). A match is
`distance <= threshold`, on the same scale.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric


def distance(metric: Metric, first: bytes, second: bytes) -> int:
    """The distance of two hashes of one width. ValueError where their widths differ.

    Digests differ or do not: their distance is that of their bits, and is only ever compared with 0.
    """
    if metric is Metric.EUCLIDEAN:
        return sum((one - other) ** 2 for one, other in zip(first, second, strict=True))
    return hamming(first, second)


def hamming(first: bytes, second: bytes) -> int:
    """Bits in which two hashes of one width differ. ValueError where their widths differ."""
    if len(first) != len(second):
        raise ValueError(f"hashes of {len(first)} and {len(second)} bytes have no distance")
    return (int.from_bytes(first) ^ int.from_bytes(second)).bit_count()


def distances(metric: Metric, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """The distance of each row of `first`, (n, width) uint8, from the same row of `second`: (n,) int32."""
    if metric is Metric.EUCLIDEAN:
        apart = first.astype(np.int32) - second
        found: npt.NDArray[np.int32] = np.einsum("ij,ij->i", apart, apart)
    else:
        found = np.bitwise_count(first ^ second).sum(axis=1, dtype=np.int32)
    return found


def reach(metric: Metric, threshold: int, margin: int) -> int:
    """How far from a hash that is within `margin` of the reference an entry within `threshold` of that may be.

    By the triangle inequality: distances add up, but squared ones do not, and their roots are added instead.
    """
    if metric is Metric.EUCLIDEAN:
        product = 4 * threshold * margin
        root = isqrt(product)
        return threshold + margin + root + (root * root < product)
    return threshold + margin


def unit(metric: Metric) -> str:
    """What distances of this metric count, in words for a reader."""
    return "squared Euclidean distance" if metric is Metric.EUCLIDEAN else "bits that differ"
