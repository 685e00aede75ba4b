"""matcher scan --abandon: an open scan is ended for good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from matcher.commands import say

if TYPE_CHECKING:
    from matcher.record.case import CaseFacts


def abandoned(
    case: Path, number: int, reason: str, *, facts: CaseFacts, key: Path, passphrase: bytes | None, quiet: bool
) -> int:
    """End scan `number` of a case as abandoned, and print what stays recorded of it. Returns the exit code."""
    from matcher.commands.scan_result import notebook, print_result
    from matcher.commands.waiting import Waiting
    from matcher.commands.work_done import note_done
    from matcher.record.case import check_case, open_case
    from matcher.scan.abandoning import abandon_scan, check_reason

    check_case(case)
    check_reason(reason)
    waiting = None if quiet else Waiting(say)
    with open_case(case, facts, key=key, passphrase=passphrase, on_wait=waiting) as log:
        result = abandon_scan(log, case, number, reason=reason, facts=facts)
        note_done(f"scan {number} is abandoned all the same")
        counts = ", ".join(f"{count:,} {status}" for status, count in result.facts["counts"].items() if count)
        print_result(
            f"scan {number}: ABANDONED with {result.facts['items']:,} items recorded ({counts or 'nothing'}), "
            f"{result.facts['matches']:,} matches in all\n"
            "  whatever else its source holds was NOT examined by it; what it recorded stays in the ledger",
            err=False,
        )
        if result.lost is not None:
            say(f"warning: its stored hashes are not vouched for: {result.lost}")
        print_result(notebook(log), err=False)
    return 0
