"""Evidence that goes away while it is scanned: the scan stops and stays open, and nothing is called unreadable."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from matcher.errors import SourceError
from matcher.executors.serial import SerialExecutor
from matcher.model import Finding, Item, Reason, Status
from matcher.scan.job import Result
from matcher.scan.presence import LEFT_AT_END, MOST_FAILURES, PROBED_AFTER, Presence
from matcher.sources.folder import FolderSource
from tests.shared.scan_cases import entries, scan


class Numbered:
    """A source of numbered items, of which those in `lost` cannot be opened."""

    def __init__(self) -> None:
        self.lost: set[str] = set()
        self.opened = 0

    def items(self) -> Iterator[Item]:
        yield from ()

    def open(self, item: Item) -> BinaryIO:
        self.opened += 1
        if item.path in self.lost:
            raise OSError(errno.ESTALE, "stale file handle")
        return io.BytesIO(b"x")

    def describe(self) -> dict[str, Any]:
        return {}

    def digest(self) -> str | None:
        return None


def read(number: int) -> tuple[Item, Result]:
    item = Item(str(number), b"", 1)
    return item, Finding(item.path, 1, b"\0" * 32, Status.EXAMINED, None, None)


def failed(number: int, *, listed: bool = True) -> tuple[Item, Result]:
    state = (None, None) if listed else (Status.UNREADABLE, Reason.VANISHED)
    item = Item(str(number), b"", 1 if listed else None, *state)
    return item, Finding(item.path, 1, None, Status.UNREADABLE, Reason.INPUT_OUTPUT_ERROR, None)


def link(number: int) -> tuple[Item, Result]:
    item = Item(str(number), b"", None, Status.SKIPPED, Reason.SYMBOLIC_LINK)
    return item, Finding(item.path, None, None, Status.SKIPPED, Reason.SYMBOLIC_LINK, None)


def passed(presence: Presence, results: list[tuple[Item, Result]]) -> list[str]:
    return [item.path for each in results for item, _result in presence.passed(*each)]


def test_a_damaged_disk_is_recorded_in_order() -> None:
    presence = Presence(Numbered(), None)
    results = [read(0), *(failed(number) for number in range(1, 3000)), link(3000), read(3001), failed(3002)]
    found = passed(presence, results) + [item.path for item, _result in presence.rest()]
    assert found == [str(number) for number in range(3003)]


def test_where_what_was_read_is_gone_too_the_scan_stops() -> None:
    source = Numbered()
    presence = Presence(source, None)
    assert passed(presence, [read(0), read(1)]) == ["0", "1"]
    source.lost = {"0", "1"}
    results = [failed(number) for number in range(2, 2 + PROBED_AFTER)]
    assert passed(presence, results[:-1]) == []
    with pytest.raises(SourceError, match="went away.*--resume"):
        passed(presence, results[-1:])


def test_it_stops_at_the_end_of_the_source_too() -> None:
    source = Numbered()
    source.lost = {"0"}
    presence = Presence(source, None, known=read(0)[0])
    passed(presence, [failed(number) for number in range(1, 1 + LEFT_AT_END)])
    with pytest.raises(SourceError, match="went away"):
        list(presence.rest())


def test_nothing_can_be_opened_from_the_beginning() -> None:
    presence = Presence(Numbered(), None)
    results = [failed(number) for number in range(MOST_FAILURES)]
    assert passed(presence, results[:-1]) == []
    with pytest.raises(SourceError, match=f"none of the first {MOST_FAILURES:,} items"):
        passed(presence, results[-1:])


def test_a_list_that_names_only_what_is_missing_is_recorded() -> None:
    presence = Presence(Numbered(), None)
    results = [failed(number, listed=False) for number in range(3 * MOST_FAILURES)]
    assert len(passed(presence, results)) == len(results)


class Unmounted(SerialExecutor):
    """An executor under which the evidence goes away after some results."""

    def __init__(self, folder: Path, after: int) -> None:
        super().__init__()
        self._folder, self._after = folder, after

    def run(self, job: Any, items: Any, **hooks: Any) -> Any:
        for number, result in enumerate(super().run(job, self._listed(items), **hooks)):
            yield result
            if number + 1 == self._after:
                self._folder.rename(self._folder.with_name("away"))
                self._folder.mkdir()

    @staticmethod
    def _listed(items: Any) -> Iterator[Item]:
        """The items, listed as soon as the first is wanted, as the other executors list ahead."""
        iterator = iter(items)
        yield from [item for item in iterator]  # noqa: C416 - the whole list before the first


def test_an_unmounted_disk_leaves_the_scan_open_and_it_goes_on(tmp_path: Path, known_store: Path) -> None:
    evidence = tmp_path / "disk"
    evidence.mkdir()
    for number in range(20):
        (evidence / f"{number:02d}.txt").write_text(f"{number}")
    case = tmp_path / "case"
    with pytest.raises(SourceError, match="not there any more, or empty.*--resume"):
        scan(case, evidence, known_store, executor=Unmounted(evidence, 8))
    assert len(entries(case, "item")) == 8
    assert not entries(case, "scan.close")
    assert entries(case, "anomaly")[-1]["what"] == "stopped by SourceError"
    evidence.rmdir()
    evidence.with_name("away").rename(evidence)
    facts, _listener = scan(case, evidence, known_store, resume=True)
    assert (facts["items"], facts["counts"]["unreadable"]) == (20, 0)


def test_files_that_are_deleted_meanwhile_are_unreadable_items(tmp_path: Path, known_store: Path) -> None:
    (tmp_path / "disk").mkdir()
    for name in ("a", "b"):
        (tmp_path / "disk" / name).write_text(name)

    class Deleting(FolderSource):
        def open(self, item: Item) -> BinaryIO:
            if item.path == "b":
                (tmp_path / "disk" / "b").unlink()
            return super().open(item)

    source = Deleting(tmp_path / "disk")
    presence = Presence(source, tmp_path / "disk")
    first, second = source.items()
    assert passed(presence, [(first, read(0)[1])]) == ["a"]
    with pytest.raises(FileNotFoundError):
        source.open(second)
    assert passed(presence, [(second, failed(1)[1])]) == []
    assert [item.path for item, _result in presence.rest()] == ["b"]
