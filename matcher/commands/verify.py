"""matcher verify: is the record of a case intact, complete and arithmetically true?"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger import abandon_stdout
from matcher.commands.as_opened import as_opened, placeholders
from matcher.commands.going_on import quoted
from matcher.commands.options import FILE, case_option
from matcher.system.text import printable

if TYPE_CHECKING:
    from matcher.revisit.verify import ScanVerdict, Verdict

_EXPECT = re.compile(r"(0|[1-9][0-9]{0,18}):([0-9a-f]{64})")


@click.command("verify", epilog="Example: matcher verify --case case-17 --expect 1210:ROOT")
@case_option
@click.option("--keys", type=FILE, help="File of vkeys that you trust, one a line, from elsewhere than the case.")
@click.option("--expect", metavar="SIZE:ROOT", help="Size and root (hex) that were written down at an earlier time.")
@click.option("--policy", type=FILE, help="Trust policy: which logs and witnesses you believe (c2sp.org/tlog-policy).")
@click.option("--checkpoint", "checkpoints", type=FILE, multiple=True, help="Signed checkpoint got from a witness.")
def command(
    case: Path, keys: Path | None, expect: str | None, policy: Path | None, checkpoints: tuple[Path, ...]
) -> int:
    """Check a case: ledger intact, scans complete, matches recomputable. Reads only.

    Exit code: 0 intact, 1 not intact, 2 could not check.
    """
    from ledger import read_checkpoint, read_policy
    from matcher.revisit.verify import verify_case

    expected = None
    if expect is not None:
        match = _EXPECT.fullmatch(expect.strip().lower())
        if match is None:
            raise click.UsageError("--expect wants SIZE:ROOT, the root in 64 hex digits")
        expected = (int(match[1]), bytes.fromhex(match[2]))
    verdict = verify_case(
        case,
        keys=keys,
        expect=expected,
        policy=None if policy is None else read_policy(policy),
        checkpoints=[read_checkpoint(checkpoint) for checkpoint in checkpoints],
    )
    show(verdict, case)
    return 1 if verdict.problems else 0


def show(verdict: Verdict, case: Path) -> None:
    """Print the verdict on a case as text. A reader of stdout that leaves early does not change the exit code."""
    with suppress(BrokenPipeError):
        for line in _lines(verdict, case):
            click.echo(printable(line))
        sys.stdout.flush()
        return
    abandon_stdout()


def _lines(verdict: Verdict, case: Path) -> Iterator[str]:
    audit = verdict.audit
    yield f"origin       {audit.origin}"
    yield f"size         {audit.size:,} entries"
    yield f"root         {audit.root.hex()}"
    yield f"checkpoints  {audit.checkpoints}, signed by {', '.join(audit.signers) or 'nobody who is known'}"
    if audit.trust == "self-asserted":
        yield "trust        self-asserted: only keys that lie in the case itself have vouched for it"
    else:
        yield "trust        verified by a key from outside the case"
    for scan in verdict.scans:
        yield from _scan_lines(scan, case)
    if not audit.scans:
        yield "scans        none in it"
    if verdict.matches is None:
        yield "matches      NOT recomputed: the ledger itself is not intact"
    else:
        yield f"matches      {verdict.matches:,} recomputed"
    yield from (f"note: {note}" for note in audit.notes)
    yield from (f"problem: {problem}" for problem in verdict.problems)
    yield "NOT INTACT" if verdict.problems else "intact"


def _scan_lines(scan: ScanVerdict, case: Path) -> Iterator[str]:
    """The line of one scan, and what matches very many of its pictures; of one that is open, how it goes on."""
    from matcher.reports.flood_words import flood_lines

    check = scan.check
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(check.counts.items()) if count)
    matches = "" if scan.matches is None else f"; {scan.matches:,} matches recomputed"
    yield f"scan {check.scan:<7} {_state(scan)}: {check.items:,} items: {counts or 'nothing'}{matches}"
    if scan.closed is not None:
        with suppress(KeyError, TypeError):  # a problem names a malformed one
            yield from (f"{'':12} many matches: {line}" for line in flood_lines(scan.closed))
    if check.abandoned_at is not None:
        yield f"{'':12} why: {check.reason}; what else its source holds was NOT examined by it"
    if check.is_open and scan.opened is not None:
        number = str(check.scan)
        go_on = quoted(["matcher", "scan", *as_opened(scan.opened), "--case", case, "--resume", "--scan", number])
        end = quoted(["matcher", "scan", "--abandon", number, "--reason", "TEXT", "--case", case])
        yield f"{'':12} if it is not running now, go on with it: {go_on}"
        yield from (f"{'':12}   {meaning}" for meaning in placeholders(scan.opened))
        yield f"{'':12} or end it for good: {end}"


def _state(scan: ScanVerdict) -> str:
    if scan.check.is_open:
        return "OPEN, never closed" if scan.opened is not None else "NOT COMPLETE, its end is not in the ledger"
    if scan.problems:
        return "NOT INTACT"
    return "complete" if scan.check.abandoned_at is None else "ABANDONED"
