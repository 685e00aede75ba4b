"""Examining files that are named on the command line, for `hash` and `match`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from matcher.engine import Matcher
from matcher.files import readable_name
from matcher.model import Finding


def examine_files(matcher: Matcher, files: Iterable[Path], show: Callable[[Finding], None]) -> int:
    """Examine each file and show its finding; how many could not be opened, each of them named on stderr."""
    failed = 0
    for path in files:
        try:
            with path.open("rb") as stream:
                finding = matcher.examine_stream(stream, name=readable_name(path))
        except OSError as error:
            click.echo(f"matcher: {readable_name(path)}: {error.strerror}", err=True)
            failed += 1
            continue
        show(finding)
    return failed
