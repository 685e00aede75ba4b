"""What is found by chance-based thresholds, however many pictures are listed? Recall over expected false matches.

    python -m benchmarks.hashing.recall_by_length CORPUS --work DIR [--count 1000] [--plot FILE]

The eleven alterations of corpus_recall.py of `--count` photographs are hashed, by PDQ and pHash in all orientations.
For lists of several lengths the rule of a default scan decides each copy against its original, and is compared with the
published thresholds (PDQ <= 31 at quality 50, or pHash <= 8): which of the copies that these find does the default
find? A match depends on the distances and the length of the list alone, so no list of that length is searched;
corpus_recall.py scans a real one. Copies that low quality decides are left out, and counted.

The second table has each rule's recall and its false matches in 10,000 items, as the calibration expects them for a
list of a million (docs/calibration.md compares it with what is observed); of both hashes at most so many. `--plot`
draws recall over false matches: ours for X from 10^-4 to 10^4, PDQ, pHash, both and either for their thresholds.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import pickle
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.hashing.corpus_recall import ALTERATIONS, photographs
from matcher import Settings
from matcher.algorithms import ALGORITHMS
from matcher.calibration.bank import MOST, Bank
from matcher.calibration.measuring.common import PAIR
from matcher.calibration.tables import JOINT_FROM, Calibration
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.lists.together import OpenLists
from matcher.lookup.chances import ASSUMED_PICTURES, QUERIES, WHOLE, Chances
from matcher.model import LOW_QUALITY

LENGTHS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
PUBLISHED = {name: ALGORITHMS[name].threshold for name in PAIR}
MOST_PIXELS = 100_000_000
FEWEST_SEEN = 10
Hashed = dict[str, tuple[np.ndarray, int]]


@dataclass(frozen=True, slots=True)
class Nearest:
    """A copy: whether each alignment with its original is one; `distances` (n, 2), `common` (n, 2), the lesser one."""

    alteration: str
    distances: np.ndarray
    common: np.ndarray
    low: bool


def hashes(data: bytes) -> list[Hashed]:
    """The hashes of each rendering: (8, width), and the quality."""
    kind = sniff(data[:HEAD])
    assert kind is not None
    made: list[Hashed] = []
    for picture in decode(data, kind, Limits(max_pixels=MOST_PIXELS, max_frames=1), Found()).renderings():
        turned = {hasher.algorithm.name: hasher.turned(picture) for hasher in picture_hashers(PAIR)}
        made.append(
            {
                name: (np.stack([np.frombuffer(each.value, np.uint8) for each in eight]), eight[0].quality or 0)
                for name, eight in turned.items()
            }
        )
    return made


def altered(path: Path) -> tuple[list[Hashed], dict[str, list[Hashed]]]:
    """The hashes of a photograph's renderings, and of each altered copy."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path) as opened:
        white = Image.new("RGBA", opened.size, "white")
        image = Image.alpha_composite(white, opened.convert("RGBA")).convert("RGB")
    copies = {}
    for name, alteration in ALTERATIONS.items():
        changed, quality = alteration(image)
        stream = io.BytesIO()
        changed.save(stream, "JPEG", quality=quality)
        copies[name] = hashes(stream.getvalue())
    return hashes(path.read_bytes()), copies


def measured(corpus: Path, work: Path, count: int) -> list[Nearest]:
    stored = work / f"copies-{count}.pickle"
    if not stored.exists():
        work.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
            every = list(pool.map(altered, photographs(corpus, count), chunksize=4))
        stored.write_bytes(pickle.dumps(every))
    every = pickle.loads(stored.read_bytes())
    bank = Bank.packaged()

    def common(of: Hashed) -> list[int]:
        return [int(bank.commonness(name, of[name][0][:1])[0]) for name in PAIR]

    result = []
    for originals, copies in every:
        listed = [(one, common(one)) for one in originals]
        for name, renderings in copies.items():
            distances, levels, low = [], [], True
            for copy in renderings:
                own = common(copy)
                for original, others in listed:
                    full = min(copy["pdq"][1], original["pdq"][1]) >= LOW_QUALITY
                    low &= not full
                    if full:
                        apart = [np.bitwise_count(copy[n][0] ^ original[n][0][0]).sum(axis=1) for n in PAIR]
                        distances.append(np.stack(apart, axis=1).astype(np.int64))
                        levels.append(np.tile(np.minimum(own, others), (8, 1)))
            empty = np.zeros((0, 2), np.int64)
            both = np.concatenate([*distances, empty]), np.concatenate([*levels, empty])
            result.append(Nearest(name, *both, low))
    return result


class Rule:
    """The default rule for a list of some length, for entries that have both hashes."""

    def __init__(self, listed: int, most: float = 1.0) -> None:
        chances = Chances(OpenLists(()), Settings(max_false_matches=most))
        chances.listed.update(dict.fromkeys(PAIR, listed))
        self._chances = chances
        self.accepted = np.zeros((MOST["pdq"] + 1, MOST["phash"] + 1, 257, 65), bool)
        """By commonness and distance: whether the default accepts it."""
        for one in range(MOST["pdq"] + 1):
            for other in range(MOST["phash"] + 1):
                common = {"pdq": one, "phash": other}
                limit = chances.limit("pdq", WHOLE, max(one, other))
                for second in range(65):
                    near = range(257) if second <= PUBLISHED["phash"] else range(PUBLISHED["pdq"] + 1)
                    odds = [chances.combined(WHOLE, {"pdq": first, "phash": second}, common) for first in near]
                    self.accepted[one, other, : len(odds), second] = np.array(odds) <= limit

    def finds(self, copy: Nearest) -> bool:
        places = (*copy.common.T, *copy.distances.T)
        return bool(self.accepted[places].any())


def either(copy: Nearest, pdq: float, phash: float) -> bool:
    return bool(((copy.distances[:, 0] <= pdq) | (copy.distances[:, 1] <= phash)).any())


def both(copy: Nearest, pdq: float, phash: float) -> bool:
    return bool(((copy.distances[:, 0] <= pdq) & (copy.distances[:, 1] <= phash)).any())


def expected(name: str, distance: int) -> float:
    """The false matches in 10,000 items by one algorithm within a distance, of a list of LENGTHS[-2]."""
    calibration, pairs = Calibration.default(), ASSUMED_PICTURES * QUERIES[WHOLE] * LENGTHS[-2]
    levels = range(MOST[name] + 1)
    chances = [10 ** (calibration.chance(name, WHOLE, distance, level) / 100) for level in levels]
    shares = [float(calibration.share(name, WHOLE, level)) for level in levels]
    return pairs * sum(chance * share for chance, share in zip(chances, shares, strict=True))


def expected_both(pdq: int, phash: int) -> float:
    """The most false matches within both distances: of the most common hashes of each combined table."""
    calibration, pairs = Calibration.default(), ASSUMED_PICTURES * QUERIES[WHOLE] * LENGTHS[-2]
    total = 0.0
    for group, common in enumerate((*(least - 1 for least in JOINT_FROM[1:]), min(MOST.values()))):
        odds = calibration.combined(WHOLE, {"pdq": pdq, "phash": phash}, dict.fromkeys(PAIR, common))
        total += 10 ** (odds / 100) * float(calibration.share("+".join(PAIR), WHOLE, group))
    return min(pairs * total, expected("pdq", pdq), expected("phash", phash))


def curves(copies: list[Nearest]) -> Iterator[tuple[str, list[tuple[float, float, str]]]]:
    """A generator of each rule's points: false matches in 10,000 items, recall, setting."""

    def found(finds: Callable[[Nearest], bool]) -> float:
        return sum(map(finds, copies)) / len(copies)

    powers = [10.0**power for power in range(-4, 5)]
    yield (
        "both distances by chance (default: X = 1)",
        [(most, found(Rule(LENGTHS[-2], most).finds), f"X = {most:g}") for most in powers],
    )
    yield "PDQ", [(expected("pdq", t), found(partial(either, pdq=t, phash=-1)), f"{t}") for t in range(0, 72, 4)]
    yield "pHash", [(expected("phash", t), found(partial(either, pdq=-1, phash=t)), f"{t}") for t in range(0, 14)]
    scale = [(t, t * 8 // 31) for t in (0, 4, 8, 12, 16, 20, 24, 28, 31, 36, 40, 48, 56)]
    yield (
        "either of PDQ <= 31, pHash <= 8",
        [
            (expected("pdq", a) + expected("phash", b), found(partial(either, pdq=a, phash=b)), f"{a}, {b}")
            for a, b in scale
        ],
    )
    yield (
        "both of PDQ <= 31, pHash <= 8",
        [(expected_both(a, b), found(partial(both, pdq=a, phash=b)), f"{a}, {b}") for a, b in scale],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    every = measured(options.corpus, options.work, options.count)
    copies = [copy for copy in every if not copy.low]
    print(f"{len(every):,} copies, of which {len(every) - len(copies):,} are decided by low quality and left out")
    published = [copy for copy in copies if either(copy, *PUBLISHED.values())]
    print(f"\nThe published thresholds find {len(published):,}; of these the default finds\n")
    print("| listed | found | share | not found, by alteration |\n|---|---|---|---|")
    for length in LENGTHS:
        rule = Rule(length)
        missed = Counter(copy.alteration for copy in published if not rule.finds(copy))
        found = len(published) - missed.total()
        told = ", ".join(f"{name}: {number}" for name, number in sorted(missed.items()))
        print(f"| {length:,} | {found:,} | {100 * found / len(published):.2f} % | {told} |")
    print(f"\nA list of {LENGTHS[-2]:,}\n")
    print("| rule | setting | false matches in 10,000 items | found |\n|---|---|---|---|")
    lines = dict(curves(copies))
    for name, points in lines.items():
        for wrong, share, what in points:
            print(f"| {name} | {what} | {wrong:,.3g} | {100 * share:.2f} % |")
    if options.plot:
        from benchmarks.shared.plotting import save, subplots  # noqa: PLC0415 - needs matplotlib

        figure, (axis,) = subplots(1, columns=1, height=5)
        for name, points in lines.items():
            axis.semilogx([wrong for wrong, _, _ in points], [100 * share for _, share, _ in points], ".-", label=name)
        axis.axvline(1, color="grey", linewidth=0.5)
        axis.set_xlim(1e-5, 1e8)
        axis.set_xlabel(f"false matches expected in 10,000 items, {LENGTHS[-2]:,} listed")
        axis.set_ylabel("copies found, %")
        axis.set_ylim(60, 100.5)
        axis.legend()
        save(figure, options.plot)


if __name__ == "__main__":
    main()
