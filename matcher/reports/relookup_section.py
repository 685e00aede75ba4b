"""The relookups of a scan, in other versions of the lists, for the scan's section of the HTML report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matcher.reports import ReportOptions
from matcher.reports.markup import number, path_name, short_id, table, text, time_of, value_of
from matcher.reports.masking import shown_path
from matcher.reports.summary import ScanSummary

MOST_CHANGES = 5_000
"""How many changes of one scan are listed, at most."""

_KINDS = (
    ("new", "new match"),
    ("withdrawn", "match withdrawn"),
    ("changed", "match means something else"),
    ("unconfirmed", "may match, not confirmed"),
)


def relookups(scan: ScanSummary, options: ReportOptions) -> str:
    """Two tables: one row for each relookup, and one for each change. Empty where the scan has no relookup."""
    if not scan.relookups:
        return ""
    rows = [
        [
            time_of(entry),
            text(", ".join(f"{used['name']} version {used['version']}" for used in entry["lists"])),
            number(entry["counts"]["new"]),
            number(entry["counts"]["withdrawn"]),
            number(entry["counts"]["changed"]),
            number(entry["counts"]["unconfirmed"]),
            value_of(entry["not_looked_up"] or None),
        ]
        for entry in scan.relookups
        if entry["part"] == 1
    ]
    headers = (
        "When",
        "Lists",
        "New matches",
        "Withdrawn",
        "Changed",
        "Not confirmed",
        "Hashes not computed",
    )
    changes = list(_changes(scan, options))
    more = len(changes) - MOST_CHANGES
    return (
        table("Looked up again, in other versions of the lists", headers, rows, numeric=(2, 3, 4, 5))
        + table(
            "What that changed",
            ("When", "Change", "Item", "List", "Entry", "Algorithm", "Distance"),
            changes[:MOST_CHANGES],
            numeric=(6,),
        )
        + (f"<p>{number(more)} more changes are in the ledger.</p>\n" if more > 0 else "")
    )


def _changes(scan: ScanSummary, options: ReportOptions) -> Iterator[list[str]]:
    """A generator of rows, in the order of the ledger."""
    for entry in scan.relookups:
        for kind, words in _KINDS:
            for change in entry[kind]:
                path = shown_path(change["path"], scan=scan.number, seq=change["seq"], options=options)
                label = f"{words}, notable" if change.get("notable") else words
                yield [time_of(entry), text(label), path_name(path, "path"), *_match(change)]


def _match(change: Mapping[str, Any]) -> list[str]:
    match = change.get("match")
    if match is None:
        return [text(change["reason"]), *[text(None)] * 3]
    return [text(match["list"]), short_id(match["entry"]), text(match["algorithm"]), number(match["distance"])]
