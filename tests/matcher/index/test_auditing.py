"""The audit passes what is sound and catches an index that lies, however rarely it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.index.index_codes import hostile, uniform
from matcher.errors import IndexAuditError
from matcher.index import build_index
from matcher.index.auditing import audit_index, sample_of
from matcher.index.digest_auditing import audit_digests
from matcher.index.digests import build as build_digests
from matcher.index.digests import open_digests
from matcher.index.measures import Codes, Hamming, SquaredEuclidean

Answer = tuple[Any, Any, Any]
Near = tuple[Any, Any]
Lie = Callable[[Any, Any], Near]
HERE = Path("an.index")


class Slow:
    """An index that compares bytes' squared differences or bits, one query after the other, and may be told to lie."""

    def __init__(self, codes: Codes, radius: int, *, squares: bool = False, lie: Lie | None = None) -> None:
        self.codes, self.radius, self.count, self.bits = codes, radius, len(codes), codes.shape[1] * 8
        self._squares, self._lie = squares, lie
        self.asked: list[tuple[bytes, int]] = []

    def range_search(self, queries: Codes, *, radius: int, threads: int = 1) -> Answer:
        self.asked += [(query.tobytes(), radius) for query in queries]
        answers: list[Near] = []
        for query in queries:
            if self._squares:
                apart = ((self.codes.astype(int) - query.astype(int)) ** 2).sum(axis=1)
            else:
                apart = np.unpackbits(self.codes ^ query, axis=1).sum(axis=1, dtype=int)
            rows = np.flatnonzero(apart <= radius)[::-1]
            answers.append((rows, apart[rows]) if self._lie is None else self._lie(rows, apart[rows]))
        limits = np.cumsum([0, *(len(rows) for rows, _ in answers)])
        return (
            limits,
            np.concatenate([apart for _, apart in answers]).astype(np.int32),
            np.concatenate([rows for rows, _ in answers]).astype(np.int64),
        )


@given(
    seed=st.integers(0, 2**52),
    width=st.sampled_from([8, 32]),
    count=st.integers(0, 400),
    radius=st.integers(0, 40),
    sample=st.integers(1, 100),
    kind=st.sampled_from([uniform, hostile]),
)
@settings(max_examples=25, deadline=None)
def test_sound_indexes_pass(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    width: int,
    count: int,
    radius: int,
    sample: int,
    kind: Callable[[int, int, int], Codes],
) -> None:
    path = tmp_path_factory.mktemp("index") / "i"
    codes = kind(count, width, seed)
    index = build_index(codes, radius=radius, path=path)
    found = audit_index(index, path, seed=seed, sample=sample, codes=codes)
    assert found == audit_index(Slow(codes, radius), path, seed=seed, sample=sample)
    assert (found.codes, found.sample, found.radius, found.seed) == (count, sample if count else 0, radius, seed)
    assert found.matches >= found.sample * radius // (radius + 2) - radius - 2


def test_what_is_asked() -> None:
    """Every distance to the radius and the one beyond, the edges, the frequent codes, and other radii too."""
    codes = uniform(3000, 32, 5)
    codes[1000:1300] = codes[7]
    index = Slow(codes, 31)
    found = audit_index(index, HERE, seed=3, sample=400)
    within = [np.frombuffer(query, np.uint8) for query, radius in index.asked if radius == 31]
    assert len(within) == found.queries == 400 + 51 + 2
    apart = np.array([np.bitwise_count(codes ^ query).sum(axis=1) for query in within])
    nearest = apart.min(axis=1)
    assert set(range(33)) <= set(nearest[:400].tolist())
    assert (nearest == 31).sum() >= 10
    assert {bytes(32), bytes([255] * 32)} <= {query.tobytes() for query in within}
    assert {radius for _, radius in index.asked} == {0, 15, 31, 38}
    assert index.asked == (again := Slow(codes, 31), audit_index(again, HERE, seed=3, sample=400))[0].asked
    assert index.asked != (other := Slow(codes, 31), audit_index(other, HERE, seed=4, sample=400))[0].asked


def test_the_first_the_last_and_the_most_frequent_code_are_always_asked() -> None:
    codes = uniform(50_000, 32, 5)
    codes[1000:1300] = codes[7]
    index = Slow(codes, 31)
    audit_index(index, HERE, seed=3, sample=3)
    asked = [np.frombuffer(query, np.uint8) for query, radius in index.asked if radius == 31][:3]
    for query, row in zip(asked, (0, 49_999, 7), strict=True):
        assert np.bitwise_count(codes[row] ^ query).sum() <= 32


def test_the_work_is_bounded() -> None:
    assert [sample_of(count) for count in (0, 1, 10_000, 1_000_000, 10_000_000, 50_000_000)] == [1000] * 3 + [
        320,
        64,
        64,
    ]


LIES: dict[str, tuple[Lie, str]] = {
    "drops row 2999": (lambda rows, apart: (rows[rows != 2999], apart[rows != 2999]), "rows missing: 2999$"),
    "drops what is at the radius": (lambda rows, apart: (rows[apart != 31], apart[apart != 31]), "rows missing"),
    "drops the farthest of many": (lambda rows, apart: (rows[:50], apart[:50]), "rows missing: .* and 2.. more"),
    "a wrong distance": (lambda rows, apart: (rows, apart + (rows == 0)), "rows at a wrong distance: 0$"),
    "twice": (lambda rows, apart: (rows.repeat(1 + (rows == 0)), apart.repeat(1 + (rows == 0))), "more than once: 0$"),
    "a row that is not near": (lambda rows, apart: (np.append(rows, 2000), np.append(apart, 31)), "too many: 2000"),
    "another row": (lambda rows, apart: (np.where(rows == 0, 1, rows), apart), "missing: 0; rows too many: 1"),
}


@pytest.mark.parametrize("name", LIES)
def test_an_index_that_lies_is_caught(name: str) -> None:
    lie, words = LIES[name]
    codes = uniform(3000, 32, 5)
    codes[1000:1300] = codes[7]
    with pytest.raises(IndexAuditError, match=f"(?s)an.index: .* query [0-9a-f]{{64}} within [0-9]+: .*{words}"):
        audit_index(Slow(codes, 31, lie=lie), HERE, seed=3)


@pytest.mark.parametrize("off", [-1, 1])
def test_a_radius_that_is_off_by_one_is_caught(off: int) -> None:
    index = Slow(uniform(3000, 32, 5), 31)
    exact = index.range_search

    def wrong(queries: Codes, *, radius: int, threads: int = 1) -> Answer:
        return exact(queries, radius=radius + off)

    index.range_search = wrong  # type: ignore[method-assign]
    with pytest.raises(IndexAuditError, match="missing" if off < 0 else "too many"):
        audit_index(index, HERE, seed=3)


def test_an_answer_whose_limits_do_not_fit_is_caught() -> None:
    index = Slow(uniform(300, 32, 5), 31)
    exact = index.range_search

    def shifted(queries: Codes, *, radius: int, threads: int = 1) -> Answer:
        limits, distances, rows = exact(queries, radius=radius)
        return limits, distances[1:], rows

    index.range_search = shifted  # type: ignore[method-assign]
    with pytest.raises(IndexAuditError, match="do not fit"):
        audit_index(index, HERE, seed=3)


def test_an_index_over_other_codes_is_caught() -> None:
    codes = uniform(300, 32, 5)
    changed = codes.copy()
    changed[299, 31] ^= 1
    with pytest.raises(IndexAuditError, match="row 299 is not the list's"):
        audit_index(Slow(changed, 31), HERE, seed=3, codes=codes)
    with pytest.raises(IndexAuditError, match="holds 299 codes"):
        audit_index(Slow(codes[:-1], 31), HERE, seed=3, codes=codes)


@pytest.mark.parametrize("radius", [0, 3, 90, 40_000])
def test_euclidean_distances(radius: int) -> None:
    codes = np.vstack([uniform(300, 144, 5), np.zeros((1, 144), np.uint8), np.full((1, 144), 255, np.uint8)])
    found = audit_index(Slow(codes, radius, squares=True), HERE, seed=3, measure=SquaredEuclidean())
    assert found.matches >= found.sample * 0.3
    with pytest.raises(IndexAuditError, match="missing"):
        audit_index(
            Slow(codes, radius, squares=True, lie=lambda rows, apart: (rows[apart != radius], apart[apart != radius])),
            HERE,
            seed=3,
            measure=SquaredEuclidean(),
        )


@given(seed=st.integers(0, 2**32), width=st.sampled_from([8, 32, 144]), distance=st.integers(0, 60_000))
@settings(deadline=None)
def test_a_moved_code_is_as_far_as_it_should_be(seed: int, width: int, distance: int) -> None:
    random = np.random.default_rng(seed)
    code = random.integers(0, 256, width, np.uint8)
    flipped = Hamming().moved(code, distance, random=random)
    assert Hamming().distances(code, flipped[None]).tolist() == [min(distance, width * 8)]
    moved = SquaredEuclidean().moved(code, distance, random=random)
    true = sum((int(one) - int(other)) ** 2 for one, other in zip(code, moved, strict=True))
    assert SquaredEuclidean().distances(code, moved[None]).tolist() == [true]
    assert true == distance or (width == 8 and true < distance)


class Table:
    """A digest table that may lie."""

    def __init__(self, path: Path, lie: Callable[[list[int]], list[int]]) -> None:
        self._table, self._lie = open_digests(path), lie
        self.path, self.count, self.width = path, self._table.count, self._table.width

    def find(self, digest: bytes) -> list[int]:
        return self._lie(self._table.find(digest))

    def find_many(self, digests: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        return self._table.find_many(digests)


class TableOfMany(Table):
    """One that lies only where many are asked at once."""

    def find(self, digest: bytes) -> list[int]:
        return self._table.find(digest)

    def find_many(self, digests: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        found = [self._lie(self._table.find(digest.tobytes())) for digest in digests]
        return np.cumsum([0, *map(len, found)]), np.array([place for places in found for place in places], np.int64)


@pytest.mark.slow
@pytest.mark.parametrize("width", [16, 20, 32])
def test_digest_tables(tmp_path: Path, width: int) -> None:
    digests = uniform(500, 32, 5)[:, :width].copy()
    digests[100:120] = digests[3]
    digests[200, :8] = digests[201, :8]
    order = build_digests(digests, path=tmp_path / "t")
    table = open_digests(tmp_path / "t")
    found = audit_digests(table, tmp_path / "t", seed=3, digests=digests, order=order)
    assert found == audit_digests(table, tmp_path / "t", seed=3)
    assert (found.codes, found.sample, found.queries, found.radius) == (500, 1000, 2002, 0)
    assert found.matches > 1000
    lies: list[Callable[[list[int]], list[int]]] = [
        lambda rows: rows[:-1] if len(rows) > 2 else rows,
        lambda rows: [row for row in rows if row != 499],
        lambda rows: rows or [0],
        lambda rows: rows * 2,
    ]
    for lie in lies:
        for liar in (Table, TableOfMany):
            with pytest.raises(IndexAuditError, match=f"{tmp_path / 't'}: digest [0-9a-f]{{{2 * width}}} was found"):
                audit_digests(liar(tmp_path / "t", lie), tmp_path / "t", seed=3)  # type: ignore[arg-type]
    with pytest.raises(IndexAuditError, match="the list has"):
        audit_digests(table, tmp_path / "t", seed=3, digests=digests[1:], order=order)
    digests[0, 0] ^= 1
    with pytest.raises(IndexAuditError, match="the digest of row 0 is not the list's"):
        audit_digests(table, tmp_path / "t", seed=3, digests=digests, order=order)
    digests[0, 0] ^= 1
    with pytest.raises(IndexAuditError, match="not every digest"):
        audit_digests(table, tmp_path / "t", seed=3, digests=digests, order=np.zeros(500, np.uint32))
