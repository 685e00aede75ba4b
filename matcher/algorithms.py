"""The facts of each hash algorithm: width, metric, published threshold, minimum quality.

Hashes are computed in hashers/. A plug-in hasher brings its own `Algorithm`.

Sources: PDQ threshold 31 of 256 and quality 50: Meta, *The TMK+PDQF Video-Hashing Algorithm and the
PDQ Image-Hashing Algorithm* (2019). The thresholds of the imagehash family are ours; docs/matching.md
has the distances measured on unrelated photographs. PhotoDNA: 144 bytes; Microsoft publishes no threshold, so ours is
the squared distance of 40,000 that one public tool uses. This package has no PhotoDNA hasher, since computing it needs
a licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """How two hashes of one algorithm are compared."""

    EXACT = "exact"
    HAMMING = "hamming"
    """Bits that differ."""
    EUCLIDEAN = "euclidean"
    """The squared Euclidean distance of two vectors of bytes: a whole number, never rounded."""

    def furthest(self, width: int) -> int:
        """The largest distance that two hashes of `width` bytes can have."""
        return width * {Metric.EXACT: 0, Metric.HAMMING: 8, Metric.EUCLIDEAN: 255**2}[self]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One algorithm. `width` is in bytes, `threshold` an inclusive distance of `metric`.

    Qualities are 0 to 100. `threshold` is for hashes of at least `minimum_quality`; hashes below that are compared by
    the stricter thresholds for low quality. Those below `least_quality`, or with a balance of their bits (distances.py)
    below `least_balance`, have no information: they are hashes of flat pictures.
    """

    name: str
    width: int
    metric: Metric
    threshold: int = 0
    minimum_quality: int = 0
    least_quality: int = 0
    least_balance: int = 0

    @property
    def bits(self) -> int:
        """The width of its hashes in bits."""
        return self.width * 8

    @property
    def furthest(self) -> int:
        """The largest distance that two hashes of this algorithm can have."""
        return self.metric.furthest(self.width)


def _digest(name: str, width: int) -> Algorithm:
    return Algorithm(name, width, Metric.EXACT)


def _hamming(name: str, width: int, threshold: int, least_balance: int) -> Algorithm:
    """An algorithm without a published quality: ours is the balance of the bits."""
    return Algorithm(name, width, Metric.HAMMING, threshold, 0, least_balance, least_balance)


LEAST_PDQ_QUALITY = 1
"""Below it a PDQ hash has no information: docs/calibration.md has the measurement."""
LEAST_BALANCE = 25
"""The least balance of the bits, as a quality, of a hash that is cut at the median: below it nearly all of them are
equal, the picture is flat, and its hash is near that of every other flat picture. One that is symmetric along both
axes has 25."""

ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        _digest("md5", 16),
        _digest("sha1", 20),
        _digest("sha256", 32),
        Algorithm("pdq", 32, Metric.HAMMING, 31, 50, LEAST_PDQ_QUALITY, LEAST_BALANCE),
        _hamming("phash", 8, 8, LEAST_BALANCE),
        _hamming("dhash", 8, 4, 1),
        _hamming("ahash", 8, 2, 1),
        _hamming("whash", 8, 2, 1),
        _hamming("phash16", 32, 40, LEAST_BALANCE),
        _hamming("dhash16", 32, 24, 1),
        _hamming("ahash16", 32, 12, 1),
        _hamming("whash16", 32, 12, 1),
        Algorithm("photodna", 144, Metric.EUCLIDEAN, 40_000),
    )
}
"""The algorithms whose hashes can be looked up, by name. Some have no installed hasher."""
