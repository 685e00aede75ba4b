"""How many hashes of a list cannot match as they stand, or only a near-identical copy.

A hash without information is that of a flat picture: it is near that of every other flat picture, so it matches
nothing. A hash of low quality is compared by stricter thresholds. A digest of trivial content, as of an empty file,
identifies no picture.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matcher.algorithms import Metric
from matcher.distances import balances
from matcher.hashers import known_algorithm
from matcher.lists.opened import OpenList
from matcher.lists.version import NO_QUALITY

TRIVIAL_CONTENT = (b"", b"\0", b"\n", b"\r\n")
"""Contents that many unrelated files have."""

_AT_A_TIME = 1 << 20


@dataclass(frozen=True, slots=True)
class Comparability:
    """The counts of one algorithm's hashes in one list, without the removed ones.

    `without_information` match nothing, `low_quality` only near-identical copies; `trivial` are digests of
    TRIVIAL_CONTENT.
    """

    algorithm: str
    without_information: int = 0
    low_quality: int = 0
    trivial: int = 0

    def sentences(self) -> Iterator[str]:
        """A generator of one sentence for each count that is not 0."""
        if self.without_information:
            yield f"{self.algorithm}, of flat pictures: {self.without_information:,} hashes, which match nothing"
        if self.low_quality:
            yield f"{self.algorithm}, of low quality: {self.low_quality:,} hashes; near-identical copies match"
        if self.trivial:
            yield f"{self.algorithm}, of trivial content, as an empty file: {self.trivial:,} digests"


def comparability(opened: OpenList) -> list[Comparability]:
    """The counts of a list by algorithm, without those that are all 0. Every code of the list is read."""
    counts = []
    for name in opened.algorithms:
        facts = known_algorithm(name)
        if facts is None:
            continue
        if facts.metric is Metric.EXACT:
            counts.append(Comparability(name, trivial=_trivial(opened, name)))
        elif facts.least_balance or facts.minimum_quality:
            counts.append(_of_perceptual(opened, name, facts.least_quality, facts.minimum_quality, facts.least_balance))
    return [each for each in counts if each.without_information or each.low_quality or each.trivial]


def _trivial(opened: OpenList, name: str) -> int:
    digests = [hashlib.new(name, content, usedforsecurity=False).digest() for content in TRIVIAL_CONTENT]
    codes = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
    return len(opened.find_digests(name, codes)[1])


def _of_perceptual(opened: OpenList, name: str, least: int, full: int, least_balance: int) -> Comparability:
    without, low = 0, 0
    for part in opened.parts:
        if name not in part.indexes:
            continue
        codes, attributes = part.indexes[name].codes, part.attributes[name]
        for begin in range(0, len(codes), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            quality = attributes.quality[some]
            remains = opened.not_removed((attributes.entries[some] + np.uint32(part.first)).astype(np.uint32))
            stated = quality != NO_QUALITY
            flat = (stated & (quality < least)) | (balances(codes[some]) < least_balance)
            without += int(np.count_nonzero(flat & remains))
            low += int(np.count_nonzero(stated & (quality < full) & ~flat & remains))
    return Comparability(name, without, low)
