"""The store: versions, atomic imports, damage, and what a killed import leaves."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from matcher.algorithms import ALGORITHMS
from matcher.errors import IndexFileError, ListError, StoreError
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile, ListEntry, RefusedLine
from tests.shared.list_cases import find_digest


def value(number: int, algorithm: str = "pdq") -> str:
    return number.to_bytes(ALGORITHMS[algorithm].width).hex()


def write(path: Path, *lines: object) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def run(store: Path, *files: Path, name: str = "made", **more: object) -> list[tuple[str, RefusedLine]]:
    refused: list[tuple[str, RefusedLine]] = []
    request = ImportRequest(name, files, CategoryProfile(), **more)  # type: ignore[arg-type]
    import_lists(Store(store), request, on_refused=lambda source, line: refused.append((source, line)))
    return refused


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l.jsonl",
        {"id": "a", "algorithm": "pdq", "value": value(1), "quality": 90, "category": "1", "note": "ä"},
        {"id": "a", "algorithm": "md5", "value": value(2, "md5"), "category": "1", "note": "ä"},
        {"id": "b", "algorithm": "phash", "value": value(3, "phash")},
        {"id": "b", "algorithm": "vpdq", "value": "00" * 144},
    )
    assert run(tmp_path / "s", path) == []
    opened = Store.open(tmp_path / "s").open_list("made", 1, check=True)
    assert opened.algorithms == ("md5", "pdq", "phash")
    assert opened.facts.counts == {
        "entries": 2,
        "records": 2,
        "hashes": {"md5": 1, "pdq": 1, "phash": 1},
        "kept": {"vpdq": 1},
        "refused": 0,
    }
    (number,) = find_digest(opened, "md5", bytes.fromhex(value(2, "md5")))
    assert opened.entry(number) == ListEntry("a", "1", "ä")
    assert find_digest(opened, "sha1", bytes(20)) == []
    assert opened.code("pdq", 0).hex() == value(1)
    kept = (opened.folder / "kept.jsonl").read_text()
    assert json.loads(kept) == [1, "vpdq", "00" * 144, None]


def test_bad_lines_are_reported_and_the_rest_goes_in(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l.jsonl",
        {"id": "a", "algorithm": "pdq", "value": value(1)},
        "not json",
        {"id": "b", "algorithm": "pdq", "value": "12"},
        {"id": "c", "algorithm": "pdq", "value": value(2)},
    )
    refused = run(tmp_path / "s", path)
    assert [(source, line.line) for source, line in refused] == [("l.jsonl", 2), ("l.jsonl", 3)]
    opened = Store.open(tmp_path / "s").open_list("made", 1)
    assert opened.facts.counts["hashes"] == {"pdq": 2}
    assert [json.loads(line)[1] for line in (opened.folder / "refused.jsonl").read_text().splitlines()] == [2, 3]


def test_a_new_import_is_a_new_version_and_the_old_one_stays(tmp_path: Path) -> None:
    for number in (1, 2):
        run(
            tmp_path / "s",
            write(tmp_path / "l", {"id": str(number), "algorithm": "md5", "value": value(number, "md5")}),
        )
    store = Store.open(tmp_path / "s")
    assert store.current() == [("made", 2)]
    assert [row["version"] for row in store.versions()] == [1, 2]
    assert store.open_list("made", 1).entry(0).id == "1"
    assert store.open_list("made", 2).entry(0).id == "2"


def test_several_files_are_one_list(tmp_path: Path) -> None:
    files = [
        write(tmp_path / str(number), {"id": str(number), "algorithm": "md5", "value": value(number, "md5")})
        for number in (1, 2)
    ]
    run(tmp_path / "s", *files)
    facts = Store.open(tmp_path / "s").open_list("made", 1).facts
    assert [source["file"] for source in facts.sources] == ["1", "2"]
    assert facts.counts["entries"] == 2


@pytest.mark.parametrize("content", ["", "\n\n", "nothing that is a list\n", '{"id": "a"}\n{"id": "b"}\n'])
def test_a_file_of_which_nothing_is_taken_changes_nothing(tmp_path: Path, content: str) -> None:
    run(tmp_path / "s", write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")}))
    before = snapshot(tmp_path / "s")
    (tmp_path / "bad").write_text(content)
    with pytest.raises(ListError, match="bad"):
        run(tmp_path / "s", tmp_path / "bad")
    assert snapshot(tmp_path / "s") == before


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListError, match=r"absent: No such file"):
        run(tmp_path / "s", tmp_path / "absent")


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a\\b", "a\0b", "x" * 101, "a.", "a ", "-a", "a:b"])
def test_names_that_cannot_be_folders_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be a list's name"):
        run(tmp_path / "s", write(tmp_path / "l", "x"), name=name)


def test_names_that_differ_only_by_case_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")})
    run(tmp_path / "s", path, name="Übung (2026)")
    with pytest.raises(StoreError, match="differs only by case"):
        run(tmp_path / "s", path, name="übung (2026)")


def test_the_default_category_is_for_entries_that_have_none(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l",
        {"id": "a", "algorithm": "md5", "value": value(1, "md5")},
        {"id": "b", "algorithm": "md5", "value": value(2, "md5"), "category": "0"},
    )
    run(tmp_path / "s", path, default_category="7")
    opened = Store.open(tmp_path / "s").open_list("made", 1)
    assert [opened.entry(number).category for number in (0, 1)] == ["7", "0"]


def test_every_changed_byte_of_a_version_is_refused(tmp_path: Path) -> None:
    run(tmp_path / "s", write(tmp_path / "l", {"id": "a", "algorithm": "pdq", "value": value(1)}))
    store = Store.open(tmp_path / "s")
    folder = store.folder_of("made", 1)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == "list.json":
            continue
        original = path.read_bytes()
        for place in range(len(original)):
            path.write_bytes(original[:place] + bytes([original[place] ^ 1]) + original[place + 1 :])
            with pytest.raises((StoreError, IndexFileError)):
                store.open_list("made", 1, check=True)
        path.write_bytes(original)
    store.open_list("made", 1, check=True)


def test_a_missing_or_foreign_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a store"):
        Store.open(tmp_path)
    (tmp_path / "catalogue.db").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match=r"catalogue\.db"):
        Store.open(tmp_path)


def test_a_store_can_be_read_while_an_import_is_under_way(tmp_path: Path) -> None:
    path = write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")})
    run(tmp_path / "s", path)
    with Store(tmp_path / "s").writing() as writer:
        writer.staging("made")
        assert Store.open(tmp_path / "s").current() == [("made", 1)]


@pytest.mark.parametrize(
    "name", ["entries.jsonl", "entries.offsets", "hashes/md5.entries", "hashes/md5.index/prefixes.bin"]
)
@pytest.mark.parametrize("damage", ["missing", "empty", "short"])
def test_a_damaged_version_is_refused_without_the_check(tmp_path: Path, name: str, damage: str) -> None:
    run(tmp_path / "s", write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")}))
    store = Store.open(tmp_path / "s")
    path = store.folder_of("made", 1) / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] if damage == "short" else b"")
    with pytest.raises((StoreError, IndexFileError)):
        store.open_list("made", 1)


def test_entries_are_counted_by_their_ids(tmp_path: Path) -> None:
    lines = [{"id": name, "algorithm": "md5", "value": value(n, "md5")} for n, name in enumerate("abab")]
    run(tmp_path / "s", write(tmp_path / "l", *lines))
    counts = Store.open(tmp_path / "s").open_list("made", 1).facts.counts
    assert (counts["entries"], counts["records"]) == (2, 4)


def test_a_list_whose_facts_no_ledger_entry_holds_is_refused(tmp_path: Path) -> None:
    lines = [{"id": "a", "algorithm": f"{'t' * 900}{n}", "value": "x"} for n in range(90)]
    with pytest.raises(ListError, match="a ledger's entry holds"):
        run(tmp_path / "s", write(tmp_path / "l", *lines))
    lines = [{"id": "a", "algorithm": f"type{n}", "value": "x"} for n in range(101)]
    with pytest.raises(ListError, match="more than 100 unknown hash types"):
        run(tmp_path / "s", write(tmp_path / "l", *lines))


def test_many_files_are_one_list_whose_facts_stay_small(tmp_path: Path) -> None:
    files = [
        write(tmp_path / f"{n}.jsonl", {"id": str(n), "algorithm": "md5", "value": value(n, "md5")}) for n in range(80)
    ]
    run(tmp_path / "s", *files)
    record = Store.open(tmp_path / "s").open_list("made", 1).load_record()
    assert (len(record["sources"]), record["sources_total"]) == (32, 80)


HALF_COMMITTED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("pragma cache_size=2")
database.execute("begin immediate")
database.execute("delete from version")
for number in range(2000):  # more than the cache holds, so that pages reach the file before the commit
    database.execute("insert into version values (?, 1, 'then', 'digest')", [f"{number}" * 50])
os.kill(os.getpid(), 9)
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_catalogue_with_a_hot_journal_can_be_read(tmp_path: Path) -> None:
    """What a kill in the middle of a commit leaves, in a store that this reader may not write to."""
    run(tmp_path / "s", write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")}))
    catalogue = tmp_path / "s" / "catalogue.db"
    subprocess.run([sys.executable, "-c", HALF_COMMITTED, str(catalogue)], check=False)
    before = snapshot(tmp_path / "s")
    with (
        closing(sqlite3.connect(f"{catalogue.as_uri()}?mode=ro", uri=True)) as plain,
        pytest.raises(sqlite3.OperationalError),
    ):
        plain.execute("select * from version").fetchall()  # SQLite alone cannot
    assert Store.open(tmp_path / "s").current() == [("made", 1)]
    assert snapshot(tmp_path / "s") == before


def test_a_journal_that_cannot_be_copied_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "s", write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")}))
    (tmp_path / "s" / "catalogue.db-journal").touch()

    def full(_source: object, target: object) -> None:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(StoreError, match=r"catalogue.db: an import .*-journal: No space left on device"):
        Store.open(tmp_path / "s")


def test_a_second_writer_is_told_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.lists.store._WAIT", 0.1)
    with (
        Store(tmp_path / "s").writing(),
        pytest.raises(StoreError, match="another import"),
        Store(tmp_path / "s").writing(),
    ):
        pass


KILLED = """
import sys
from pathlib import Path
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.store import Store
from matcher.model import CategoryProfile

print("ready", flush=True)
request = ImportRequest("made", [Path(sys.argv[2])], CategoryProfile())
import_lists(Store(Path(sys.argv[1])), request, on_refused=print)
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_import_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    run(tmp_path / "s", write(tmp_path / "l", {"id": "a", "algorithm": "md5", "value": value(1, "md5")}))
    before = Store.open(tmp_path / "s").versions()
    os.mkfifo(tmp_path / "endless")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "s"), str(tmp_path / "endless")], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        with (tmp_path / "endless").open("w") as pipe:
            for number in range(5000):
                pipe.write(json.dumps({"id": str(number), "algorithm": "md5", "value": value(number, "md5")}) + "\n")
            pipe.flush()
            staging = tmp_path / "s/lists/made/.staging"
            while not staging.exists():
                time.sleep(0.01)
            process.kill()
    assert staging.exists()
    assert Store.open(tmp_path / "s").versions() == before
    run(tmp_path / "s", tmp_path / "l")
    assert not staging.exists()
    assert Store.open(tmp_path / "s").current() == [("made", 2)]


def test_standard_input_in_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe gives what it has; the head must be filled before the format is told."""
    lines = "".join(json.dumps({"id": str(n), "algorithm": "md5", "value": value(n, "md5")}) + "\n" for n in range(50))

    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 1, 7))

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Trickle(lines.encode())))
    assert run(tmp_path / "s", Path("-")) == []
    facts = Store.open(tmp_path / "s").open_list("made", 1).facts
    assert facts.counts["entries"] == 50
    assert facts.sources[0]["size"] == len(lines)


def test_the_callers_list_is_what_is_measured(tmp_path: Path, make_store: Callable[..., Path]) -> None:
    """Two lists in one store, each with its own versions."""
    make_store([{"id": "a", "algorithm": "md5", "value": value(1, "md5")}], name="one")
    store = make_store([{"id": "b", "algorithm": "md5", "value": value(2, "md5")}], name="two")
    assert Store.open(store).current() == [("one", 1), ("two", 1)]
