"""How many hashes of a list cannot match as they stand, or only a near-identical copy.

A hash without information is that of a flat picture: it is near that of every other flat picture, so it matches
nothing. A hash of low quality is compared by stricter thresholds. A digest of trivial content, as of an empty file,
identifies no picture, and its matches are not notable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matcher.algorithms import Metric
from matcher.distances import balances
from matcher.hashers import known_algorithm
from matcher.lists.opened import OpenList
from matcher.lists.trivial import trivial_digests
from matcher.lists.version import NO_QUALITY

MOST_NAMED = 5
"""The most digests of trivial contents that are named of one algorithm."""

_AT_A_TIME = 1 << 20


@dataclass(frozen=True, slots=True)
class Comparability:
    """The counts of one algorithm's hashes in one list, without the removed ones.

    `without_information` match nothing, `low_quality` only near-identical copies. `trivial`: each digest of a trivial
    content, in hex, with the content in words.
    """

    algorithm: str
    without_information: int = 0
    low_quality: int = 0
    trivial: tuple[tuple[str, str], ...] = ()

    @property
    def needs_a_look(self) -> bool:
        """Whether some of the hashes cannot do what a listed hash is for."""
        return bool(self.without_information or self.trivial)

    def sentences(self) -> Iterator[str]:
        """A generator of one sentence for each count that is not 0, and for each digest of a trivial content."""
        if self.without_information:
            yield f"{self.algorithm}, of flat pictures: {self.without_information:,} hashes, which match nothing"
        if self.low_quality:
            yield f"{self.algorithm}, of low quality: {self.low_quality:,} hashes; near-identical copies match"
        for digest, content in self.trivial[:MOST_NAMED]:
            yield f"{self.algorithm} {digest}: {content}; its matches are trivial, and not notable"
        if left := len(self.trivial[MOST_NAMED:]):
            yield f"{self.algorithm}: {left:,} more digests of trivial content"


def comparability(opened: OpenList) -> list[Comparability]:
    """The counts of a list by algorithm, without those that are all 0. Every code of the list is read."""
    counts = []
    for name in opened.algorithms:
        facts = known_algorithm(name)
        if facts is None or facts.metric is Metric.EXACT:
            continue
        if facts.least_balance or facts.minimum_quality:
            counts.append(_of_perceptual(opened, name, facts.least_quality, facts.minimum_quality, facts.least_balance))
    found = [each for each in counts if each.without_information or each.low_quality]
    return sorted([*found, *trivial_digests_of(opened)], key=lambda each: each.algorithm)


def trivial_digests_of(opened: OpenList) -> list[Comparability]:
    """The digests of trivial contents in a list, by algorithm. Only these digests are looked up."""
    counts = [Comparability(name, trivial=_trivial(opened, name)) for name in opened.algorithms]
    counts.append(Comparability("sha512", trivial=_trivial_among_kept(opened)))
    return [each for each in counts if each.trivial]


def _trivial(opened: OpenList, name: str) -> tuple[tuple[str, str], ...]:
    contents = trivial_digests(name)
    if not contents:
        return ()
    digests = list(contents)
    codes = np.frombuffer(b"".join(digests), np.uint8).reshape(len(digests), -1)
    places = np.unique(opened.find_digests(name, codes)[0]).tolist()
    return tuple((digests[place].hex(), contents[digests[place]]) for place in places)


def _trivial_among_kept(opened: OpenList) -> tuple[tuple[str, str], ...]:
    """The SHA-512 of trivial contents, which is kept as text and not looked up."""
    if not opened.facts.counts["kept"].get("sha512"):
        return ()
    contents = {digest.hex(): words for digest, words in trivial_digests("sha512").items()}
    found = set()
    for part in opened.parts:
        for record, algorithm, value, _quality in part.kept():
            if algorithm == "sha512" and value.lower() in contents:
                number = np.array([record + part.first], np.uint32)
                if opened.not_removed(number).all():
                    found.add(value.lower())
    return tuple((digest, contents[digest]) for digest in contents if digest in found)


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
