"""How near are the hashes of unrelated pictures, and how many chance matches does each threshold give?

    python -m benchmarks.hashing.unrelated_distances CORPUS [--count 1000]

Hashes `--count` photographs of the corpus by every perceptual algorithm and compares all pairs, except those of one
family or one near-duplicate group (MANIFEST.csv). Prints, for each algorithm, mean and standard deviation of the
distance, and the share of pairs within the default threshold, and within half and twice of it. Hashes whose quality is
below 50 are counted and left out.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np

from benchmarks.hashing.corpus_recall import photographs
from benchmarks.shared.corpus_pictures import manifest
from matcher.algorithms import ALGORITHMS, Metric
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import LOW_QUALITY, Hash

BITS = np.array([value.bit_count() for value in range(256)], np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    names = [name for name, facts in ALGORITHMS.items() if facts.metric is Metric.HAMMING]
    hashers = picture_hashers(names)
    rows = {row["file"]: row for row in manifest(arguments.corpus)}
    by_name: dict[str, list[Hash]] = {name: [] for name in names}
    groups = []
    for path in photographs(arguments.corpus, arguments.count):
        row = rows[path.relative_to(arguments.corpus).as_posix()]
        data = path.read_bytes()
        kind = sniff(data[:HEAD])
        assert kind is not None
        picture = next(decode(data, kind, found=Found()).renderings())
        groups.append({row[key] for key in ("family", "dup_group") if row[key]} | {row["sha256"]})
        for hasher in hashers:
            by_name[hasher.algorithm.name].append(hasher.hash(picture))
    related = np.array([[bool(first & second) for second in groups] for first in groups])
    print(f"{len(groups)} photographs")
    print("| algorithm | bits | threshold | mean | std | pairs | ≤ half | ≤ threshold | ≤ twice | low quality |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, hashes in by_name.items():
        facts = ALGORITHMS[name]
        trusted = np.array([value.quality is None or value.quality >= LOW_QUALITY for value in hashes])
        codes = np.array([list(value.value) for value in hashes], np.uint8)
        pairs = np.triu(~related & trusted & trusted[:, None], 1)
        distances = np.concatenate(
            [BITS[codes[row] ^ codes].sum(axis=1, dtype=np.int64)[pairs[row]] for row in range(len(codes))]
        )
        shares = [
            f"{(distances <= limit).mean():.2e}"
            for limit in (facts.threshold // 2, facts.threshold, 2 * facts.threshold)
        ]
        print(
            f"| {name} | {facts.bits} | {facts.threshold} | {distances.mean():.1f} | {distances.std():.1f} "
            f"| {len(distances)} | {' | '.join(shares)} | {int((~trusted).sum())} |"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
