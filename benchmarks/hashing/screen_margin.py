"""How far is a screened hash from the reference hash? Each hasher's `margin` is chosen from this distribution.

    python -m benchmarks.hashing.screen_margin FOLDER [--most N]

For every picture below FOLDER, each of its eight orientations is hashed twice by every algorithm that screens: from
the small grey picture, and by the reference on the full picture turned. Prints, for each algorithm, the share of
distances of 0, 1, 2 … bits, the largest, and how many lie beyond the margin in use.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from matcher.distances import hamming
from matcher.errors import DecodeError
from matcher.hashers import picture_hashers
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import TRANSFORMS
from matcher.sources.folder import FolderSource

ALGORITHMS = ("phash", "dhash", "ahash", "whash", "phash16", "dhash16", "ahash16", "whash16")
MAX_PIXELS = 30_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--most", type=int, default=10**9, help="stop after this many pictures")
    parser.add_argument("--algorithms", default=",".join(ALGORITHMS))
    arguments = parser.parse_args()
    hashers = picture_hashers(arguments.algorithms.split(","))
    distances: dict[str, Counter[int]] = {hasher.algorithm.name: Counter() for hasher in hashers}
    worst: dict[str, tuple[int, str]] = dict.fromkeys(distances, (-1, ""))
    pictures = 0
    source = FolderSource(arguments.folder)
    for item in source.items():
        if pictures >= arguments.most or item.status is not None:
            continue
        with source.open(item) as stream:
            data = stream.read()
        kind = sniff(data[:HEAD])
        try:
            if kind is None:
                continue
            picture = next(decode(data, kind, Limits(max_pixels=MAX_PIXELS), Found()).renderings())
        except DecodeError:
            continue
        pictures += 1
        for hasher in hashers:
            name = hasher.algorithm.name
            for transform, screened in zip(TRANSFORMS, hasher.turned(picture), strict=True):
                distance = hamming(screened.value, hasher.confirm(picture, transform).value)
                distances[name][distance] += 1
                worst[name] = max(worst[name], (distance, f"{item.path} {transform}"))
    print(f"{pictures} pictures, 8 orientations each")
    for hasher in hashers:
        name = hasher.algorithm.name
        counts = distances[name]
        beyond = sum(count for distance, count in counts.items() if distance > hasher.margin)
        total = max(1, counts.total())
        shares = " ".join(f"{distance}:{count / total:.4%}" for distance, count in sorted(counts.items()))
        print(
            f"{name:8} margin {hasher.margin}, beyond it {beyond} of {total}; "
            f"largest {worst[name][0]} ({worst[name][1]})"
        )
        print(f"         {shares}")


if __name__ == "__main__":
    main()
