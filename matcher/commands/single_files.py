"""Examining files that are named on the command line, for `hash` and `match`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from matcher.commands import say
from matcher.commands.options import STANDARD_STREAM
from matcher.engine import Matcher
from matcher.files import readable_name
from matcher.model import Finding


def examine_files(matcher: Matcher, files: Iterable[Path], show: Callable[[Finding], None]) -> int:
    """Examine each file (`-` is stdin) and show its finding; how many could not be opened, each named on stderr."""
    failed = 0
    for path in files:
        try:
            with sys.stdin.buffer if path == STANDARD_STREAM else path.open("rb") as stream:
                finding = matcher.examine_stream(stream, name=readable_name(path))
        except OSError as error:
            say(f"matcher: {readable_name(path)}: {error.strerror or error}")
            failed += 1
            continue
        show(finding)
    return failed
