"""List files → a new version of a list in a store, whole or an update. Streaming and atomic."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from matcher.errors import IndexFileError, ListError, StoreError
from matcher.lists.builder import ListBuilder
from matcher.lists.formats import HEAD, ListFormat, ReadOptions, choose
from matcher.lists.formats.notices import ListNotice, say_nothing
from matcher.lists.last_line import LastLine, Listed, ListFile
from matcher.lists.publishing import building, publish
from matcher.lists.shrinking import check_shrink
from matcher.lists.store import Store, StoreWriter, check_name
from matcher.model import CategoryProfile, ListedHash, RefusedLine, RemovedEntry
from matcher.system.files import readable_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matcher.lists.opened import OpenList
    from matcher.lists.version import ListVersion

STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import. `format_name` None: detected by the first bytes. `files` may have `-` for standard input.

    With `update` the files change the list's newest version: their entries replace those with the same ids, and all
    others stay. `profile` None: the newest version's for an update, else the default. `allow_shrink`: a new version may
    have less than half of what the one that it replaces has, and a file may end in a cut line, which is left out.
    """

    name: str
    files: Sequence[Path]
    profile: CategoryProfile | None = None
    format_name: str | None = None
    algorithm: str | None = None
    columns: dict[str, str] | None = None
    unused_columns: frozenset[str] = frozenset()
    default_category: str | None = None
    update: bool = False
    allow_shrink: bool = False


def import_lists(
    store: Store,
    request: ImportRequest,
    *,
    on_refused: Callable[[str, RefusedLine], None],
    on_notice: Callable[[ListNotice], None] = say_nothing,
) -> ListVersion:
    """Import files as one new version of one list. ListError, and the store is unchanged, where that fails.

    A bad line is refused, reported through `on_refused` with its file's name, and recorded in the version's
    `refused.jsonl`; the other lines are imported. `on_notice` is called with what a file's format says of it. A file
    without one accepted line is an error: it is no list, or of another format. So is, without `allow_shrink`, what
    looks like a cut download: a file whose last line is cut, and a version with less than half of what the one that it
    replaces has (lists/shrinking.py).
    """
    check_name(request.name)
    if request.update:
        Store.open(store.folder)  # without this check, writing would make a new store
    with store.writing() as writer:
        base = writer.newest(request.name) if request.update else None
        with building(writer, request.name, default_category=request.default_category, base=base) as builder:
            sources = [_read(builder, path, request, on_refused, on_notice) for path in request.files]
            profile = request.profile or (CategoryProfile() if base is None else base.facts.profile)
            check = None if request.allow_shrink else _compare(writer, request.name, on_notice)
            return publish(writer, builder, name=request.name, sources=sources, profile=profile, check=check)


def _compare(
    writer: StoreWriter, name: str, on_notice: Callable[[ListNotice], None]
) -> Callable[[OpenList], None] | None:
    """The comparison of a list's new version with the one in use, or with the last that was; None for a new list.

    StoreError where that one cannot be read.
    """
    try:
        last = writer.last_in_use(name)
        if last is None:
            return None
        version, is_in_use = last
        if version not in {number for listed, number in writer.versions() if listed == name}:
            text = f"{name}: version {version}, the last in use, was deleted: the new one was not compared with it"
            on_notice(ListNotice(text, needs_a_look=False))
            return None
        before = writer.opened(name, version)
    except (StoreError, IndexFileError) as error:
        raise StoreError(f"{error}; to import {name} without a comparison of its size, use --allow-shrink") from error
    return partial(check_shrink, before, is_in_use=is_in_use)


def _read(
    builder: ListBuilder,
    path: Path,
    request: ImportRequest,
    on_refused: Callable[[str, RefusedLine], None],
    on_notice: Callable[[ListNotice], None],
) -> dict[str, object]:
    shown = "standard input" if path == STANDARD_INPUT else readable_name(path.name)
    taken, refused = builder.taken, builder.refused

    def notice(each: ListNotice) -> None:
        on_notice(ListNotice(f"{shown}: {each.text}", needs_a_look=each.needs_a_look))

    def take(listed: Listed) -> None:
        if isinstance(listed, RefusedLine):
            builder.refuse(shown, listed)
            on_refused(shown, listed)
        elif isinstance(listed, RemovedEntry):
            builder.remove(listed.id)
        else:
            builder.add(listed)

    try:
        with _opened(path) as raw:
            file = ListFile(raw)
            chosen: ListFormat = choose(file.head(HEAD), str(path), request.format_name)
            stream = io.BufferedReader(file, buffer_size=1 << 20)
            options = ReadOptions(
                algorithm=request.algorithm,
                columns=request.columns or {},
                unused=request.unused_columns,
                source=str(path),
                on_notice=notice,
            )
            lines = LastLine(chosen.read(stream, options))
            for listed in lines.others():
                take(listed)
            while stream.read(HEAD):  # a format may stop early: the digest is of the whole file
                pass
    except OSError as error:
        raise ListError(f"{path}: {error.strerror or error}") from error
    held = lines.held
    if (why := lines.cut(file.unended)) is not None:
        has_more = builder.taken > taken or any(isinstance(listed, ListedHash) for listed in held)
        if has_more and not request.allow_shrink:
            raise ListError(
                f"{path}: nothing imported: line {file.unended}, the last one, has no line end, and {why}: the file "
                "seems to be cut. Fetch it again; if the line is whole, end it with a line end; to import the file "
                "without this line, use --allow-shrink"
            )
        held = [RefusedLine(held[-1].line, f"the last line, without a line end, is cut: {why}")]
    for listed in held:
        take(listed)
    if builder.taken == taken:
        refused = builder.refused - refused
        why = f"all of its {refused} lines were refused as {chosen.name}" if refused else "it holds no hash"
        raise ListError(f"{path}: nothing imported: {why}")
    return {"file": shown, "format": chosen.name, "size": file.size, "sha256": file.digest.hexdigest()}


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise ListError("standard input is closed")
        yield sys.stdin.buffer
    else:
        with path.open("rb") as stream:
            yield stream
