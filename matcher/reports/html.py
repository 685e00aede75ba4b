"""A report for people: one self-contained HTML file that makes no network request and holds no picture.

Its content security policy allows its one style sheet and its one script, by their hashes, and nothing else. The
report is readable without the script, which sorts, searches and filters the tables of matches.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from importlib import resources
from io import TextIOWrapper
from typing import BinaryIO

from matcher.errors import CaseError
from matcher.model import Status
from matcher.record.case import CaseReader
from matcher.record.current import MALFORMED, CurrentState, state_of
from matcher.reports import ReportOptions
from matcher.reports.classify import Kind, classified
from matcher.reports.contents import contents
from matcher.reports.flood_section import flood_section
from matcher.reports.markup import counted, facts, mono, number, table, text, time_of
from matcher.reports.match_tables import MatchTable
from matcher.reports.not_examined_section import NotExamined
from matcher.reports.scan_section import overview, scan_section
from matcher.reports.summarizing import summarize
from matcher.reports.summary import CaseSummary
from matcher.reports.wording import STATUSES, incomplete, statement


class HtmlReport:
    """The whole case on one page."""

    name = "html"

    def write(self, case: CaseReader, stream: BinaryIO, options: ReportOptions) -> None:
        state = state_of(case, as_scanned=options.as_scanned)
        summary = summarize(case, as_scanned=options.as_scanned, state=state)
        page = TextIOWrapper(stream, encoding="utf-8", newline="")
        try:
            for piece in _checked(_page(case, summary, options, state)):
                page.write(piece)
        finally:
            page.detach()


def _checked(pieces: Iterator[str]) -> Iterator[str]:
    """A generator of the same pieces. CaseError where an entry that a piece is made from is malformed."""
    try:
        yield from pieces
    except MALFORMED as error:
        raise CaseError("how a scan was opened or closed is not recorded as matcher writes it") from error


def _page(case: CaseReader, summary: CaseSummary, options: ReportOptions, state: CurrentState | None) -> Iterator[str]:
    """A generator of the document, from its first character to its last."""
    pictures = {scan.number: scan.pictures for scan in summary.scans}
    identical, similar = (MatchTable(kind, options, pictures) for kind in (Kind.IDENTICAL, Kind.SIMILAR))
    not_examined = NotExamined(options)
    for classified_finding in classified(case, as_scanned=options.as_scanned, state=state):
        identical.add(classified_finding)
        similar.add(classified_finding)
        not_examined.add(classified_finding)
    yield _head(summary)
    yield _title(summary, options)
    yield contents(summary, not_examined, identical=identical.items, similar=similar.items)
    yield _statement(summary)
    yield _counts(summary)
    yield flood_section(summary)
    yield from _matches(identical, similar)
    yield from not_examined.markup(summary)
    yield _scans(summary, options)
    yield _ledger(summary)
    yield "</main>\n</body>\n</html>\n"


@cache
def _inline(file: str) -> str:
    """The text of a file of this package, with line feeds as line ends: HTML parsers normalise them."""
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8").replace("\r\n", "\n")


def _hash(file: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(_inline(file).encode()).digest()).decode()}'"


def _head(summary: CaseSummary) -> str:
    policy = (
        f"default-src 'none'; style-src {_hash('report.css')}; script-src {_hash('report.js')}; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{_plain(_heading(summary))}</title>\n<style>{_inline('report.css')}</style>\n"
        f"<script>{_inline('report.js')}</script>\n</head>\n<body>\n<main>\n"
    )


def _plain(value: str) -> str:
    """Text for an element that can hold no other element: invisible characters are left out, not framed."""
    return text("".join(char for char in value if char.isprintable()))


def _heading(summary: CaseSummary) -> str:
    exhibit = summary.opened.get("exhibit")
    return f"Case {summary.opened.get('case') or 'without a name'}" + (f", exhibit {exhibit}" if exhibit else "")


def _title(summary: CaseSummary, options: ReportOptions) -> str:
    opened = summary.opened
    rows = [
        ("Case", text(opened.get("case"))),
        ("Exhibit", text(opened.get("exhibit"))),
        ("Examiner", text(opened.get("examiner"))),
        ("Role", text(opened.get("role"))),
        ("Authority", text(opened.get("authority"))),
        ("Opened", time_of(opened)),
        ("Tool", f"evidence-matcher {text(opened.get('tool'))}"),
        ("Ledger", f"{counted(summary.size, 'entry', 'entries')}, root {mono(summary.root)}"),
    ]
    masked = (
        "<p>Paths are masked in this report: an item is named by its scan and its number in it, a source by its scan. "
        "Digests and sizes are not masked.</p>\n"
        if options.mask_paths
        else ""
    )
    return (
        f'<header>\n<p class="kind">Report of findings</p>\n<h1>{text(_heading(summary))}</h1>\n'
        f"{facts('The case, as the ledger records it', rows)}{masked}</header>\n"
    )


def _statement(summary: CaseSummary) -> str:
    result = statement(summary)
    missing = [f"<li>{text(sentence)}</li>\n" for sentence in incomplete(summary)]
    banner = ""
    if missing:
        alarm = '<p class="alarm">INCOMPLETE</p>'
        banner = f'<div class="banner" role="note">\n{alarm}\n<ul>\n{"".join(missing)}</ul>\n</div>\n'
    sentences = "".join(f"<li>{text(sentence)}</li>\n" for sentence in result.sentences)
    return (
        f'<section aria-labelledby="result">\n<h2 id="result">Result</h2>\n{banner}'
        f'<div class="statement{" grave" if result.grave else ""}">\n<p class="headline">{text(result.headline)}</p>\n'
        f'<p class="basis">{text(result.basis)}</p>\n'
        f"<ul>\n{sentences}</ul>\n</div>\n"
    )


def _counts(summary: CaseSummary) -> str:
    """The tables of counts, which end the section that `_statement` begins."""
    rows = [[text(status.value), number(summary.total(status)), text(STATUSES[status])] for status in Status]
    rows.append(["all", number(summary.items), "Every item has exactly one status."])
    counts = table("Items by status", ("Status", "Items", "Meaning"), rows, numeric=(1,))
    return counts + overview(summary) + "</section>\n"


def _matches(identical: MatchTable, similar: MatchTable) -> Iterator[str]:
    yield '<section aria-labelledby="matches">\n<h2 id="matches">Matches</h2>\n'
    yield (
        "<p>A match says that hashes agree, and nothing of what a picture shows. The newest decision of an examiner on "
        "an item stands beside its status; <em>undecided</em> where the ledger has none. Long ids are shown by their "
        "beginning: point at one, or press it, for the whole.</p>\n"
    )
    yield (
        "<p>How strong a match is follows from the number of false matches as near that are <em>expected by "
        "chance</em> among all pictures that its scan compared. <strong>Strong</strong>: fewer than 0.01, or "
        "identical by digest. <strong>To be looked at</strong>: fewer than 1, or not measured; also what would be "
        "strong but for hashes of low quality. <strong>Weak</strong>: 1 or more, so that so many are to be expected "
        "although nothing listed is there. An item has the strength of its best notable match. The numbers are of "
        "pictures that have nothing to do with each other: pictures of one series, or with the same text or frame, "
        "are nearer than chance. No group says what a picture shows; an examiner must compare.</p>\n"
    )
    yield f'<h3 id="identical">Identical: {counted(identical.items, "item")}</h3>\n'
    yield from identical.markup()
    yield f'<h3 id="similar">Similar: {counted(similar.items, "item")}</h3>\n'
    yield from similar.markup()
    yield "</section>\n"


def _scans(summary: CaseSummary, options: ReportOptions) -> str:
    sections = "".join(scan_section(scan, options) for scan in summary.scans)
    others = "".join(
        f"<p>Anomaly, {time_of(anomaly)}: {text(anomaly.get('what'))}</p>\n" for anomaly in summary.anomalies
    )
    return f'<section aria-labelledby="scans">\n<h2 id="scans">Scans</h2>\n{others}{sections}</section>\n'


def _ledger(summary: CaseSummary) -> str:
    rows = [
        ("Origin", mono(summary.origin)),
        ("Size", counted(summary.size, "entry", "entries")),
        ("Root hash", mono(summary.root)),
    ]
    size = counted(summary.size, "entry", "entries")
    later = summary.size - summary.checkpoint_size
    after = "<p>It covers every entry.</p>\n"
    if later:
        verb = "is" if later == 1 else "are"
        after = f"<p>{counted(later, 'entry', 'entries')} came after it and {verb} not signed yet.</p>\n"
    return (
        '<section aria-labelledby="ledger">\n<h2 id="ledger">Ledger</h2>\n'
        f"<p>This report was generated from the ledger of {size} with the root hash {mono(summary.root)}. It holds no "
        "time of its own: the same ledger gives the same report, byte for byte.</p>\n"
        f"{facts('The ledger that this report was made from', rows)}"
        f"<h3>Latest checkpoint</h3>\n<pre>{text(summary.checkpoint).replace(_LINE_END, chr(10))}</pre>\n{after}"
        "<h3>How to verify</h3>\n<p>This report proves nothing by itself, and did not check the signature above. Where "
        "DIR is the folder of the case, either command checks that the ledger is intact and that every scan in it is "
        "complete. Compare the size and the root hash that it prints with what was noted elsewhere.</p>\n"
        "<pre>matcher verify --case DIR\npython -m ledger verify DIR</pre>\n</section>\n"
    )


_LINE_END = '<span class="code">U+000A</span>'

HTML = HtmlReport()
