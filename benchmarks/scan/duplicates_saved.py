"""How much time does a scan save by not decoding the same content twice?

    python -m benchmarks.scan.duplicates_saved CORPUS --work DIR [--items 3000] [--share 0.3] [--workers 2] [--rounds 3]
                                          [--listed 10000]

There are two folders of `--items` photographs. In one, `--share` of the items, spread over it, are copies of others
under other names. In the other these copies differ from their originals by a comment in the file, so their content is
distinct and every one is decoded, to the same pixels. Both are scanned, round by round, and the findings are compared:
except for status, digest and size they must be equal, item by item. Prints the seconds without the start-up, the share
of time saved and the share of bytes that are copies. Exit code 1 where a finding differs.
"""

from __future__ import annotations

import argparse
import statistics
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.shared.corpus_pictures import evidence_files
from benchmarks.shared.hash_peers import one_thread
from benchmarks.shared.random_lists import random_store
from benchmarks.shared.scan_runs import Run, findings_of, linked, scanned, started, use_configuration

SEED = 6


def distinct(data: bytes, number: int) -> bytes:
    """The same picture with a unique comment."""
    comment = f"copy {number}".encode()
    if data[:3] == b"\xff\xd8\xff":
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + data[2:]
    if data[:4] == b"\x89PNG":
        body = b"tEXt" + b"Comment\0" + comment
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        head = 8 + 12 + 13  # the signature and the header
        return data[:head] + chunk + data[head:]
    return data + comment


def trees(files: Sequence[Path], items: int, share: float, work: Path) -> tuple[Path, Path, set[str], float]:
    """The folder with copies, the one without, the paths of the copies, and their share of the bytes."""
    drawn = Random(SEED)
    copies = set(drawn.sample(range(1, items), round(items * share)))
    chosen: list[Path] = []
    originals: list[Path] = []
    fresh = iter(files)
    for number in range(items):
        if number in copies:
            chosen.append(drawn.choice(originals))
        else:
            originals.append(next(fresh))
            chosen.append(originals[-1])
    with_copies = linked(chosen, work / "with-copies")
    varied = []
    for number in range(items):
        target = chosen[number]
        if number in copies:
            target = work / "varied" / f"{number:06d}{chosen[number].suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(distinct(chosen[number].read_bytes(), number))
        varied.append(target)
    without = linked(varied, work / "without")
    every = sorted(path.relative_to(with_copies).as_posix() for path in with_copies.rglob("*") if path.is_file())
    sizes = [path.stat().st_size for path in chosen]
    repeated = sum(size for number, size in enumerate(sizes) if number in copies)
    return with_copies, without, {every[number] for number in copies}, repeated / sum(sizes)


def apart_from_content(finding: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in finding.items() if key not in ("status", "sha256", "size")}


def differences(one: Path, other: Path, copies: set[str]) -> list[str]:
    """The forbidden differences between the two cases. Every copy must be a duplicate in the first case only."""
    different = []
    theirs = {finding["path"]: finding for finding in findings_of(other)}
    for finding in findings_of(one):
        path = finding["path"]
        twin = theirs.pop(path)
        if apart_from_content(finding) != apart_from_content(twin):
            different.append(f"{path}: {apart_from_content(finding)} and {apart_from_content(twin)}")
        if (finding["status"] == "duplicate") != (path in copies) or twin["status"] == "duplicate":
            different.append(f"{path}: {finding['status']} and {twin['status']}")
    return [*different, *(f"{path}: only in the second" for path in theirs)]


def middle(runs: Sequence[Run]) -> Run:
    """The medians of several runs."""
    walls, processors = [run.wall for run in runs], [run.processor for run in runs]
    return Run(statistics.median(walls), statistics.median(processors), runs[0].code)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="on the file system of the corpus, for hard links")
    parser.add_argument("--items", type=int, default=3000)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--listed", type=int, default=10_000)
    arguments = parser.parse_args()
    work: Path = arguments.work
    use_configuration(work)
    files = evidence_files(arguments.corpus, arguments.items)
    store = random_store(work / f"store-{arguments.listed}-{arguments.items}", arguments.listed, files[::20])
    with_copies, without, copies, bytes_share = trees(files, arguments.items, arguments.share, work)
    runs: dict[str, list[Run]] = {"copies": [], "distinct": []}
    starts = []
    scanned(
        with_copies, store, work / "case-copies", workers=arguments.workers
    )  # so that files are cached and kernels compiled
    for _ in range(arguments.rounds):
        starts.append(started(work, store, workers=arguments.workers))
        for name, evidence in (("copies", with_copies), ("distinct", without)):
            runs[name].append(scanned(evidence, store, work / f"case-{name}", workers=arguments.workers))
    start = middle(starts)
    net = {name: middle(each) - start for name, each in runs.items()}
    saved = 1 - net["copies"].wall / net["distinct"].wall
    spared = 1 - net["copies"].processor / net["distinct"].processor
    print(f"{arguments.items:,} items, {len(copies):,} of them copies ({bytes_share:.0%} of the bytes), "
          f"{arguments.workers} workers, median of {arguments.rounds}\n")  # fmt: skip
    print("| evidence | seconds | processor, s | items a second |\n|---|---|---|---|")
    for name, run in net.items():
        print(f"| {name} | {run.wall:.2f} | {run.processor:.2f} | {arguments.items / run.wall:.0f} |")
    print(f"\nSaved: {saved:.1%} of the time, {spared:.1%} of the processors' (start-up of {start.wall:.1f} s aside)")
    differing = differences(work / "case-copies", work / "case-distinct", copies)
    statuses = Counter(finding["status"] for finding in findings_of(work / "case-copies"))
    print(f"findings: {dict(statuses)}; {len(differing)} differ but for status, digest and size")
    for line in differing:
        print(f"  {line}")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    one_thread()
    main()
