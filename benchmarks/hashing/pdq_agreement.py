"""Is our PDQ equal to that of `pdqhash` bit for bit, on real pictures, in all eight orientations, with quality?

    python -m benchmarks.hashing.pdq_agreement FOLDER… [--most 1000] [--max-pixels 40000000]

Needs the extra `referee`. Prints how many pictures agree and names every one that does not (exit code 1).
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np
import pdqhash

from matcher.errors import DecodeError
from matcher.hashers.pdq import PDQ
from matcher.imaging.decode import decode
from matcher.imaging.embedded import Found
from matcher.imaging.limits import Limits
from matcher.imaging.sniff import HEAD, sniff
from matcher.model import TRANSFORMS

PUBLISHED_ORDER = ("none", "rotate90", "rotate180", "rotate270", "flip", "mirror", "transpose", "transverse")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most", type=int, default=1000, help="pictures of each folder")
    parser.add_argument("--max-pixels", type=int, default=40_000_000)
    arguments = parser.parse_args()
    compared, different = 0, []
    for folder in arguments.folders:
        taken = 0
        for path in sorted(folder.iterdir()):
            if taken >= arguments.most:
                break
            data = path.read_bytes()
            kind = sniff(data[:HEAD])
            if kind is None:
                continue
            try:
                for picture in decode(data, kind, Limits(max_pixels=arguments.max_pixels), Found()).renderings():
                    bits, quality = pdqhash.compute_dihedral(np.asarray(picture.image))
                    turned = dict(zip(TRANSFORMS, PDQ.turned(picture), strict=True))
                    ours = [turned[transform].value for transform in PUBLISHED_ORDER]
                    theirs = [np.packbits(vector.astype(np.uint8)).tobytes() for vector in bits]
                    compared += 1
                    if ours != theirs or turned["none"].quality != quality:
                        different.append(f"{path} {picture.rendering}")
            except DecodeError:
                continue
            taken += 1
        print(f"{folder}: {taken} pictures", flush=True)
    print(f"{compared} renderings compared in eight orientations, {len(different)} differ")
    for name in different:
        print(f"  {name}")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
