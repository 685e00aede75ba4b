"""matcher findings: the findings that the ledger of a case records."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.commands.options import as_scanned_option, case_option, echo_json
from matcher.errors import CaseError
from matcher.model import Reason, Status

if TYPE_CHECKING:
    from matcher.record.current import Placed


def _number(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise click.BadParameter(f"{value!r} is not a number of matches, as 0.01 or 1e-6")
    return number


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
@click.option(
    "--max-chance",
    metavar="X",
    callback=_number,
    help="Only items with a notable match, and of them those for which at most X false matches as near are expected "
    "by chance among all pictures of their scan (`expected`); identical ones always. 0.01 has the strong ones.",
)
@click.option("--entry", metavar="ID", help="Only items that match this list entry.")
@click.option("--list", "list_name", metavar="NAME", help="Only items that match an entry of this list.")
@click.option("--only-by", metavar="ALGORITHM", help="Only items all of whose matches are by this algorithm.")
@as_scanned_option
def command(
    *,
    case: Path,
    statuses: tuple[str, ...],
    reasons: tuple[str, ...],
    scan: int | None,
    matched: bool,
    max_chance: Decimal | None,
    entry: str | None,
    list_name: str | None,
    only_by: str | None,
    as_scanned: bool,
) -> int:
    """Print the findings of a case as JSON lines, in the order of the ledger, as they are after its relookups.

    A finding that a relookup changed says so in `relookup`, one that an examiner decided on in `decision`. A notable
    one has its `strength`: strong, look (to be looked at) or weak.
    """
    from matcher.commands.deciding import say_of_no_item
    from matcher.record.case import CaseReader
    from matcher.record.current import findings_of, state_of
    from matcher.record.strength_now import Strengths

    def is_chosen(placed: Placed) -> bool:
        finding = placed.finding
        return (not statuses or finding["status"] in statuses) and (not reasons or finding.get("reason") in reasons)

    not_known = 0
    by_match = entry is not None or list_name is not None or only_by is not None
    with CaseReader(case) as reader:
        if scan is not None and not any(
            each["type"] == "scan.open" and each.get("scan") == scan
            for _index, each in reader.entries(items=lambda _index, _body: False)
        ):
            raise CaseError(f"{case}: has no scan {scan}")
        state = state_of(reader, as_scanned=as_scanned)
        say_of_no_item(state)
        strengths = Strengths(reader, state, scan=scan)
        for placed in findings_of(reader, state, scan=scan, matched=matched or max_chance is not None or by_match):
            if by_match and not _matches(placed.finding["matches"], entry, list_name, only_by):
                continue
            if not is_chosen(placed):
                continue
            if max_chance is not None and not (is_within := strengths.is_within(placed, max_chance)):
                not_known += is_within is None
                continue
            strengths.add_to(placed)
            echo_json(placed.finding)
    if not_known:
        say(
            f"note: {not_known:,} more items are left out although it is not known how near they are: the chance of a "
            "notable match was not measured, or more matches were found than are recorded (leave --max-chance out)"
        )
    return 0


def _matches(matches: list[dict[str, Any]], entry: str | None, list_name: str | None, only_by: str | None) -> bool:
    """Whether a match is with that entry and list, where they are named, and all are by `only_by`, if it is."""
    return any(entry in (None, match["entry"]) and list_name in (None, match["list"]) for match in matches) and all(
        only_by in (None, match["algorithm"]) for match in matches
    )
