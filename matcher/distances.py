"""The distance between two hashes. No other module defines what a metric measures.

Distances are exact whole numbers: bits that differ, or squared Euclidean (`Metric`). A match is
`distance <= threshold`, on the same scale.
"""

from __future__ import annotations

from math import isqrt

import numpy as np
import numpy.typing as npt

from matcher.algorithms import Metric


def distance(metric: Metric, first: bytes, second: bytes) -> int:
    """The distance between two hashes of the same width. ValueError if their widths differ.

    For digests it is the Hamming distance, which callers compare only with 0.
    """
    if metric is Metric.EUCLIDEAN:
        return sum((one - other) ** 2 for one, other in zip(first, second, strict=True))
    return hamming(first, second)


def hamming(first: bytes, second: bytes) -> int:
    """The number of bits in which two hashes of the same width differ. ValueError if their widths differ."""
    if len(first) != len(second):
        raise ValueError(f"hashes of {len(first)} and {len(second)} bytes have no distance")
    return (int.from_bytes(first) ^ int.from_bytes(second)).bit_count()


def distances(metric: Metric, first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """The distance between each row of `first`, (n, width) uint8, and the same row of `second`: (n,) int32."""
    if metric is Metric.EUCLIDEAN:
        difference = first.astype(np.int32) - second
        result: npt.NDArray[np.int32] = np.einsum("ij,ij->i", difference, difference)
    else:
        result = np.bitwise_count(first ^ second).sum(axis=1, dtype=np.int32)
    return result


def balances(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """(n,): the balance of the bits of each code of (n, width) uint8.

    It is 100 where half of the bits are set, and 0 where all are equal.
    """
    bits = 8 * codes.shape[1]
    ones: npt.NDArray[np.int64] = np.bitwise_count(codes).sum(axis=1, dtype=np.int64)
    result: npt.NDArray[np.int64] = 200 * np.minimum(ones, bits - ones) // bits
    return result


def reach(metric: Metric, threshold: int, margin: int) -> int:
    """The largest distance between a hash within `margin` of the reference and an entry within `threshold` of it.

    By the triangle inequality. Hamming distances add up; of squared distances the roots are added.
    """
    if metric is Metric.EUCLIDEAN:
        product = 4 * threshold * margin
        root = isqrt(product)
        return threshold + margin + root + (root * root < product)
    return threshold + margin


def unit(metric: Metric) -> str:
    """The unit of this metric's distances, in words for a reader."""
    return "squared Euclidean distance" if metric is Metric.EUCLIDEAN else "bits that differ"
