"""A scan's section of the HTML report: its source, settings, algorithms, lists, self-test and library builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matcher.algorithms import Metric
from matcher.distances import unit
from matcher.model import Status
from matcher.record.strength import in_words
from matcher.reports import ReportOptions
from matcher.reports.by_chance import by_chance
from matcher.reports.classify import LoadedList
from matcher.reports.markup import NONE, counted, facts, mono, number, table, text, time_of, value_of
from matcher.reports.masking import shown_source
from matcher.reports.not_examined import shortfall_lines
from matcher.reports.relookup_section import relookups
from matcher.reports.summary import CaseSummary, ScanSummary
from matcher.reports.wording import DISPOSITIONS

_CHANGES = ("changed", "vanished", "added")
"""The counts that the anomaly of a changed source may have; the ledger names the items."""


def overview(summary: CaseSummary) -> str:
    """A table with one row for each scan; empty where there is no scan."""
    if not summary.scans:
        return ""
    rows = [
        [
            f'<a href="#scan-{scan.number}">Scan {scan.number}</a>',
            text(scan.opened.get("exhibit")),
            time_of(scan.opened),
            state(scan),
            number(scan.items),
            number(scan.bytes),
            number(scan.notable),
            number(scan.conflicts),
            number(scan.counts[Status.UNREADABLE.value]),
            number(sum(scan.shortfall.not_opened.values())),
        ]
        for scan in summary.scans
    ]
    headers = (
        "Scan",
        "Exhibit",
        "Begun",
        "State",
        "Items",
        "Bytes",
        "Notable",
        "In conflict",
        "Unreadable",
        "Not opened",
    )
    return table("Scans", headers, rows, numeric=(4, 5, 6, 7, 8, 9))


def state(scan: ScanSummary) -> str:
    if scan.abandoned is not None and not scan.problems:
        return '<strong class="incomplete">ABANDONED</strong>'
    return "complete" if scan.complete else '<strong class="incomplete">INCOMPLETE</strong>'


def scan_section(scan: ScanSummary, options: ReportOptions) -> str:
    opened = scan.opened
    title = f"Scan {scan.number}" + (f", exhibit {opened['exhibit']}" if opened.get("exhibit") else "")
    return (
        f'<section class="scan" aria-labelledby="scan-{scan.number}">\n'
        f'<h3 id="scan-{scan.number}">{text(title)}</h3>\n'
        f"{facts('What was scanned, when, and how', _facts(scan, options))}"
        f"{_algorithms(opened.get('algorithms', ()))}{_lists(scan)}"
        f"{facts('Software and machine', _builds(opened))}{relookups(scan, options)}</section>\n"
    )


def _facts(scan: ScanSummary, options: ReportOptions) -> Iterator[tuple[str, str]]:
    opened, closed = scan.opened, scan.closed
    source = shown_source(opened.get("source", {}), scan=scan.number, options=options)
    kind = source.pop("kind", None)
    if kind is not None:
        yield "Source", f"{text(kind)} {mono(source.pop('path'))}" if "path" in source else text(kind)
    for key, value in source.items():
        yield f"Source {key}", value_of(value)
    yield "Exhibit", text(opened.get("exhibit"))
    yield "State", state(scan)
    yield "Begun", time_of(opened)
    yield "Closed", '<strong class="incomplete">never</strong>' if closed is None else time_of(closed)
    counts = ", ".join(f"{count:,} {text(status)}" for status, count in scan.counts.items() if count)
    yield "Items", f"{number(scan.items)}{f' ({counts})' if counts else ''}; {counted(scan.bytes, 'byte')}"
    yield (
        "Matches",
        f"{number(scan.matches)}; {counted(scan.notable, 'item')} notable ({in_words(scan.strength)}), "
        f"{number(scan.conflicts)} in conflict; {counted(scan.pictures, 'picture')} compared, each content once",
    )
    if shortfall := "; ".join(shortfall_lines(scan.shortfall)):
        yield "Not examined", f"<strong>{text(shortfall)}</strong>"
    for sentence in by_chance(scan):
        yield "Matches by chance", text(sentence)
    yield "Findings root", NONE if closed is None else mono(closed.get("findings_root"))
    for problem in scan.problems:
        yield "Problem", text(problem)
    for anomaly in scan.anomalies:
        changes = "".join(f", {number(anomaly[kind])} {kind}" for kind in _CHANGES if kind in anomaly)
        yield "Anomaly", f"{text(anomaly.get('what'))}, {time_of(anomaly)}{changes}"
    if closed is not None and closed.get("retried"):
        yield (
            "Tried once more",
            (
                f"{counted(closed['retried'], 'item')}, alone, after a worker died or a limit was hit; "
                f"{number(closed.get('of_the_machine'))} have a finding that may depend on the machine"
            ),
        )
    for key, value in opened.get("settings", {}).items():
        yield f"Setting: {key.replace('_', ' ')}", value_of(value)
    yield "Self-test", _self_test(scan.self_test)


def _self_test(tested: Mapping[str, Any] | None) -> str:
    if tested is None:
        return '<strong class="incomplete">none recorded</strong>'
    untested = tested.get("untested")
    return (
        f"{value_of(tested.get('tested'))} gave the known answers for {counted(tested['cases'], 'built-in picture')}"
        f"{f'; not tested: {value_of(untested)}' if untested else ''}; answers {mono(tested.get('vectors'))}"
    )


def _algorithms(algorithms: Any) -> str:
    rows = [
        [
            text(algorithm.get("name")),
            text(algorithm.get("profile")),
            text(_distance(algorithm.get("metric"))),
            number(algorithm.get("threshold")),
            number(algorithm.get("minimum_quality")),
            number(algorithm.get("margin")),
        ]
        for algorithm in algorithms
    ]
    headers = ("Algorithm", "Profile", "Distance", "Threshold", "Minimum quality", "Screening margin")
    return table("Algorithms", headers, rows, numeric=(3, 4, 5)) if rows else ""


def _distance(metric: Any) -> Any:
    """The unit of a metric's distances. An unknown metric is shown as recorded; digests have none."""
    return next((unit(known) for known in Metric if known == metric), metric)


def _lists(scan: ScanSummary) -> str:
    if not scan.lists:
        return "<p>No hash list was loaded.</p>\n"
    computed = [algorithm.get("name") for algorithm in scan.opened.get("algorithms", ())]
    headers = ("List", "Version", "Entries", "Hashes", "Refused lines", "Category means", "Digest of the list")
    rows = [_list_row(used, computed) for used in scan.lists]
    return table("Hash lists", headers, rows, numeric=(1, 2, 4))


def _list_row(used: LoadedList, computed: Sequence[Any]) -> list[str]:
    counts = {} if used.facts is None else used.facts["counts"]
    kept = counts.get("kept")
    hashes = ", ".join(
        f"{text(name)} {number(count)}{'' if name in computed else ' (not computed by this scan, not compared)'}"
        for name, count in counts.get("hashes", {}).items()
    )
    kept_text = f"; kept, not compared: {value_of(kept)}" if kept else ""
    meanings = [f"{text(name)}: {DISPOSITIONS[value]}" for name, value in used.profile.categories.items()]
    other = f"{'any other' if meanings else 'any'}: {DISPOSITIONS[used.profile.other]}"
    return [
        text(used.name),
        number(used.version),
        number(counts.get("entries")),
        f"{hashes or NONE}{kept_text}",
        number(counts.get("refused")),
        "; ".join([*meanings, other]),
        mono(used.digest),
    ]


def _builds(opened: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Tool", f"evidence-matcher {text(opened.get('tool'))}"
    yield "Libraries", value_of(opened.get("libraries"))
    yield "Platform", value_of(opened.get("platform"))
