"""A disk or a system that fails, a file that cannot be written, and what a writer's lock depends on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import Ledger, Signer, audit
from ledger.storage.store import Store

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
KILLED_WRITER = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=2")
connection.execute("BEGIN IMMEDIATE")
for idx in range(3, 103):
    connection.execute("INSERT INTO entry VALUES (?, zeroblob(4000))", (idx,))
os._exit(9)
"""
# Takes away what the superuser may do, once everything is imported; then runs the statements that follow.
AS_ANYBODY = """
import os, resource, sys, tempfile
from ledger import *
path, name = sys.argv[1:]
signer = Signer.from_private_bytes(bytes(range(32)), name=name)
entries = [canonical({"v": 1, "type": "note", "number": number}) for number in range(1000)]
with tempfile.TemporaryDirectory() as folder:  # what is imported when it is first needed is imported now
    with Ledger.create(folder + "/used", origin=name, signer=signer) as log:
        log.append(entries[:1], checkpoint=True)
    audit(folder + "/used", keys=[signer.vkey])
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
"""
NEEDS_PERMISSIONS = pytest.mark.skipif(os.name == "nt", reason="NOT TESTED: permissions and limits of POSIX")


def run(code: str, *arguments: Path | str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)
        Path(folder).chmod(0o777)


@pytest.fixture
def everyones(open_folder: Path, signer: Signer, make_entry: Callable[..., bytes]) -> Path:
    """A ledger of three entries that any user may write."""
    path = open_folder / "case.ledger"
    with Ledger.create(path, origin=signer.name, signer=signer) as log:
        log.append([make_entry(number) for number in range(3)], checkpoint=True)
    path.chmod(0o666)
    return path


# System calls that fail, and kills


@pytest.mark.slow
def test_nothing_acknowledged_is_lost() -> None:
    """A sample; benchmarks/ledger/ledger_faults.py disturbs every system call."""
    command = [sys.executable, "-m", "benchmarks.ledger.ledger_faults", "--runs", "20", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode == 2:
        pytest.skip(f"NOT TESTED whether a disturbed writer loses anything: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    total = [cell.strip() for cell in done.stdout.splitlines()[-1].split("|")]
    assert total[1:4] == ["all", "", "20"]
    assert int(total[4]) >= 10


# A full disk, and what may not be written

UNTIL_FULL = """
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(path) + 40_000, hard))  # Python ignores SIGXFSZ
with Ledger.open(path, signer=signer) as log:
    try:
        while True:
            size = log.append(entries[:50], checkpoint=True) + 50
            print(size)
    except StoreError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(log.size, log.append(entries[:50], checkpoint=True))
"""


@NEEDS_PERMISSIONS
def test_a_full_disk(everyones: Path, signer: Signer) -> None:
    """What was acknowledged is there, the error names the file, and the same Ledger goes on once there is room."""
    *acknowledged, error, after = run(AS_ANYBODY + UNTIL_FULL, everyones, signer.name).splitlines()
    assert len(acknowledged) > 1
    last = acknowledged[-1]
    assert str(everyones) in error
    assert after == f"{last} {last}"
    report = audit(everyones, keys=getattr(signer, "vkeys", (signer.vkey,)), expect=None)
    assert (report.problems, report.size) == ((), int(last) + 50)


REFUSED = """
before = open(path, "rb").read()
try:
    with Ledger.open(path, signer=signer) as log:
        log.append(entries[:1], checkpoint=True)
except StoreError as error:
    print(error)
assert open(path, "rb").read() == before
assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
report = audit(path, keys=[signer.vkey])
assert report.intact, report.problems
print(report.size)
"""


@NEEDS_PERMISSIONS
@pytest.mark.parametrize(("file", "folder"), [(0o444, 0o777), (0o666, 0o555), (0o444, 0o555)])
def test_what_may_not_be_written(everyones: Path, signer: Signer, file: int, folder: int) -> None:
    everyones.chmod(file)
    everyones.parent.chmod(folder)
    error, size = run(AS_ANYBODY + REFUSED, everyones, signer.name).splitlines()
    assert str(everyones) in error
    assert size == "3"


# Writers that must not believe that they wrote

WRITES_AFTER_A_READ = """
with Ledger.open(path, signer=signer) as log:
    print("opened", flush=True)
    sys.stdin.readline()
    try:
        size = log.size
        print(log.append(entries[:1], checkpoint=True), log.append(entries[:1], checkpoint=True))
    except StoreError as error:
        print("refused", error)
"""


@NEEDS_PERMISSIONS
def test_a_writer_never_writes_to_a_copy(everyones: Path, signer: Signer) -> None:
    """Beside another writer's journal that it may not open, which a reader of evidence would take a copy of."""
    command = [sys.executable, "-c", AS_ANYBODY + WRITES_AFTER_A_READ, str(everyones), signer.name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "opened\n"
        subprocess.run([sys.executable, "-c", KILLED_WRITER, str(everyones)], check=False)
        everyones.with_name("case.ledger-journal").chmod(0o444)
        said, _ = writer.communicate("\n")
    with Ledger.open(everyones) as log:
        size = log.size
    assert said.startswith("refused") or size == 5, f"said {said.strip()!r}, and there are {size} entries"
    assert str(everyones) in said


TAKES_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
    print("taken")
except sqlite3.OperationalError as error:
    print(error)
"""


@pytest.mark.parametrize("use", ["audit", "open_readonly", "open"])
def test_a_writer_keeps_its_lock_while_others_in_its_process_open_and_close(
    make_ledger: Callable[..., Path], signer: Signer, use: str
) -> None:
    """Whoever closes a file gives up all POSIX locks of his process on it, those of SQLite's other connections too."""
    path = make_ledger(3)
    with closing(Store.open(path)) as store, store.writing():
        assert run(TAKES_THE_LOCK, path) == "database is locked\n"
        if use == "audit":
            audit(path, keys=[signer.vkey])
        else:
            getattr(Ledger, use)(path).close()
        assert run(TAKES_THE_LOCK, path) == "database is locked\n"
