"""Checking an index while somebody else changes and prunes it, and where a file cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from matcher.errors import IndexFileError
from matcher.index import add_codes, build_index, check_index, compact_index, folder, prune_index, segmented
from matcher.index.generations import Generation, read_generation
from tests.shared.index_cases import uniform


def test_an_index_that_is_pruned_while_it_is_checked_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "i"
    build_index(uniform(np.random.default_rng(1), 300, 32), radius=31, path=path)
    add_codes(path, uniform(np.random.default_rng(2), 3, 32))
    read: list[int] = []

    def reading(where: Path, number: int) -> Generation:
        found = read_generation(where, number)
        if not read:
            compact_index(path)
            prune_index(path)
        read.append(number)
        return found

    monkeypatch.setattr(segmented, "read_generation", reading)
    check_index(path)
    assert read == [2, 3]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_index(uniform(np.random.default_rng(1), 300, 32), radius=31, path=tmp_path / "i")

    def broken(path: Path) -> str:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(folder, "sha256_of", broken)
    with pytest.raises(IndexFileError, match=r"1/.*\.bin: Input/output error"):
        check_index(tmp_path / "i")
