"""A content that was examined is not decoded again, and its findings are what decoding again would have given."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from matcher.examine.content import Content
from matcher.examine.engine import Matcher
from matcher.executors.pool import PoolExecutor
from matcher.executors.serial import SerialExecutor
from matcher.model import Finding, Item, Status
from matcher.record.contents import Contents
from matcher.revisit.verify import verify_case
from matcher.scan.job import RepeatedContent
from matcher.scan.repeats import Repeats
from matcher.scan.seen_table import SeenTable
from tests.shared.scan_cases import Quiet, fail, kept, scan


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory, drawn_evidence: Path) -> Path:
    """Everything again and again, at other depths and under other names."""
    folder = tmp_path_factory.mktemp("repeated") / "exhibit"
    shutil.copytree(drawn_evidence, folder, symlinks=True)
    shutil.copytree(drawn_evidence, folder / "again", symlinks=True)
    shutil.copytree(folder, folder.with_name("zz"), symlinks=True)
    shutil.move(folder.with_name("zz"), folder)
    (folder / "zz/identical.png").rename(folder / "zz/a name without a suffix")
    return folder


class Unseeing(SeenTable):
    """Forgets everything."""

    def add(self, sha256: bytes) -> None:
        pass


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The items whose content is examined in this process."""
    names: list[str] = []
    ordinary = Matcher.examine_content

    def examine(self: Matcher, content: Content, *, name: str = "", **options: Any) -> Finding:
        names.append(name)
        return ordinary(self, content, name=name, **options)

    monkeypatch.setattr(Matcher, "examine_content", examine)
    return names


class Plain(NamedTuple):
    """A scan of it that takes no shortcut."""

    facts: dict[str, Any]
    told: Quiet
    case: Path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, repeated: Path, known_store: Path) -> Plain:
    case = tmp_path_factory.mktemp("plain") / "case"
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("matcher.scan.run.SeenTable", Unseeing)
        return Plain(*scan(case, repeated, known_store), case)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
@pytest.mark.parametrize("group", [1000, 4])
def test_findings_are_the_same(
    tmp_path: Path,
    repeated: Path,
    plain: Plain,
    known_store: Path,
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    group: int,
) -> None:
    expected, told, case = plain
    monkeypatch.setattr("matcher.record.recorder.GROUP_ITEMS", group)  # with four, earlier findings are read back
    executor = PoolExecutor(workers) if workers else SerialExecutor()
    facts, listener = scan(tmp_path / "case", repeated, known_store, executor=executor)
    assert facts["findings_root"] == expected["findings_root"]
    assert facts["counts"]["duplicate"] > 20
    assert listener.recorded_findings == told.recorded_findings
    assert kept(tmp_path / "case") == kept(case)
    assert facts["conflicts"] == expected["conflicts"]
    assert facts["notable"] == expected["notable"]
    assert verify_case(tmp_path / "case").problems == ()


def test_a_content_is_decoded_once(tmp_path: Path, repeated: Path, known_store: Path, decoded: list[str]) -> None:
    facts, _listener = scan(tmp_path / "case", repeated, known_store)
    not_repeated = facts["items"] - facts["counts"]["duplicate"]
    links = sum(path.is_symlink() for path in repeated.rglob("*"))
    assert len(decoded) == not_repeated - links
    assert "zz/a name without a suffix" not in decoded
    assert "zz/broken.jpg" in decoded  # why it cannot be read may be the machine's


@pytest.mark.slow
def test_contents_that_agree_in_what_the_tables_hold_are_told_apart(
    tmp_path: Path, repeated: Path, plain: Plain, known_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, told, _case = plain
    monkeypatch.setattr("matcher.scan.seen_table.key_of", lambda _sha256: 5)
    monkeypatch.setattr("matcher.record.contents.key_of", lambda _sha256: 5)
    facts, listener = scan(tmp_path / "case", repeated, known_store)
    assert facts["findings_root"] == expected["findings_root"]
    assert listener.recorded_findings == told.recorded_findings


@pytest.mark.slow
@pytest.mark.parametrize("after", [3, 20, 40])
def test_what_an_earlier_run_recorded_was_seen(
    tmp_path: Path,
    repeated: Path,
    plain: Plain,
    known_store: Path,
    monkeypatch: pytest.MonkeyPatch,
    decoded: list[str],
    after: int,
) -> None:
    expected, told, case = plain
    monkeypatch.setattr("matcher.record.recorder.GROUP_ITEMS", 4)
    fail(tmp_path / "case", repeated, known_store, after)
    decoded.clear()
    facts, listener = scan(tmp_path / "case", repeated, known_store, resume=True)
    assert facts["findings_root"] == expected["findings_root"]
    assert listener.recorded_findings == told.recorded_findings[after:]
    assert kept(tmp_path / "case") == kept(case)
    recorded = {finding.sha256 for finding in told.recorded_findings[:after] if finding.pictures and not finding.reason}
    repeated_now = {finding.path for finding in told.recorded_findings[after:] if finding.sha256 in recorded}
    assert not repeated_now & set(decoded)


class Recording:
    """A recorder that has what it is given."""

    def __init__(self, *findings: Finding) -> None:
        self.contents = Contents()
        self._findings = {finding.sha256: finding for finding in findings}

    def earlier(self, sha256: bytes, *, path: str) -> Finding | None:
        found = self._findings.get(sha256)
        return None if found is None else replace(found, path=path)


ITEM = Item("b", b"b", 5)
SHA256 = b"\x09" * 32
REPEATED = RepeatedContent("b", SHA256)


@pytest.mark.parametrize(
    "earlier",
    [
        [],
        [Finding("a", 5, SHA256, Status.KNOWN, reason="corrupt")],  # type: ignore[arg-type]
        [Finding("a" * 5000, 5, SHA256, Status.EXAMINED, matches_total=3)],  # its path left no room for its matches
    ],
)
def test_what_may_be_otherwise_is_examined_again(earlier: list[Finding]) -> None:
    with SeenTable() as seen:
        repeats = Repeats(Recording(*earlier), seen)  # type: ignore[arg-type]
        assert repeats.accept(ITEM, REPEATED) == replace(ITEM, may_repeat=False)


def test_what_lasts_is_taken_over() -> None:
    with SeenTable() as seen:
        repeats = Repeats(Recording(Finding("a", 5, SHA256, Status.KNOWN, width=7)), seen)  # type: ignore[arg-type]
        assert repeats.accept(ITEM, REPEATED) == Finding("b", 5, SHA256, Status.KNOWN, width=7)
        assert repeats.complete(REPEATED) == Finding("b", 5, SHA256, Status.KNOWN, width=7)
