"""The section of the HTML report on entries and algorithms that match an implausible share of a scan's pictures."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.record.floods import Flood, Floods
from matcher.reports.markup import NONE, counted, mono, number, table, text
from matcher.reports.summary import CaseSummary


def flood_section(summary: CaseSummary) -> str:
    """The section; empty where no scan has a flood. KeyError or TypeError where a `scan.close` is malformed."""
    closed = [(scan.number, Floods.of_facts(scan.closed)) for scan in summary.scans if scan.closed is not None]
    rows = [row for scan, floods in closed for row in _rows(scan, floods)]
    if not rows:
        return ""
    more = sum(floods.total - len(floods.told) for _scan, floods in closed)
    also = f"<p>{counted(more, 'more entry', 'more entries')} in such numbers, not listed here.</p>\n" if more else ""
    headers = ("Scan", "List", "Entry", "Category", "Algorithm", "Pictures", "Compared")
    return (
        '<section aria-labelledby="floods">\n<h2 id="floods">Entries that match very many pictures</h2>\n'
        "<p>Each of these is near to an unusual share of the different pictures of its scan, by perceptual hashes; "
        "copies count once. That may be one picture in many versions. It may also be an entry that is too plain to "
        "tell pictures apart: look at some of its matches before relying on any. The numbers are those of the scan, "
        "without later relookups.</p>\n"
        f"{table('Matches in unusual numbers, as scanned', headers, rows, numeric=(0, 5, 6))}{also}"
        "<p>To see them, as JSON lines:</p>\n<pre>matcher findings --case DIR --scan N --list LIST --entry ENTRY\n"
        "matcher findings --case DIR --scan N --only-by ALGORITHM</pre>\n</section>\n"
    )


def _rows(scan: int, floods: Floods) -> Iterator[list[str]]:
    for flood in floods.told:
        yield [
            number(scan),
            NONE if flood.list is None else text(flood.list),
            NONE if flood.entry is None else mono(flood.entry),
            NONE if flood.category is None else text(flood.category),
            NONE if flood.algorithm is None else f"{text(flood.algorithm)}, alone",
            _items(flood),
            number(flood.compared),
        ]


def _items(flood: Flood) -> str:
    return f"{number(flood.items)}{f' to {flood.items + flood.undercount:,}' if flood.undercount else ''}"
