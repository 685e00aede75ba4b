"""How near are the hashes of unrelated pictures of low quality?

    python -m benchmarks.calibration.low_quality CORPUS --work DIR [--write FILE]

Listed: files of low quality in one half of the corpus, and cuttings of its photographs with structure, which stand for
such files. Queries: those and all other cuttings, in all orientations, by the regularity of their PDQ hash. The other
half is for what is asked then (benchmarks/hashing/low_quality_recall.py). Hashes without information are left out, as
they are never looked up. Pictures of one original are not compared, nor related ones: those within RELATED by PDQ and
pHash whose PDQ hashes are irregular. Regular hashes are near for another reason, so all of their pairs count.

Chances are those of calibration/measuring/tails.py. The hashes of plain pictures are near in clusters, as those of
drawings of one kind, and their tail cannot be extrapolated: there a chance is the share of pairs plus three times its
standard error, times CLUSTERED, and never less than the sample can show. Prints the pairs within some distances, what
the other half expects and observes, and the distances that are accepted for lists of several lengths. `--write` writes
the file that comes with the package (matcher/calibration/low_quality.json).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.shared.corpus_pictures import PHOTOGRAPHS, manifest
from benchmarks.shared.low_quality_pictures import HAMMING, LowQuality, half_of, low_quality_pictures
from matcher.algorithms import ALGORITHMS
from matcher.calibration.measuring.counting import Coded, Counts, distance_counts, joint_counts, near_pairs
from matcher.calibration.measuring.making import joined
from matcher.calibration.measuring.sample import as_file
from matcher.calibration.measuring.tails import tail
from matcher.calibration.tables import (
    LEAST,
    LOW_QUALITIES,
    LOW_QUALITY,
    MOST_REGULARITY,
    PLAIN,
    REGULAR,
    Calibration,
)
from matcher.distances import balances
from matcher.lookup.chances import ASSUMED_PICTURES, MOST_BY_LOW_QUALITY, QUERIES, low_kind_of
from matcher.lookup.low_quality import MOST_PHASH

NAME = "pictures of low quality in free software packages, 1"
HALF = 0
CLUSTERED = 3
"""By how many times the pairs of plain pictures may be more in other pictures, as they are between the two halves."""
RELATED = {"pdq": 31, "phash": 8}
LISTS = (10, 300, 3_000, 30_000)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Half:
    """The pictures of one half: `codes` by algorithm (n, 8, width); the rest is (n,) each."""

    codes: Mapping[str, npt.NDArray[np.uint8]]
    informative: Mapping[str, Mask]
    """By algorithm: whether the hash has information, and so has PDQ's."""
    kinds: npt.NDArray[np.str_]
    listed: Mask
    groups: npt.NDArray[np.int64]

    def coded(self, algorithm: str, selected: Mask, *, upright: bool = False) -> Coded:
        places = np.flatnonzero(selected)
        codes = self.codes[algorithm][places]
        codes = codes[:, :1] if upright else codes
        pictures = np.repeat(places, codes.shape[1]).astype(np.int64)
        return Coded(np.ascontiguousarray(codes.reshape(-1, codes.shape[2])), pictures, self.groups[pictures])

    def counts(self, algorithm: str, kind: str) -> Counts:
        """The number of pairs by distance; of kinds whose hashes decide together, those whose pHash is near too."""
        known = self.informative[algorithm]
        if kind == LOW_QUALITY:
            queries, listed = known & (self.kinds == kind), known & self.listed
            return distance_counts(self.coded(algorithm, queries), self.coded(algorithm, listed, upright=True))
        known = known & self.informative["phash"]
        queries, listed = known & (self.kinds == kind), known & self.listed
        first, second = (self.coded(name, queries) for name in (algorithm, "phash"))
        others = tuple(self.coded(name, listed, upright=True) for name in (algorithm, "phash"))
        both = joint_counts((first, second), (others[0], others[1]))
        counts: Counts = both[:, : MOST_PHASH[kind] + 1].sum(axis=1)
        counts[-1] += both.sum() - counts.sum()  # the furthest: those whose pHash is not near
        return counts


def measured(pictures: Sequence[LowQuality], photographs: set[str]) -> Half:
    codes = {
        name: np.stack(
            [
                np.frombuffer(b"".join(value.value for value in each.hashes[name]), np.uint8).reshape(8, -1)
                for each in pictures
            ]
        )
        for name in HAMMING
    }
    informative: dict[str, Mask] = {}
    for name in ("pdq", *HAMMING):
        facts = ALGORITHMS[name]
        quality = np.array([each.hashes[name][0].quality or 0 for each in pictures])
        known = (quality >= facts.least_quality) & (balances(codes[name][:, 0]) >= facts.least_balance)
        informative[name] = known & informative.get("pdq", known)
    kinds = np.array([low_kind_of(code.tobytes()) for code in codes["pdq"][:, 0]])
    whole = np.array([each.box is None for each in pictures])
    cutting = np.array([each.file in photographs for each in pictures]) & (kinds != PLAIN)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(each.group for each in pictures))}
    groups = np.array([numbers[each.group] for each in pictures], np.int64)
    half = Half(codes, informative, kinds, whole | cutting, groups)
    merged = np.array(joined(len(numbers), related(half)), np.int64)
    return replace(half, groups=merged[groups])


def related(half: Half) -> list[tuple[int, int]]:
    """The pairs of groups that have related pictures."""
    known = half.informative["pdq"] & (half.kinds == LOW_QUALITY)
    queries, listed = half.coded("pdq", known), half.coded("pdq", known, upright=True)
    near = near_pairs(queries, listed, within=RELATED["pdq"])
    first, second = queries.pictures[near[:, 0]], listed.pictures[near[:, 1]]
    apart = half.codes["phash"][first, near[:, 0] % 8] ^ half.codes["phash"][second, 0]
    same = np.bitwise_count(apart).sum(axis=1) <= RELATED["phash"]
    pairs = zip(half.groups[first[same]].tolist(), half.groups[second[same]].tolist(), strict=True)
    return sorted({(min(pair), max(pair)) for pair in pairs})


def chances(counts: Counts, kind: str) -> tuple[int, ...]:
    """The chance of each distance, in hundredths of log10, from the number of pairs by distance."""
    if kind != PLAIN:
        return tail(counts).chance
    within = np.cumsum(counts)
    upper = CLUSTERED * (within + 1 + 3 * np.sqrt(within + 1))
    logs = np.ceil(100 * np.log10(np.minimum(upper / within[-1], 1)))
    logs[-1] = 0
    return tuple(int(value) for value in np.clip(logs, LEAST, 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    pictures = low_quality_pictures(options.corpus, options.work)
    photographs = {row["file"] for row in manifest(options.corpus) if row["kind"] in PHOTOGRAPHS}
    halves = [measured([each for each in pictures if half_of(each.group) == half], photographs) for half in (0, 1)]
    fit, test = halves[HALF], halves[1 - HALF]
    for half in (fit, test):
        numbers = {kind: int((half.informative["pdq"] & (half.kinds == kind)).sum()) for kind in LOW_QUALITIES}
        print(f"{int((half.listed & half.informative['pdq']).sum())} listed, queries {numbers}")
    tables: dict[str, dict[str, dict[str, object]]] = {}
    for kind in LOW_QUALITIES:
        print(f"{kind}: PDQ hashes of a regularity up to {MOST_REGULARITY[kind]}")
        tables[kind] = {}
        for name in HAMMING if kind == LOW_QUALITY else ("pdq",):
            counts, observed = fit.counts(name, kind), test.counts(name, kind)
            chance = chances(counts, kind)
            tables[kind][name] = {"chance": list(chance), "pairs": int(counts.sum()), "seen": 0}
            most = ALGORITHMS[name].threshold
            within = "" if kind == LOW_QUALITY else f", of pHash within {MOST_PHASH[kind]}"
            print(f"  {name}{within}: {counts.sum():,} pairs, {observed.sum():,} in the other half")
            for place in sorted({0, 2, most // 4, most // 2, most}):
                expected = 10 ** (chance[place] / 100) * observed.sum()
                print(f"    within {place:3}: {counts[: place + 1].sum():8,};", end=" ")
                print(f"the other half: {expected:10,.1f} at most, {observed[: place + 1].sum():8,} observed")
    output = options.write or options.work / "low_quality.json"
    output.write_bytes(as_file(NAME, tables))
    accepted(Calibration.load(output))


def accepted(calibration: Calibration) -> None:
    """Print the largest accepted distances for lists of several lengths."""
    queries = ASSUMED_PICTURES * QUERIES["whole"]
    for listed in LISTS:
        largest = {
            (kind, name): min(
                ALGORITHMS[name].threshold,
                calibration.threshold(name, kind, listed=listed, queries=queries, most=MOST_BY_LOW_QUALITY),
            )
            for kind in LOW_QUALITIES
            for name in (HAMMING if kind == LOW_QUALITY else ("pdq",))
        }
        alone = {name: distance for (kind, name), distance in largest.items() if kind == LOW_QUALITY}
        print(
            f"{listed:,} listed of low quality: alone {alone}; both: {largest[REGULAR, 'pdq']}, {largest[PLAIN, 'pdq']}"
        )


if __name__ == "__main__":
    main()
