"""Findings with matches → rows of the two tables of matches, one group of rows an item.

A group states the item's facts once, then its matches, with those of the same list entry together. There is a table
for each strength, the strongest first, and one for the items without a notable match. In each, items are sorted by the
expected number of false matches as near, then by algorithm and distance, since distances of two algorithms cannot be
compared, then in the order of the ledger. Every notable item is listed, and every item that has more matches
than are recorded. Of the other items, which can be many with a list of known-good files, the nearest LISTED_OTHERS are
listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from heapq import merge
from itertools import groupby
from typing import Any

from matcher.model import Disposition, Finding, Match
from matcher.record.strength import NONE_LISTED, WORDS, Strength, expected_number, in_digits
from matcher.reports import ReportOptions
from matcher.reports.classify import ClassifiedFinding, ClassifiedMatch, Kind
from matcher.reports.markup import counted, name, number, path_name, short_id, text
from matcher.reports.masking import shown_path
from matcher.reports.region_box import region_box
from matcher.reports.wording import DISPOSITIONS

LISTED_OTHERS = 5_000
"""How many items without a notable match are listed as identical, and as similar, at most."""

_RANK = {Disposition.NOTABLE: 0, Disposition.INFORMATION: 1, Disposition.KNOWN_GOOD: 2, Disposition.NEGATIVE: 3}
_ITEM_COLUMNS = (("i", "Item", "text"), ("s", "Bytes", "number"), ("st", "Status, decision", "text"))
_ENTRY_COLUMNS = (
    ("dp", "Disposition", "rank"),
    ("l", "List", "text"),
    ("e", "Entry", "text"),
    ("c", "Category", "text"),
)
_MATCH_COLUMNS = {
    Kind.IDENTICAL: (("a", "Digest", "text"), ("d", "Distance", "distance")),
    Kind.SIMILAR: (
        *(("a", "Algorithm", "text"), ("d", "Distance", "distance"), ("x", "Expected by chance", "number")),
        *(("q", "Quality", "number"), ("t", "Transform", "text")),
    ),
}
_CAPTIONS = {
    Kind.IDENTICAL: "identical to a list entry, by digest.",
    Kind.SIMILAR: "similar to a list entry, by perceptual hash; the fewest expected by chance first.",
}
_LEAST_SHOWN = Decimal("0.0001")
_NOT_NOTABLE = len(Strength)
_HEADINGS = (*(words.capitalize() for words in WORDS.values()), "Without a notable match")
"""Of the tables, by the first number of a key."""

PRINTED = 3
"""How many matches of each item are printed, and shown on a screen until the others are asked for."""

_Key = tuple[int, int, Decimal, str, int, int]
"""The place of the table, the disposition, the expected number, algorithm, distance, leaf index."""


class MatchTable:
    """The tables of one kind. Their memory grows with the items that are always listed, and with no others.

    `pictures`: the number of pictures that each scan compared.
    """

    def __init__(self, kind: Kind, options: ReportOptions, pictures: Mapping[int, int]) -> None:
        self._kind = kind
        self._pictures = pictures
        self._options = options
        self._always: list[tuple[_Key, str]] = []
        self._others: list[tuple[_Key, str]] = []
        self.items = 0

    def add(self, classified_finding: ClassifiedFinding) -> None:
        """Add a finding, if any of its matches is of this table's kind."""
        matches = [match for match in classified_finding.matches if match.kind is self._kind]
        if not matches:
            return
        self.items += 1
        nearest = min((match.match.algorithm, match.match.distance) for match in matches)
        rank = min(_RANK[match.disposition] for match in classified_finding.matches)
        key = (*self._place(classified_finding, rank), *nearest, classified_finding.index)
        if classified_finding.notable or classified_finding.finding.matches_total > len(classified_finding.matches):
            self._always.append((key, self._group(classified_finding, matches)))
            return
        self._others.append((key, self._group(classified_finding, matches)))
        if len(self._others) >= 2 * LISTED_OTHERS:
            self._cut()

    def _place(self, item: ClassifiedFinding, rank: int) -> tuple[int, int, Decimal]:
        """The table that an item stands in, and its place there as far as it is not that of its matches."""
        pictures, nearest = self._pictures.get(item.scan, 0), item.nearest
        if nearest is None:
            return _NOT_NOTABLE, rank, NONE_LISTED
        return list(Strength).index(nearest.strength(pictures)), rank, nearest.expected(pictures)

    def _cut(self) -> None:
        self._others.sort()
        del self._others[LISTED_OTHERS:]

    def markup(self) -> Iterator[str]:
        """A generator of the tables' pieces of markup; of one sentence where no finding was added."""
        if not self.items:
            yield "<p>None recorded.</p>\n"
            return
        self._cut()
        self._always.sort()
        if left_out := self.items - len(self._always) - len(self._others):
            yield (
                f'<p class="more">{counted(left_out, "more item")} without a notable match '
                f"{'is' if left_out == 1 else 'are'} not listed here, the nearest {LISTED_OTHERS:,} are. "
                "The CSV and JSONL reports have them all.</p>\n"
            )
        columns = (*_ITEM_COLUMNS, *_ENTRY_COLUMNS, *_MATCH_COLUMNS[self._kind])
        head = "".join(
            f'<th scope="col" class="{css}" data-sort="{sort}">{text(title)}</th>' for css, title, sort in columns
        )
        tallied = Counter(key[0] for key, _group in (*self._always, *self._others))
        for place, groups in groupby(merge(self._always, self._others), lambda keyed: keyed[0][0]):
            title, items = _HEADINGS[place], counted(tallied[place], "item")
            yield (
                f'<div class="wide"><table class="matches {self._kind.value}" data-name="{title.lower()}">\n'
                f"<caption><strong>{title}: {items}</strong> {text(_CAPTIONS[self._kind])}</caption>\n"
                f"<thead>\n<tr>{head}</tr>\n</thead>\n"
            )
            for _key, group in groups:
                yield group
            yield "</table></div>\n"

    def _group(self, classified_finding: ClassifiedFinding, matches: list[ClassifiedMatch]) -> str:
        pictures = self._pictures.get(classified_finding.scan, 0)
        matches = sorted(matches, key=lambda match: _order(match, pictures))
        lines = list(self._lines(matches, classified_finding.finding, pictures))
        span = f' rowspan="{len(lines)}"' if len(lines) > 1 else ""
        first = (
            f'<th class="i" scope="rowgroup"{span}>{self._item(classified_finding)}</th>'
            f'<td class="s"{span}>{number(classified_finding.finding.size)}</td>'
            f'<td class="st"{span}>{_status(classified_finding, with_note=not self._options.mask_paths)}</td>'
        )
        rows = "".join(
            f"<tr{_EXTRA if place >= PRINTED else ''}>{first if place == 0 else ''}{line}</tr>\n"
            for place, line in enumerate(lines)
        )
        return f"<tbody{_classes(classified_finding)}>\n{rows}</tbody>\n"

    def _item(self, classified_finding: ClassifiedFinding) -> str:
        finding = classified_finding.finding
        path = shown_path(finding.path, scan=classified_finding.scan, seq=classified_finding.seq, options=self._options)
        facts = [f"scan {classified_finding.scan}, ledger entry {classified_finding.index:,}"]
        if finding.exhibit is not None:
            facts.append(f"exhibit {text(finding.exhibit)}")
        if finding.media_type is not None:
            facts.append(text(finding.media_type))
        if finding.width is not None:
            facts.append(f"{number(finding.width)} × {number(finding.height)}")
        marked = [("mark", mark) for mark in self._marks(classified_finding)]
        marked += [("mark since", mark) for mark in _since(classified_finding.relookup)]
        shown = sum(match.kind is self._kind for match in classified_finding.matches)
        if shown > PRINTED:
            marked.append(("mark printed", f"the first {PRINTED} of {shown:,} matches are printed"))
        marks = "".join(f'<span class="{css}">{text(mark)}</span>' for css, mark in marked)
        sha256 = None if finding.sha256 is None else finding.sha256.hex()
        return f'{path_name(path, "p")}<span class="m">{short_id(sha256)} {" · ".join(facts)}</span>{marks}'

    def _marks(self, classified_finding: ClassifiedFinding) -> Iterator[str]:
        finding = classified_finding.finding
        if classified_finding.doubtful:
            yield "doubtful: only by hashes of low quality"
        if finding.trivial:
            yield "trivial: its content is one that many unrelated files have"
        if finding.negative:
            yield "negative: nearer to what matched wrongly before, or that file; not notable by such matches"
        if classified_finding.conflict:
            yield "conflict: notable and known good"
        if self._kind is Kind.SIMILAR and any(match.kind is Kind.IDENTICAL for match in classified_finding.matches):
            yield "also identical to an entry"
        if finding.matches_total > len(finding.matches):
            yield f"the nearest {len(finding.matches):,} of {finding.matches_total:,} matches"

    def _lines(self, matches: Iterable[ClassifiedMatch], finding: Finding, pictures: int) -> Iterator[str]:
        """A generator of the cells of each match's row; the cells of a list entry stand once, in its first row."""
        placed: dict[tuple[str, str], int] = {}
        matches = list(matches)
        for match in matches:
            placed.setdefault((match.match.list, match.match.entry), len(placed))
        ordered = sorted(matches, key=lambda match: placed[match.match.list, match.match.entry])
        by_entry = groupby(
            ordered, lambda match: (match.match.list, match.match.entry, match.match.category, match.disposition)
        )
        for (listed, entry, category, disposition), group in by_entry:
            of_entry = list(group)
            span = f' rowspan="{len(of_entry)}"' if len(of_entry) > 1 else ""
            facts = (
                f'<td class="dp"{span} data-v="{_RANK[disposition]}">'
                f'<span class="{disposition.value}">{DISPOSITIONS[disposition]}</span></td>'
                f'<td class="l"{span}>{name(listed, "n")}</td><td class="e"{span}>{short_id(entry, "n id")}</td>'
                f'<td class="c"{span}>{text(category)}</td>'
            )
            for place, match in enumerate(of_entry):
                yield (facts if place == 0 else "") + self._match(match.match, finding, pictures)

    def _match(self, match: Match, finding: Finding, pictures: int) -> str:
        cells = (
            f'<td class="a">{text(match.algorithm)}</td>'
            f'<td class="d">{number(match.distance)} <small>of {number(match.threshold)}</small></td>'
        )
        if self._kind is Kind.IDENTICAL:
            return cells
        region = "" if match.region is None else f" {region_box(match.region, finding.width, finding.height)}"
        expected = expected_number(match.chance, pictures)
        chance = '<td class="x">not measured</td>'
        if expected is not None:
            shown = in_digits(expected) if not expected or expected >= _LEAST_SHOWN else f"&lt;&nbsp;{_LEAST_SHOWN:f}"
            chance = f'<td class="x" data-v="{expected:E}" title="{expected:E}">{shown}</td>'
        low = " <small>low</small>" if match.doubtful else ""
        if match.negative_by is not None:
            region += f" <small>not notable by {name(match.negative_by, 'n')}</small>"
        quality = f'<td class="q">{number(match.quality)}{low}</td>'
        return f'{cells}{chance}{quality}<td class="t">{text(match.transform)}{region}</td>'


_EXTRA = ' class="extra"'


def _classes(item: ClassifiedFinding) -> str:
    names = [
        name
        for name, holds in (
            ("notable", item.notable),
            ("doubtful", item.doubtful),
            ("trivial", item.finding.trivial and not item.notable),
            ("negative", item.finding.negative and not item.notable),
        )
        if holds
    ]
    return f' class="{" ".join(names)}"' if names else ""


def _order(match: ClassifiedMatch, pictures: int) -> tuple[Any, ...]:
    expected = expected_number(match.match.chance, pictures)
    nearness = NONE_LISTED if expected is None else expected
    return _RANK[match.disposition], match.match.doubtful, nearness, match.match.algorithm, match.match.order()


def _status(classified_finding: ClassifiedFinding, *, with_note: bool) -> str:
    finding = classified_finding.finding
    reason = "" if finding.reason is None else f" <small>{text(finding.reason.value)}</small>"
    return f"{text(finding.status.value)}{reason}{_decision(classified_finding.decision, with_note=with_note)}"


def _since(relookup: Mapping[str, Any] | None) -> Iterator[str]:
    """A generator of what relookups changed of an item, in words."""
    if relookup is None:
        return
    words = (("new", "new"), ("withdrawn", "withdrawn"), ("changed", "of another meaning"))
    if counts := ", ".join(f"{relookup[kind]:,} {word}" for kind, word in words if relookup[kind]):
        yield f"since the scan: matches {counts}"
    if relookup["unconfirmed"]:
        yield "may match more: not confirmed"


def _decision(decision: Mapping[str, Any] | None, *, with_note: bool) -> str:
    """The current decision of an examiner on an item, and whether the lists changed after it.

    The examiner's note is free text, which may name the file: it is left out where paths are masked.
    """
    if decision is None:
        return '<span class="review">undecided</span>'
    when = str(decision["time"] or "")[:10]
    by = f"<small>{text(decision['examiner'])}{f', {text(when)}' if when else ''}, entry {decision['entry']:,}</small>"
    note = f'<small class="note">{text(decision["note"])}</small>' if with_note and decision["note"] else ""
    late = '<span class="mark">decided before the lists changed</span>' if decision["before_relookup"] else ""
    return f'<span class="review decided">{text(decision["verdict"])}</span>{by}{note}{late}'
