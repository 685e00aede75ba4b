"""matcher verify: is the record of a case intact, complete and arithmetically true?"""

from __future__ import annotations

import re
from pathlib import Path

import click

from matcher.commands.options import FILE, case_option
from matcher.verifying import Verdict, verify_case

_EXPECT = re.compile(r"(0|[1-9][0-9]{0,18}):([0-9a-f]{64})")


@click.command("verify", epilog="Example: matcher verify --case case-17 --expect 1210:ROOT")
@case_option
@click.option("--keys", type=FILE, help="File of vkeys that you trust, one a line, from elsewhere than the case.")
@click.option("--expect", metavar="SIZE:ROOT", help="Size and root (hex) that were written down at an earlier time.")
def command(case: Path, keys: Path | None, expect: str | None) -> int:
    """Check a case: ledger intact, scans complete, matches recomputable. Reads only.

    Exit code: 0 intact, 1 not intact, 2 could not check.
    """
    expected = None
    if expect is not None:
        found = _EXPECT.fullmatch(expect.strip().lower())
        if found is None:
            raise click.UsageError("--expect wants SIZE:ROOT, the root in 64 hex digits")
        expected = (int(found[1]), bytes.fromhex(found[2]))
    verdict = verify_case(case, keys=keys, expect=expected)
    show(verdict)
    return 1 if verdict.problems else 0


def show(verdict: Verdict) -> None:
    """Print a verdict for people."""
    audit = verdict.audit
    click.echo(f"origin       {audit.origin}")
    click.echo(f"size         {audit.size:,} entries")
    click.echo(f"root         {audit.root.hex()}")
    click.echo(f"checkpoints  {audit.checkpoints}, signed by {', '.join(audit.signers) or 'nobody who is known'}")
    if audit.trust == "self-asserted":
        click.echo("trust        self-asserted: only keys that lie in the case itself have vouched for it")
    else:
        click.echo("trust        verified by a key from outside the case")
    for scan in audit.scans:
        counts = ", ".join(f"{count:,} {status}" for status, count in sorted(scan.counts.items()) if count)
        state = "complete" if scan.complete else "NOT COMPLETE"
        click.echo(f"scan {scan.scan}       {state}: {scan.items:,} items: {counts or 'nothing'}")
    click.echo(f"matches      {verdict.matches:,} recomputed")
    for note in audit.notes:
        click.echo(f"note: {note}")
    for problem in verdict.problems:
        click.echo(f"problem: {problem}")
    click.echo("NOT INTACT" if verdict.problems else "intact")
