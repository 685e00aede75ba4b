"""Hash lists as others publish them → ListedHash. One file a format; each an entry point in `matcher.list_formats`.

A format looks at the head of a file to say whether it is its own, and reads a binary stream line by line in
constant memory. A line that cannot be taken is a RefusedLine with the reason, and the lines after it go in;
a file that cannot be read as this format at all is a ListError, raised before its first hash is given out (only a
stream that itself fails raises later).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import BinaryIO, Protocol, runtime_checkable

from matcher.errors import ListError
from matcher.lists.formats.lines import refuse_utf16
from matcher.model import ListedHash, RefusedLine, RemovedEntry

GROUP = "matcher.list_formats"

HEAD = 64 * 1024
"""How many bytes of a file `detect` is given, at most."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the file itself does not say.

    `algorithm`: the type of hashes that stand without one. `columns`: for CSV, our field name (or an algorithm)
    → the column that holds it. `source`: the file's name, for error messages.
    """

    algorithm: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source: str = "hash list"


@runtime_checkable
class ListFormat(Protocol):
    """One list format. `name` is its entry point."""

    name: str

    def detect(self, head: bytes) -> bool:
        """Whether a file that begins with `head` (at most HEAD bytes) is of this format and of no other."""

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ListedHash | RefusedLine | RemovedEntry]:
        """Generator over a file from its first byte, in its order. Raises ListError, first at the first `next`.

        A RemovedEntry takes an entry out of the list that the file updates; what the file itself adds stands.
        """


@cache
def formats() -> dict[str, ListFormat]:
    """Every installed format by name. Raises ListError where one cannot be loaded."""
    loaded: dict[str, ListFormat] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            found = point.load()
        except (ImportError, AttributeError) as error:
            raise ListError(f"list format {point.name} cannot be loaded: {error}") from error
        if not isinstance(found, ListFormat):
            raise ListError(f"list format {point.name} is not a ListFormat: {point.value}")
        loaded[point.name] = found
    return loaded


def choose(head: bytes, name: str, requested: str | None) -> ListFormat:
    """The format `requested`, or without one the only format that takes `head` for its own.

    `name` is the file's, for the message of the ListError that is raised where no format or several fit.
    """
    known = formats()
    names = ", ".join(known)
    if requested is not None:
        if requested not in known:
            raise ListError(f"{name}: unknown list format {requested!r}; known formats: {names}")
        return known[requested]
    refuse_utf16(head, name)
    if not head.strip():
        raise ListError(f"{name}: the file is empty; known formats: {names}")
    fitting = [found for found in known.values() if found.detect(head)]
    if not fitting:
        raise ListError(
            f"{name}: not a list format that is known; state it with --format: {names} "
            "(bare hashes of 16 or 64 hex digits need their type too, with --algorithm)"
        )
    if len(fitting) > 1:
        several = ", ".join(found.name for found in fitting)
        raise ListError(f"{name}: may be any of {several}; state which with --format")
    return fitting[0]
