"""Published hash lists → ListedHash. One file a format; each is an entry point in `matcher.list_formats`.

A format detects its files by their heads, and reads a binary stream line by line in constant memory. A line that is not
accepted yields a RefusedLine with the reason, and the lines after it are read. A file that cannot be read as this
format at all raises ListError before its first hash is yielded (only a stream that fails raises later).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import BinaryIO, Protocol, runtime_checkable

from matcher.errors import ListError
from matcher.lists.formats.lines import refuse_utf16
from matcher.lists.formats.notices import ListNotice, say_nothing
from matcher.lists.formats.packed import refuse_packed
from matcher.model import ListedHash, RefusedLine, RemovedEntry

GROUP = "matcher.list_formats"

HEAD = 64 * 1024
"""The most bytes of a file that are passed to `detect`."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What is known of a file besides its contents.

    `algorithm`: the type of hashes for which the file states none. `columns`: for CSV, our field name (or an algorithm)
    → the column that holds it. `unused`: the columns of which the examiner says that they are not to be read. `source`:
    the file's name, for error messages. `on_notice` is called with what is to be said of the file.
    """

    algorithm: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unused: frozenset[str] = frozenset()
    source: str = "hash list"
    on_notice: Callable[[ListNotice], None] = say_nothing


@runtime_checkable
class ListFormat(Protocol):
    """One list format. `name` is its entry point."""

    name: str

    def detect(self, head: bytes) -> bool:
        """Whether a file that begins with `head` (at most HEAD bytes) is of this format and of no other."""

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine | RemovedEntry]:
        """Generator over a file from its first byte, in its order. Raises ListError, first at the first `next`.

        A RemovedEntry removes an entry from the list that the file updates, but none that the file itself adds.
        """


@cache
def formats() -> dict[str, ListFormat]:
    """Every installed format by name. Raises ListError where one cannot be loaded."""
    loaded: dict[str, ListFormat] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            list_format = point.load()
        except (ImportError, AttributeError) as error:
            raise ListError(f"list format {point.name} cannot be loaded: {error}") from error
        if not isinstance(list_format, ListFormat):
            raise ListError(f"list format {point.name} is not a ListFormat: {point.value}")
        loaded[point.name] = list_format
    return loaded


def choose(head: bytes, name: str, requested: str | None) -> ListFormat:
    """The format `requested`, or without one the only format that detects `head` as its own.

    ListError where no format or several fit, and where the list is compressed, or in a spreadsheet; `name` is the
    file's name, for its message.
    """
    known = formats()
    names = ", ".join(known)
    if requested is not None:
        if requested not in known:
            raise ListError(f"{name}: unknown list format {requested!r}; known formats: {names}")
        if not known[requested].detect(head):
            refuse_packed(head, name)
        return known[requested]
    refuse_utf16(head, name)
    if not head.strip():
        raise ListError(f"{name}: the file is empty; known formats: {names}")
    fitting = [list_format for list_format in known.values() if list_format.detect(head)]
    if not fitting:
        refuse_packed(head, name)
        raise ListError(
            f"{name}: not a list format that is known; state it with --format: {names} "
            "(bare hashes of 16 or 64 hex digits need their type too, with --algorithm; a table whose header names no "
            "hash type needs the column of its hashes, for example --format csv --column md5=NAME)"
        )
    if len(fitting) > 1:
        several = ", ".join(list_format.name for list_format in fitting)
        raise ListError(f"{name}: may be any of {several}; state which with --format")
    return fitting[0]
