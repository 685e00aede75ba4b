"""Examining files that are named on the command line, for `hash` and `match`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from matcher.commands import say
from matcher.commands.options import STANDARD_STREAM
from matcher.system.files import readable_name

if TYPE_CHECKING:
    from matcher.examine.engine import Matcher
    from matcher.model import Finding


def _opened(path: Path) -> BinaryIO:
    """A stream of a file's bytes. OSError where it cannot be opened: a closed stdin is not an empty file."""
    if path != STANDARD_STREAM:
        return path.open("rb")
    if sys.stdin is None or sys.stdin.closed:
        raise OSError("standard input is closed, or was read already")
    return sys.stdin.buffer


def examine_files(matcher: Matcher, files: Iterable[Path], show: Callable[[Finding], None]) -> int:
    """Examine each file (`-` is stdin) and pass its finding to `show`.

    Returns how many files could not be read; each is named on stderr.
    """
    failed = 0
    for path in files:
        try:
            with _opened(path) as stream:
                finding = matcher.examine_stream(stream, name=readable_name(path))
        except OSError as error:
            say(f"matcher: {readable_name(path)}: {error.strerror or error}")
            failed += 1
            continue
        show(finding)
    return failed
