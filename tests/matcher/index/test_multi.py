"""The multi-index answers what FAISS's brute force answers, whatever way it takes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import IndexFileError
from matcher.index import build_index, check_index, open_index
from matcher.index.chunks import DEFAULT_COSTS, Chunks, Costs, choose_chunks, largest_share, masks, patterns, plan
from matcher.index.duplicates import group_equal, without_repeats
from matcher.index.multi import MultiIndex, open_multi
from matcher.index.scanning import scan
from matcher.index.words import words_of
from tests.shared.index_cases import (
    KINDS,
    assert_same,
    clustered,
    contents,
    flipped,
    hostile,
    make_queries,
    referee,
    uniform,
)

WAYS = {
    "as it would": DEFAULT_COSTS,
    "never by a scan": replace(DEFAULT_COSTS, scanned=1e9, read=1e9),
    "by the sizes of the buckets": replace(DEFAULT_COSTS, candidate=30.0, survivor=1e3, scanned=1e9, read=1e9),
    "soon by a scan": replace(DEFAULT_COSTS, survivor=400.0, scanned=0.01, read=0.01),
    "by a scan": replace(DEFAULT_COSTS, probe=1e9),
}


@cache
def built(kind: str, count: int, width: int, radius: int, seed: int) -> Path:
    """The folder of an index that several tests ask."""
    codes = KINDS[kind](np.random.default_rng(seed), count, width)
    path = Path(mkdtemp()) / "index"
    build_index(codes, radius=radius, path=path, kind="multi")
    return path / "1"


@pytest.mark.slow
@given(
    kind=st.sampled_from(sorted(KINDS)),
    shape=st.sampled_from([(8, 8), (8, 4), (16, 12), (24, 20), (32, 31), (32, 39), (64, 60)]),
    count=st.sampled_from([1, 2, 40, 3000]),
    asked=st.sampled_from([1, 3, 9, 200]),
    radius=st.one_of(st.integers(0, 64), st.integers(0, 520)),
    seed=st.integers(0, 2**32 - 1),
    way=st.sampled_from(sorted(WAYS)),
)
@settings(max_examples=300, deadline=None)
def test_equals_faiss(
    kind: str, shape: tuple[int, int], count: int, asked: int, radius: int, seed: int, way: str
) -> None:
    width, built_for = shape
    index = open_multi(built(kind, count, width, built_for, count), costs=WAYS[way])
    queries = make_queries(np.random.default_rng(seed), index.codes, asked, radius + 4)
    radius = min(radius, width * 8)
    assert_same(index.range_search(queries, radius=radius), referee(index.codes, queries, radius))


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("width", "radius"), [(32, 31), (32, 41), (32, 64), (8, 8), (8, 14)])
def test_a_large_batch_on_many_codes(kind: str, width: int, radius: int) -> None:
    index = open_multi(built(kind, 60_000, width, min(radius, 39), 5))
    queries = make_queries(np.random.default_rng(1), index.codes, 5000 if kind == "uniform" else 300, radius + 2)
    assert_same(index.range_search(queries, radius=radius), referee(index.codes, queries, radius))


@pytest.mark.slow
@pytest.mark.parametrize("radius", range(65))
def test_every_radius(radius: int) -> None:
    for kind in KINDS:
        index = open_multi(built(kind, 3000, 32, 31, 3000), costs=WAYS["never by a scan"])
        queries = make_queries(np.random.default_rng(radius), index.codes, 60, radius)
        assert_same(index.range_search(queries, radius=radius), referee(index.codes, queries, radius))


@pytest.mark.slow
def test_threads_share_the_queries_and_the_index() -> None:
    index = open_multi(built("clustered", 3000, 32, 31, 3000))
    queries = make_queries(np.random.default_rng(1), index.codes, 101, 31)
    expected = referee(index.codes, queries, 31)
    for threads in (2, 3, 200):
        assert_same(index.range_search(queries, radius=31, threads=threads), expected)
    answers = []
    askers = [Thread(target=lambda: answers.append(index.range_search(queries, radius=31))) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    for answer in answers:
        assert_same(answer, expected)
    assert len(answers) == 8


def test_a_hundred_thousand_equal_codes_are_all_found(tmp_path: Path) -> None:
    codes = uniform(np.random.default_rng(1), 120_000, 32)
    codes[10_000:110_000] = codes[3]
    index = build_index(codes, radius=31, path=tmp_path / "i")
    assert isinstance(index, MultiIndex)
    queries = flipped(np.random.default_rng(2), codes[[3, 3, 5, 119_999]], 31)
    assert_same(index.range_search(queries, radius=31), referee(codes, queries, 31))


@pytest.mark.slow
def test_more_candidates_than_are_verified_at_once(tmp_path: Path) -> None:
    """Codes that share half their bits pass every look but the last, tens of thousands in one chunk."""
    rng = np.random.default_rng(1)
    codes = uniform(rng, 30_000, 32)
    codes[:, :16] = codes[0, :16]
    build_index(codes, radius=31, path=tmp_path / "i", kind="multi")
    index = open_multi(tmp_path / "i" / "1", costs=WAYS["never by a scan"])
    queries = flipped(rng, codes[:40], 31)
    assert_same(index.range_search(queries, radius=31), referee(codes, queries, 31))
    assert_same(index.range_search(queries, radius=50), referee(codes, queries, 50))


@given(seed=st.integers(0, 2**32 - 1), width=st.sampled_from([8, 24]), count=st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_equal_rows_are_grouped(seed: int, width: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    codes = uniform(rng, max(count // 3, 1), width)[rng.integers(0, max(count // 3, 1), count)]
    groups = group_equal(words_of(codes))
    by_code: dict[bytes, list[int]] = {}
    for row, code in enumerate(codes):
        by_code.setdefault(code.tobytes(), []).append(row)
    expected = [rows for rows in by_code.values() if len(rows) > 1]
    assert groups.firsts.tolist() == [rows[0] for rows in expected]
    assert [groups.rows[a:b].tolist() for a, b in zip(groups.starts, groups.starts[1:], strict=False)] == expected
    assert without_repeats(count, groups).tolist() == [rows[0] for rows in by_code.values()]


def test_codes_that_only_look_equal_to_a_hash_function_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.index.duplicates._mixed", lambda words: words[:, 0] & np.uint64(1))
    codes = uniform(np.random.default_rng(0), 300, 8)
    codes[200:] = codes[:100]
    groups = group_equal(words_of(codes))
    assert groups.firsts.tolist() == list(range(100))
    assert groups.rows.reshape(-1, 2).tolist() == [[row, row + 200] for row in range(100)]


@pytest.mark.parametrize("width", [5, 16])
def test_masks_are_all_patterns_once(width: int) -> None:
    values, starts = masks(width, 3)
    for ones in range(4):
        expected = {sum(1 << bit for bit in chosen) for chosen in combinations(range(width), ones)}
        level = values[starts[ones] : starts[ones + 1]].tolist()
        assert len(level) == len(expected)
        assert set(level) == expected
    assert patterns(width, 3) == len(values)


@pytest.mark.slow
@given(
    bits=st.sampled_from([64, 128, 256, 512]),
    radius=st.integers(0, 130),
    count=st.sampled_from([10, 10**5, 10**7, 10**9]),
)
@settings(max_examples=150, deadline=None)
def test_a_plan_covers_its_radius_and_no_more(bits: int, radius: int, count: int) -> None:
    chunks = choose_chunks(bits, radius, count, DEFAULT_COSTS)
    assert int(chunks.widths.sum()) == bits
    assert chunks.count >= 3
    assert int(chunks.widths.max()) <= 24
    planned = plan(chunks, radius, count, DEFAULT_COSTS)
    if planned is not None:
        assert sum(planned.shares) == radius + 1
        for share, width in zip(planned.shares, chunks.widths.tolist(), strict=True):
            assert 0 <= share <= largest_share(width)


@pytest.mark.slow
@given(
    differences=st.lists(st.integers(0, 24), min_size=3, max_size=16),
    data=st.data(),
)
def test_some_start_leads_to_every_code_within_the_radius(differences: list[int], data: st.DataObject) -> None:
    """The pigeonhole principle round the ring, for any shares whose sum is one more than the radius."""
    radius = sum(differences) + data.draw(st.integers(0, 5))
    shares = [0] * len(differences)
    for _ in range(radius + 1):
        shares[data.draw(st.integers(0, len(shares) - 1))] += 1
    following = [*range(1, len(shares)), 0]
    assert any(
        differences[i] < shares[i] and differences[i] + differences[j] < shares[i] + shares[j]
        for i, j in enumerate(following)
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 5, 40])
def test_a_scan_makes_room(count: int) -> None:
    codes = clustered(np.random.default_rng(0), 5000, 32)
    codes[1000:4000] = codes[0]
    queries = np.repeat(codes[:1], count, axis=0)
    assert_same(scan(words_of(codes), words_of(queries), 40), referee(codes, queries, 40))


def test_the_same_codes_give_the_same_bytes(tmp_path: Path) -> None:
    codes = hostile(np.random.default_rng(3), 9000, 32)
    for name in ("a", "b"):
        build_index(codes, radius=31, path=tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize("name", ["ids.bin", "offsets.bin"])
def test_damage_that_nobody_checked_for_does_no_harm(tmp_path: Path, name: str) -> None:
    """Numbers that point outside are seen before they are followed."""
    codes = uniform(np.random.default_rng(3), 6000, 32)
    build_index(codes, radius=31, path=tmp_path / "i")
    target = tmp_path / "i" / "1" / name
    target.write_bytes(b"\xff" * target.stat().st_size if name == "ids.bin" else target.read_bytes()[:-4] + b"\xff" * 4)
    if name == "offsets.bin":
        body = np.frombuffer(target.read_bytes(), np.uint32).copy()
        body[1::2] = 2**32 - 1
        target.write_bytes(body.tobytes())
    index = open_index(tmp_path / "i")
    with pytest.raises(IndexFileError, match="damaged"):
        index.range_search(codes[:50], radius=31)
    with pytest.raises(IndexFileError, match=name):
        check_index(tmp_path / "i")


@pytest.mark.parametrize("name", ["codes.bin", "ids.bin", "offsets.bin", "signatures.bin", "equal.rows.bin"])
def test_a_truncated_file_is_refused(tmp_path: Path, name: str) -> None:
    build_index(hostile(np.random.default_rng(3), 6000, 32), radius=31, path=tmp_path / "i")
    target = tmp_path / "i" / "1" / name
    target.write_bytes(target.read_bytes()[:-1])
    with pytest.raises(IndexFileError, match=rf"{name}: has \d+ bytes"):
        open_index(tmp_path / "i")


def test_the_kind_follows_the_number_of_codes(tmp_path: Path) -> None:
    few = build_index(uniform(np.random.default_rng(0), 200, 32), radius=31, path=tmp_path / "few")
    many = build_index(uniform(np.random.default_rng(0), 20_000, 32), radius=31, path=tmp_path / "many")
    assert not isinstance(few, MultiIndex)
    assert isinstance(many, MultiIndex)
    with pytest.raises(IndexFileError, match="kind"):
        build_index(uniform(np.random.default_rng(0), 3, 8), radius=4, path=tmp_path / "x", kind="other")


def test_costs_are_positive_and_chunks_need_no_luck() -> None:
    """However odd the measured costs, a plan is a division of the radius."""
    for costs in (Costs(0, 0, 0, 0, 0), Costs(1e9, 1e9, 1e9, 1e9, 1e9)):
        planned = plan(Chunks(256, 16), 31, 10**6, costs)
        assert planned is not None
        assert sum(planned.shares) == 32
