"""matcher match: look single files up, without a case and without a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from matcher.commands import NO_HASHER, say
from matcher.commands.options import (
    FILE,
    echo_json,
    examination_settings,
    exit_code,
    settings_options,
    store_option,
)
from matcher.commands.single_files import examine_files
from matcher.model import Finding, Status


@click.command("match", epilog="Example: matcher match --store known.store IMG_0001.JPG")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@store_option
@settings_options
def command(files: tuple[Path, ...], store: Path, **settings: Any) -> int:
    """Print one JSON line a file, with its matches. Nothing is recorded.

    Exit code: 0 nothing notable, 1 notable found, 2 failed, 3 nothing notable but a file could not be read.
    """
    from matcher.examine.engine import Matcher
    from matcher.lists.store import Store, check_lists

    check_lists(Store.open(store))
    matcher = Matcher.open(store, settings=examination_settings(**settings))
    for kind, count in matcher.not_computed.items():
        say(f"warning: the lists have {count:,} {kind} hashes, which are not looked up: {NO_HASHER}")
    notable = unreadable = False

    def show(finding: Finding) -> None:
        nonlocal notable, unreadable
        notable |= finding.notable
        unreadable |= finding.status is Status.UNREADABLE
        echo_json(finding.as_json())

    failed = examine_files(matcher, files, show)
    return exit_code(failed=bool(failed), notable=notable, unreadable=unreadable)
