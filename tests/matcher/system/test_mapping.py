"""Mapped files keep no descriptor, may be read as long as an array refers to them, and cannot be written to."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from matcher.index.folder import map_array, map_bytes
from matcher.system.mapping import map_file


def test_a_mapped_file_has_the_file_s_bytes_also_when_only_a_view_of_them_is_left(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    data = np.random.default_rng(1).bytes(100_003)
    path.write_bytes(data)
    tail = map_file(path)[100_000:]
    gc.collect()
    assert tail.tobytes() == data[100_000:]
    assert map_file(path).tobytes() == data
    assert bytes(map_bytes(path)[5:9]) == data[5:9]


def test_arrays_have_their_type_and_shape_and_are_read_only(tmp_path: Path) -> None:
    path = tmp_path / "array"
    array = np.arange(600, dtype="<u4").reshape(200, 3)
    path.write_bytes(array.tobytes())
    mapped = map_array(path, "<u4", (200, 3))
    assert (mapped == array).all()
    assert mapped.dtype == array.dtype
    with pytest.raises(ValueError, match="read-only"):
        mapped[0, 0] = 1


def test_an_empty_file_is_an_empty_array(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert map_file(tmp_path / "empty").shape == (0,)


def test_a_folder_cannot_be_mapped(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError if os.name == "posix" else PermissionError):
        map_file(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_no_descriptor_remains_open(tmp_path: Path) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(b"x" * 5000)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names, not paths
    mapped = [map_file(path) for _ in range(50)]
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert len(mapped) == 50
