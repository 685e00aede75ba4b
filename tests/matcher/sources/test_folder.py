"""A folder as evidence: every name, nothing followed, nothing touched, one order."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from matcher.errors import SourceError
from matcher.model import Item, Reason, Status
from matcher.sources import folder, open_source
from matcher.sources.folder import FolderSource, recorded_path

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX file system")


def paths(folder: Path) -> list[str]:
    return [item.path for item in FolderSource(folder).items()]


def by_path(folder: Path) -> dict[str, Item]:
    return {item.path: item for item in FolderSource(folder).items()}


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def test_order_is_by_the_bytes_of_the_path(tmp_path: Path) -> None:
    """`a-b` before `a/c` before `a0`: a folder is compared as its name with a slash."""
    names = ["a/c", "a-b", "a0", "a/b/c", "B", "ä", "a.txt", "z/1", "z/10", "z/2", "a b"]
    make(tmp_path, *names)
    assert paths(tmp_path) == sorted(names, key=os.fsencode)
    assert paths(tmp_path)[:4] == ["B", "a b", "a-b", "a.txt"]


def test_an_empty_folder_has_no_items(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    assert paths(tmp_path) == []


def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    make(tmp_path, "x y.jpg")
    source = open_source(tmp_path / "x y.jpg")
    (item,) = source.items()
    assert (item.path, item.size) == ("x y.jpg", 7)
    assert source.digest() == hashlib.sha256(b"x y.jpg").hexdigest()
    assert open_source(tmp_path).digest() is None
    with source.open(item) as stream:
        assert stream.read() == b"x y.jpg"


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        open_source(tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        (b"plain", "plain"),
        ("ü".encode(), "ü"),
        (b"100%", "100%25"),
        (b"a\xffb", "a%FFb"),
        (b"a%FFb", "a%25FFb"),
        ("é".encode("latin-1"), "%E9"),
        (b"\xed\xa0\x80", "%ED%A0%80"),
        (b"new\nline", "new\nline"),
    ],
)
def test_names_of_any_bytes(name: bytes, recorded: str) -> None:
    assert recorded_path(name) == recorded


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes names of any bytes")
def test_a_name_that_is_not_utf8_is_read(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/a\xff%.jpg", "wb") as stream:  # noqa: PTH123 - bytes
        stream.write(b"content")
    source = FolderSource(tmp_path)
    (item,) = source.items()
    assert item.path == "a%FF%25.jpg"
    with source.open(item) as opened:
        assert opened.read() == b"content"


@posix
def test_nothing_is_followed_and_special_files_are_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    make(outside, "secret.jpg")
    folder = tmp_path / "evidence"
    make(folder, "real.jpg")
    (folder / "file link").symlink_to(outside / "secret.jpg")
    (folder / "folder link").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder)  # a socket's path must be short
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        items = by_path(folder)
    assert set(items) == {"real.jpg", "file link", "folder link", "loop", "dangling", "fifo", "socket"}
    for name in ("file link", "folder link", "loop", "dangling"):
        assert (items[name].status, items[name].reason) == (Status.SKIPPED, Reason.SYMBOLIC_LINK)
    for name in ("fifo", "socket"):
        assert (items[name].status, items[name].reason) == (Status.SKIPPED, Reason.SPECIAL_FILE)


@posix
def test_a_file_that_became_something_else_is_not_opened(tmp_path: Path) -> None:
    make(tmp_path, "a", "b")
    source = FolderSource(tmp_path)
    first, second = source.items()
    for name in ("a", "b"):
        (tmp_path / name).unlink()
    (tmp_path / "a").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "b")
    for item in (first, second):
        with pytest.raises(OSError, match=r"."):
            source.open(item)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_unreadable_folders_and_files_are_findings(tmp_path: Path) -> None:
    make(tmp_path, "closed/x", "open/y", "z")
    (tmp_path / "closed").chmod(0)
    try:
        items = by_path(tmp_path)
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert (items["closed/"].status, items["closed/"].reason) == (Status.UNREADABLE, Reason.FOLDER_UNREADABLE)
    assert set(items) == {"closed/", "open/y", "z"}


def test_a_folder_that_cannot_be_listed_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "bad/x", "good/y")
    real = os.scandir

    def scandir(path: bytes):  # type: ignore[no-untyped-def]
        if isinstance(path, bytes) and path.endswith(b"bad"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    items = by_path(tmp_path)
    assert (items["bad/"].status, items["bad/"].reason) == (Status.UNREADABLE, Reason.FOLDER_UNREADABLE)
    assert "good/y" in items


@posix
def test_reading_leaves_access_times_alone(tmp_path: Path) -> None:
    make(tmp_path, "a")
    os.utime(tmp_path / "a", (1_000_000, 2_000_000))
    source = FolderSource(tmp_path)
    (item,) = source.items()
    with source.open(item) as stream:
        stream.read()
    facts = (tmp_path / "a").stat()
    assert facts.st_mtime == 2_000_000
    if hasattr(os, "O_NOATIME"):
        assert facts.st_atime == 1_000_000


@posix
def test_a_file_is_found_however_deep_it_lies(tmp_path: Path) -> None:
    """Deeper than any path that a system call takes; one name is not ASCII."""
    depth, part = 60, "ü" + "d" * 120
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(part, dir_fd=folder)
        deeper = os.open(part, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    descriptor = os.open("deep.jpg", os.O_WRONLY | os.O_CREAT, dir_fd=folder)
    os.write(descriptor, b"content")
    os.close(descriptor)
    os.close(folder)
    source = FolderSource(tmp_path)
    (item,) = source.items()
    assert (item.status, item.size) == (None, 7)
    assert item.path == "/".join([part] * depth) + "/deep.jpg"
    with source.open(item) as stream:
        assert stream.read() == b"content"
    shutil.rmtree(tmp_path / part)


def test_a_path_too_long_for_a_ledger_is_told_apart_by_its_digest() -> None:
    first, second = (recorded_path(b"a/" * 40_000 + name) for name in (b"1", b"2"))
    assert first != second
    assert len(first) < 8000


@posix
def test_a_link_that_the_examiner_names_is_followed(tmp_path: Path) -> None:
    make(tmp_path / "real", "x.jpg")
    (tmp_path / "file.jpg").symlink_to(tmp_path / "real/x.jpg")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    assert [(item.path, item.status) for item in open_source(tmp_path / "file.jpg").items()] == [("file.jpg", None)]
    assert paths(tmp_path / "folder") == ["x.jpg"]


def test_what_windows_calls_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """A junction is one; a file that OneDrive keeps, or that is compressed, is not."""
    for tag, linked in ((0xA000_0003, True), (0xA000_000C, True), (0x9000_001A, False), (0x8000_0017, False)):
        facts = SimpleNamespace(st_mode=stat.S_IFREG, st_reparse_tag=tag)
        assert folder._is_link(facts) is linked  # type: ignore[arg-type]


def test_a_source_can_be_pickled(tmp_path: Path) -> None:
    import pickle

    make(tmp_path, "a/b")
    again = pickle.loads(pickle.dumps(FolderSource(tmp_path)))
    assert [item.path for item in again.items()] == ["a/b"]
