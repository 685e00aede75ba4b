"""What do an append, a proof and an audit cost, compared with plain SQLite and pymerkle in the same run?

    python -m benchmarks.ledger.bench_ledger [--entries 100000] [--rounds 3] [--proofs 200] [--large 10000000]
                                            [--work DIR]

The entries are items of one scan, each exactly 356 bytes long. In each of `--rounds` rounds they are written to

- a table of plain sqlite3, with the ledger's own settings, by one `executemany` in one transaction: the peer;
- a ledger, by `append(checkpoint=True)` of 1,000 at a time;
- pymerkle's SQLite tree, by `append_entries` of 1,000 at a time.

Then it makes inclusion proofs of random entries, each from a file that was just opened (the cost of opening is stated
separately), and of pymerkle with its cache off; and audits the whole ledger, also measuring the cost of reading the
entries and building their tree alone. `--large` makes a ledger of that many entries, and appends to it and to one of
`--entries` in turns, to see whether an append or a proof costs more there. Prints Markdown tables of medians.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from ledger import Ledger, Signer, audit, canonical, leaf_hash, parse, root, verify_inclusion

ORIGIN = "lab.example/bench"
BYTES = 356
GROUP = 1_000
TURNS = 7
TURN = 50
"""Groups that are appended to one ledger before the other's turn."""
LIST = {"name": "national", "version": "2026-10", "digest": "ab" * 32}
SIGNER = Signer.from_private_bytes(bytes(range(32)), name=ORIGIN)
VKEYS = getattr(SIGNER, "vkeys", (SIGNER.vkey,))


def item(seq: int, finding: dict[str, Any]) -> bytes:
    return canonical({"v": 1, "type": "item", "scan": 1, "seq": seq, "finding": finding})


def findings(start: int, stop: int) -> Iterator[dict[str, Any]]:
    """A generator of findings whose item entries are BYTES long; the file's name is padded to that length."""
    for seq in range(start, stop):
        digest = leaf_hash(str(seq).encode()).hex()
        finding = {
            "path": "",
            "status": "examined" if seq % 50 else "known",
            "size": 1_000_000 + seq % 9_000_000,
            "hashes": {"sha256": digest, "md5": digest[:32], "phash": digest[32:48]},
            "quality": seq % 101,
        }
        finding["path"] = f"DCIM/IMG_{seq:07d}".ljust(BYTES - 4 - len(item(seq, finding)), "x") + ".JPG"
        yield finding


def items(start: int, stop: int) -> list[bytes]:
    return [item(seq, finding) for seq, finding in enumerate(findings(start, stop), start)]


def scan_of(bodies: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The entries before and after these items that make the scan complete."""
    time_, counts = "2026-11-01T00:00:00Z", {"examined": 0, "known": 0}
    hashes = []
    for body in bodies:
        finding = parse(body)["finding"]
        counts[finding["status"]] += 1
        hashes.append(leaf_hash(canonical(finding)))
    before = [
        {"v": 1, "type": "list.load", "time": time_, "count": 3, **LIST},
        {"v": 1, "type": "scan.open", "time": time_, "scan": 1, "lists": [LIST], "settings": {}},
    ]
    close = {"v": 1, "type": "scan.close", "time": time_, "scan": 1, "items": len(bodies), "counts": counts}
    after = [{**close, "findings_root": root(hashes).hex()}]
    return [canonical(entry) for entry in before], [canonical(entry) for entry in after]


def groups(bodies: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(bodies), GROUP):
        yield bodies[start : start + GROUP]


class Clock:
    """Measures the seconds that the body of its `with` takes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> Clock:
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._begun


def append_plain(path: Path, bodies: Sequence[bytes]) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for setting in ("journal_mode=DELETE", "synchronous=EXTRA"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        connection.execute("CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
        with Clock() as clock:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO entry VALUES (?, ?)", enumerate(bodies))
            connection.execute("COMMIT")
    return clock.seconds


def append_ledger(path: Path, bodies: Sequence[bytes]) -> float:
    with Ledger.create(path, origin=ORIGIN, signer=SIGNER) as log, Clock() as clock:
        for group in groups(bodies):
            log.append(group, checkpoint=True)
    return clock.seconds


def append_pymerkle(path: Path, bodies: Sequence[bytes]) -> float:
    pymerkle = _pymerkle()
    with pymerkle.SqliteTree(str(path), disable_cache=True) as tree, Clock() as clock:
        for group in groups(bodies):
            tree.append_entries(group)
    return clock.seconds


def _pymerkle() -> Any:
    import pymerkle  # noqa: PLC0415 - a peer, not needed to run the rest

    return pymerkle


METHODS: dict[str, Callable[[Path, Sequence[bytes]], float]] = {
    "plain sqlite3": append_plain,
    "ledger": append_ledger,
    "pymerkle": append_pymerkle,
}


@contextmanager
def left_out_without_pymerkle(what: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        print(f"NOT MEASURED: {what}: {error}", file=sys.stderr)


def bench_append(work: Path, bodies: Sequence[bytes], rounds: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in METHODS}
    for _ in range(rounds):
        for name, method in METHODS.items():
            path = work / f"{name}.db"
            path.unlink(missing_ok=True)
            with left_out_without_pymerkle(name):
                seconds[name].append(method(path, bodies))
    plain = median(seconds["plain sqlite3"])
    print("\n| append | entries/s | µs an entry | times plain sqlite3 | bytes an entry | rounds, s |")
    print("|---|---|---|---|---|---|")
    for name, all_ in seconds.items():
        if all_:
            middle, size = median(all_), (work / f"{name}.db").stat().st_size
            each = f"{len(bodies) / middle:,.0f} | {middle / len(bodies) * 1e6:.2f} | {middle / plain:.2f}"
            rounded = ", ".join(f"{value:.2f}" for value in all_)
            print(f"| {name} | {each} | {size / len(bodies):.0f} | {rounded} |")
    print("target: the ledger at most 3.0 times plain sqlite3")


def time_proofs(path: Path, count: int, seed: int = 1) -> tuple[float, float]:
    """Medians in ms: for opening, and for one proof of a random entry from the file just opened."""
    opening, proving = [], []
    chance = random.Random(seed)
    for _ in range(count):
        with Clock() as clock:
            log = Ledger.open_readonly(path)
        opening.append(clock.seconds)
        with log:
            size = log.size
            index = chance.randrange(size)
            with Clock() as clock:
                proof = log.inclusion_proof(index, size)
            proving.append(clock.seconds)
            leaf = leaf_hash(next(log.entries(index))[1])
            verify_inclusion(index=index, size=size, leaf=leaf, root=log.root(size), proof=proof)
    return median(opening) * 1e3, median(proving) * 1e3


def bench_proofs(work: Path, count: int) -> None:
    opening, proving = time_proofs(work / "ledger.db", count)
    print("\n| inclusion proof, nothing cached by the library | opening, ms | proof, ms |\n|---|---|---|")
    print(f"| ledger | {opening:.3f} | {proving:.3f} |")
    with left_out_without_pymerkle("pymerkle's proofs"):
        pymerkle, chance = _pymerkle(), random.Random(1)
        openings, proofs = [], []
        for _ in range(max(3, count // 40)):
            with Clock() as clock:
                tree = pymerkle.SqliteTree(str(work / "pymerkle.db"), disable_cache=True)
            openings.append(clock.seconds)
            with tree:
                index = chance.randint(1, tree.get_size())
                with Clock() as clock:
                    tree.prove_inclusion(index)
                proofs.append(clock.seconds)
        print(f"| pymerkle | {median(openings) * 1e3:.3f} | {median(proofs) * 1e3:.3f} |")
    print("target: the ledger's proof at most 1 ms")


def bench_audit(work: Path, bodies: Sequence[bytes], rounds: int) -> None:
    """Measure the whole audit of a complete scan, and reading the entries and building their tree alone."""
    path = work / "scan.ledger"
    before, after = scan_of(bodies)
    with Ledger.create(path, origin=ORIGIN, signer=SIGNER) as log:
        for group in (before, *groups(bodies), after):
            log.append(group, checkpoint=True)
    whole, tree = [], []
    for _ in range(rounds):
        with Clock() as clock:
            report = audit(path, keys=VKEYS)
        assert report.intact, report.problems
        assert report.scans[0].complete
        whole.append(clock.seconds / report.size)
        with Ledger.open_readonly(path) as log, Clock() as clock:
            assert root(leaf_hash(body) for _index, body in log.entries()) == report.root
        tree.append(clock.seconds / report.size)
    rest = median(whole) - median(tree)
    print("\n| audit | µs an entry |\n|---|---|")
    print(f"| whole | {median(whole) * 1e6:.2f} |")
    print(f"| the tree: entries read, hashed, their root | {median(tree) * 1e6:.2f} |")
    print(f"| the rest: canonical form, tiles, checkpoints, completeness | {rest * 1e6:.2f} |")


def fill(path: Path, count: int) -> None:
    with Ledger.create(path, origin=ORIGIN, signer=SIGNER) as log:
        while log.size < count:
            log.append(items(log.size, min(count, log.size + 10 * GROUP)), checkpoint=True)


def bench_large(work: Path, small: int, large: int, proofs: int) -> None:
    """Measure appends to a small and a large ledger in turns."""
    paths = {small: work / "small.ledger", large: work / "large.ledger"}
    for count, path in paths.items():
        with Clock() as clock:
            fill(path, count)
        print(f"filled {count:,} in {clock.seconds:.0f} s, {path.stat().st_size:,} bytes", file=sys.stderr)
    rates: dict[int, list[float]] = {count: [] for count in paths}
    for _ in range(TURNS):
        for count, path in paths.items():
            with Ledger.open(path, signer=SIGNER) as log:
                made = list(groups(items(log.size, log.size + TURN * GROUP)))
                with Clock() as clock:
                    for group in made:
                        log.append(group, checkpoint=True)
            rates[count].append(TURN * GROUP / clock.seconds)
    print("\n| entries | append, entries/s | turns | opening, ms | proof, ms |\n|---|---|---|---|---|")
    for count, path in paths.items():
        opening, proving = time_proofs(path, proofs)
        rounded = ", ".join(f"{rate:,.0f}" for rate in rates[count])
        print(f"| {count:,} | {median(rates[count]):,.0f} | {rounded} | {opening:.3f} | {proving:.3f} |")
    print(f"ratio {median(rates[large]) / median(rates[small]):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--proofs", type=int, default=200)
    parser.add_argument("--large", type=int, help="a ledger of so many entries too")
    parser.add_argument("--work", type=Path, help="a folder on the disk that is to be measured")
    options = parser.parse_args()
    bodies = items(0, options.entries)
    assert {len(body) for body in bodies} == {BYTES}
    print(f"{len(bodies):,} entries of {BYTES} bytes; SQLite {sqlite3.sqlite_version}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.work) as folder:
        work = Path(folder)
        bench_append(work, bodies, options.rounds)
        bench_proofs(work, options.proofs)
        bench_audit(work, bodies, options.rounds)
        if options.large:
            bench_large(work, options.entries, options.large, options.proofs)


if __name__ == "__main__":
    main()
