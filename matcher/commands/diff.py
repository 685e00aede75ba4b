"""matcher diff: compare two scans; each item whose finding differs, and the fields that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.commands import say
from matcher.commands.options import FOLDER, echo_json
from matcher.errors import CaseError, NotIntactError
from matcher.system.files import readable_name

if TYPE_CHECKING:
    from ledger import ScanCheck
    from matcher.record.case import CaseReader
    from matcher.revisit.diff import ScanRecord


@click.command("diff", epilog="Example: matcher diff case-17 case-17-repeated")
@click.argument("case_a", metavar="CASE", type=FOLDER)
@click.argument("case_b", metavar="CASE", type=FOLDER)
@click.option("--scan-a", type=click.IntRange(min=1), help="Scan of the first case; its newest closed one otherwise.")
@click.option("--scan-b", type=click.IntRange(min=1), help="Scan of the second case; its newest closed one otherwise.")
def command(case_a: Path, case_b: Path, scan_a: int | None, scan_b: int | None) -> int:
    """Compare two scans: which facts and which findings differ, one JSON line each. Reads only.

    The two may be scans of one case, which then is named twice.

    Exit code: 0 compared, whether or not they differ, 2 could not compare.
    """
    from matcher.revisit.diff import fact_differences

    with ExitStack() as stack:
        one = _opened(stack, case_a, scan_a)
        other = _opened(stack, case_b, scan_b)
        if case_a.resolve() == case_b.resolve() and one.scan.number == other.scan.number:
            say("both are one and the same scan")
        facts = 0
        for difference in fact_differences(one.scan, other.scan):
            echo_json(difference)
            facts += 1
        _say_side("a", one)
        _say_side("b", other)
        _say_items(one, other, facts)
    return 0


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two compared scans, and its case."""

    case: CaseReader
    scan: ScanRecord

    def findings(self) -> Iterable[dict[str, Any]]:
        """A generator of the scan's findings. An exhibit number that is the scan's own is left out: it is a fact."""
        for _scan, finding in self.case.findings(scan=self.scan.number):
            if finding.get("exhibit") == self.scan.exhibit:
                finding.pop("exhibit", None)
            yield finding

    @property
    def root(self) -> str | None:
        """The findings root of a closed scan, in hex; None for any other."""
        return None if self.scan.closed is None else self.scan.closed["findings_root"]


def _opened(stack: ExitStack, case: Path, number: int | None) -> _Side:
    from matcher.record.case import CaseReader
    from matcher.revisit.diff import scans_of

    reader = stack.enter_context(CaseReader(case))
    name = readable_name(case)
    try:
        scans = scans_of(reader.entries())
    except NotIntactError:  # names the case
        raise
    except CaseError as error:
        raise CaseError(f"{name}: {error}") from error
    scan = _chosen(name, scans, number)
    _check(case, name, scan)
    return _Side(reader, scan)


def _chosen(name: str, scans: dict[int, ScanRecord], number: int | None) -> ScanRecord:
    if not scans:
        raise CaseError(f"{name}: no scan in it")
    if number is not None:
        if number not in scans:
            raise CaseError(f"{name}: has no scan {number}")
        return scans[number]
    closed = [scan_number for scan_number, scan in scans.items() if scan.closed is not None]
    return scans[max(closed or scans)]


def _check(case: Path, name: str, scan: ScanRecord) -> None:
    """CaseError unless ledger and scan are intact: the differences of a damaged record would mean nothing."""
    from ledger import audit, read_vkeys
    from matcher.record.case import KEYS, LEDGER

    keys = read_vkeys(case / KEYS) if (case / KEYS).exists() else ()
    report = audit(case / LEDGER, own_keys=keys)
    of_scans = {problem for checked in report.scans for problem in checked.problems}
    problems = [problem for problem in report.problems if problem not in of_scans]
    checked = next((checked for checked in report.scans if checked.scan == scan.number), None)
    problems += _problems_of(checked)
    if problems:
        raise CaseError(f"{name}: not intact, so not compared: {problems[0]} (`matcher verify` names every problem)")


def _problems_of(checked: ScanCheck | None) -> tuple[str, ...]:
    """The problems of one scan, apart from the one that it was never closed."""
    if checked is None:
        return ("the scan is gone",)
    return checked.other_problems


def _say_side(name: str, side: _Side) -> None:
    root = side.root
    end = "ABANDONED" if side.scan.abandoned else "NOT CLOSED"
    state = f"closed, findings root {root}" if root else f"{end}: what it had recorded by now is compared"
    say(f"{name}: {readable_name(side.case.folder)} scan {side.scan.number}: {state}")


def _say_items(one: _Side, other: _Side, facts: int) -> None:
    from matcher.revisit.diff import item_differences

    say(f"facts: {facts:,} differ")
    if one.root is not None and one.root == other.root:
        say("items: none differs: both scans have the same findings root")
        return
    if one.scan.exhibit != other.scan.exhibit:
        say(f"every finding of a has exhibit {one.scan.exhibit!r} and of b {other.scan.exhibit!r}: not repeated below")
    ordered = one.scan.ordered and other.scan.ordered
    only: Counter[str] = Counter()
    fields: Counter[str] = Counter()
    differing = 0
    for difference in item_differences(one.findings, other.findings, ordered=ordered):
        echo_json(difference)
        if "only" in difference:
            only[difference["only"]] += 1
        else:
            differing += 1
            fields.update(difference["differs"].keys())
    named = ", ".join(f"{field} {count:,}" for field, count in fields.most_common())
    say(
        f"items: {only['a']:,} only in a, {only['b']:,} only in b, {differing:,} differ{f' ({named})' if named else ''}"
    )
