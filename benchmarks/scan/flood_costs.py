"""What does it cost to count the pictures of each list entry while a scan is recorded?

    python -m benchmarks.scan.flood_costs [--items 100000] [--rounds 3]

Records generated findings with the writer of scans, in turns with the tally of floods and with one that counts
nothing: of findings of which one in fifty matches, and of findings that match five entries of 9,000 each, more than the
tally holds. Prints the median of the seconds, and the microseconds an item of the tally alone.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.scan.current_state import finding_of, lists, loads, match_of
from matcher.model import Finding, Item, Match
from matcher.record.case import CaseFacts, open_case
from matcher.record.entries import append_scan_open
from matcher.record.floods import FloodTally
from matcher.record.hashes_file import Header, StoredAlgorithm, path_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.recorder import Recorder


class _Nothing(FloodTally):
    """A tally that counts nothing."""

    def add(self, matches: Iterable[Match], *, is_compared: bool) -> None:
        del matches, is_compared


def dense(number: int) -> Finding:
    matches = tuple(replace(match_of(at), entry=f"{(7 * number + at) % 9000}") for at in range(5))
    return replace(finding_of(number), matches=matches, matches_total=5, notable=True)


def recorded(findings: Sequence[Finding], tally: FloodTally) -> float:
    """Seconds that recording takes."""
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case"
        with open_case(case, CaseFacts(exhibit="E1", examiner="Benchmark"), key=Path(folder) / "key") as log:
            facts = {"source": {"kind": "folder", "path": "/generated"}, "settings": {}, "lists": lists(1)}
            number = append_scan_open(log, loads(1), {**facts, "algorithms": []})
            header = Header(number, (StoredAlgorithm("sha256", 32),), ())
            recorder = Recorder(log, number, HashesWriter.create(path_of(case, number), header), floods=tally)
            begun = time.perf_counter()
            for finding in findings:
                recorder.add(Item(finding.path, b"", finding.size), finding)
            recorder.close()
            return time.perf_counter() - begun


def alone(findings: Sequence[Finding]) -> float:
    """Seconds that the tally takes."""
    tally = FloodTally()
    begun = time.perf_counter()
    for finding in findings:
        tally.add(finding.matches, is_compared=True)
    tally.facts()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print("| findings | with, s | without, s | tally alone, µs an item |\n|---|---|---|---|")
    kinds: tuple[tuple[str, Callable[[int], Finding]], ...] = (("1 in 50 matches", finding_of), ("5 matches", dense))
    for name, make in kinds:
        findings = [make(number) for number in range(options.items)]
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(options.rounds):
            for counts in (True, False):
                times[counts].append(recorded(findings, FloodTally() if counts else _Nothing()))
        own = min(alone(findings) for _ in range(options.rounds)) / options.items * 1e6
        with_, without = (statistics.median(times[counts]) for counts in (True, False))
        print(f"| {name} | {with_:.2f} | {without:.2f} | {own:.2f} |", flush=True)


if __name__ == "__main__":
    main()
