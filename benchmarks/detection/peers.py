"""The peers of the benchmark of detection: one or several hashes a picture, compared by Hamming distance.

Each peer is the library used as its documentation says, on the whole picture. It has two thresholds: the documented one
(for imagehash phash, which documents none, 8 of 64 bits), and an equal one, the largest that fulfils two conditions. No
more unrelated pairs of this run lie within it than the product made wrong matches in the same files; and no more false
matches are expected of it in 10,000 files against the whole list than the product's thresholds were chosen for. The
expected matches of PDQ and pHash follow from the product's own calibration, which measured the same hashes; those of
the others from a normal distribution with the mean and deviation of this run's unrelated pairs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

Codes = npt.NDArray[np.uint8]
"""Packed hashes, (number of hashes, bytes of one)."""

LOW_QUALITY = 50


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer. `listed` and `queries` return a picture's packed hashes; none where the peer's own quality is too low.

    `algorithm` is the product's name of the same hash, where the product has it.
    """

    name: str
    bits: int
    documented: int
    listed: Callable[[Image.Image], Codes]
    queries: Callable[[Image.Image], Codes]
    algorithm: str = ""


def _packed(bits: Sequence[npt.ArrayLike]) -> Codes:
    return np.packbits(np.asarray(bits, bool).reshape(len(bits), -1), axis=1)


def _pdqhash() -> list[Peer]:
    pdqhash: Any = importlib.import_module("pdqhash")

    def every(image: Image.Image) -> Codes:
        turned, quality = pdqhash.compute_dihedral(np.asarray(image))
        return _packed(turned) if quality >= LOW_QUALITY else np.zeros((0, 32), np.uint8)

    def upright(image: Image.Image) -> Codes:
        return every(image)[:1]

    return [
        Peer("pdqhash", 256, 31, upright, upright, "pdq"),
        Peer("pdqhash, 8 orientations", 256, 31, upright, every, "pdq"),
    ]


def _imagehash() -> list[Peer]:
    def phash(image: Image.Image) -> Codes:
        return _packed([imagehash.phash(image).hash])

    def segments(image: Image.Image) -> Codes:
        return _packed([segment.hash for segment in imagehash.crop_resistant_hash(image).segment_hashes])

    return [
        Peer("imagehash phash", 64, 8, phash, phash, "phash"),
        Peer("imagehash crop_resistant_hash", 64, 16, segments, segments),
    ]


def _perception() -> list[Peer]:
    hashers: Any = importlib.import_module("perception.hashers")

    def peer(name: str, bits: int) -> Peer:
        hasher = getattr(hashers, name)()

        def compute(image: Image.Image) -> Codes:
            vector = hasher.compute(image, hash_format="vector")
            return np.zeros((0, bits // 8), np.uint8) if vector is None else _packed([vector])

        return Peer(f"perception {name}", bits, int(0.2 * bits), compute, compute)

    return [peer("PHash", 64), peer("BlockMean", 968), peer("MarrHildreth", 576)]


def installed() -> tuple[list[Peer], list[str]]:
    """The peers that can be loaded, and for each other peer the reason why not."""
    installed_peers: list[Peer] = []
    missing = []
    for load in (_pdqhash, _imagehash, _perception):
        try:
            installed_peers += load()
        except ImportError as error:
            missing.append(f"not beside us: {error}")
    return installed_peers, missing


@dataclass(frozen=True, slots=True)
class Listed:
    """A peer's hashes of all listed pictures; row i belongs to the photograph `sources[i]`."""

    codes: Codes
    sources: npt.NDArray[np.int64]

    def distances(self, queries: Codes) -> npt.NDArray[np.int64]:
        """The number of differing bits, (queries, listed)."""
        apart: npt.NDArray[np.int64] = np.bitwise_count(queries[:, None, :] ^ self.codes[None, :, :]).sum(
            axis=2, dtype=np.int64
        )
        return apart


def of_all(peers: Sequence[Peer], pictures: Iterable[tuple[int, Image.Image]]) -> dict[str, Listed]:
    """Hash pictures, each paired with the number of its photograph, for every peer."""
    hashes: dict[str, list[tuple[int, Codes]]] = {peer.name: [] for peer in peers}
    for source, image in pictures:
        for peer in peers:
            hashes[peer.name].append((source, peer.listed(image)))
    return {
        name: Listed(
            np.concatenate([codes for _source, codes in mine]),
            np.repeat([source for source, _codes in mine], [len(codes) for _source, codes in mine]),
        )
        for name, mine in hashes.items()
    }


def normal_threshold(histogram: npt.NDArray[np.int64], *, share: float) -> int:
    """The largest distance that at most `share` of all pairs are within, by the normal distribution; -1 if none.

    `histogram[d]` is the number of unrelated pairs of this run at distance d. They must not all be at one distance.
    """
    places = np.arange(len(histogram))
    count = histogram.sum()
    mean = float((places * histogram).sum() / count)
    deviation = float(np.sqrt((((places - mean) ** 2) * histogram).sum() / count))
    return max(-1, int(np.floor(NormalDist(mean, deviation).inv_cdf(share))))


def observed_threshold(histogram: npt.NDArray[np.int64], *, wrong: int) -> int:
    """The largest distance that at most `wrong` of this run's unrelated pairs are within; -1 if there is none."""
    return int(np.searchsorted(np.cumsum(histogram), wrong, side="right")) - 1
