"""python -m ledger decide"""

from __future__ import annotations

from pathlib import Path

import click

from ledger.clock import now
from ledger.commands.opening import ledger_or_case, ledger_path
from ledger.commands.output import flush_stdout
from ledger.commands.signing import key_options, open_signing
from ledger.commands.terminal import say
from ledger.decision import VERDICTS, Decision, contrary_decision, decision_entry
from ledger.errors import SizeChangedError


@click.command(
    epilog="Example: python -m ledger decide case-17 --cites 1042 --verdict confirmed --examiner 'A. Keller' "
    "--key examiner.pem"
)
@ledger_or_case
@click.option(
    "--cites", type=click.IntRange(min=0), multiple=True, required=True, help="Index of an item's entry; repeatable."
)
@click.option("--verdict", required=True, type=click.Choice(VERDICTS), help="What was decided.")
@click.option("--examiner", required=True, help="Who decides.")
@click.option("--role", help="In what role.")
@click.option("--note", help="Why.")
@click.option("--supersedes", type=click.IntRange(min=0), help="Index of the decision that this one replaces.")
@key_options
def command(
    *,
    ledger: Path | None,
    case: Path | None,
    cites: tuple[int, ...],
    verdict: str,
    examiner: str,
    role: str | None,
    note: str | None,
    supersedes: int | None,
    key: Path,
    passphrase_file: Path | None,
) -> None:
    """Record what an examiner decided of items, with a signed checkpoint. Prints the decision's index."""
    decision = Decision(verdict, examiner, cites, role=role, note=note, supersedes=supersedes)
    with open_signing(ledger_path(ledger, case), key, passphrase_file) as log:
        while True:
            size = log.size
            body = decision_entry(log, decision, now())
            try:
                index = log.append([body], checkpoint=True, expected_size=size)
            except SizeChangedError:  # another process may have appended a decision at the same moment
                continue
            break
        try:
            click.echo(index)
            flush_stdout()
        except OSError:
            say(f"the decision is recorded all the same, as entry {index}")
            raise
        if supersedes is not None and (told := contrary_decision(log, decision, supersedes)):
            say(told)
        say(f"ledger size {log.size}, root {log.root().hex()}   (write both in your notebook)")
