"""What an index makes of arguments that are nearly right: the same answer, or an error, and never another answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.algorithms import Metric
from matcher.errors import IndexFileError
from matcher.index import build_index, open_index, remove_rows
from tests.shared.index_cases import assert_same, referee, uniform


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flat", "multi"])
@pytest.mark.parametrize("number", [np.uint8(255), np.int64(255), np.uint16(40), np.int8(31)])
def test_a_radius_of_any_whole_type_is_the_same_radius(tmp_path: Path, kind: str, number: Any) -> None:
    codes = uniform(np.random.default_rng(1), 700, 32)
    index = build_index(codes, radius=31, path=tmp_path / "i", kind=kind)
    assert_same(index.range_search(codes[:9], radius=number), referee(codes, codes[:9], int(number)))


def test_a_radius_of_numpy_is_built_for(tmp_path: Path) -> None:
    codes = uniform(np.random.default_rng(1), 300, 32)
    assert build_index(codes, radius=np.int64(31), path=tmp_path / "i").radius == 31  # type: ignore[arg-type]
    euclidean = build_index(codes, radius=9, path=tmp_path / "e", metric=Metric.EUCLIDEAN)
    assert len(euclidean.range_search(codes[:1], radius=np.uint8(255))[2]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("threads", [0, -1])
@pytest.mark.parametrize("kind", ["flat", "multi"])
def test_no_threads_are_one(tmp_path: Path, kind: str, threads: int) -> None:
    codes = uniform(np.random.default_rng(1), 700, 32)
    index = build_index(codes, radius=31, path=tmp_path / "i", kind=kind)
    assert_same(index.range_search(codes[:9], radius=31, threads=threads), referee(codes, codes[:9], 31))


@pytest.mark.parametrize("rows", [[1.7], np.array([True, False, True]), np.array([2.0])])
def test_only_whole_numbers_are_removed(tmp_path: Path, rows: Any) -> None:
    build_index(uniform(np.random.default_rng(1), 3, 32), radius=31, path=tmp_path / "i")
    with pytest.raises(IndexFileError, match="rows are whole numbers, not"):
        remove_rows(tmp_path / "i", rows)
    assert open_index(tmp_path / "i").count == 3
    remove_rows(tmp_path / "i", [])
    remove_rows(tmp_path / "i", np.array([2], np.uint8))
    assert open_index(tmp_path / "i").count == 2
