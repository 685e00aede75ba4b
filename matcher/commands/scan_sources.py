"""The sources of a scan as they are named on the command line: folders, files, or a list of files."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.commands.options import STANDARD_STREAM
from matcher.errors import SourceError
from matcher.system.files import readable_name

if TYPE_CHECKING:
    from matcher.sources.files import FilesSource

Located = tuple[Path, "FilesSource | None"]
"""Where a source lies; and for a list of files the list, whose relative names start there."""


def located(sources: tuple[Path, ...]) -> list[Located]:
    """The sources of one command, in its order: the files among them, if there are several, are one. SourceError.

    A file that a plug-in of `matcher.sources` reads, such as an image of a disk, is a source of its own.
    """
    from matcher.sources import kind_of, source_kinds
    from matcher.sources.files import FilesSource
    from matcher.sources.folder import FolderSource

    kinds = source_kinds()
    files = {source for source in sources if not source.is_dir() and kind_of(source, kinds) is FolderSource}
    if sum(source in files for source in sources) < 2:
        return [(source, None) for source in sources]
    together = FilesSource((os.fsencode(source) for source in sources if source in files), Path.cwd(), follow=True)
    found: list[Located] = []
    for source in sources:
        if source not in files:
            found.append((source, None))
        elif all(listed is None for _location, listed in found):
            found.append((Path.cwd(), together))
    return found


def listed(path: Path, *, null: bool) -> FilesSource:
    """The source that a list of files names; `-` is stdin. SourceError where the list cannot be read."""
    from matcher.sources.files import FilesSource, read_names

    where = "standard input" if path == STANDARD_STREAM else readable_name(path)
    if path == STANDARD_STREAM and (sys.stdin is None or sys.stdin.closed):
        raise SourceError("standard input is closed, so no list of files can be read from it")
    try:
        with nullcontext(sys.stdin.buffer) if path == STANDARD_STREAM else path.open("rb") as stream:
            names = read_names(stream, null=null, where=where)
    except OSError as error:
        raise SourceError(f"{where}: {error.strerror}") from error
    return FilesSource(names, Path.cwd())
