"""How long does a large case take to read after a relookup and many decisions, and how much memory?

    python -m benchmarks.scan.current_state --work DIR [--items 100000] [--decisions 1000] [--code CHECKOUT]

Writes a case of generated findings with the writer of scans: one item in fifty matches. A relookup withdraws half of
these matches and adds as many others, and decisions judge items that match now. Then times the commands that read the
case, as scanned and as it is now, with the peak memory of each. With `--code` the commands are those of another
checkout of this project, which may lack `--as-scanned`; the case of an earlier run in DIR is used again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.shared.process_memory import run_measured
from ledger import Decision, Ledger, canonical, clock, decision_entry
from matcher.model import Finding, Hash, Item, Match, Status
from matcher.record.case import CaseFacts, open_case
from matcher.record.entries import append_scan_open, entry
from matcher.record.hashes_file import Header, StoredAlgorithm, path_of
from matcher.record.hashes_writer import HashesWriter
from matcher.record.recorder import Recorder
from matcher.revisit.relookup import Change, Relookup, relookup_entries

EVERY = 50
"""One item in so many matches."""
COMMANDS = {
    "findings": ["findings"],
    "findings --matched": ["findings", "--matched"],
    "report csv": ["report", "--format", "csv", "-o", "-"],
    "report csv --matched": ["report", "--format", "csv", "--matched", "-o", "-"],
    "report html": ["report", "--format", "html", "-o", "-"],
    "report jsonl": ["report", "--format", "jsonl", "-o", "-"],
    "verify": ["verify"],
}


def match_of(number: int) -> Match:
    """A match by PDQ whose hashes are `number` modulo 32 bits from each other."""
    value = hashlib.sha256(b"%d" % number).digest()
    distance = number % 32
    other = (int.from_bytes(value, "big") ^ ((1 << distance) - 1)).to_bytes(32, "big")
    return Match("national", f"{number:08x}", "1", "pdq", value, other, distance, 31, 100, None, "none")


def finding_of(number: int) -> Finding:
    digest = hashlib.sha256(b"item %d" % number).digest()
    matches = (match_of(number),) if number % EVERY == 0 else ()
    return Finding(
        path=f"DCIM/{number // 1000:04d}/IMG_{number:07d}.JPG",
        size=1_000_000 + number,
        sha256=digest,
        status=Status.EXAMINED,
        exhibit="E1",
        media_type="image/jpeg",
        width=4000,
        height=3000,
        matches=matches,
        matches_total=len(matches),
        notable=bool(matches),
        digests=(Hash("sha256", digest),),
    )


def lists(version: int) -> list[dict[str, object]]:
    return [{"name": "national", "version": version, "digest": f"{version:02x}" * 32}]


def loads(version: int) -> list[bytes]:
    counts = {"entries": 1, "hashes": {"pdq": 1}, "kept": {}, "refused": 0}
    profile = {"categories": {}, "other": "notable"}
    facts = {"sources": [], "counts": counts, "profile": profile, "index_digest": "cd" * 32}
    return [entry("list.load", **facts, **one) for one in lists(version)]


def make(case: Path, items: int, decisions: int) -> None:
    """Write the case."""
    with open_case(case, CaseFacts(exhibit="E1", examiner="Benchmark"), key=case.with_suffix(".key")) as log:
        first = scan(case, log, items)
        matching = range(0, items, EVERY)
        gone = [Change("withdrawn", seq, finding_of(seq).path, match_of(seq).as_json()) for seq in matching[::2]]
        new = [
            Change("new", seq + 1, finding_of(seq + 1).path, match_of(seq + 1).as_json(), notable=True)
            for seq in matching[::2]
        ]
        result = Relookup(1, items, lists(2), {}, {}, 0, changes=sorted([*gone, *new], key=lambda one: one.seq))
        log.append([*loads(2), *map(canonical, relookup_entries(result))], checkpoint=True)
        judged = [seq + 1 if at % 2 == 0 else seq for at, seq in enumerate(matching)][:decisions]
        for seq in judged:
            decision = Decision("confirmed", "A. Keller", [first + seq])
            log.append([decision_entry(log, decision, clock.now())])
        log.append([entry("note", text="all decided")], checkpoint=True)


def scan(case: Path, log: Ledger, items: int) -> int:
    """Record the scan. Returns the leaf index of its first item."""
    algorithms = [
        {"name": "sha256", "profile": "sha256"},
        {"name": "pdq", "profile": "pdq", "threshold": 31, "minimum_quality": 50, "margin": 8},
    ]
    facts = {
        **{"source": {"kind": "folder", "path": "/generated"}, "exhibit": "E1", "settings": {}},
        **{"algorithms": algorithms, "lists": lists(1), "tool": "benchmark", "libraries": {}, "platform": {}},
    }
    number = append_scan_open(log, loads(1), facts)
    first = log.size
    hashes = HashesWriter.create(path_of(case, number), Header(number, (StoredAlgorithm("sha256", 32),), ()))
    recorder = Recorder(log, number, hashes)
    for seq in range(items):
        made = finding_of(seq)
        recorder.add(Item(made.path, b"", made.size), replace(made, exhibit="E1"))
    recorder.close()
    return first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--decisions", type=int, default=1000)
    parser.add_argument("--code", type=Path, default=Path.cwd())
    options = parser.parse_args()
    work: Path = options.work.resolve()
    os.environ["EVIDENCE_MATCHER_CONFIG"] = str(work / "configuration")
    case = work / f"case-{options.items}-{options.decisions}"
    if not case.exists():
        work.mkdir(parents=True, exist_ok=True)
        make(case, options.items, options.decisions)
    print("| command | seconds | peak MB | megabytes written |\n|---|---|---|---|")
    failed = False
    for name, arguments in COMMANDS.items():
        for more in ([], ["--as-scanned"]) if arguments[0] != "verify" else ([],):
            begun = time.monotonic()
            command = [sys.executable, "-m", "matcher", *arguments, "--case", str(case), *more]
            with (work / "messages.txt").open("w") as messages:
                done, peak = run_measured(command, stderr=messages, cwd=options.code)
            took = time.monotonic() - begun
            result = f"{took:.1f} | {peak.total:.0f} | {len(done.stdout) / 1e6:.1f}"
            if done.returncode:
                result = f"exit {done.returncode} | |"
                failed = failed or options.code == Path.cwd()
            print(f"| {' '.join([name, *more])} | {result} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
