"""Does any flipped bit of a ledger's file remain undetected?

    python -m benchmarks.ledger.flip_every_bit [--entries 8] [--sample N] [--seed 1] [--processes 1] [--profile]

Makes a small ledger, with a cosignature and a time-stamp token in their tables, and flips each bit of its file, one at
a time: one byte is written, the file is audited with the log's key and an expected root, the byte is restored. The
outcome of a flip is one of

- refused: the audit is not intact, or raises a StoreError;
- without effect: intact, and every table of the evidence reads as before (all but `opening`, which is no evidence);
- reported in a note: intact with a changed row, but the audit has a note that it does not have for the unchanged file;
- UNNOTICED: intact with a changed row, and no note.

One of the last two makes the exit code 1; so does any exception but a StoreError.

Prints a Markdown table by the kind of page that was changed, and the time for each flip. `--profile` shows instead
where the audits of a tiny ledger spend their time.
"""

from __future__ import annotations

import argparse
import base64
import cProfile
import hashlib
import multiprocessing
import os
import pstats
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger import Ledger, Signer, StoreError, audit, canonical
from ledger.storage.schema import TABLES

ORIGIN = "lab.example/flips"
EVIDENCE = [table for table in TABLES if table != "opening"]
PROFILED = 200
OUTCOMES = ("refused", "without effect", "reported in a note", "UNNOTICED", "an exception")


@dataclass(frozen=True, slots=True)
class Subject:
    """The ledger whose bits are flipped: the file as bytes, the rows of its tables, and the arguments of an audit."""

    data: bytes
    rows: dict[str, list[Any]]
    keys: Sequence[str]
    expect: tuple[int, bytes]


def make_subject(path: Path, entries: int) -> Subject:
    """A ledger of `entries` entries, with a checkpoint after the half and at the end, a cosignature and a token.

    The cosignature and the token have only their form and their entry: an audit checks no more without their keys.
    """
    signer = Signer.generate(ORIGIN)
    keys = getattr(signer, "vkeys", (signer.vkey,))
    bodies = [note_entry(number) for number in range(entries - 2)]
    line = f"— witness.example/w {base64.b64encode(bytes(range(76))).decode()}"
    token = bytes(range(200))
    with Ledger.create(path, origin=ORIGIN, signer=signer) as log:
        half = len(bodies) // 2
        log.append(bodies[:half], checkpoint=True)
        about = {"v": 1, "time": "2026-11-01T00:00:00Z", "size": half}
        digests = {"note_sha256": sha256(log.latest_checkpoint().encode()), "token_sha256": sha256(token)}
        attached = [
            {**about, "type": "checkpoint.cosign", "lines": [line]},
            {**about, "type": "checkpoint.time", **digests},
        ]
        log.append([*bodies[half:], *map(canonical, attached)], checkpoint=True)
        expect = (log.size, log.root())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO cosignature VALUES (?, ?)", (half, f"{line}\n"))
        connection.execute("INSERT INTO timestamp VALUES (?, ?)", (half, token))
    subject = Subject(path.read_bytes(), read_rows(path), keys, expect)
    assert look(path, subject) == ("without effect", ""), "the audit asks more than is made here"
    return subject


def note_entry(number: int) -> bytes:
    return canonical({"v": 1, "type": "note", "number": number, "text": "é" * number})


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_rows(path: Path) -> dict[str, list[Any]]:
    """All rows of the evidence's tables, as SQLite reads them."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in EVIDENCE}


def flip(path: Path, subject: Subject, bit: int) -> tuple[str, str]:
    """Flip one bit, audit, and restore the bit. Returns the outcome, and the exception's text if there was one."""
    offset, mask = bit >> 3, 1 << (bit & 7)
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.pwrite(descriptor, bytes([subject.data[offset] ^ mask]), offset)
        return look(path, subject)
    finally:
        os.pwrite(descriptor, subject.data[offset : offset + 1], offset)
        os.close(descriptor)


def look(path: Path, subject: Subject) -> tuple[str, str]:
    try:
        report = audit(path, keys=subject.keys, expect=subject.expect)
    except StoreError:
        return "refused", ""
    except Exception as error:  # noqa: BLE001 - any exception is the outcome
        return "an exception", f"{type(error).__name__}: {error}"
    if not report.intact:
        return "refused", ""
    try:
        same = read_rows(path) == subject.rows
    except sqlite3.Error as error:
        return "UNNOTICED", f"intact, but {error}"
    if same:
        return "without effect", ""
    return ("reported in a note", "; ".join(report.notes)) if report.notes else ("UNNOTICED", "intact, with other rows")


def kinds_of_pages(path: Path, subject: Subject) -> list[str]:
    """The kind of each page of the file; its table where it is the first page of one."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        roots = dict(connection.execute("SELECT rootpage, name FROM sqlite_schema WHERE rootpage > 0"))
    assert size == 4096
    return ["header and schema", *(roots.get(page, "other pages") for page in range(2, len(subject.data) // size + 1))]


def flip_all(
    path: Path, subject: Subject, bits: Sequence[int], kinds: Sequence[str]
) -> tuple[Counter[tuple[str, str]], list[str]]:
    """The counts of (page, outcome), and a line for every bad outcome."""
    path.write_bytes(subject.data)
    counts: Counter[tuple[str, str]] = Counter()
    bad = []
    for bit in bits:
        outcome, reason = flip(path, subject, bit)
        kind = kinds[bit >> 15]
        counts[kind, outcome] += 1
        if reason:
            bad.append(f"{outcome}: bit {bit & 7} of byte {bit >> 3} ({kind}): {reason}")
    if path.read_bytes() != subject.data:
        bad.append("the file is not as it was")
    if [file.name for file in path.parent.iterdir()] != [path.name]:
        bad.append("something lies beside the file")
    return counts, bad


def work(folder: str, subject: Subject, bits: Sequence[int], kinds: Sequence[str], results: Any) -> None:
    """Flip some of the bits. Runs in one of several processes, each on its own file."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        results.put(flip_all(Path(own) / "case.ledger", subject, bits, kinds))


def in_processes(
    folder: Path, subject: Subject, bits: Sequence[int], kinds: Sequence[str], processes: int
) -> tuple[Counter[tuple[str, str]], list[str]]:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    arguments = [(str(folder), subject, bits[number::processes], kinds, results) for number in range(processes)]
    workers = [context.Process(target=work, args=share) for share in arguments]
    for worker in workers:
        worker.start()
    parts = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    return sum((counts for counts, _bad in parts), Counter[tuple[str, str]]()), [
        line for _, bad in parts for line in bad
    ]


def profile(path: Path, subject: Subject) -> None:
    """Print where audits of the unchanged file spend their time."""
    begun = time.perf_counter()
    for _ in range(PROFILED):
        audit(path, keys=subject.keys, expect=subject.expect)
    print(f"{(time.perf_counter() - begun) / PROFILED * 1e3:.2f} ms an audit\n")
    with cProfile.Profile() as profiler:
        for _ in range(PROFILED):
            audit(path, keys=subject.keys, expect=subject.expect)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(15)


def show(counts: Counter[tuple[str, str]], kinds: Sequence[str]) -> None:
    print("| page | flips | " + " | ".join(OUTCOMES) + " |")
    print("|---" * (2 + len(OUTCOMES)) + "|")
    for kind in [*dict.fromkeys(kinds), "all"]:
        cells = [sum(counts[k, outcome] for k in set(kinds) if kind in (k, "all")) for outcome in OUTCOMES]
        print(f"| {kind} | {sum(cells):,} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=8)
    parser.add_argument("--sample", type=int, help="so many bits instead of all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="flips-") as folder:
        path = Path(folder).resolve() / "case.ledger"
        subject = make_subject(path, options.entries)
        if options.profile:
            profile(path, subject)
            return 0
        kinds = kinds_of_pages(path, subject)
        bits: Sequence[int] = range(len(subject.data) * 8)
        if options.sample:
            bits = sorted(random.Random(options.seed).sample(bits, min(options.sample, len(bits))))
        begun = time.monotonic()
        if options.processes > 1:
            counts, bad = in_processes(Path(folder), subject, bits, kinds, options.processes)
        else:
            counts, bad = flip_all(path, subject, bits, kinds)
        seconds = time.monotonic() - begun
    show(counts, kinds)
    each = seconds / len(bits) * 1e3
    print(f"\n{len(subject.data):,} bytes; {len(bits):,} flips in {seconds:.1f} s, {each:.2f} ms each")
    for line in bad[:50]:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
