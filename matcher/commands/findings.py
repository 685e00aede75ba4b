"""matcher findings: the findings that the ledger of a case records."""

from __future__ import annotations

from pathlib import Path

import click

from matcher.commands.options import as_scanned_option, case_option, echo_json
from matcher.errors import CaseError
from matcher.model import Reason, Status


@click.command("findings", epilog="Example: matcher findings --case case-17 --status unreadable")
@case_option
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in Status]),
    help="Only items with this status; may be given more than once.",
)
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="REASON",
    type=click.Choice([reason.value for reason in Reason]),
    help="Only items with this reason, e.g. container-not-opened; may be given more than once.",
)
@click.option("--scan", type=int, help="Only this scan of the case; all of them otherwise.")
@click.option("--matched", is_flag=True, help="Only items with a match.")
@as_scanned_option
def command(
    *,
    case: Path,
    statuses: tuple[str, ...],
    reasons: tuple[str, ...],
    scan: int | None,
    matched: bool,
    as_scanned: bool,
) -> int:
    """Print the findings of a case as JSON lines, in the order of the ledger, as they are after its relookups.

    A finding that a relookup changed says so in `relookup`, one that an examiner decided on in `decision`.
    """
    from matcher.commands.deciding import say_of_no_item
    from matcher.record.case import CaseReader
    from matcher.record.current import findings_of, state_of

    with CaseReader(case) as reader:
        if scan is not None and not any(
            entry["type"] == "scan.open" and entry.get("scan") == scan
            for _index, entry in reader.entries(items=lambda _index, _body: False)
        ):
            raise CaseError(f"{case}: has no scan {scan}")
        state = state_of(reader, as_scanned=as_scanned)
        say_of_no_item(state)
        for placed in findings_of(reader, state, scan=scan, matched=matched):
            finding = placed.finding
            if (not statuses or finding["status"] in statuses) and (not reasons or finding.get("reason") in reasons):
                echo_json(finding)
    return 0
