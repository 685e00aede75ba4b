"""A writer that is killed between any two steps leaves the store as it was; two writers wait for each other."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from matcher import Hash, Matcher
from matcher.lists.compacting import compact_list, prune
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store
from tests.shared.list_cases import NAME, bring, exported, line, newest, value

pytestmark = pytest.mark.slow

KILLED = """
import os, sys
from importlib import import_module
from pathlib import Path
from matcher.lists.compacting import compact_list, prune
from matcher.lists.importing import ImportRequest, import_lists
from matcher.lists.removing import remove_entries
from matcher.lists.store import Store

folder, action, module, name = sys.argv[1:]
store = Store(Path(folder))
owner = import_module(module)
*outer, name = name.split(".")
for part in outer:
    owner = getattr(owner, part)

def killed(*_arguments, **_more):
    os.kill(os.getpid(), 9)

setattr(owner, name, killed)
if action == "update":
    import_lists(store, ImportRequest("made", [Path(folder, "brought.jsonl")], update=True), on_refused=print)
elif action == "remove":
    remove_entries(store, "made", ["b"])
elif action == "compact":
    compact_list(store, "made")
else:
    prune(store)
"""

STEPS = [
    ("matcher.lists.builder", "ListBuilder.finish"),
    ("matcher.lists.builder", "write_ids"),
    ("matcher.lists.builder", "removal_of"),
    ("matcher.lists.builder", "write_new"),
    ("matcher.lists.builder", "sync_tree"),
    ("matcher.lists.store", "StoreWriter.publish"),
    ("matcher.lists.store", "sync_folder"),  # the folder has its name, the catalogue does not know it
    ("matcher.lists.store", "_now"),
]


def kill(store: Path, action: str, module: str, name: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(store), action, module, name], check=False)
    assert done.returncode == -signal.SIGKILL, "the step was not reached"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A list with an update; the file that it was brought with adds `c`."""
    bring(tmp_path, line("a", "md5", 1), line("b", "pdq", 2))
    bring(tmp_path, line("c", "pdq", 3), update=True)
    return tmp_path


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
@pytest.mark.parametrize(
    ("action", "step"),
    [
        (action, step)
        for action in ("update", "remove", "compact")
        for step in STEPS
        if (action, step[1]) != ("compact", "removal_of")  # a list that stands alone removes nothing
    ],
    ids=str,
)
def test_a_killed_writer_leaves_the_store_as_it_was(changed: Path, action: str, step: tuple[str, str]) -> None:
    store = Store.open(changed)
    before = exported(newest(changed))
    kill(changed, action, *step)
    assert store.current() == [(NAME, 2)]
    assert exported(newest(changed)) == before
    assert remove_entries(store, NAME, ["a"]).version == 3
    assert len(exported(newest(changed))) == len(before) - 1
    assert sorted(path.name for path in (changed / "lists" / NAME).iterdir()) == ["1", "2", "3"]


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_killed_pruning_is_mended_by_the_next_change(changed: Path) -> None:
    store = Store.open(changed)
    compact_list(store, NAME)
    kill(changed, "prune", "matcher.lists.store", "StoreWriter.forget")
    assert len(store.versions()) == 3
    kill(changed, "prune", "shutil", "rmtree")
    assert [row["version"] for row in store.versions()] == [3]
    assert len(list((changed / "lists" / NAME).iterdir())) == 3
    assert len(exported(newest(changed))) == 3
    bring(changed, line("d", "md5", 5), update=True)
    assert sorted(path.name for path in (changed / "lists" / NAME).iterdir()) == ["3", "4"]
    assert prune(store).versions == ()


def test_readers_see_whole_versions_while_writers_write(tmp_path: Path) -> None:
    """Every entry that a reader sees belongs to one published version: entry n is there with all before it."""
    bring(tmp_path, line("e0", "phash", 0))
    done = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        while not done.is_set():
            matcher = Matcher.open(tmp_path)
            (opened,) = matcher.lists
            seen = {match.entry for match in matcher.lookup(Hash("phash", bytes.fromhex(value(0, "phash"))))}
            if seen != {f"e{number}" for number in range(opened.facts.counts["entries"])}:
                wrong.append((opened.version, seen))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 12):
            bring(tmp_path, line(f"e{number}", "phash", 1 << number), update=True)
            if number % 4 == 0:
                compact_list(Store(tmp_path), NAME)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not wrong
