"""A list of files as a source: names of any bytes, what is missing, order, and lists of every make."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from matcher.errors import SourceError
from matcher.model import Item, Reason, Status
from matcher.sources.files import FilesSource, read_names
from tests.contract.test_sources import SourceContract


class TestFiles(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> FilesSource:
        for name in ("a/c", "a-b", "a0", "a/b/c", "B", "ä"):
            path = tmp_path / "exhibit" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        names = [b"a/c", b"./B", "ä".encode(), b"a-b", b"a//b/./c", b"B", b"gone"]
        return FilesSource(names, tmp_path / "exhibit")


def items(names: list[bytes], base: Path, *, follow: bool = False) -> list[Item]:
    return list(FilesSource(names, base, follow=follow).items())


def test_names_as_they_were_given(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "1").write_bytes(b"1")
    absolute = os.fsencode(tmp_path / "x" / "1")
    found = items([b"x/../x/1", b"./x//1", b"x/1", absolute], tmp_path)
    assert [(item.path, item.size) for item in found] == [(str(tmp_path / "x" / "1"), 1)]
    assert [item.path for item in items([b"x/1", b"x/../x/1"], tmp_path)] == ["x/../x/1"]
    recorded = FilesSource([b"x/1", b"x/../x/1", absolute], tmp_path, as_recorded=True)
    assert [item.path for item in recorded.items()] == [str(tmp_path / "x" / "1"), "x/../x/1", "x/1"]
    assert FilesSource([b"x/1", b"./x/1", b"x/1"], tmp_path).repeated == 2


@pytest.mark.skipif(os.name != "posix", reason="names are bytes only there")
def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff%.jpg")).write_bytes(b"x")
    (item,) = items([b"\xff%.jpg"], tmp_path)
    assert (item.path, item.size) == ("%FF%25.jpg", 1)


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    found = {item.path: (item.status, item.reason) for item in items([b"folder", b"gone", b"link"], tmp_path)}
    assert found == {
        "folder": (Status.UNREADABLE, Reason.FOLDER_UNREADABLE),
        "gone": (Status.UNREADABLE, Reason.VANISHED),
        "link": (Status.SKIPPED, Reason.SYMBOLIC_LINK),
    }
    (followed,) = items([b"link"], tmp_path, follow=True)
    assert (followed.path, followed.status, followed.size) == ("link", None, 1)


def test_the_same_list_is_the_same_source(tmp_path: Path) -> None:
    one = FilesSource([b"a", b"b"], tmp_path).describe()
    assert one == FilesSource([b"./b", b"a", b"a"], tmp_path).describe()
    assert (one["kind"], one["path"], one["count"]) == ("files", str(tmp_path), 2)
    assert one["names"] != FilesSource([b"ab"], tmp_path).describe()["names"]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\n\nb", [b"a", b"b"]),
        (b"\xef\xbb\xbfa\r\nb\r\n", [b"a", b"b"]),
        (b"a\r\nb", [b"a", b"b"]),
        (b"a\r\nb\n", [b"a\r", b"b"]),
        (b" a \xff\n", [b" a \xff"]),
    ],
)
def test_a_name_a_line(data: bytes, names: list[bytes]) -> None:
    assert read_names(io.BytesIO(data), null=False, where="list") == names


def test_names_separated_by_nul() -> None:
    assert read_names(io.BytesIO(b"a\nb\0c\0"), null=True, where="list") == [b"a\nb", b"c"]
    assert read_names(io.BytesIO(b"a"), null=True, where="list") == [b"a"]


@pytest.mark.parametrize(
    ("data", "null", "said"),
    [
        (b"", False, "list: names no file"),
        (b"\n\n", False, "names no file"),
        (b"\0", True, "names no file"),
        (b"a\0b\0", False, "--null"),
        (b"a\nb\n", True, "leave --null out"),
        ("a\n".encode("utf-16"), False, "UTF-16"),
    ],
)
def test_lists_that_are_refused(data: bytes, null: bool, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read_names(io.BytesIO(data), null=null, where="list")
