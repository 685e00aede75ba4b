"""Are exact lookups in a hundred million digests fast enough, and what would SQLite or NumPy do?

    python -m benchmarks.index.bench_digests [--count 2000000] [--algorithm sha256] [--peer-count 2000000] [--folder F]

Builds a digest table of `--count` random digests in a new folder below `--folder`, which is deleted at the end, and
prints the time of building, the bytes on the disk, how long a new process takes to open it, and how many digests a
second are looked up on one core, half of them listed, in batches of several sizes. Then the same for digests that were
made to begin alike.

The peers, in the same run and with the same queries, are: the table's own kernel with the queries sorted beforehand;
NumPy's searchsorted over the same file; and a SQLite table with an indexed blob column, of `--peer-count` digests,
queried one by one and by a join, compared with a digest table of that size.

`--count 100000000` needs 8 GB of memory, 7 GB of disk and one to three minutes.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import numpy as np
import psutil

from matcher.algorithms import ALGORITHMS
from matcher.index import DigestTable, open_digests
from matcher.index.digests import DIGESTS, build

CHUNK = 1_000_000
ROUNDS = 5
OPEN = """
import sys, time
from pathlib import Path
from matcher.index import open_digests
path = Path(sys.argv[1])
start = time.perf_counter()
table = open_digests(path)
opened = time.perf_counter()
table.find(bytes(table.width))
print(opened - start, time.perf_counter() - opened)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument("--algorithm", choices=["md5", "sha1", "sha256"], default="sha256")
    parser.add_argument("--peer-count", type=int, default=2_000_000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    width = ALGORITHMS[arguments.algorithm].width
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        base = Path(folder)
        _main_table(base / "all", arguments.count, width)
        _alike(base / "alike", arguments.count // 10, width)
        _peer(base, arguments.peer_count, width)


def _main_table(path: Path, count: int, width: int) -> None:
    table = _built(path, count, width, "random")
    size = sum(file.stat().st_size for file in path.iterdir())
    print(f"{size:,} bytes on the disk, {size / count:.2f} a digest")
    opened, first = zip(*(_opening(path) for _ in range(ROUNDS)), strict=True)
    print(
        f"a new process opens it in {max(opened) * 1e3:.1f} ms and finds its first digest in {max(first) * 1e3:.1f} ms"
    )
    mapped = np.asarray(np.memmap(path / DIGESTS, f"S{width}", mode="r"))
    print("\n| queries in a batch | table, digests/s | sorted beforehand | numpy searchsorted | × numpy |")
    print("|---|---|---|---|---|")
    for batch in (1000, 100_000, 1_000_000):
        ours = _rate(table, batch, table.spans)
        presorted = _rate(table, batch, lambda queries: _sorted_spans(table, queries))
        numpy = _rate(table, min(batch, 100_000), lambda queries: _searchsorted(mapped, queries))
        print(f"| {batch:,} | {ours:,.0f} | {presorted:,.0f} | {numpy:,.0f} | {ours / numpy:.1f} |")
    one = _rate(table, 10_000, lambda queries: [table.find(query.tobytes()) for query in queries])
    print(f"| one by one (`find`) | {one:,.0f} | | | |")


def _alike(path: Path, count: int, width: int) -> None:
    """Build a table of even numbers with leading zeros: all are in one bucket; unlisted queries lie between them."""
    print()
    table = _built(path, count, width, "all beginning alike")
    rate = _rate(table, 100_000, table.spans)
    print(f"{rate:,.0f} digests/s looked up in batches of 100,000")


def _built(path: Path, count: int, width: int, kind: str) -> DigestTable:
    raw = path.with_suffix(".raw")
    with raw.open("wb") as stream:
        for chunk in _digests(count, width, kind == "random"):
            chunk.tofile(stream)
    digests = np.memmap(raw, np.uint8, mode="r", shape=(count, width))
    build(digests[:100], path=path.with_suffix(".warm"))  # compiles
    start = time.perf_counter()
    with _peak_memory() as peak:
        build(digests, path=path)
    taken = time.perf_counter() - start
    del digests
    raw.unlink()
    print(f"{count:,} digests of {width} bytes, {kind}: built in {taken:.1f} s, {peak[0] / 1e9:.1f} GB at most", end="")
    print(f" besides mapped files, {os.cpu_count()} cores")
    return open_digests(path)


def _digests(count: int, width: int, random: bool) -> Iterator[np.ndarray]:
    """A generator of the list's digests, in no order."""
    rng = np.random.default_rng(1)
    for begin in range(0, count, CHUNK):
        size = min(CHUNK, count - begin)
        digests = np.zeros((size, width), np.uint8)
        if random:
            digests[:] = np.frombuffer(rng.bytes(size * width), np.uint8).reshape(size, width)
        else:
            numbers = (2 * rng.permutation(np.arange(begin, begin + size))).astype(">u8")
            digests[:, -8:] = numbers.view(np.uint8).reshape(size, 8)
        yield digests


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """The peak memory of this process during the body, without mapped files where the system reports that."""
    process, done, peak = psutil.Process(), Event(), [0]

    def watch() -> None:
        while not done.wait(0.05):
            memory = process.memory_info()
            peak[0] = max(peak[0], memory.rss - getattr(memory, "shared", 0))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _opening(path: Path) -> tuple[float, float]:
    """Seconds that a new process takes to open a table, and for its first lookup."""
    out = subprocess.run([sys.executable, "-c", OPEN, str(path)], check=True, capture_output=True, text=True).stdout
    opened, first = map(float, out.split())
    return opened, first


def _queries(table: DigestTable, count: int, rng: np.random.Generator) -> np.ndarray:
    """Queries in no order: half are listed; each of the others differs from a listed digest in its last bit."""
    queries = np.array(table._table.digests[rng.integers(0, table.count, count)])
    others = rng.permutation(count)[: count // 2]
    queries[others, -1] ^= np.uint8(1)
    return queries


def _rate(table: DigestTable, batch: int, look_up: Callable[[np.ndarray], object]) -> float:
    """Digests a second: the median of rounds with different queries, after one unmeasured round."""
    rng = np.random.default_rng(batch)
    rates = []
    for _ in range(ROUNDS + 1):
        queries = _queries(table, batch, rng)
        start = time.perf_counter()
        look_up(queries)
        rates.append(batch / (time.perf_counter() - start))
    return float(np.median(rates[1:]))


def _sorted_spans(table: DigestTable, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The answers in the order of the queries, which are sorted for the search."""
    order = np.argsort(np.ascontiguousarray(queries[:, :8]).view(">u8").ravel().astype(np.uint64))
    begins, ends = table.spans(queries[order])
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return begins[back], ends[back]


def _searchsorted(mapped: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The places of the queries in the table, by NumPy; -1 where a query is not listed."""
    flat = queries.view(mapped.dtype).ravel()
    places = np.minimum(np.searchsorted(mapped, flat), len(mapped) - 1)
    return np.where(mapped[places] == flat, places, -1)


def _peer(base: Path, count: int, width: int) -> None:
    print()
    table = _built(base / "peer", count, width, "random")
    start = time.perf_counter()
    with closing(sqlite3.connect(base / "peer.db")) as database:
        database.execute("create table digest (entry integer, value blob)")
        entry = 0
        for chunk in _digests(count, width, True):
            database.executemany("insert into digest values (?, ?)", enumerate(map(bytes, chunk), entry))
            entry += len(chunk)
        database.execute("create index digest_value on digest (value)")
        database.execute("create temp table query (value blob)")
        database.commit()
        database.execute("pragma cache_size=-1000000")
        size = (base / "peer.db").stat().st_size
        print(
            f"SQLite, the same digests: built in {time.perf_counter() - start:.1f} s, {size / count:.1f} bytes a digest"
        )
        print("\n| queries in a batch | table, digests/s | SQLite, a query a digest | × | SQLite, a join | × |")
        print("|---|---|---|---|---|---|")
        _same_answers(database, table)
        for batch in (1000, 100_000):
            ours = _rate(table, batch, table.find_many)
            single = _rate(table, batch, lambda queries: _one_by_one(database, queries))
            joined = _rate(table, batch, lambda queries: _joined(database, queries))
            print(f"| {batch:,} | {ours:,.0f} | {single:,.0f} | {ours / single:.0f}", end="")
            print(f" | {joined:,.0f} | {ours / joined:.0f} |")


def _same_answers(database: sqlite3.Connection, table: DigestTable) -> None:
    queries = _queries(table, 1000, np.random.default_rng(2))
    limits, _places = table.find_many(queries)
    assert [len(rows) for rows in _one_by_one(database, queries)] == np.diff(limits).tolist()


def _one_by_one(database: sqlite3.Connection, queries: np.ndarray) -> list[list[tuple[int]]]:
    look_up = "select entry from digest where value = ?"
    return [database.execute(look_up, (bytes(query),)).fetchall() for query in queries]


def _joined(database: sqlite3.Connection, queries: np.ndarray) -> list[tuple[int, int]]:
    database.execute("delete from temp.query")
    database.executemany("insert into temp.query values (?)", ((bytes(query),) for query in queries))
    look_up = "select query.rowid, entry from temp.query cross join digest using (value)"
    return database.execute(look_up).fetchall()


if __name__ == "__main__":
    main()
