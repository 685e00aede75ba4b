"""matcher match: look single files up, without a case and without a record."""

from __future__ import annotations

from collections import Counter
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
from matcher.model import Disposition, Finding, Status


@click.command("match", epilog="Example: matcher match --store known.store IMG_0001.JPG")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=FILE)
@store_option
@settings_options
def command(files: tuple[Path, ...], store: Path, **settings: Any) -> int:
    """Print one JSON line a file, with its matches. Nothing is recorded.

    Exit code: 0 every picture examined and compared, and nothing notable, 1 notable found, 2 failed, 3 nothing notable
    but a file could not be read, was not opened (a container, a video, a disk image, something encrypted), was not
    looked at whole, or could not be compared.
    """
    from matcher.commands.lists.describing import NEVER_NOTABLE, is_never_notable, say_meanings, trivial_lines
    from matcher.commands.scan_result import negative_items, trivial_items
    from matcher.examine.engine import Matcher
    from matcher.lists.store import Store, check_lists
    from matcher.record.shortfall import Shortfall
    from matcher.record.strength import MEANINGS, UNLISTED, Nearest, counts, in_words, is_compared_picture
    from matcher.reports.markup import counted
    from matcher.reports.not_examined import shortfall_lines

    check_lists(Store.open(store))
    matcher = Matcher.open(store, settings=examination_settings(**settings))
    say_meanings(matcher.lists)
    for kind, count in matcher.not_computed.items():
        say(f"warning: the lists have {count:,} {kind} hashes, which are not looked up: {NO_HASHER}")
    for line in trivial_lines(matcher.lists):
        say(line)
    notable = unreadable = False
    trivial = negative = 0
    shortfall = Shortfall()
    nearest: Counter[Nearest] = Counter()
    pictures: set[bytes | None] = set()

    def show(finding: Finding) -> None:
        nonlocal notable, unreadable, trivial, negative
        notable |= finding.notable
        unreadable |= finding.status is Status.UNREADABLE
        trivial += finding.trivial
        negative += finding.negative
        shortfall.add_finding(finding)
        if is_compared_picture(finding):
            pictures.add(finding.sha256)
        if finding.notable:
            listed = (match for match in finding.matches if matcher.disposition(match) is Disposition.NOTABLE)
            nearest[Nearest.of(listed) or UNLISTED] += 1
        echo_json(finding.as_json())

    failed = examine_files(matcher, files, show)
    if trivial:
        say(trivial_items(trivial))
    if negative:
        say(negative_items(negative))
    if nearest:
        say(f"{counted(nearest.total(), 'file')} notable: {in_words(counts(nearest, len(pictures)))}")
        say(MEANINGS)
    for line in shortfall_lines(shortfall):
        say(line)
    if is_never_notable(matcher.lists):
        say(NEVER_NOTABLE)
    return exit_code(failed=bool(failed), notable=notable, incomplete=unreadable or bool(shortfall))
