"""Does a scan's memory grow with the number of items, and how much memory does a worker use?

    python -m benchmarks.scan.scan_memory CORPUS --work DIR [--counts 5000 100000] [--photographs 3000]
                                        [--listed 1000000] [--workers 2]

The evidence of each count is the same `--photographs` photographs of the corpus, and for the rest small drawn pictures
(no two alike) and, every tenth, hard links to photographs. So the largest pictures are the same in each count, and only
the number of items differs. It is scanned with `--workers` workers against `--listed` PDQ and pHash values.

Prints a Markdown table: seconds, the peak of all processes together and of the largest worker, in megabytes of
proportional set size (Linux) without the pages of the store, which are stated separately. Exit code 1 where the largest
count takes more than 10 % above the smallest, or a worker 300 MB or more.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.shared.corpus_pictures import evidence_files
from benchmarks.shared.hash_peers import one_thread
from benchmarks.shared.many_pictures import draw, path_of
from benchmarks.shared.process_memory import Peak, run_measured
from benchmarks.shared.random_lists import random_store
from benchmarks.shared.scan_runs import linked, scan_command, use_configuration

MOST_GROWTH, MOST_OF_A_WORKER = 1.10, 300.0


def evidence_of(count: int, photographs: list[Path], drawn: Path) -> Iterator[Path]:
    """A generator of the files: photographs spread evenly; every tenth of the other files is one of them again."""
    step = max(1, count // max(1, len(photographs)))
    left = iter(photographs)
    for number in range(count):
        if number % step == 0 and (photograph := next(left, None)) is not None:
            yield photograph
        elif number % 10 == 9 and photographs:
            yield photographs[number % len(photographs)]
        else:
            yield path_of(drawn, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="on the file system of the corpus, for hard links")
    parser.add_argument("--counts", type=int, nargs="+", default=[5000, 100_000])
    parser.add_argument("--photographs", type=int, default=3000)
    parser.add_argument("--listed", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    work: Path = arguments.work
    use_configuration(work)
    photographs = evidence_files(arguments.corpus, arguments.photographs)
    store = random_store(work / f"store-{arguments.listed}", arguments.listed)
    draw(work / "drawn", max(arguments.counts))
    print("| items | scan, s | items/s | peak MB, list aside | largest worker | the list's pages |")
    print("|---|---|---|---|---|---|", flush=True)
    peaks: list[Peak] = []
    for count in sorted(arguments.counts):
        evidence = linked(list(evidence_of(count, photographs, work / "drawn")), work / "evidence")
        case = work / "case"
        shutil.rmtree(case, ignore_errors=True)
        begun = time.monotonic()
        command = scan_command(evidence, store, case, "--workers", str(arguments.workers))
        done, peak = run_measured(command, aside=store)
        took = time.monotonic() - begun
        if done.returncode == 2:
            sys.exit(f"the scan of {count} items failed")
        peaks.append(peak)
        print(f"| {count:,} | {took:.0f} | {count / took:.0f} | {peak.total:.0f} | {peak.largest_child:.0f} "
              f"| {peak.aside:.0f} |", flush=True)  # fmt: skip
    growth = peaks[-1].total / peaks[0].total
    worker = max(peak.largest_child for peak in peaks)
    good = growth <= MOST_GROWTH and worker < MOST_OF_A_WORKER
    print(
        f"\nThe largest count takes {growth:.2f} times the memory of the smallest (required ≤ {MOST_GROWTH}), the "
        f"largest worker {worker:.0f} MB (required < {MOST_OF_A_WORKER:.0f}): {'met' if good else 'NOT MET'}"
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    one_thread()
    main()
