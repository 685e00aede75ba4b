"""As ordinary users, whom permissions bind: read-only evidence, and a store that a group reads and one person writes.

Real processes of real users, so these tests need root, and a Python that others may run; where they cannot be had, they
skip and say so. scripts/offline_check does more of this, on an installation.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.imaging.drawing import landscape
from matcher.lists.store import CATALOGUE

pytestmark = pytest.mark.process

WRITER, READER, STRANGER, GROUP = 61001, 61002, 61003, 61999
"""Numbers of users and of a group; they need no names."""

Done = subprocess.CompletedProcess[str]


class Lab:
    """A folder that every user may enter, and commands as one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"PATH": os.defpath, "HOME": str(folder / "nobody's home")}
        self.environment["NUMBA_CACHE_DIR"] = str(folder / "cache")
        (folder / "cache").mkdir()
        (folder / "cache").chmod(0o777)  # only here: who writes there decides what others run

    def started(self, user: int, *arguments: Path | str, umask: int = 0o027, **more: Any) -> subprocess.Popen[str]:
        group = GROUP if user == WRITER else user
        groups = [GROUP] if user == READER else []
        whose: dict[str, Any] = {"user": user, "group": group, "extra_groups": groups, "umask": umask}
        return subprocess.Popen(
            [sys.executable, "-m", "matcher", *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **whose | more,
        )

    def run(self, user: int, *arguments: Path | str, umask: int = 0o027) -> Done:
        process = self.started(user, *arguments, umask=umask)
        out, said = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, said)

    def own(self, name: str, user: int, mode: int) -> Path:
        folder = self.folder / name
        folder.mkdir()
        os.chown(folder, user, GROUP)
        folder.chmod(mode)
        return folder


@pytest.fixture
def lab() -> Iterator[Lab]:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("ORDINARY USERS NOT TESTED: only root can become one of them")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        found = Lab(Path(name))
        try:
            version = found.run(STRANGER, "--version")
        except OSError:
            pytest.skip(f"ORDINARY USERS NOT TESTED: they may not run {sys.executable}")
        assert version.returncode == 0, version.stderr
        yield found


@pytest.fixture
def listed(lab: Lab, known_list: Path) -> Path:
    path = lab.folder / "known.jsonl"
    path.write_bytes(known_list.read_bytes())
    path.chmod(0o644)
    return path


@pytest.fixture
def exhibit(lab: Lab, known_folder: Path) -> Path:
    """Files of root that everybody may read, in folders that nobody may write to."""
    folder = lab.folder / "exhibit"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a known.png").write_bytes((known_folder / "1.png").read_bytes())
    landscape(70, width=120, height=90).save(folder / "deeper/b.jpg")
    (folder / "deeper/broken.jpg").write_bytes((folder / "deeper/b.jpg").read_bytes()[:700])
    (folder / "c.txt").write_text("text")
    (folder / "link").symlink_to("c.txt")
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, ns=(10**18, 10**18), follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


def state(folder: Path, *, access: bool = False) -> dict[str, object]:
    """What must not change: names, bytes, sizes, modes, times. With `access`, times of access: then no byte is read."""
    found: dict[str, object] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        facts = path.lstat()
        regular = path.is_file() and not path.is_symlink()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if regular and not access else None
        times = (facts.st_mtime_ns, facts.st_ctime_ns, *((facts.st_atime_ns,) if regular and access else ()))
        found[path.relative_to(folder).as_posix()] = (digest, facts.st_size, facts.st_mode, times)
    return found


def imported(lab: Lab, listed: Path, store: Path | str, **more: Any) -> Done:
    return lab.run(WRITER, "lists", "import", listed, "--store", store, "--name", "known", **more)


def scan_of(lab: Lab, user: int, exhibit: Path, store: Path | str, case: Path) -> Done:
    key = case.with_suffix(".key")
    return lab.run(
        user, "scan", exhibit, "--store", store, "--case", case, "--key", key, "--quiet", "--workers", "1", "--jsonl"
    )


def test_evidence_stays_as_it_was(lab: Lab, listed: Path, exhibit: Path) -> None:
    """Bytes, listing and times, the time of access too where the examiner owns the files."""
    lab.own("examiner", STRANGER, 0o700)
    lab.own("store", WRITER, 0o755)
    assert imported(lab, listed, "store/s", umask=0o022).returncode == 0
    before = state(exhibit)
    done = scan_of(lab, STRANGER, exhibit, "store/s", lab.folder / "examiner/case")
    assert done.returncode == 1, done.stderr
    statuses = {line["path"]: line["status"] for line in map(json.loads, done.stdout.splitlines())}
    assert statuses == {
        "a known.png": "known",
        "c.txt": "skipped",
        "deeper/b.jpg": "examined",
        "deeper/broken.jpg": "unreadable",
        "link": "skipped",
    }
    assert state(exhibit) == before
    for path in [exhibit, *exhibit.rglob("*")]:
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
        os.utime(path, ns=(10**18, 10**18), follow_symlinks=False)
    before = state(exhibit, access=True)
    assert scan_of(lab, STRANGER, exhibit, "store/s", lab.folder / "examiner/again").returncode == 1
    assert state(exhibit, access=True) == before


@pytest.mark.parametrize(("umask", "readable"), [(0o077, False), (0o027, True), (0o002, True)])
def test_the_umask_decides_who_reads_a_store(lab: Lab, listed: Path, umask: int, readable: bool) -> None:
    lab.own("stores", WRITER, 0o2755)
    assert imported(lab, listed, "stores/s", umask=umask).returncode == 0
    shown = lab.run(READER, "lists", "show", "--store", "stores/s")
    assert shown.returncode == (0 if readable else 2), shown.stderr
    if not readable:
        assert shown.stderr == "matcher: stores/s/catalogue.db: Permission denied\n"


def test_a_group_reads_and_one_writes(lab: Lab, listed: Path, exhibit: Path) -> None:
    lab.own("stores", WRITER, 0o2750)
    lab.own("reader", READER, 0o700)
    assert imported(lab, listed, "stores/s").returncode == 0
    before = state(lab.folder / "stores")
    assert "known version 1" in lab.run(READER, "lists", "show", "--store", "stores/s").stdout
    assert lab.run(READER, "match", exhibit / "a known.png", "--store", "stores/s").returncode == 1
    assert scan_of(lab, READER, exhibit, "stores/s", lab.folder / "reader/case").returncode == 1
    for user in (READER, STRANGER):
        refused = lab.run(user, "lists", "import", listed, "--store", "stores/s", "--name", "known")
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.count("\n") == 1
        assert "stores/s" in refused.stderr
        assert "Permission denied" in refused.stderr
    assert lab.run(STRANGER, "lists", "show", "--store", "stores/s").returncode == 2
    assert state(lab.folder / "stores") == before


def test_a_version_that_a_reader_may_not_read_is_no_all_clear(lab: Lab, listed: Path, exhibit: Path) -> None:
    """The second import forgot the umask."""
    lab.own("stores", WRITER, 0o2750)
    assert imported(lab, listed, "stores/s").returncode == 0
    assert imported(lab, listed, "stores/s", umask=0o077).returncode == 0
    for command in (["match", exhibit / "deeper/b.jpg"], ["lists", "show"]):
        done = lab.run(READER, *command, "--store", "stores/s")
        assert done.returncode == 2
        assert "lists/known/2/list.json: Permission denied" in done.stderr


HALF_COMMITTED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("pragma cache_size=1")
connection.execute("begin immediate")
connection.executemany(
    "insert into version values (?, 1, 'x', 'x')", ((f"half committed {n}",) for n in range(2000))
)
os._exit(0)
"""


def test_readers_beside_an_import_and_after_one_was_killed(lab: Lab, listed: Path, exhibit: Path) -> None:
    lab.own("stores", WRITER, 0o2750)
    lab.own("reader", READER, 0o700)
    assert imported(lab, listed, "stores/s").returncode == 0
    writer = lab.started(
        WRITER, "lists", "import", "-", "--store", "stores/s", "--name", "known", stdin=subprocess.PIPE
    )
    assert writer.stdin is not None
    writer.stdin.write(listed.read_text() * 50)  # more than a pipe holds: the import has begun when this returns
    writer.stdin.flush()
    staging = lab.folder / "stores/s/lists/known/.staging"
    for _ in range(200):
        if staging.exists():
            break
        time.sleep(0.05)
    assert staging.exists()
    assert scan_of(lab, READER, exhibit, "stores/s", lab.folder / "reader/beside").returncode == 1
    writer.kill()
    writer.communicate()
    assert staging.exists()
    assert scan_of(lab, READER, exhibit, "stores/s", lab.folder / "reader/after").returncode == 1

    catalogue = lab.folder / "stores/s" / CATALOGUE
    half = [sys.executable, "-c", HALF_COMMITTED, str(catalogue)]
    subprocess.run(half, check=True, user=WRITER, group=GROUP, extra_groups=[], umask=0o027)
    journal = catalogue.with_name(f"{CATALOGUE}-journal")
    assert journal.stat().st_size > 0
    before = state(lab.folder / "stores")
    shown = lab.run(READER, "lists", "show", "--store", "stores/s")
    assert shown.stdout.count("known version") == 1, shown.stderr
    assert scan_of(lab, READER, exhibit, "stores/s", lab.folder / "reader/hot").returncode == 1
    assert state(lab.folder / "stores") == before
    assert imported(lab, listed, "stores/s").returncode == 0
    assert not journal.exists()
