"""matcher decide: an examiner's decisions on items, into the case's ledger."""

from __future__ import annotations

from pathlib import Path

import click

from ledger import VERDICTS
from matcher.commands import say
from matcher.commands.options import FILE, case_option, echo_json

_MOST_NAMED = 10
"""The most decisions that are named which contradict another examiner's."""


@click.command(
    "decide", epilog="Example: matcher decide --case case-17 --path DCIM/IMG_0001.JPG --verdict confirmed --note 'seen'"
)
@case_option
@click.option("--path", "paths", multiple=True, help="Path of an item, as `matcher findings` prints it; repeatable.")
@click.option(
    "--index", "indexes", type=click.IntRange(min=0), multiple=True, help="Index of an item's entry; repeatable."
)
@click.option("--scan", type=int, help="Only items of this scan, where a path occurs in several.")
@click.option(
    "--verdict",
    required=True,
    type=click.Choice(VERDICTS),
    help="confirmed: it is known material; refuted: it is not; needs-review: somebody else has to look at it.",
)
@click.option("--note", help="Why.")
@click.option(
    "--examiner", help="Who decides; otherwise the examiner of the case, where it has one and the key is known."
)
@click.option("--role", help="In what role.")
@click.option("--key", type=FILE, help="Private key that signs; the examiner's own otherwise.")
@click.option("--passphrase-file", type=FILE, help="File with that key's passphrase on its first line.")
def command(
    *,
    case: Path,
    paths: tuple[str, ...],
    indexes: tuple[int, ...],
    scan: int | None,
    verdict: str,
    note: str | None,
    examiner: str | None,
    role: str | None,
    key: Path | None,
    passphrase_file: Path | None,
) -> int:
    """Record what an examiner decides of one or more items of a case, signed.

    Prints one JSON line a decision. A later decision on an item supersedes the earlier one; nothing is ever edited. All
    items are decided, or none.
    """
    from ledger import read_passphrase
    from matcher.commands.waiting import Waiting
    from matcher.commands.work_done import note_done
    from matcher.record.case import NO_FACTS, CaseReader, check_case, is_signed_by, open_case
    from matcher.record.examiner_folder import signing_key_path
    from matcher.revisit.decide import DecisionRequest, contrary_ones, decide
    from matcher.revisit.items import ItemSearch
    from matcher.system.files import readable_name

    if not paths and not indexes:
        raise click.UsageError("name the items: --path PATH or --index N, each as often as necessary")
    check_case(case)
    key = signing_key_path() if key is None else key
    is_new = not key.exists()
    passphrase = None if passphrase_file is None else read_passphrase(passphrase_file)
    search = ItemSearch(indexes=indexes, paths=paths, scan=scan)
    with CaseReader(case) as reader:
        search.read_on(reader)
        search.items(case)  # raises before a key is added to the case
        is_of_case = is_signed_by(case, reader.origin, key, passphrase)
        if examiner is None and is_of_case:
            examiner = search.examiner
    if not examiner:
        raise click.UsageError("say who decides: --examiner NAME")
    request = DecisionRequest(case, verdict, examiner, search, role, note)
    with open_case(case, NO_FACTS, key=key, passphrase=passphrase, on_wait=Waiting(say)) as log:
        recorded = decide(log, request)
        note_done(f"{'the decision is' if len(recorded) == 1 else 'the decisions are'} recorded all the same")
        for decided in recorded:
            echo_json(
                {
                    "decision": decided.index,
                    "index": decided.item.index,
                    "scan": decided.item.scan,
                    "path": decided.item.path,
                    "verdict": verdict,
                    "examiner": examiner,
                    "supersedes": decided.supersedes,
                }
            )
        told = list(contrary_ones(log, recorded, request))
        for sentence in told[:_MOST_NAMED]:
            say(sentence)
        if (more := len(told) - _MOST_NAMED) > 0:
            say(f"note: {more:,} more decisions take the place of another examiner's")
        if not is_of_case:
            made = f"; it was made now: {readable_name(key)}" if is_new else ""
            say(f"note: the case did not know the key that signs this{made}; who verifies with keys needs its vkey too")
        say(f"ledger size {log.size}, root {log.root().hex()}   (write both in your notebook)")
    return 0
