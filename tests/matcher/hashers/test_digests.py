"""Digests: hashlib's own answers, and the table that they are looked up in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import IndexFileError
from matcher.hashers.digests import MD5, SHA1, SHA256
from matcher.index.digests import build, open_digests


def test_published_answers_for_abc() -> None:
    """RFC 1321, A.5; FIPS 180-2, A.1 and B.1."""
    found = []
    for hasher in (MD5, SHA1, SHA256):
        running = hasher.start()
        running.update(b"a")
        running.update(b"bc")
        found.append(running.digest().hex())
    assert found == [
        "900150983cd24fb0d6963f7d28e17f72",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    ]


def test_a_wrong_width_is_refused(tmp_path: Path) -> None:
    build(np.zeros((3, 16), np.uint8), path=tmp_path / "t.index")
    with pytest.raises(IndexFileError, match="20 bytes among digests of 16"):
        open_digests(tmp_path / "t.index").find(bytes(20))


@pytest.mark.slow
def test_a_truncated_table_is_refused(tmp_path: Path, truncate: Callable[[Path], None]) -> None:
    build(np.zeros((3, 16), np.uint8), path=tmp_path / "t.index")
    truncate(tmp_path / "t.index" / "digests.bin")
    with pytest.raises(IndexFileError, match=r"digests\.bin: has 47 bytes, its header says 48"):
        open_digests(tmp_path / "t.index")


@pytest.fixture
def truncate() -> Callable[[Path], None]:
    def cut(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-1])

    return cut
