"""Damage of the groups of equal codes, which nobody checked: an error that names the index, never a crash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matcher.errors import IndexFileError
from matcher.index import build_index
from matcher.index.chunks import Costs
from matcher.index.multi import open_multi
from tests.shared.index_cases import uniform


@pytest.mark.parametrize(
    ("name", "place", "number"),
    [
        ("equal.starts.bin", 1, 0),
        ("equal.starts.bin", 1, 5000),
        ("equal.starts.bin", 1, 2**32 - 1),
        ("equal.starts.bin", 0, 2**32 - 1),
        ("equal.rows.bin", 1, 2000),
        ("equal.rows.bin", 1, 2**32 - 1),
    ],
)
def test_damage_of_groups_is_refused(tmp_path: Path, name: str, place: int, number: int) -> None:
    codes = uniform(np.random.default_rng(1), 2000, 32)
    codes[1000:1010] = codes[:10]
    build_index(codes, radius=31, path=tmp_path / "i", kind="multi")
    damaged = np.fromfile(tmp_path / "i" / "1" / name, "<u4")
    damaged[place] = number
    damaged.tofile(tmp_path / "i" / "1" / name)
    index = open_multi(tmp_path / "i" / "1", costs=Costs(read=1e9, scanned=1e9))
    with pytest.raises(IndexFileError, match="its groups of equal codes are damaged"):
        index.range_search(codes[:10], radius=31)
