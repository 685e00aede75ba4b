"""Radius search equals brute force, for every kind of index; a damaged index is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.distances import hamming
from matcher.errors import IndexFileError
from matcher.index import build_index, check_index, open_index
from tests.shared.index_cases import Codes, clustered, contents


def brute_force(codes: Codes, queries: Codes, radius: int) -> list[set[tuple[int, int]]]:
    """(row, distance) of every code within the radius, inclusive, of each query, one bit at a time."""
    return [
        {
            (row, distance)
            for row, code in enumerate(codes)
            if (distance := hamming(query.tobytes(), code.tobytes())) <= radius
        }
        for query in queries
    ]


@pytest.mark.slow
@given(
    seed=st.integers(0, 2**32 - 1),
    width=st.sampled_from([8, 32]),
    count=st.integers(0, 60),
    asked=st.integers(0, 9),
    radius=st.integers(0, 64),
)
@settings(max_examples=60, deadline=None)
def test_equals_brute_force(
    tmp_path_factory: pytest.TempPathFactory, seed: int, width: int, count: int, asked: int, radius: int
) -> None:
    rng = np.random.default_rng(seed)
    codes, queries = clustered(rng, count, width), clustered(rng, asked, width)
    queries[: min(asked, count)] = codes[: min(asked, count)]
    index = build_index(codes, radius=min(radius, 31), path=tmp_path_factory.mktemp("index") / "i")
    limits, distances, rows = index.range_search(queries, radius=radius)
    assert limits.dtype == np.int64
    assert distances.dtype == np.int32
    assert rows.dtype == np.int64
    assert len(limits) == asked + 1
    found = [
        set(zip(rows[limits[q] : limits[q + 1]].tolist(), distances[limits[q] : limits[q + 1]].tolist(), strict=True))
        for q in range(asked)
    ]
    assert found == brute_force(codes, queries, radius)


def test_the_radius_is_inclusive(tmp_path: Path) -> None:
    codes = np.zeros((1, 32), np.uint8)
    query = codes.copy()
    query[0, :4] = 0xFF  # 32 bits away
    index = build_index(codes, radius=31, path=tmp_path / "i")
    assert len(index.range_search(query, radius=31)[2]) == 0
    assert index.range_search(query, radius=32)[1].tolist() == [32]


def test_needles_against_haystack(vectors: Path, tmp_path: Path) -> None:
    haystack, needles = (
        np.array([list(bytes.fromhex(line)) for line in (vectors / "pdq" / name).read_text().split()], np.uint8)
        for name in ("haystack.txt", "needles.txt")
    )
    index = build_index(haystack, radius=31, path=tmp_path / "i")
    limits, distances, rows = index.range_search(needles, radius=31)
    expected = brute_force(haystack, needles, 31)
    assert sum(map(len, expected)) > 0
    for query, known in enumerate(expected):
        part = slice(limits[query], limits[query + 1])
        assert set(zip(rows[part].tolist(), distances[part].tolist(), strict=True)) == known


def test_an_index_opens_again_and_is_never_overwritten(tmp_path: Path) -> None:
    codes = clustered(np.random.default_rng(3), 20, 32)
    build_index(codes, radius=31, path=tmp_path / "i")
    assert open_index(tmp_path / "i").codes.tobytes() == codes.tobytes()
    with pytest.raises(IndexFileError, match="never overwritten"):
        build_index(codes, radius=31, path=tmp_path / "i")


def test_the_same_codes_give_the_same_bytes(tmp_path: Path) -> None:
    codes = clustered(np.random.default_rng(3), 20, 32)
    for name in ("a", "b"):
        build_index(codes, radius=31, path=tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_every_changed_byte_is_refused_by_the_check(tmp_path: Path) -> None:
    build_index(clustered(np.random.default_rng(3), 4, 8), radius=4, path=tmp_path / "i")
    target = tmp_path / "i" / "1" / "codes.bin"
    original = target.read_bytes()
    for place in range(len(original)):
        changed = bytearray(original)
        changed[place] ^= 1
        target.write_bytes(changed)
        with pytest.raises(IndexFileError, match=r"codes\.bin"):
            check_index(tmp_path / "i")
    target.write_bytes(original)
    check_index(tmp_path / "i")


@pytest.mark.parametrize("header", ["", "{}", "[]", '{"format": 9}', '{"format": 1, "kind": "flat"}', "\x00"])
def test_a_broken_header_is_refused(tmp_path: Path, header: str) -> None:
    build_index(np.zeros((1, 8), np.uint8), radius=4, path=tmp_path / "i")
    (tmp_path / "i" / "1" / "header.json").write_text(header)
    with pytest.raises(IndexFileError, match=r"header\.json|index format"):
        open_index(tmp_path / "i")


def test_bad_arguments_are_refused(tmp_path: Path) -> None:
    for codes in (np.zeros((2, 7), np.uint8), np.zeros(8, np.uint8), np.zeros((2, 8), np.int8)):
        with pytest.raises(IndexFileError, match="codes must be"):
            build_index(codes, radius=4, path=tmp_path / "i")  # type: ignore[arg-type]
    with pytest.raises(IndexFileError, match="makes no sense"):
        build_index(np.zeros((2, 8), np.uint8), radius=65, path=tmp_path / "i")
    index = build_index(np.zeros((2, 8), np.uint8), radius=4, path=tmp_path / "i")
    with pytest.raises(IndexFileError, match="do not fit"):
        index.range_search(np.zeros((1, 32), np.uint8), radius=4)
    with pytest.raises(IndexFileError, match="No such file"):
        open_index(tmp_path / "absent")
