"""What does a scan cost in addition to decoding and hashing, and how much faster are more workers?

    python -m benchmarks.scan.scan_costs EVIDENCE --work DIR [--workers 1 2] [--repeat 3] [--strangers 1000]
        [--decode-again] [--slow-disk SECONDS] [--profile]

Scans the folder against a list of drawn pictures, by each number of workers in turn, `--repeat` times, each into a new
case. Prints a Markdown table: seconds from the first item to the last and items a second (without the start of the
workers), the processor time of this process for each item (feeding the workers, reading their answers, recording), that
of the workers for each item, and the root of the findings, which must be one. With `--decode-again` content that was
already examined is decoded all the same; with `--slow-disk` every fsync takes that much longer; `--profile` shows where
this process spends its time.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.shared.many_pictures import draw
from ledger import Ledger
from matcher.commands.progress import Progress
from matcher.executors.choosing import executor_for
from matcher.model import Finding
from matcher.record.case import CaseFacts, open_case
from matcher.scan.opening import ScanRequest, prepare_scan
from matcher.scan.run import run_scan
from matcher.scan.seen_table import SeenTable
from matcher.settings import Settings

MATCHER = [sys.executable, "-m", "matcher"]


class Timed(Progress):
    """A progress listener that records the time and the workers' processor time at the first and the last answer."""

    first: tuple[float, float, float] | None = None
    items = 0
    last = 0.0

    def examined(self, finding: Finding, *, repeated: bool) -> None:
        super().examined(finding, repeated=repeated)
        self.items += 1
        self.last = time.perf_counter()
        if self.first is None:
            self.first = self.last, time.process_time(), processor_of_workers()


def processor_of_workers() -> float:
    total = 0.0
    for child in psutil.Process().children():
        times = child.cpu_times()
        total += times.user + times.system
    return total


def store_in(work: Path, strangers: int) -> Path:
    """A store with one list of drawn pictures."""
    store = work / "store"
    if not store.exists():
        folder = work / "strangers"
        draw(folder, strangers)
        made = work / "known.jsonl"
        for arguments in (
            ["lists", "build", str(folder), "--name", "known", "-o", str(made)],
            ["lists", "import", str(made), "--name", "known", "--store", str(store)],
        ):
            subprocess.run([*MATCHER, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return store


def slow_down(seconds: float) -> None:
    """Make each fsync take `seconds` longer, with the interpreter lock released as in a real one."""
    ordinary, append = os.fsync, Ledger.append

    def fsync(fd: Any) -> None:
        ordinary(fd)
        time.sleep(seconds)

    def appended(log: Ledger, /, *arguments: Any, **options: Any) -> int:
        time.sleep(seconds)  # SQLite's own
        return append(log, *arguments, **options)

    os.fsync = fsync
    Ledger.append = appended  # type: ignore[method-assign,assignment]


def scan(evidence: Path, store: Path, work: Path, workers: int) -> tuple[Timed, float, float, dict[str, Any]]:
    """Run one scan. Returns its listener, the processor time of this process and its workers after the first answer."""
    case = work / "case"
    shutil.rmtree(case, ignore_errors=True)
    listener = Timed(quiet=False, jsonl=False)
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(work / "configuration")
    request = ScanRequest(evidence, store, case, Settings())
    with open_case(case, CaseFacts(), key=work / "key") as log:
        before = os.times()
        facts = run_scan(log, prepare_scan(request), executor=executor_for(workers), listener=listener)
        used = time.process_time()
        after = os.times()
    children = after.children_user + after.children_system - before.children_user - before.children_system
    assert listener.first is not None
    return listener, used - listener.first[1], children - listener.first[2], facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evidence", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--strangers", type=int, default=1000)
    parser.add_argument("--decode-again", action="store_true")
    parser.add_argument("--slow-disk", type=float, default=0.0)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    store = store_in(options.work, options.strangers)
    if options.decode_again:
        SeenTable.add = lambda _table, _sha256: None  # type: ignore[method-assign,assignment]
    if options.slow_disk:
        slow_down(options.slow_disk)
    print("| workers | items | s | items/s | this process, ms an item | workers, ms an item | root |\n"
          "|---|---|---|---|---|---|---|", flush=True)  # fmt: skip
    roots = set()
    for _ in range(options.repeat):
        for workers in options.workers:
            profile = cProfile.Profile()
            if options.profile:
                profile.enable()
            listener, used, theirs, facts = scan(options.evidence, store, options.work, workers)
            profile.disable()
            assert listener.first is not None
            seconds, items = listener.last - listener.first[0], listener.items
            roots.add(facts["findings_root"])
            print(f"| {workers} | {items:,} | {seconds:.2f} | {items / seconds:.0f} | {1000 * used / items:.3f} "
                  f"| {1000 * theirs / items:.3f} | {facts['findings_root'][:8]} |", flush=True)  # fmt: skip
            if options.profile:
                pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    sys.exit(len(roots) != 1)


if __name__ == "__main__":
    main()
