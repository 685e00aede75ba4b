"""List files → a new version of a list in a store, whole or an update. Streaming and atomic."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from matcher.errors import ListError
from matcher.lists.builder import ListBuilder
from matcher.lists.formats import HEAD, ListFormat, ReadOptions, choose
from matcher.lists.publishing import building, publish
from matcher.lists.store import Store, check_name
from matcher.model import CategoryProfile, RefusedLine, RemovedEntry
from matcher.system.files import readable_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matcher.lists.version import ListVersion

STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import. `format_name` None: detected by the first bytes. `files` may have `-` for standard input.

    With `update` the files change the list's newest version: their entries replace those with the same ids, and all
    others stay. `profile` None: the newest version's for an update, else the default.
    """

    name: str
    files: Sequence[Path]
    profile: CategoryProfile | None = None
    format_name: str | None = None
    algorithm: str | None = None
    columns: dict[str, str] | None = None
    default_category: str | None = None
    update: bool = False


class _HashingReader(io.RawIOBase):
    """A stream that digests and counts the bytes that are read from it. `head` looks ahead."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._ahead = b""
        self.digest = hashlib.sha256()
        self.size = 0

    def head(self, length: int) -> bytes:
        """The first `length` bytes, before any is read; fewer if the file is shorter."""
        while len(self._ahead) < length and (data := self._stream.read(length - len(self._ahead))):
            self._ahead += data
        return self._ahead

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: WriteableBuffer
        data = self._ahead[: len(buffer)] or self._stream.read(len(buffer))
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        self.digest.update(data)
        self.size += len(data)
        return len(data)


def import_lists(
    store: Store, request: ImportRequest, *, on_refused: Callable[[str, RefusedLine], None]
) -> ListVersion:
    """Import files as one new version of one list. ListError, and the store is unchanged, where that fails.

    A bad line is refused, reported through `on_refused` with its file's name, and recorded in the version's
    `refused.jsonl`; the other lines are imported. A file without one accepted line is an error: it is no list, or of
    another format.
    """
    check_name(request.name)
    if request.update:
        Store.open(store.folder)  # without this check, writing would make a new store
    with store.writing() as writer:
        base = writer.newest(request.name) if request.update else None
        with building(writer, request.name, default_category=request.default_category, base=base) as builder:
            sources = [_read(builder, path, request, on_refused) for path in request.files]
            profile = CategoryProfile() if base is None else base.facts.profile
            return publish(writer, builder, name=request.name, sources=sources, profile=request.profile or profile)


def _read(
    builder: ListBuilder, path: Path, request: ImportRequest, on_refused: Callable[[str, RefusedLine], None]
) -> dict[str, object]:
    shown = "standard input" if path == STANDARD_INPUT else readable_name(path.name)
    taken, refused = builder.taken, builder.refused
    try:
        with _opened(path) as raw:
            hashing = _HashingReader(raw)
            chosen: ListFormat = choose(hashing.head(HEAD), str(path), request.format_name)
            stream = io.BufferedReader(hashing, buffer_size=1 << 20)
            options = ReadOptions(algorithm=request.algorithm, columns=request.columns or {}, source=str(path))
            for listed in chosen.read(stream, options):
                if isinstance(listed, RefusedLine):
                    builder.refuse(shown, listed)
                    on_refused(shown, listed)
                elif isinstance(listed, RemovedEntry):
                    builder.remove(listed.id)
                else:
                    builder.add(listed)
            while stream.read(HEAD):  # a format may stop early: the digest is of the whole file
                pass
    except OSError as error:
        raise ListError(f"{path}: {error.strerror or error}") from error
    if builder.taken == taken:
        refused = builder.refused - refused
        why = f"all of its {refused} lines were refused as {chosen.name}" if refused else "it holds no hash"
        raise ListError(f"{path}: nothing imported: {why}")
    return {"file": shown, "format": chosen.name, "size": hashing.size, "sha256": hashing.digest.hexdigest()}


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise ListError("standard input is closed")
        yield sys.stdin.buffer
    else:
        with path.open("rb") as stream:
            yield stream
