"""What every source must do. A new one passes by subclassing SourceContract with a source of its own."""

from __future__ import annotations

import io
import pickle
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from ledger import canonical
from matcher import sources
from matcher.model import Item
from matcher.sources import Source, open_source
from matcher.sources.folder import FolderSource


def order_of(item: Item) -> bytes:
    return item.path.encode("utf-8", "surrogateescape")


class SourceContract:
    """A subclass has a fixture `source`: an exhibit with several items, among them two in a folder."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        raise NotImplementedError

    def test_items_come_in_the_order_of_their_paths_bytes(self, source: Source) -> None:
        found = [order_of(item) for item in source.items()]
        assert len(found) > 2
        assert any(b"/" in path for path in found)
        assert found == sorted(set(found)), "sorted as whole paths: a folder is compared as its name and a slash"

    def test_paths_are_relative_and_say_which_bytes_they_are(self, source: Source) -> None:
        for item in source.items():
            assert item.path
            assert not item.path.startswith("/")
            item.path.encode()  # no lone surrogates: undecodable bytes are %XX

    def test_the_same_items_every_time(self, source: Source) -> None:
        assert list(source.items()) == list(source.items())

    def test_an_item_has_its_bytes(self, source: Source) -> None:
        opened = 0
        for item in source.items():
            if item.status is not None:
                continue
            with source.open(item) as stream:
                data = stream.read()
            assert isinstance(data, bytes)
            assert item.size in (None, len(data))
            opened += 1
        assert opened

    def test_several_items_can_be_open(self, source: Source) -> None:
        first, second = [item for item in source.items() if item.status is None][:2]
        with source.open(first) as one, source.open(second) as other:
            data = other.read(), one.read()
        with source.open(first) as one, source.open(second) as other:
            assert data[::-1] == (one.read(), other.read())

    def test_what_is_not_there_is_an_os_error(self, source: Source) -> None:
        item = next(item for item in source.items() if item.status is None)
        with pytest.raises(OSError):  # noqa: PT011 - whichever
            source.open(Item(item.path + ".absent", item.locator + b".absent", 1)).read()

    def test_workers_open_items_of_their_own_copy(self, source: Source) -> None:
        copy: Source = pickle.loads(pickle.dumps(source))
        assert list(copy.items()) == list(source.items())
        item = next(item for item in source.items() if item.status is None)
        with source.open(item) as ours, copy.open(item) as theirs:
            assert ours.read() == theirs.read()

    def test_the_ledger_can_hold_what_it_says_of_itself(self, source: Source) -> None:
        said: dict[str, Any] = source.describe()
        assert isinstance(said["kind"], str)
        assert isinstance(said["path"], str)
        canonical({"v": 1, "type": "x", "source": said})
        digest = source.digest()
        assert digest is None or len(bytes.fromhex(digest)) == 32


class TestFolder(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        for name in ("a/c", "a-b", "a0", "a/b/c", "B", "ä"):
            path = tmp_path / "exhibit" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        return FolderSource(tmp_path / "exhibit")


class AnySource(FolderSource):
    """A plug-in that reads every single file."""

    @staticmethod
    def accepts(location: Path) -> bool:
        return location.is_file()

    def open(self, item: Item) -> io.BytesIO:
        return io.BytesIO(b"")


def test_a_plug_in_is_asked_before_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its name: `folder` takes every file."""
    own = [
        EntryPoint("zip", f"{__name__}:AnySource", "matcher.sources"),
        *entry_points(group="matcher.sources"),
    ]
    monkeypatch.setattr(EntryPoint, "load", lambda point: AnySource if point.name == "zip" else FolderSource)
    monkeypatch.setattr(sources, "entry_points", lambda group: own)
    path = tmp_path / "x.zip"
    path.write_bytes(b"x")
    assert type(open_source(path)) is AnySource
    assert type(open_source(tmp_path)) is FolderSource
