"""matcher relookup: look the stored hashes of a case up in the current lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.commands import say
from matcher.commands.options import FILE, case_option, echo_json, store_option

if TYPE_CHECKING:
    from matcher.revisit.relookup import Relookup

_MAX_WARNINGS = 10
"""Unconfirmed items that are named; further ones are only counted."""


@click.command("relookup", epilog="Example: matcher relookup --case case-17 --store known.store")
@case_option
@store_option
@click.option("--scan", type=int, help="Only this scan of the case; all that are closed otherwise.")
@click.option("--source", type=FILE, help="Where the evidence lies now, if it was moved; needs --scan.")
@click.option("--calibration", type=FILE, help="The calibration that the scan was made with, if not the built-in one.")
@click.option("--key", type=FILE, help="Private key that signs; the examiner's own otherwise.")
@click.option("--passphrase-file", type=FILE, help="File with that key's passphrase on its first line.")
def command(
    *,
    case: Path,
    store: Path,
    scan: int | None,
    source: Path | None,
    calibration: Path | None,
    key: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Look the stored hashes of a case up in the current lists, and record what is new and what is withdrawn.

    Prints one JSON line a change. The evidence is opened only to confirm matches that a stored hash cannot decide.
    """
    if source is not None and scan is None:
        raise click.UsageError("--source is one scan's: name that with --scan")
    from ledger import read_passphrase
    from matcher.commands.lists.describing import NEVER_NOTABLE
    from matcher.commands.waiting import Waiting
    from matcher.record.case import CaseFacts, check_apart, check_case, open_case
    from matcher.record.examiner_folder import signing_key_path
    from matcher.revisit.closed_scans import read_scans
    from matcher.revisit.relookup import RelookupRequest, relookup

    check_case(case)
    key = signing_key_path() if key is None else key
    if source is not None:
        check_apart(source, case, key)
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    never_notable = False
    with open_case(case, CaseFacts(), key=key, passphrase=passphrase, on_wait=Waiting(say)) as log:
        for result in relookup(log, RelookupRequest(case, store, scan, source, calibration=calibration)):
            _show(result)
            _warn_of_floods(result, case, store)
            never_notable = result.never_notable
        if never_notable:
            say(NEVER_NOTABLE)
        if scan is None:
            for number in sorted(number for number, state in read_scans(log).scans.items() if state.abandoned):
                say(f"note: scan {number} was abandoned: its items were not looked up")
    return 0


def _warn_of_floods(result: Relookup, case: Path, store: Path) -> None:
    """Print the entries that are newly near to very many pictures, the largest MOST_TOLD, and the number of others."""
    from matcher.commands.flood_lines import FloodWarner
    from matcher.record.floods import MOST_TOLD

    warner = FloodWarner(case, store, result.scan)
    for flood in result.floods[:MOST_TOLD]:
        for line in warner.lines(flood, so_far=False):
            say(line)
    if len(result.floods) > MOST_TOLD:
        say(f"warning: {len(result.floods) - MOST_TOLD:,} more entries in such numbers")


def _show(result: Relookup) -> None:
    """Print the changes of one scan on stdout, and a summary and warnings on stderr."""
    from matcher.reports.not_examined import not_opened
    from matcher.revisit.relookup import KINDS

    for change in result.changes:
        line = {"scan": result.scan, "change": change.kind, **change.as_json()}
        echo_json(line)
    lists = ", ".join(f"{listed['name']} version {listed['version']}" for listed in result.lists)
    new, withdrawn, changed, unconfirmed = (result.changes_of(kind) for kind in KINDS)
    say(
        f"scan {result.scan}: {result.items:,} items against {lists}: {len(new):,} matches new "
        f"({sum(change.notable for change in new):,} notable), {len(withdrawn):,} withdrawn, "
        f"{len(changed):,} mean something else now ({sum(change.notable for change in changed):,} notable); "
        f"{result.opened:,} items opened to confirm"
    )
    for algorithm, count in result.not_looked_up.items():
        say(
            f"warning: the lists have {count:,} {algorithm} hashes, which scan {result.scan} did not compute: scan anew"
        )
    if result.excluded:
        say(f"warning: {result.excluded:,} items were excluded as known good: their pictures were not hashed")
    if named := not_opened(result.not_opened):
        say(f"warning: NOT opened by scan {result.scan}: {named}: what is inside was not hashed, and not looked up now")
    for change in unconfirmed[:_MAX_WARNINGS]:
        say(f"warning: {change.path}: may match, and cannot be confirmed: {change.reason}")
    if len(unconfirmed) > _MAX_WARNINGS:
        say(f"warning: {len(unconfirmed) - _MAX_WARNINGS:,} more items cannot be confirmed")
