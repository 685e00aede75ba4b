"""The table of contents of the HTML report: a link to each section, with the number of its items."""

from __future__ import annotations

from collections.abc import Iterable

from matcher.reports.markup import number, text
from matcher.reports.not_examined_section import NotExamined
from matcher.reports.summary import CaseSummary

_Line = tuple[str, str, int | None]


def contents(summary: CaseSummary, not_examined: NotExamined, *, identical: int, similar: int) -> str:
    """A list of links; `identical` and `similar` are the numbers of items in the two tables of matches."""
    lines: list[_Line] = [
        ("result", "Result", None),
        ("identical", "Identical items", identical),
        ("similar", "Similar items", similar),
        *not_examined.contents(),
        *((f"scan-{scan.number}", f"Scan {scan.number}", scan.items) for scan in summary.scans),
        ("ledger", "Ledger, and how to verify", None),
    ]
    return f'<nav aria-label="Contents">\n<ol>\n{"".join(_items(lines))}</ol>\n</nav>\n'


def _items(lines: Iterable[_Line]) -> Iterable[str]:
    for anchor, title, count in lines:
        counted = "" if count is None else f' <span class="count">{number(count)}</span>'
        yield f'<li><a href="#{anchor}">{text(title)}</a>{counted}</li>\n'
