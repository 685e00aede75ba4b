"""Which contents were seen: the table that workers map, and what happens where there is no room for it."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest

from matcher.executors.pool import PoolExecutor
from matcher.scan import seen_table as seen
from matcher.scan.seen_table import SeenTable, SeenTableReader
from tests.shared.scan_cases import scan


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def test_nothing_is_written_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with SeenTable() as table:
        assert table.path is None
        table.add(bytes(32))
    assert list(tmp_path.iterdir()) == []


def test_a_worker_has_what_its_parent_adds() -> None:
    with SeenTable() as table:
        before = SeenTableReader(table.path)
        assert digest(1) not in before
        table.add(digest(1))
        assert digest(1) in before
        assert digest(2) not in before
        path = table.path
    assert path is not None
    assert not path.exists()


def test_its_room_is_taken_at_once() -> None:
    """Holes that are filled through a mapping end the process on a full disk, with no exception."""
    with SeenTable() as table:
        assert table.path is not None
        status = table.path.stat()
        assert not hasattr(status, "st_blocks") or status.st_blocks * 512 >= status.st_size == 8 * seen.PLACES


@pytest.mark.process
def test_without_room_for_it_everything_is_decoded(
    known_folder: Path, known_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_named: object) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    evidence = tmp_path / "evidence"
    evidence.mkdir()
    for number in (1, 2):
        (evidence / f"{number}.png").write_bytes((known_folder / "1.png").read_bytes())
    expected, _told = scan(tmp_path / "case", evidence, known_store)
    monkeypatch.setattr(tempfile, "mkstemp", full)
    for workers in (0, 1):
        executor = PoolExecutor(workers) if workers else None
        found, _told = scan(tmp_path / f"case{workers}", evidence, known_store, executor=executor)
        assert found["findings_root"] == expected["findings_root"]
