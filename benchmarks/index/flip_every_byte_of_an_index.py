"""Is every changed byte of an index either refused by the check or without effect on the answers?

    python -m benchmarks.index.flip_every_byte_of_an_index [--codes 300]

The index is a small one of 64-bit codes, with two segments, equal codes and removed rows. One bit of every byte of
every file is changed in turn. Where the check passes, the index is opened and queried, and must answer as before. Where
the check refuses, the index is opened and queried without the check: answers may be wrong, but the process must not
crash. Prints the counts; exits with an error where a requirement is not met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.index.index_codes import hostile, queries
from matcher.errors import IndexFileError
from matcher.index import add_codes, build_index, check_index, open_index, remove_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        codes = hostile(arguments.codes, 8, 1)
        build_index(codes[:-20], radius=8, path=path, kind="multi")
        add_codes(path, codes[-20:])
        remove_rows(path, [3, arguments.codes - 5])
        batch = queries(codes, 60, 8, 2)
        sound = [part.tolist() for part in open_index(path).range_search(batch, radius=8)]
        counts: Counter[str] = Counter()
        for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
            original = file.read_bytes()
            before = counts.copy()
            for place in range(len(original)):
                changed = bytearray(original)
                changed[place] ^= 1 << (place % 8)
                file.write_bytes(changed)
                try:
                    check_index(path)
                    refused = False
                except IndexFileError:
                    refused = True
                try:
                    answer = [part.tolist() for part in open_index(path).range_search(batch, radius=8)]
                    same = answer == sound
                    counts["refused by the check" if refused else "without effect"] += 1
                    counts["of these: right answers without the check"] += refused and same
                    counts["of these: wrong answers without the check"] += refused and not same
                    if not refused and not same:
                        sys.exit(f"{file}: byte {place}: passed, and answers otherwise")
                except IndexFileError:
                    if not refused:
                        sys.exit(f"{file}: byte {place}: passed the check, and cannot be queried")
                    counts["refused by the check"] += 1
                    counts["of these: refused without the check too"] += 1
            file.write_bytes(original)
            print(f"{file.relative_to(path)}: {len(original):,} bytes: {dict(counts - before)}", flush=True)
        print(f"in all: {dict(counts)}")
        assert np.array_equal(open_index(path).range_search(batch, radius=8)[0], sound[0])


if __name__ == "__main__":
    main()
