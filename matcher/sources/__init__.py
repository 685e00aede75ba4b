"""Sources: read-only access to the items of an exhibit. Each kind of evidence is one file.

An entry point in `matcher.sources` is a class whose `accepts(location)` says whether it can read that location.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from matcher.errors import SourceError
from matcher.model import Item


class Source(Protocol):
    """An exhibit's items. A source can be pickled, so that workers open items themselves."""

    def items(self) -> Iterator[Item]:
        """A generator of every item, ordered by the bytes of its path, folders compared as name + `/`."""

    def open(self, item: Item) -> BinaryIO:
        """A stream of an item's bytes, for reading. OSError where that fails."""

    def describe(self) -> dict[str, Any]:
        """The JSON object that describes the source in a ledger's `scan.open` entry; it may hold absolute paths."""

    def digest(self) -> str | None:
        """Hex SHA-256 of a source that is one file; None for one that has no bytes of its own. OSError on failure."""


class SourceKind(Protocol):
    """A kind of source, usually its class."""

    def accepts(self, location: Path) -> bool:
        """Whether this kind of source can read `location`."""

    def __call__(self, location: Path) -> Source:
        """Open the source at `location`. SourceError where that fails."""


def open_source(location: Path) -> Source:
    """Open the source at `location`. SourceError where nothing exists there or no kind of source can read it."""
    return kind_of(location, source_kinds())(location)


def source_kinds() -> list[SourceKind]:
    """Every kind of source that is installed, in the order in which they are asked."""
    # `folder` takes every file and folder, and so is asked last; the others in the order of their names
    points = sorted(entry_points(group="matcher.sources"), key=lambda point: (point.name == "folder", point.name))
    return [point.load() for point in points]


def kind_of(location: Path, kinds: Iterable[SourceKind]) -> SourceKind:
    """The first kind of source that can read `location`. SourceError where nothing exists there, or none can."""
    if not location.exists():
        raise SourceError(f"{location}: no such file or folder")
    for kind in kinds:
        if kind.accepts(location):
            return kind
    raise SourceError(f"{location}: not a kind of evidence that can be read")
